"""The allow-list: what a file may be, by its content, and the extensions that such a file may have.

The extension counts because a downloaded file is opened by it: content that is harmless as a text is not when the
customer's or the agent's system takes it for a program or a page.
"""

from collections.abc import Mapping

UNLISTED = "application/octet-stream"
"""The type of what is not on the list and is kept for download only. Nothing on the list is called so."""

PREVIEWED: Mapping[str, str] = {
    "image/gif": "GIF",
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
    "image/avif": "AVIF",
}
"""Images that are opened and shown small, with Pillow's name for their format."""

SHOWN_BY_BROWSERS = frozenset({"image/gif", "image/jpeg", "image/png", "image/webp"})
"""Images that must be whole: one that cannot be decoded is refused, not kept without a preview."""

# Renamed files are common within a family: a phone's JPEG called .heic, an .m4a that begins as an MP4, an RTF
# called .doc.
_IMAGES_LISTED = """
jpg jpeg jpe jfif png gif webp heic heif hif avif tif tiff bmp dib
"""
_IMAGES = tuple(_IMAGES_LISTED.split())
_MEDIA_LISTED = """
mp4 m4v m4a m4b mov qt 3gp 3gpp 3g2 webm weba mkv mka mp3 mp2 ogg oga ogv opus wav aac amr flac
"""
_MEDIA = tuple(_MEDIA_LISTED.split())
_WORDS = ("doc", "docx", "dot", "dotx", "rtf", "odt", "ott")
_SHEETS = ("xls", "xlsx", "xlt", "xltx", "ods")
_SLIDES = ("ppt", "pptx", "pps", "ppsx", "pot", "potx", "odp")
_TEXTS_LISTED = """
txt csv log md tsv text asc json jsonl ndjson geojson xml vcf vcard ics ical eml yaml yml ini conf cfg toml
properties env sql css scss less c h cpp hpp cs java kt swift go rs tex srt vtt sub diff patch gpx kml po out
err trace nfo pem sig
"""
_TEXTS = tuple(_TEXTS_LISTED.split())
_ZIPPED = ("zip", "pages", "numbers", "key", "epub", "kmz")
_OPEN_XML = "application/vnd.openxmlformats-officedocument"
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"


def _first(usual: str, family: tuple[str, ...]) -> tuple[str, ...]:
    return (usual, *(extension for extension in family if extension != usual))


# The first extension is given to a file that has none.
EXTENSIONS: Mapping[str, tuple[str, ...]] = {
    "image/jpeg": _first("jpg", _IMAGES),
    "image/png": _first("png", _IMAGES),
    "image/gif": _first("gif", _IMAGES),
    "image/webp": _first("webp", _IMAGES),
    "image/heic": _first("heic", _IMAGES),
    "image/heif": _first("heif", _IMAGES),
    "image/avif": _first("avif", _IMAGES),
    "image/tiff": _first("tiff", _IMAGES),
    "image/bmp": _first("bmp", _IMAGES),
    "application/pdf": ("pdf",),
    "text/plain": _first("txt", _TEXTS),
    "text/csv": _first("csv", _TEXTS),
    "text/xml": _first("xml", _TEXTS),
    "text/vcard": _first("vcf", _TEXTS),
    "text/calendar": _first("ics", _TEXTS),
    "application/json": _first("json", _TEXTS),
    "application/x-ndjson": _first("jsonl", _TEXTS),
    "message/rfc822": _first("eml", _TEXTS),
    "application/zip": _ZIPPED,
    "application/msword": _first("doc", _WORDS),
    "text/rtf": _first("rtf", _WORDS),
    f"{_OPEN_XML}.wordprocessingml.document": _first("docx", _WORDS),
    f"{_OPEN_DOCUMENT}.text": _first("odt", _WORDS),
    "application/vnd.ms-excel": _first("xls", _SHEETS),
    f"{_OPEN_XML}.spreadsheetml.sheet": _first("xlsx", _SHEETS),
    f"{_OPEN_DOCUMENT}.spreadsheet": _first("ods", _SHEETS),
    "application/vnd.ms-powerpoint": _first("ppt", _SLIDES),
    f"{_OPEN_XML}.presentationml.presentation": _first("pptx", _SLIDES),
    f"{_OPEN_DOCUMENT}.presentation": _first("odp", _SLIDES),
    "application/vnd.ms-outlook": ("msg",),
    "video/mp4": _first("mp4", _MEDIA),
    "video/quicktime": _first("mov", _MEDIA),
    "video/3gpp": _first("3gp", _MEDIA),
    "video/webm": _first("webm", _MEDIA),
    "video/ogg": _first("ogv", _MEDIA),
    "video/x-matroska": _first("mkv", _MEDIA),
    "audio/mp4": _first("m4a", _MEDIA),
    "audio/mpeg": _first("mp3", _MEDIA),
    "audio/ogg": _first("ogg", _MEDIA),
    "audio/wav": _first("wav", _MEDIA),
    "audio/aac": _first("aac", _MEDIA),
    "audio/amr": _first("amr", _MEDIA),
    "audio/flac": _first("flac", _MEDIA),
}

KNOWN_EXTENSIONS = frozenset(extension for family in EXTENSIONS.values() for extension in family)

ALIASES: Mapping[str, str] = {
    "image/x-ms-bmp": "image/bmp",
    "image/heic-sequence": "image/heic",
    "image/heif-sequence": "image/heif",
    "audio/x-m4a": "audio/mp4",
    "audio/x-wav": "audio/wav",
    "audio/x-hx-aac-adts": "audio/aac",
    "audio/AMR": "audio/amr",
    "audio/x-flac": "audio/flac",
    "audio/webm": "video/webm",
    "application/ogg": "audio/ogg",
    "audio/3gpp": "video/3gpp",
    "video/3gpp2": "video/3gpp",
    "audio/3gpp2": "video/3gpp",
    "video/x-m4v": "video/mp4",
    "application/rtf": "text/rtf",
    "text/x-vcard": "text/vcard",
    "application/xml": "text/xml",
}
"""Other names that libmagic, in one version or another, has for types on the list."""


def usual_extension(media_type: str) -> str:
    """The extension that such a file is given where it has none."""
    return EXTENSIONS[media_type][0]
