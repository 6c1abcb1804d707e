"""Reports on mail that was sent: by their fields (RFC 3464, 6533, 5965), and the odd ones by their words."""

import html
import re
from collections.abc import Iterator
from copy import copy
from email.message import Message

from flufl.bounce import all_failures

from guichet_mailer.parsing import headers, signs
from guichet_mailer.parsing.charsets import decode
from guichet_mailer.parsing.mail import Address, Bounce, Fate, Recipient
from guichet_mailer.parsing.source import children, decoded, enclosed_source, media_type

TEXT_LIMIT = 128 << 10
"""Characters of a report's text that are looked at."""

IDS_LIMIT = 200
_RECIPIENTS_LIMIT = 100
_DETECTED_LINES = 400

_FATES: dict[str, Fate] = {
    "failed": "failed",
    "failure": "failed",
    "delayed": "delayed",
    "delivered": "delivered",
    "relayed": "delivered",
    "expanded": "delivered",
}
_STATUS_PARTS = ("message/delivery-status", "message/global-delivery-status")
_RECEIPT_PARTS = ("message/disposition-notification", "message/global-disposition-notification")
_MAIL_PARTS = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers")
_RETURNED_ID = re.compile(r"message-?id\s*:\s*<?([^<>\s\"']{1,500})>?", re.IGNORECASE)
_ANY_ID = re.compile(r"(?<![^\s<\"'(:;=])([^\s<>\"'(),:;=]{1,250}@[^\s<>\"'(),:;]{1,250})")
_EMAIL = re.compile(r"[\w!#$%&*+/?^`{|}~.'=\-]{1,64}@[\w.\-]{1,250}\.[\w\-]{2,60}")
_GLUED = re.compile(r"^[\u2e80-\ud7ff]+(?=[!-~])|(?<=[a-z])[\u2e80-\ud7ff]+$")
"""Words of scripts without spaces, before and behind an address."""

_FIELD = re.compile(
    r"^[ \t>]{0,4}(final-recipient|original-recipient|action|status|diagnostic-code)\s*:\s*(.{0,1000})$", re.IGNORECASE
)
_RETURNED = re.compile(
    r"^[ \t>]{0,4}(?:return-path|received|dkim-signature|message-id|mime-version|x-guichet-delivery|reply-to|from|"
    r"subject)\s*:"
    r"|^[-_=* ]{2,}.{0,80}(?:copy of|original|returned|below this line|headers?|message d['’]origine|"
    r"corps du message|unsent|begin)",
    re.IGNORECASE | re.MULTILINE,
)
_RETURNED_TO = re.compile(r"^[ \t>]{0,4}(?:to|x-original-to|delivered-to)\s*:(.{1,500})$", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")


def parts(mail: Message) -> Iterator[Message]:
    """The mail's parts; not those of mails that are enclosed: what they report on is their sender's."""
    yield mail
    if not media_type(mail).startswith("message/"):
        for child in children(mail):
            yield from parts(child)


def complaint(mail: Message) -> tuple[str, Bounce] | None:
    """The type and what it is about, where it is a report by RFC 5965."""
    for part in parts(mail):
        if media_type(part) != "message/feedback-report":
            continue
        fields = _fields(part)
        kind = next((value for name, value in fields if name == "feedback-type"), "") or "abuse"
        about = [value for name, value in fields if name in ("original-rcpt-to", "removal-recipient")]
        found = [email for value in about for email in emails(value)]
        recipients = tuple(Recipient(email, "delivered") for email in dict.fromkeys(found))
        return kind.lower()[:40], Bounce(recipients, message_ids(mail))
    return None


def is_receipt(mail: Message) -> bool:
    """Whether it says that a mail was displayed or deleted (RFC 8098)."""
    return any(media_type(part) in _RECEIPT_PARTS for part in parts(mail))


def status(mail: Message) -> list[Recipient]:
    """What the fields for each recipient say (RFC 3464, 2.3), in a part of their own."""
    found = []
    for part in parts(mail):
        if media_type(part) in _STATUS_PARTS:
            found += _recipients(_fields(part))
    return found[:_RECIPIENTS_LIMIT]


def is_report(mail: Message) -> bool:
    """Whether it calls itself a report on deliveries."""
    return str(mail.get_param("report-type") or "").lower() in ("delivery-status", "global-delivery-status")


def text_of(mail: Message) -> str:
    """All that the report says in words, and the headers or the mail that it returns."""
    texts: list[str] = []
    for part in parts(mail):
        kind = media_type(part)
        if kind.startswith("text/") and not children(part):
            text = decoded(part)
            texts.append(html.unescape(re.sub(r"<[^@<>]*>", " ", text)) if kind == "text/html" else text)
        elif kind in _MAIL_PARTS:
            texts.append(decode(enclosed_source(part)[:TEXT_LIMIT]))
        if sum(map(len, texts)) > TEXT_LIMIT:
            break
    return "\n".join(texts)[:TEXT_LIMIT]


def emails(text: str) -> list[str]:
    """The addresses in a text."""
    return [_GLUED.sub("", found) for found in _EMAIL.findall(text)]


def without_emails(text: str) -> str:
    """The text with a sign for each address: their dots end no sentence."""
    return _EMAIL.sub("@", text)


def message_ids(mail: Message, text: str | None = None) -> tuple[str, ...]:
    """The ids that may be those of the mail that it is about, the likeliest first, wherever in it they stand."""
    said = text_of(mail) if text is None else text
    found = dict.fromkeys(_RETURNED_ID.findall(said))
    found |= dict.fromkeys(headers.message_ids([*headers.raw_values(mail, "in-reply-to")]))
    found |= dict.fromkeys(headers.message_ids([*headers.raw_values(mail, "references")]))
    for name in ("x-failed-message-id", "x-original-message-id", "original-message-id"):
        found |= dict.fromkeys(headers.message_ids([*headers.raw_values(mail, name)]))
    found |= dict.fromkeys(_ANY_ID.findall(said))
    return tuple(one.strip(".") for one in found)[:IDS_LIMIT]


def ids_in(text: str) -> tuple[str, ...]:
    """The Message-IDs that a text names as such, and what may be one."""
    found = dict.fromkeys([*_RETURNED_ID.findall(text), *_ANY_ID.findall(text)])
    return tuple(one.strip(".") for one in found)[:IDS_LIMIT]


def returns_mail(text: str) -> bool:
    """Whether the text has the headers of the mail that it is about."""
    return bool(_RETURNED_ID.search(text))


def odd(mail: Message, text: str, sender: Address | None) -> Bounce:
    """What a report without fields of its own says; without recipients where it names none."""
    ids = message_ids(mail, text)
    fate: Fate = "delayed" if signs.DELAYED_TEXT.search(_own(text)) else "failed"
    named = [email for value in headers.raw_values(mail, "x-failed-recipients") for email in emails(value)]
    found = [Recipient(email, fate) for email in dict.fromkeys(named)] or _recipients(_fields_of(text)) or _known(mail)
    if not found:
        names = _named(mail, text, sender)
        found = [Recipient(email, fate) for email in names]
    if len(found) == 1 and not found[0].status:
        code, words = _reason(_own(text))
        found = [Recipient(found[0].email, found[0].fate, code, words)]
    return Bounce(tuple(found[:_RECIPIENTS_LIMIT]), ids, fate)


def _fields(part: Message) -> list[tuple[str, str]]:
    return _fields_of(decode(enclosed_source(part)[:TEXT_LIMIT]), every=True)


def _fields_of(text: str, *, every: bool = False) -> list[tuple[str, str]]:
    """Fields, one after the other. ``every``: the whole text is fields; else those of reports are picked out."""
    found: list[tuple[str, str]] = []
    for line in re.split(r"\r\n|\n|\r", text):
        if every and found and line[:1] in (" ", "\t") and line.strip():
            name, value = found[-1]
            found[-1] = (name, f"{value} {line.strip()}"[:2000])
            continue
        picked = _FIELD.match(line)
        if picked:
            found.append((picked[1].lower(), picked[2].strip()))
        elif every and ":" in line:
            name, _, value = line.partition(":")
            found.append((name.strip().lower(), value.strip()[:2000]))
    return found


def _recipients(fields: list[tuple[str, str]]) -> list[Recipient]:
    """One for each ``Final-Recipient``: its fields are those up to the next; an ``Original-Recipient`` goes before."""
    groups: list[dict[str, str]] = []
    for name, value in fields:
        key = name.replace("original-recipient", "final-recipient") if name == "original-recipient" else name
        if key == "final-recipient" and (not groups or name in groups[-1] or "action" in groups[-1]):
            groups.append({})
        if groups:
            groups[-1].setdefault(name, value)
    found = []
    for group in groups:
        fate = _FATES.get(re.split(r"[\s;(]", group.get("action", "").lower())[0])
        code = (_STATUS.search(group.get("status", "")) or [""])[0]
        if fate is None and "action" not in group:
            fate = {"5": "failed", "4": "delayed", "2": "delivered"}.get(code[:1])  # type: ignore[assignment]
        address = group.get("original-recipient") or group.get("final-recipient", "")
        email = headers.readable(address).rpartition(";")[2].strip(" <>\"'")
        if not email and group.get("final-recipient"):
            email = headers.readable(group["final-recipient"]).rpartition(";")[2].strip(" <>\"'")
        if fate and email:
            kind, _, words = headers.readable(group.get("diagnostic-code", "")).partition(";")
            found.append(Recipient(email[:320], fate, code, (words or kind).strip()[:500]))
    return found


def _known(mail: Message) -> list[Recipient]:
    """What the detectors of flufl.bounce find: forms of many servers."""
    try:
        passing, lasting = all_failures(_shortened(mail))
    except Exception:  # noqa: BLE001  the library's detectors raise anything on odd input: then it is not such a bounce
        return []
    fates: list[tuple[frozenset[bytes], Fate]] = [(frozenset(passing), "delayed"), (frozenset(lasting), "failed")]
    found = [(decode(one).strip(" <>"), fate) for some, fate in fates for one in sorted(some)]
    return [Recipient(email, fate) for email, fate in found if _EMAIL.fullmatch(email)]


def _shortened(part: Message) -> Message:
    """The same with the first lines of each part: the detectors try a hundred expressions on every line."""
    short = copy(part)
    payload = part.get_payload()
    if isinstance(payload, list):
        short.set_payload([_shortened(one) if isinstance(one, Message) else one for one in payload])
    elif isinstance(payload, str) and payload.count("\n") > _DETECTED_LINES:
        short.set_payload("\n".join(payload.split("\n", _DETECTED_LINES)[:_DETECTED_LINES]))
    return short


def _own(text: str) -> str:
    """What the server says, without what it returns."""
    returned = _RETURNED.search(text)
    return text[: returned.start()] if returned and text[: returned.start()].strip() else text


def _named(mail: Message, text: str, sender: Address | None) -> list[str]:
    """The addresses that the report names above what it returns; else those that the returned mail was sent to."""
    us = {one.email.lower() for one in headers.addresses(mail, "to", "delivered-to", "x-original-to", "from")}
    if sender:
        us.add(sender.email.lower())
    returned = "\n".join(_RETURNED_TO.findall(text))
    for said in (_own(text), returned):
        if found := [
            one for one in dict.fromkeys(email.strip(".'") for email in emails(said)) if not _is_ours(one, us)
        ]:
            domains = {one.partition("@")[2] for one in us}
            # A Message-ID of ours looks like an address of ours.
            return [one for one in found if one.partition("@")[2].lower() not in domains] or found[:10]
    return []


def _is_ours(email: str, us: set[str]) -> bool:
    """Whether it is ours or the reporter's, and not whom the mail was sent to."""
    keeper = re.match(r"(?i)postmaster@|abuse@|support@", email)
    return bool(email.lower() in us or keeper or signs.DAEMONS.fullmatch(email.partition("@")[0]))


def _reason(text: str) -> tuple[str, str]:
    """The status code, and the line with the server's answer."""
    code = _STATUS.search(text)
    answer = signs.SMTP_WORDS.search(text)
    at = answer.start() if answer else code.start() if code else -1
    if at < 0:
        return "", ""
    begin = text.rfind("\n", 0, at + 1) + 1
    end = text.find("\n", max(at, begin) + 1)
    return code[1] if code else "", " ".join(text[begin : end if end > 0 else len(text)].split())[:500]
