"""Who goes, and what is left of their requests and timelines. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from guichet_kit.redact import ERASED, Redaction

from guichet_requests.contact.contact import email_key
from guichet_requests.email.email import Email
from guichet_requests.email.people import writer
from guichet_requests.request.chat import Entry, Message, Opening
from guichet_requests.request.request import Change, Request, Visitor
from guichet_requests.timeline.item import Attachment, Event, Item, Party


@dataclass(frozen=True, slots=True)
class Erasure:
    """The contacts that are this person, the visitors they were, and how they were called.

    ``request_ids`` are their requests, ``mention_ids`` those of others on which they wrote. ``email_ids`` and
    ``item_ids`` are the received and the sent e-mails of their requests, ``attachment_ids`` the files that came or went
    with these and with forms. ``traces`` is what their addresses are known again by. What was received up to ``at``
    was theirs; None: an earlier version did not say.
    """

    contact_id: str
    at: datetime | None = None
    contact_ids: frozenset[str] = frozenset()
    visitor_ids: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    email_ids: frozenset[str] = frozenset()
    item_ids: frozenset[str] = frozenset()
    attachment_ids: frozenset[str] = frozenset()
    request_ids: frozenset[str] = frozenset()
    mention_ids: frozenset[str] = frozenset()
    traces: frozenset[str] = frozenset()

    @property
    def address_keys(self) -> frozenset[str]:
        """Their addresses, as they are compared."""
        return frozenset(map(email_key, self.addresses))

    @property
    def redaction(self) -> Redaction:
        """What takes the person out of texts."""
        return Redaction(self.names, self.addresses, self.phones)

    def knowing(self, visitor: Visitor) -> "Erasure":
        """With what the visitor says of themselves: what was known was forgotten when all was done."""
        names, addresses = (frozenset(filter(None, (told,))) for told in (visitor.name, visitor.email))
        return replace(self, names=self.names | names, addresses=self.addresses | addresses)

    def with_more(self, **found: Iterable[str]) -> "Erasure":
        """With more of each of these sets."""
        return replace(self, **{name: getattr(self, name) | frozenset(more) for name, more in found.items()})


def erase_request(request: Request, erasure: Erasure, redaction: Redaction) -> Change | None:
    """The request without the person; None when nothing of them is left in it. Another contact, linked since, stays."""
    others = request.link is not None and request.link.contact_id not in (None, *erasure.contact_ids)
    after = replace(
        request,
        contact=request.contact if others else None,
        link=request.link if others else None,
        visitor=Visitor(request.visitor.id) if request.visitor else None,
        subject=request.subject and redaction.of(request.subject),
        preview=request.preview and redaction.of(request.preview),
        awaits=None,
    )
    return None if after == request else Change(after)


def erase_mention(request: Request, redaction: Redaction) -> Change | None:
    """Somebody else's request, on which the person wrote, without them; None when nothing of them is left in it."""
    preview, subject = request.preview and redaction.of(request.preview), request.subject
    after = replace(request, preview=preview, subject=subject and redaction.of(subject))
    return None if after == request else Change(after)


def erase_item(item: Item, erasure: Erasure, redaction: Redaction) -> Item:
    """The item without the person. What agents are called stays."""
    theirs = item.author.kind in ("visitor", "contact")
    return replace(
        item,
        author=replace(item.author, name=None) if theirs else item.author,
        text=redaction.of(item.text),
        attachments=tuple(_erase_file(file, redaction) for file in item.attachments),
        event=item.event and _erase_event(item.event, erasure, redaction),
        html=None,  # a name may be in pieces there
        email=item.email and _erase_email(item.email, redaction, sent=item.direction == "outbound"),
        delivery=item.delivery and replace(item.delivery, detail=_told(item.delivery.detail, redaction)),
    )


def _erase_file(file: Attachment, redaction: Redaction) -> Attachment:
    """The file without a name: whom it is about stands there in more ways than can be looked for."""
    return replace(file, name=redaction.file_name(file.name), title=None, detail=_told(file.detail, redaction))


def erase_written(item: Item, erasure: Erasure, redaction: Redaction) -> Item:
    """An item of somebody else's request, without the person where it is an e-mail of theirs, or tells of them."""
    wrote = (writer(item.email) or item.email.sender) if item.email else None
    theirs = wrote is not None and email_key(wrote.email) in erasure.address_keys
    sides = (item.event.before, item.event.after) if item.event else ()
    theirs = theirs or any(isinstance(side, Party) and side.id in erasure.contact_ids for side in sides)
    return erase_item(item, erasure, redaction) if theirs else item


def _erase_email(email: Email, redaction: Redaction, *, sent: bool) -> Email:
    """What is left of an e-mail: that it was, and where. Whom else it names, it names because of the person."""
    return replace(
        email,
        subject=redaction.of(email.subject),
        sender=None,
        raw_from=None,
        reply_to=(),
        to=(),
        cc=(),
        bcc=(),
        forwarded_from=None,
        ours=(),
        message_id=email.message_id if sent else None,
        references=(),
        why=redaction.of(email.why),
        text_signature=email.text_signature if sent else "",
        text_quoted="",
        html_quoted="",
        notes=(),
        bounce=None,
        invitation=None,
        authentication=None,
    )


def _told(detail: str | None, redaction: Redaction) -> str | None:
    return redaction.of(detail) if detail else detail


def erase_late(item: Item, erasure: Erasure, redaction: Redaction) -> Item:
    """An item that came in when the erasure had passed: that it was, and none of its words.

    How the person was called is forgotten by then, so nobody could say which of the words tell who it was.
    """
    bare = erase_item(item, erasure, redaction)
    email = bare.email and replace(bare.email, subject=ERASED, text_signature="", text_quoted="")
    return replace(bare, text=item.text and ERASED, email=email)


def erase_subject_of(item: Item, subject: str) -> Item:
    """A line that tells of this subject, without it."""
    event = item.event
    if event is None or event.name != "subject_changed" or subject not in (event.before, event.after):
        return item
    before = ERASED if event.before == subject else event.before
    after = ERASED if event.after == subject else event.after
    return replace(item, text=item.text.replace(subject, ERASED), event=replace(event, before=before, after=after))


def erase_shown(request: Request, item: Item, visitor_ids: frozenset[str], redaction: Redaction) -> Change | None:
    """The request without what it shows of such an item; its subject goes where one of the visitors began it."""
    mention = erase_mention(request, redaction)
    after = mention.request if mention else request
    keys = ((item.at, item.conversation_id or item.id, item.seq or 0), (item.at, item.id))
    if request.preview and (request.previewed in keys or request.automatic_from in keys):
        after = replace(after, preview=ERASED)
    if request.subject and request.visitor is not None and request.visitor.id in visitor_ids:
        after = replace(after, subject=ERASED)
    return None if after == request else Change(after)


def erase_heard(opening: Opening, entry: Entry) -> tuple[Opening, Entry]:
    """What is heard of an erased visitor, without the person: that it was, and none of its words."""
    opening = replace(opening, visitor=Visitor(opening.visitor.id))
    if isinstance(entry, Message):
        nothing = Redaction([])
        entry = replace(
            entry,
            author=replace(entry.author, name=None) if entry.author.kind == "visitor" else entry.author,
            text=entry.text and ERASED,
            attachments=tuple(_erase_file(file, nothing) for file in entry.attachments),
        )
    return opening, entry


def erase_told(event: Mapping[str, Any], erasure: Erasure, redaction: Redaction) -> dict[str, Any]:
    """An event of a request that was not published yet, in its wire form, without the person.

    An e-mail of their requests goes to nobody any more, and another one not to them; what it says to others stays.
    No contact is made of their address.
    """
    data = event["data"]
    match event["type"]:
        case "requests.email.submitted.v1":
            data = {**data, "email": _erase_submitted(data["email"], erasure, redaction)}
        case "requests.contact.wanted.v1" if _is_of(data["email"], erasure):
            data = {**data, "email": "", "name": ""}
    return {**event, "data": data}


def _erase_submitted(email: Mapping[str, Any], erasure: Erasure, redaction: Redaction) -> dict[str, Any]:
    theirs = email["item_id"] in erasure.item_ids
    to, cc = ([] if theirs else _others(email[field], erasure) for field in ("to", "cc"))
    if not theirs and len(to) + len(cc) == len(email["to"]) + len(email["cc"]):
        return {**email}
    topic = email.get("thread_topic")
    return {
        **email,
        "to": to,
        "cc": cc,
        "subject": redaction.of(email["subject"]),
        "thread_topic": topic and redaction.of(topic),
        "text": redaction.of(email["text"]),
        "html": None,  # a name may be in pieces there
        "attachments": [] if theirs else email["attachments"],
        # The id of a mail of theirs may be made of their address.
        "in_reply_to": _kept_id(email.get("in_reply_to"), redaction),
        "references": [one for one in email.get("references", ()) if _kept_id(one, redaction)],
    }


def _kept_id(message_id: str | None, redaction: Redaction) -> str | None:
    return message_id if message_id and redaction.of(message_id) == message_id else None


def _others(addresses: Sequence[Mapping[str, Any]], erasure: Erasure) -> list[Mapping[str, Any]]:
    return [one for one in addresses if not _is_of(one["email"], erasure)]


def _is_of(address: str, erasure: Erasure) -> bool:
    return email_key(address) in erasure.address_keys


def _erase_event(event: Event, erasure: Erasure, redaction: Redaction) -> Event:
    def side(value: str | Party | None) -> str | Party | None:
        match value:
            case Party(id=person) if person in erasure.contact_ids:
                return Party(person, ERASED)
            case str() if event.name in ("subject_changed", "email_repeated"):
                return redaction.of(value)
            case _:
                return value

    return replace(event, before=side(event.before), after=side(event.after))
