"""The allow-list: what a file may be, by its content, and the extensions that such a file may have.

The extension counts because a downloaded file is opened by it: content that is harmless as an image is not when the
customer's or the agent's system takes it for a page.
"""

from collections.abc import Mapping

PREVIEWED = frozenset({"image/gif", "image/jpeg", "image/png", "image/webp"})
"""Images that are opened, re-checked and shown small."""

_IMAGES = ("jpg", "jpeg", "png", "gif", "webp")
_TEXTS = ("txt", "csv", "log", "md", "tsv")
_OPEN_XML = "application/vnd.openxmlformats-officedocument"
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"

# The first extension is given to a file that has none. Images renamed to another image's extension are common.
EXTENSIONS: Mapping[str, tuple[str, ...]] = {
    "image/jpeg": _IMAGES,
    "image/png": ("png", *_IMAGES),
    "image/gif": ("gif", *_IMAGES),
    "image/webp": ("webp", *_IMAGES),
    "image/heic": ("heic", "heif"),
    "application/pdf": ("pdf",),
    "text/plain": _TEXTS,
    "text/csv": ("csv", *_TEXTS),
    "application/json": ("json", *_TEXTS),
    "message/rfc822": ("eml", *_TEXTS),
    "text/calendar": ("ics", *_TEXTS),
    f"{_OPEN_XML}.wordprocessingml.document": ("docx",),
    f"{_OPEN_XML}.spreadsheetml.sheet": ("xlsx",),
    f"{_OPEN_XML}.presentationml.presentation": ("pptx",),
    f"{_OPEN_DOCUMENT}.text": ("odt",),
    f"{_OPEN_DOCUMENT}.spreadsheet": ("ods",),
    f"{_OPEN_DOCUMENT}.presentation": ("odp",),
    "video/mp4": ("mp4", "m4v"),
    "video/quicktime": ("mov",),
}


def is_zipped(media_type: str) -> bool:
    """Whether such a file is a ZIP archive inside."""
    return media_type.startswith((_OPEN_XML, _OPEN_DOCUMENT))
