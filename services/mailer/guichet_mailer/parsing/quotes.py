"""What is new in a plain text, and what is only quoted below it or signs it. Nothing is dropped, only folded.

Line by line, in linear time: ``mail-parser-reply`` knows more languages, but hangs for minutes on 90 KB of "On On On".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_LINE_LIMIT = 400
_ATTRIBUTION_LINES = 3
_HEADER_LINES = 8

_BEGINS = re.compile(r"(?:Le|On|Am|El|Il|Op|Em|Den)\b|\d{4}[-/]\d\d?[-/]\d\d?|[^\s].{0,80}<[^<>\s]+@[^<>\s]+>")
_WROTE = re.compile(
    r"(?:a\sécrit|wrote|schrieb(?:\s.{1,200})?|escribió|ha\sscritto|schreef(?:\s.{1,200})?|escreveu|skrev)\s?:\s*$"
)
_SEPARATOR = re.compile(
    r"\s*[-_*]{2,}\s*(?:Message (?:d['’]origine|transféré|initial)|Original Message|Forwarded message"
    r"|Ursprüngliche Nachricht|Weitergeleitete Nachricht|Mensaje original|Messaggio originale)\s*[-_*]{2,}\s*$",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"(?:Begin forwarded message|Début du message (?:transféré|réexpédié)|Anfang der .{0,30}Nachricht)"
)
_RULE = re.compile(r"\s*_{10,}\s*$")
_FROM = re.compile(r"[\s*]*(?:From|De|Von|Da|Van|Expéditeur)\s?:[\s*]*\S", re.IGNORECASE)
_OTHER = re.compile(
    r"[\s*]*(?:Sent|Date|To|Subject|Cc|Envoyé|À|Objet|Gesendet|An|Betreff|Datum|Enviado|Para|Asunto|Inviato|A|Oggetto)"
    r"(?:\s(?:le|am))?\s?:",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(
    r"--\s?$|(?:Envoyé (?:depuis|de) mon |Envoyé à partir de |Sent from (?:my |Outlook|Mail for)|Get Outlook for "
    r"|Télécharger Outlook|Von meinem .{1,40} gesendet|Gesendet (?:von|mit) |Enviado desde )"
)


@dataclass(frozen=True, slots=True)
class Folded:
    """``text``, then ``signature``, then ``quoted``: one below the other they are the whole."""

    text: str
    signature: str
    quoted: str


def fold(text: str) -> Folded:
    """Fold the quote at the end and the signature before it. Answers between the lines of a quote stay as they are."""
    lines = text.split("\n")
    quote = _quote(lines)
    if quote is None or not any(line.strip() for line in lines[:quote]) or _is_answered_within(lines[quote:]):
        quote = len(lines)
    signature = _signature(lines[:quote])
    return Folded(_joined(lines[:signature]), _joined(lines[signature:quote]), _joined(lines[quote:]))


def _joined(lines: Sequence[str]) -> str:
    return "\n".join(lines).strip("\n").rstrip()


def _quote(lines: Sequence[str]) -> int | None:
    """Where the quote begins."""
    last_written = max((at for at, line in enumerate(lines) if line.strip() and not line.startswith(">")), default=-1)
    for index, full in enumerate(lines):
        line = full[:_LINE_LIMIT]
        if _SEPARATOR.match(line) or _FORWARDED.match(line):
            return index
        if _BEGINS.match(line) and _is_attribution(lines[index : index + _ATTRIBUTION_LINES]):
            return index
        if _RULE.match(line) and _is_header(lines[index + 1 : index + 1 + _HEADER_LINES]):
            return index
        if _FROM.match(line) and _is_header(lines[index : index + _HEADER_LINES]):
            return index
        if line.startswith(">") and index > last_written:
            return index
    return None


def _is_attribution(lines: Sequence[str]) -> bool:
    return bool(_attribution_length(lines))


def _attribution_length(lines: Sequence[str]) -> int:
    """Lines that together say who wrote what follows; 0 where they do not."""
    joined = ""
    for count, line in enumerate(lines, 1):
        if not line.strip():
            return 0
        joined = f"{joined} {line[:_LINE_LIMIT]}"
        if _WROTE.search(joined[-_LINE_LIMIT:]):
            return count
    return 0


def _is_header(lines: Sequence[str]) -> bool:
    """Whether the lines begin as Outlook quotes a mail: a sender, and at least two more headers."""
    head = [line[:_LINE_LIMIT] for line in lines if line.strip()]
    return bool(head and _FROM.match(head[0])) and sum(bool(_OTHER.match(line)) for line in head[1:]) > 1


def _is_answered_within(lines: Sequence[str]) -> bool:
    marked = [index for index, line in enumerate(lines) if line.startswith(">")]
    if not marked:
        return False
    index, end = marked[0], _signature(lines)
    while index < end:
        line = lines[index][:_LINE_LIMIT]
        if line.strip() and not line.startswith(">"):
            length = _attribution_length(lines[index : index + _ATTRIBUTION_LINES]) if _BEGINS.match(line) else 0
            if not length:
                return True
            index += length - 1  # the next of several quotes
        index += 1
    return False


def _signature(lines: Sequence[str]) -> int:
    """Where the signature begins (RFC 3676, 4.3, and what telephones add); the end where there is none."""
    for index in range(len(lines) - 1, max(-1, len(lines) - 30), -1):
        if _SIGNATURE.match(lines[index][:_LINE_LIMIT]):
            return index
    return len(lines)
