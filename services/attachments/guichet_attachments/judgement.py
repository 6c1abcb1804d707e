"""What the findings about a file mean: what it is called and taken for, and whether it is let in. Pure rules."""

from dataclasses import replace

from guichet_attachments import names
from guichet_attachments.attachment import Attachment, Refusal
from guichet_attachments.examine import Finding
from guichet_attachments.mediatypes import EXTENSIONS, KNOWN_EXTENSIONS, UNLISTED, usual_extension
from guichet_attachments.programs import could_run
from guichet_attachments.virus import Verdict


def judged(
    attachment: Attachment, finding: Finding, verdict: Verdict | None, *, keep_unlisted: bool
) -> tuple[Attachment, tuple[Refusal, str] | None]:
    """The file as it is called and taken for, and why it is not let in: a reason, and that in words; None when it is.

    ``verdict`` is None where no scanner answered. With ``keep_unlisted`` what is not on the list, or could run, is
    kept as `UNLISTED`, for download only.
    """
    known = described(attachment, finding)
    if verdict is not None and verdict.virus:
        return known, ("infected", infection(verdict.virus))
    reason = _reason_to_refuse(known, finding)
    if reason and reason[0] == "type_not_allowed" and keep_unlisted:
        return replace(attachment, media_type=UNLISTED, has_preview=False), None
    return known, reason


def described(attachment: Attachment, finding: Finding) -> Attachment:
    """The file with the type that its content has.

    A name without an extension, or with one that no system knows, gets the type's usual one: "v1.2" and "Mme.Dupont"
    are no types of files.
    """
    name, extension = attachment.name, names.extension(attachment.name)
    is_unknown = extension not in KNOWN_EXTENSIONS and not could_run(extension)
    if finding.media_type in EXTENSIONS and is_unknown:
        name = names.with_extension(name, usual_extension(finding.media_type))
    return replace(attachment, name=name, media_type=finding.media_type, has_preview=finding.has_preview)


def _reason_to_refuse(attachment: Attachment, finding: Finding) -> tuple[Refusal, str] | None:
    if finding.refusal is not None:
        return finding.refusal, finding.detail or "Files of this type are not accepted."
    extension = names.extension(attachment.name)
    if could_run(extension):
        return "type_not_allowed", f"Files named .{extension} could run, and are not accepted."
    if extension not in EXTENSIONS[finding.media_type]:
        return "type_not_allowed", f"The name does not fit the content, which is {finding.media_type}."
    return None


def infection(virus: str) -> str:
    """The refusal in words."""
    return f"The file is infected: {virus[:100]}."
