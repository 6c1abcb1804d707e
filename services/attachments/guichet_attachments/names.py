"""File names: what a stranger wrote becomes a name that is safe in a header, a page and a folder."""

import re
import unicodedata

from guichet_kit.normal import normalized

MAX_BYTES = 160
"""Longest name, in bytes of UTF-8: below the 255 of usual file systems, with room for what a browser adds."""

_UNNAMED = "file"
_FORBIDDEN = str.maketrans({'"': "”", "'": "’", "`": "’", **dict.fromkeys("<>:|?*", "_")})
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
# With a letter in it: "rapport v1.2" and "facture 12.05.2026" have none.
_EXTENSION = re.compile(r"\.(?=[0-9]*[A-Za-z])[A-Za-z0-9]{1,16}$")
_WHATWG_ESCAPES = {"%22": '"', "%0D": "\r", "%0A": "\n"}


def from_form(raw: bytes) -> str:
    """The name in a form's ``filename`` (HTML standard, multipart/form-data encoding: three characters are escaped)."""
    name = raw.decode("utf-8", "replace")
    for escape, character in _WHATWG_ESCAPES.items():
        name = name.replace(escape, character)
    return name


def clean(name: str) -> str:
    """``name`` without folders, quotes, controls, invisible and text-turning characters, and not too long."""
    name = normalized("NFC", name).replace("\\", "/")
    name = name.rsplit("/", 1)[-1].translate(_FORBIDDEN)
    # All that Unicode calls "other": controls, and the invisible, as the overrides that show "gpj.exe" as "exe.jpg".
    name = "".join(char for char in name if char.isspace() or unicodedata.category(char)[0] != "C")
    name = " ".join(name.split()).strip(". ")
    if _DEVICES.match(name):
        name = f"_{name}"
    return _shortened(name) or _UNNAMED


def extension(name: str) -> str:
    """The extension in lower case, without its dot; empty where there is none."""
    found = _EXTENSION.search(name)
    return found[0][1:].lower() if found else ""


def with_extension(name: str, extension: str) -> str:
    """``name`` with one more extension, and not too long."""
    return _shortened(f"{name}.{extension}")


def _shortened(name: str) -> str:
    found = _EXTENSION.search(name)
    tail = found[0] if found else ""
    stem = name.removesuffix(tail).encode()[: MAX_BYTES - len(tail)].decode("utf-8", "ignore")
    return stem.rstrip(". ") + tail
