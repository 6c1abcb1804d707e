"""Texts, and what only looks like one: mails, calendars, cards, pages."""

import codecs
import re
from xml.parsers import expat

# RFC 5545, 3.4, RFC 6350, 3.3 and RFC 5322, 2.2: libmagic knows none of them after a byte order mark or an uncommon
# first field.
_CALENDAR = re.compile(r"\s*BEGIN:VCALENDAR\s", re.IGNORECASE)
_CARD = re.compile(r"\s*BEGIN:VCARD\s", re.IGNORECASE)
_FIELD = re.compile(rb"([!-9;-~]{1,80})[ \t]*:|[ \t]")
_MAIL_FIELDS = frozenset({b"to", b"date", b"subject", b"received", b"message-id", b"mime-version"})
# Of the control characters a text has these: BEL, BS, TAB, LF, VT, FF, CR, SUB (the end in old DOS files), ESC.
_CONTROLS = re.compile(rb"[^\x07-\x0d\x1a\x1b\x20-\xff]")
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# What may stand before the first tag: white space, comments, processing instructions.
_BEFORE_ROOT = re.compile(r"[\s\ufeff]+|<!--.{0,100000}?-->|<\?.{0,10000}?\?>", re.DOTALL)
_PAGE_ROOT = re.compile(r"<(?:!doctype\s+(?:html|svg)|html|svg|(?:[a-z]+:)(?:html|svg))[\s/>]", re.IGNORECASE)
_ACTIVE_NAMESPACES = (
    "http://www.w3.org/1999/xhtml",
    "http://www.w3.org/2000/svg",
    "http://www.w3.org/1999/XSL/Transform",
)


def text_of(head: bytes) -> str | None:
    """The text that ``head`` begins, as far as it can be told; None where it is none.

    Windows-1252 stands for every one-byte encoding: only what is ASCII in it is looked at.
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            text = head.removeprefix(mark).decode(encoding, "replace")
            return None if "\0" in text else text
    if _CONTROLS.search(head):
        return None
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return head.decode("cp1252", "replace")


def is_unicode(head: bytes) -> bool:
    """Whether the text says itself, or by its bytes, that it is Unicode: no other kind of file looks so by chance."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return True


def kind_of(head: bytes, text: str) -> str | None:
    """The type of a text that has one of its own; None for any other text."""
    if _CALENDAR.match(text):
        return "text/calendar"
    if _CARD.match(text):
        return "text/vcard"
    if is_mail(head):
        return "message/rfc822"
    if text.startswith("{\\rt"):
        return "text/rtf"
    if is_page(text):
        return "text/html"
    return None


def is_mail(head: bytes) -> bool:
    """Whether a file that begins so has, up to its first empty line, the header of a mail and nothing else."""
    header = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    fields = [_FIELD.match(line) for line in header.splitlines()]
    if not all(fields):
        return False
    named = {field[1].lower() for field in fields if field and field[1]}
    return b"from" in named and not named.isdisjoint(_MAIL_FIELDS)


def is_page(text: str) -> bool:
    """Whether the text is a page (HTML, SVG) from its first tag on. One that only holds some markup is a text."""
    at = 0
    while found := _BEFORE_ROOT.match(text, at):
        at = found.end()
    return _PAGE_ROOT.match(text, at) is not None


def runs_as_xml(text: str) -> bool:
    """Whether a browser that is given the text as XML would run scripts in it, or fetch what transforms it.

    It is read as XML is, for a namespace can be written in many ways; as far as it is well formed, as browsers do.
    """
    if not text.lstrip().startswith("<"):
        return False
    found = False

    def element(name: str, _attributes: object) -> None:
        nonlocal found
        found = found or name.rpartition(" ")[0] in _ACTIVE_NAMESPACES

    def instruction(target: str, _data: str) -> None:
        nonlocal found
        found = found or target.lower() == "xml-stylesheet"

    parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
    parser.StartElementHandler, parser.ProcessingInstructionHandler = element, instruction
    try:
        parser.Parse(text.lstrip().encode("utf-8", "replace"), True)
    except expat.ExpatError:
        return found
    return found
