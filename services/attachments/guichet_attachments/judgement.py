"""What the findings about a file mean: what it is called and taken for, and whether it is let in. Pure rules."""

from dataclasses import replace

from guichet_attachments import names
from guichet_attachments.attachment import Attachment, Refusal
from guichet_attachments.examine import Finding
from guichet_attachments.mediatypes import EXTENSIONS
from guichet_attachments.virus import Verdict


def described(attachment: Attachment, finding: Finding) -> Attachment:
    """The file with the type that its content has; a name without an extension gets that type's."""
    name = attachment.name
    usual = EXTENSIONS.get(finding.media_type)
    if usual and not names.extension(name):
        name = f"{name}.{usual[0]}"
    return replace(attachment, name=name, media_type=finding.media_type, has_preview=finding.has_preview)


def reason_to_refuse(attachment: Attachment, finding: Finding, verdict: Verdict | None) -> tuple[Refusal, str] | None:
    """Why the file is not let in, and that in words; None when it is. ``verdict`` is None where no scanner answered."""
    if verdict is not None and verdict.virus:
        return "infected", infection(verdict.virus)
    if finding.refusal is not None:
        return finding.refusal, finding.detail or "Files of this type are not accepted."
    if names.extension(attachment.name) not in EXTENSIONS[finding.media_type]:
        return "type_not_allowed", f"The name does not fit the content, which is {finding.media_type}."
    return None


def infection(virus: str) -> str:
    """The refusal in words."""
    return f"The file is infected: {virus[:100]}."
