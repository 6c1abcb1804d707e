"""Pictures and films by their first bytes, and pictures made small."""

import struct
import zlib
from typing import BinaryIO

from guichet_attachments.mediatypes import PREVIEWED, SHOWN_BY_BROWSERS

MAX_PIXELS = 25_000_000
"""Pixels of a picture that is decoded for a preview; a larger one is kept without."""

PREVIEW_EDGE = 640
"""The longer edge of a preview, in pixels."""

SIGNATURE_BYTES = 64
"""As much of a file as `is_picture` wants to see."""

_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*")

# The brands of ISO/IEC 14496-12 files, as mp4ra.org registers them. Case and spaces count.
_AVIF = {b"avif", b"avis"}
_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_HEIF = {b"mif1", b"mif2", b"msf1", b"miaf", b"1pic", b"heif"}
_AUDIO = {b"M4A ", b"M4B ", b"M4P ", b"F4A "}


class Damaged(Exception):
    """The picture cannot be decoded."""


def base_media_type(head: bytes) -> str | None:
    """The type of an ISO base media file (MP4, QuickTime, HEIF and kin) by its brands; None where it is none."""
    if head[4:8] != b"ftyp":
        return None
    size = min(int.from_bytes(head[:4], "big"), len(head))
    major = head[8:12]
    brands = {major, *(head[at : at + 4] for at in range(16, size - 3, 4))}
    if major in _AVIF | _HEIC | _HEIF:
        # The major brand of many is the bare structure; what is coded inside is among the compatible ones.
        for coded, media_type in ((_AVIF, "image/avif"), (_HEIC, "image/heic")):
            if major in coded or (major in _HEIF and brands & coded):
                return media_type
        return "image/heif"
    if major in _AUDIO:
        return "audio/mp4"
    if major == b"qt  ":
        return "video/quicktime"
    if major[:3] in (b"3gp", b"3g2", b"3ge", b"3gg", b"3gh", b"3gr", b"3gs"):
        return "video/3gpp"
    return "video/mp4" if brands & _FILMS or major[:3] in (b"iso", b"mp4", b"avc", b"M4V") else None


_FILMS = {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"dash", b"MSNV", b"M4V ", b"XAVC"}


def is_picture(head: bytes) -> bool:
    """Whether a file that begins so may be one that is decoded: a guess from few bytes, to put it in the right lane."""
    if head.startswith(_SIGNATURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return True
    return (base_media_type(head) or "").startswith("image/")


def write_preview(file: BinaryIO, media_type: str, target: BinaryIO) -> bool:
    """Write the picture small, as WebP, without its metadata; False where it has none.

    Its size is read before anything is decoded: one of over `MAX_PIXELS` has no preview.

    Raises:
        Damaged: it is of a kind that browsers show, and cannot be decoded.
    """
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # the size is looked at below, and not only warned of
    file.seek(0)
    if _webp_pixels(file.read(30)) > MAX_PIXELS:  # Pillow's reader makes room for the whole picture when it opens one
        return False
    file.seek(0)
    try:
        with Image.open(file, formats=[PREVIEWED[media_type]]) as image:
            if image.width * image.height > MAX_PIXELS:
                return False
            image.draft("RGB", (PREVIEW_EDGE, PREVIEW_EDGE))
            image.load()
            small = ImageOps.exif_transpose(image)
            small.thumbnail((PREVIEW_EDGE, PREVIEW_EDGE))
            small = small.convert("RGBA" if small.has_transparency_data else "RGB")
            small.save(target, "WEBP", quality=80)
    except MemoryError:
        return False
    except (OSError, SyntaxError, ValueError, LookupError, EOFError, struct.error, zlib.error) as error:
        # All that Pillow's readers are known to raise on damaged files.
        if media_type in SHOWN_BY_BROWSERS:
            raise Damaged from error
        return False
    return True


def _webp_pixels(head: bytes) -> int:
    """Width by height of a WebP (container specification, RFC 9649); 0 for anything else."""
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP" or len(head) < 30:
        return 0
    kind = head[12:16]
    if kind == b"VP8X":
        return (int.from_bytes(head[24:27], "little") + 1) * (int.from_bytes(head[27:30], "little") + 1)
    if kind == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return ((bits & 0x3FFF) + 1) * ((bits >> 14 & 0x3FFF) + 1)
    return (int.from_bytes(head[26:28], "little") & 0x3FFF) * (int.from_bytes(head[28:30], "little") & 0x3FFF)
