"""Archives and compound files: which kind of document they are by what they hold, and what could run in them."""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterable
from typing import BinaryIO

from guichet_attachments import names
from guichet_attachments.programs import PROGRAMS

OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")

_UNPACKED_BYTES = 500 << 20
_OPEN_XML = "application/vnd.openxmlformats-officedocument"
_OPEN_XML_PARTS = {
    "word": f"{_OPEN_XML}.wordprocessingml.document",
    "xl": f"{_OPEN_XML}.spreadsheetml.sheet",
    "ppt": f"{_OPEN_XML}.presentationml.presentation",
}
_OPEN_DOCUMENT = re.compile(rb"application/vnd\.oasis\.opendocument\.(text|spreadsheet|presentation)(-template)?")
_MACROS = re.compile(r"vbaProject\.bin$|(?:^|/)macrosheets/|^Basic/|^Scripts/", re.IGNORECASE)
_JAVA = re.compile(r"^META-INF/MANIFEST\.MF$|^classes\.dex$|^AndroidManifest\.xml$", re.IGNORECASE)
# [MS-PPT] 2.4.10: a VbaInfoAtom whose fHasMacros is set.
_POWERPOINT_MACROS = re.compile(rb"\x02\x00\x00\x04\x0c\x00\x00\x00....\x01\x00\x00\x00", re.DOTALL)
_VISUAL_BASIC = frozenset({"vba", "_vba_project", "_vba_project_cur", "macros"})
_BOUND_SHEET, _MACRO_SHEET = 0x0085, 0x01
# An embedded program stands in an RTF as an OLE "Package", whose name is written in hexadecimal.
_RTF_PACKAGE = re.compile(rb"\\objupdate\b|5061636b616765", re.IGNORECASE)


class Damaged(Exception):
    """It begins as such a file and is none."""


class CouldRun(Exception):
    """It holds a program, or macros; the text says which."""


class UnpacksToMuch(Exception):
    """It unpacks to far more than it is."""


def zip_type(file: BinaryIO) -> str:
    """The media type of a ZIP file: an office document, a program, or just an archive.

    Raises:
        Damaged, CouldRun, UnpacksToMuch: as they say.
    """
    try:
        with zipfile.ZipFile(file) as package:
            entries = package.infolist()
            listed = [entry.filename for entry in entries]
            declared = _declared(package, entries)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, zlib.error, struct.error) as error:
        raise Damaged from error
    if declared is None and any(_JAVA.search(name) for name in listed):
        return "application/java-archive"
    document = declared or _open_xml(listed)
    if document is None:
        _refuse_programs(listed)
        return "application/zip"
    if any(_MACROS.search(name) for name in listed):
        raise CouldRun("Documents with macros are not accepted.")
    if sum(entry.file_size for entry in entries) > _UNPACKED_BYTES:
        raise UnpacksToMuch
    return document


def _declared(package: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> str | None:
    """What an OpenDocument file says of itself (OpenDocument 1.3, part 2, 3.3)."""
    mimetype = next((entry for entry in entries if entry.filename == "mimetype"), None)
    if mimetype is None or mimetype.file_size > 200 or mimetype.flag_bits & 1:
        return None
    found = _OPEN_DOCUMENT.match(package.read(mimetype))
    return f"application/vnd.oasis.opendocument.{found[1].decode()}" if found else None


def _open_xml(listed: list[str]) -> str | None:
    if "[Content_Types].xml" not in listed:
        return None
    folders = {name.partition("/")[0] for name in listed}
    return next((kind for folder, kind in _OPEN_XML_PARTS.items() if folder in folders), None)


def _refuse_programs(listed: Iterable[str]) -> None:
    for name in listed:
        if names.extension(names.clean(name)) in PROGRAMS:
            raise CouldRun("The archive holds a program.")


def compound_type(file: BinaryIO) -> str:
    """The media type of a compound file ([MS-CFB]): Office before 2007, Outlook, or something unknown.

    Raises:
        Damaged, CouldRun: as they say.
    """
    import olefile

    try:
        with olefile.OleFileIO(file) as compound:
            listed = compound.listdir(streams=True, storages=True)
            roots = {path[0].lower(): path[0] for path in listed}
            if "__properties_version1.0" in roots:
                return "application/vnd.ms-outlook"
            if any(part.lower() in _VISUAL_BASIC for path in listed for part in path):
                raise CouldRun("Documents with macros are not accepted.")
            if "worddocument" in roots:
                return "application/msword"
            if book := roots.get("workbook") or roots.get("book"):
                _refuse_macro_sheets(compound.openstream(book).read())
                return "application/vnd.ms-excel"
            if slides := roots.get("powerpoint document"):
                if _POWERPOINT_MACROS.search(compound.openstream(slides).read()):
                    raise CouldRun("Documents with macros are not accepted.")
                return "application/vnd.ms-powerpoint"
    except (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise Damaged from error
    return "application/x-ole-storage"


def _refuse_macro_sheets(book: bytes) -> None:
    """Macros from before Visual Basic are sheets of their own ([MS-XLS] 2.4.28)."""
    at = 0
    while at + 4 <= len(book):
        kind, length = struct.unpack_from("<HH", book, at)
        if kind == _BOUND_SHEET and length > 6 and book[at + 4 + 5] == _MACRO_SHEET:
            raise CouldRun("Documents with macros are not accepted.")
        at += 4 + length


def refuse_packages(document: bytes) -> None:
    """`CouldRun` where a rich text carries a program."""
    if _RTF_PACKAGE.search(document):
        raise CouldRun("Documents that carry programs are not accepted.")
