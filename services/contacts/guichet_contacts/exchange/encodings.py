"""Which characters the bytes of a file are, where nothing in it says so. Pure."""

import re

from guichet_contacts.exchange.unreadable import Unreadable

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# What Excel writes where it says nothing of Unicode: on Windows, on a Mac, and as "CSV (MS-DOS)".
_ONE_BYTE = ("cp1252", "mac_roman", "cp850")
_LOWER = set("éèêëàâäçîïôöùûüÿœæñáíóúßåøãõ")
_UPPER = set("ÉÈÊËÀÂÄÇÎÏÔÖÙÛÜŒÆÑÁÍÓÚÅØÃÕ")
_SIGNS = set("’‘“”–—…€«»°·•§\xa0")
_SAMPLE = 200_000


def decode(data: bytes) -> tuple[str, str]:
    """``(text, encoding)``; of the one-byte encodings the one in which the words look like words.

    Raises:
        Unreadable: it is no text.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strictly(data, encoding), encoding
    if unmarked := _utf16_without_mark(data):
        return _strictly(data, unmarked), unmarked
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    scores = {encoding: _score(data, encoding) for encoding in _ONE_BYTE}
    best = max(_ONE_BYTE, key=lambda encoding: scores[encoding] if scores[encoding] is not None else -1e9)  # type: ignore[arg-type,return-value]
    score = scores[best]
    if score is None or (best != "cp1252" and score <= 0):
        raise _no_text()
    return data.decode(best), best


def _strictly(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise _no_text() from None


def _no_text() -> Unreadable:
    return Unreadable("encoding", "The file is not text in UTF-8, UTF-16, Windows-1252, MacRoman or code page 850.")


def _utf16_without_mark(data: bytes) -> str | None:
    """Western text in UTF-16 has a zero in nearly every second byte."""
    head = data[:2000]
    if len(head) < 8 or len(data) % 2:
        return None
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if head[first::2].count(0) * 10 >= len(head[first::2]) * 9 and not head[1 - first :: 2].count(0):
            return encoding
    return None


def _score(data: bytes, encoding: str) -> float | None:
    """How much the text looks like words in this encoding; None where it cannot be in it."""
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return None
    if _CONTROLS.search(text):
        return None
    score = 0.0
    text = text[:_SAMPLE]
    for at, char in enumerate(text):
        if char.isascii():
            continue
        before, after = text[at - 1 : at], text[at + 1 : at + 2]
        inside = before.isalpha() and after.isalpha()
        if char in _LOWER:
            score += 2
        elif char in _UPPER:
            score += -2 if before.islower() else 1
        elif char in _SIGNS:
            score += 0 if not inside or char in "’·" else -2
        else:
            score -= 3
    return score
