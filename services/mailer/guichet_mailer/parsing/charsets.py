"""Bytes to text, whatever charset is named, missing or a lie. Never fails."""

import codecs

from charset_normalizer import from_bytes

_SAMPLE = 64 << 10
# What mail programs mean by these names (https://encoding.spec.whatwg.org/#names-and-labels).
_MEANT = {
    "iso-8859-1": "cp1252",
    "latin-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "ansi_x3.4-1968": "utf-8",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "iso-8859-9": "cp1254",
    "tis-620": "cp874",
    "x-unknown": "utf-8",
    "unknown-8bit": "utf-8",
    "utf8": "utf-8",
    "iso-8859-8-i": "iso-8859-8",
    "utf-7": "utf-8",  # a way to hide markup from those who look for it; no mail program sends it
}
_TEXT = {"utf-8", "cp1252"}


def decode(data: bytes, named: str | None = None) -> str:
    """The text of ``data``: by the charset ``named`` where it fits, else UTF-8, else the likeliest; NUL is dropped."""
    return _decode(data, named).replace("\x00", "")


def _decode(data: bytes, named: str | None) -> str:
    for charset in dict.fromkeys((_codec(named), "utf-8")):
        if charset is not None:
            try:
                return data.decode(charset)
            except UnicodeError:
                continue
    wanted = _codec(named)
    if wanted not in (None, *_TEXT):
        # Named, and nearly so: a few broken characters are better than another script.
        text = data.decode(wanted or "", "replace")
        if text.count("\ufffd") * 20 <= len(text):
            return text
    guess = from_bytes(data[:_SAMPLE]).best() if len(data) > 16 else None
    return data.decode(guess.encoding if guess else "cp1252", "replace")


def _codec(named: str | None) -> str | None:
    """The codec for a charset's name, where it is one of text."""
    if not named:
        return None
    name = named.strip().strip("\"'").lower().replace("_", "-") if named.lower() not in _MEANT else named.lower()
    try:
        found = codecs.lookup(_MEANT.get(name, name))
    except (LookupError, ValueError):
        return None
    # Python also has codecs that are no charsets: base64, rot13, zlib.
    return found.name if getattr(found, "_is_text_encoding", True) else None
