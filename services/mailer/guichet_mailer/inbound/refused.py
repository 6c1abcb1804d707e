"""Files of a received mail that ``attachments`` did not take: supervisors may get them from the raw mail."""

from guichet_kit.logs import get_logger

from guichet_mailer.files import id_of
from guichet_mailer.inbound.received import State
from guichet_mailer.inbound.usecases import Reception, raw_of, received_mail
from guichet_mailer.parsing import File

log = get_logger(__name__)


class NoSuchFile(Exception):
    """The mail has no refused file of this id."""


async def refused_file(reception: Reception, mail_id: str, file_id: str, caller_id: str) -> File:
    """The file as the mail brought it; who got it is logged.

    A file that ``attachments`` took is not given from here: what a scanner finds in it later counts there.

    Raises:
        Absent: there is no such mail.
        NoSuchFile: it is none of the mail's refused files.
        ObjectMissing: the raw mail is there no more.
        Unreadable, ParserFailed: it cannot be read any more, which it was once.
    """
    mail = await received_mail(reception, mail_id)
    if mail.state is not State.PROCESSED or file_id not in mail.refused:
        raise NoSuchFile
    async with raw_of(reception, mail) as chunks:
        raw = b"".join([chunk async for chunk in chunks])
    parsed = await reception.parser.parse(raw, mail.envelope.recipients, mail.envelope.null_sender)
    for index, file in enumerate(parsed.files):
        if id_of(mail_id, index) == file_id:
            log.warning("refused_file_given", mail_id=mail_id, file_id=file_id, agent_id=caller_id)
            return file
    raise NoSuchFile
