"""Bytes to text, whatever charset is named, missing or a lie. Never fails. What is guessed is in `languages`."""

import codecs
import re

from guichet_mailer.parsing import languages

_UTF8, _WESTERN = "utf-8", "cp1252"
# What mail programs mean by these names (https://encoding.spec.whatwg.org/#names-and-labels, and what they misspell).
_MEANT = {
    **dict.fromkeys(("iso-8859-1", "latin-1", "latin1", "l1", "iso8859-1", "iso-latin-1", "8859-1"), _WESTERN),
    **dict.fromkeys(("windows1252", "win-1252", "win1252", "x-ansi", "ansi", "x-cp1252", "western"), _WESTERN),
    **dict.fromkeys(("us-ascii", "ascii", "ansi-x3.4-1968", "7bit", "8bit", "unknown-8bit", "x-unknown"), _UTF8),
    **dict.fromkeys(("utf8", "x-utf-8", "unicode-1-1-utf-8", "utf-8-mac", "utf8mb4", "utf-8n", "cp65001"), _UTF8),
    **dict.fromkeys(("default", "unknown", "none", "binary", "us-ascii-8bit", "utf-8-sig"), _UTF8),
    **dict.fromkeys(("utf-7", "unicode-1-1-utf-7", "x-unicode-2-0-utf-7", "unicode-2-0-utf-7"), "utf-7"),
    **dict.fromkeys(("gb2312", "gbk", "x-gbk", "gb-2312", "gb2312-80", "gb-2312-80", "cp936", "euc-cn"), "gb18030"),
    **dict.fromkeys(("x-euc-cn", "gb-18030", "chinese", "csgb2312", "x-mac-chinesesimp"), "gb18030"),
    **dict.fromkeys(("big5", "big-5", "x-x-big5", "cn-big5", "x-mac-chinesetrad"), "big5hkscs"),
    **dict.fromkeys(("ks-c-5601-1987", "ks-c-5601", "ksc5601", "euc-kr", "x-euc-kr", "x-windows-949"), "cp949"),
    **dict.fromkeys(("windows-949", "ks-c-5601-1989", "korean", "ksc-5601"), "cp949"),
    **dict.fromkeys(
        ("shift-jis", "x-sjis", "sjis", "windows-31j", "ms-kanji", "x-ms-cp932", "shift-jisx0213"), "cp932"
    ),
    **dict.fromkeys(("x-euc-jp", "x-euc", "eucjp", "euc-jp", "cp51932"), "euc_jp"),
    **dict.fromkeys(("iso-2022-jp", "csiso2022jp", "cp50220", "cp50221", "iso-2022-jp-ms", "jis"), "iso2022_jp_ext"),
    **dict.fromkeys(("iso-8859-9", "latin5", "iso8859-9", "x-windows-1254", "windows1254"), "cp1254"),
    **dict.fromkeys(("tis-620", "tis620", "iso-8859-11", "windows-874", "x-windows-874", "dos-874"), "cp874"),
    **dict.fromkeys(("iso-8859-8-i", "iso-8859-8-e", "logical", "visual"), "iso-8859-8"),
    **dict.fromkeys(("x-mac-roman", "macintosh", "mac", "x-mac", "mac-roman", "x-macroman"), "mac_roman"),
    **dict.fromkeys(("x-mac-ce", "x-mac-centraleurroman", "x-mac-central-european"), "mac_latin2"),
    **dict.fromkeys(("x-mac-cyrillic", "x-mac-ukrainian"), "mac_cyrillic"),
    **dict.fromkeys(("koi8", "koi", "x-koi8-r", "koi8r"), "koi8-r"),
    "x-mac-greek": "mac_greek",
    "x-mac-turkish": "mac_turkish",
    "hz-gb-2312": "hz",
    "unicode": "utf-16",
    "csunicode": "utf-16",
    "dos-866": "cp866",
}
_WESTERN_LABELS = ("cp1252", "iso8859-15", "mac-roman", "cp850", "cp437", "cp1250", "iso8859-2", "cp1254", "cp1257")
_EAST_ASIAN = (
    "gb18030",
    "big5hkscs",
    "cp949",
    "cp932",
    "euc_jp",
    "gb2312",
    "gbk",
    "big5",
    "shift_jis",
    "euc_kr",
    "johab",
)
_HIGH = re.compile(rb"[\x80-\xff]")
_SEQUENCE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]"
    rb"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}"
)
"""A character beyond ASCII in UTF-8 (RFC 3629, 4)."""

_ESCAPES = (
    (re.compile(rb"\x1b(?:\$[@B]|\(J|\$\(D)"), "iso2022_jp_ext"),
    (re.compile(rb"\x1b\$\)C"), "iso2022_kr"),
)
_HZ = re.compile(rb"~\{(?:[\x21-\x77][\x21-\x7e]){1,2000}~\}")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_NAMED_SHARE, _UNNAMED_SHARE = 0.5, 0.9
_SURE = 12
"""Bytes beyond ASCII that are UTF-8 by no chance, whatever charset is named."""


def decode(data: bytes, named: str | None = None) -> str:
    """The text of ``data``: by the charset ``named`` where it fits, else UTF-8, else the likeliest; NUL is dropped."""
    return _decode(data, named).replace("\x00", "")


def _decode(data: bytes, named: str | None) -> str:
    codec = codec_of(named)
    for mark, marked in _BOMS:
        if data.startswith(mark) and (mark == codecs.BOM_UTF8 or len(data) % 2 == 0):
            return data.decode(marked, "replace").removeprefix("\ufeff")
    high = len(_HIGH.findall(data))
    if not high and codec not in ("utf-7", "utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        return _seven_bit(data, codec)
    valid = sum(len(one) for one in _SEQUENCE.findall(data))
    if codec is not None and codec != _UTF8:
        text = _by_label(data, codec, high if valid == high else 0)
        if text is not None:
            return text
    if high and valid >= high * (_NAMED_SHARE if codec == _UTF8 else _UNNAMED_SHARE):
        return data.decode(_UTF8, "replace")
    return languages.likeliest(data)


def _seven_bit(data: bytes, codec: str | None) -> str:
    """What has no byte beyond ASCII: it may be in a charset that says by escapes where its characters are."""
    for escape, charset in _ESCAPES:
        if escape.search(data):
            return data.decode(charset, "replace")
    if (codec == "hz" or codec in (None, _UTF8, _WESTERN, "gb18030")) and _HZ.search(data):
        try:
            return data.decode("hz")
        except UnicodeError:
            pass
    return data.decode(codec or "ascii", "replace") if codec not in (None, "hz") else data.decode("ascii", "replace")


def _by_label(data: bytes, codec: str, all_valid: int) -> str | None:
    """The text by the charset that is named; None where that is a lie. ``all_valid``: bytes, where all are UTF-8."""
    if all_valid and codec in _WESTERN_LABELS:
        return None
    if all_valid and codec not in _EAST_ASIAN and all_valid >= _SURE:
        return None
    try:
        text = data.decode(codec)
    except UnicodeError:
        if all_valid:
            return None
        # Named, and nearly so: a few broken characters are better than another script.
        text = data.decode(codec, "replace")
        return text if text.count("\ufffd") * 20 <= len(text) else None
    if all_valid and any(ord(letter) >= 0x800 for letter in data.decode(_UTF8)):
        return None  # by chance only the characters of two bytes look like UTF-8
    return text


def codec_of(named: str | None) -> str | None:
    """The codec for a charset's name, where it is one of text."""
    if not named:
        return None
    name = re.sub(r"[^a-z0-9.+-]", "", named.strip().lower().replace("_", "-").replace(" ", "-"))
    for tried in (
        _MEANT.get(name, name),
        name.removeprefix("x-"),
        re.sub(r"^(?:windows|win|cp|ibm|dos)-?(?=\d)", "cp", name),
    ):
        try:
            found = codecs.lookup(_MEANT.get(tried, tried))
        except (LookupError, ValueError):
            continue
        # Python also has codecs that are no charsets: base64, rot13, zlib, and some for what is not on the wire.
        if getattr(found, "_is_text_encoding", True) and found.name not in (
            "idna",
            "punycode",
            "unicode-escape",
            "raw-unicode-escape",
        ):
            return _WESTERN if found.name == "iso8859-1" else found.name
    return None
