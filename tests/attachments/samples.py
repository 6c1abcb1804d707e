"""Files, harmless and not, made on the spot."""

import io
import struct
import zipfile
import zlib

from PIL import Image

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><html><script>alert(document.domain)</script></html>"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
CALENDAR = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nSUMMARY:Livraison\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
MAIL = b"From: ada@example.org\r\nSubject: Ma lampe\r\n\r\nBonjour\r\n"
EXE = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(200)


def image(kind: str = "PNG", size: tuple[int, int] = (800, 600), **options: object) -> bytes:
    """A plain image."""
    data = io.BytesIO()
    Image.new("RGB", size, "teal").save(data, kind, **options)
    return data.getvalue()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG file."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_with_comment(comment: bytes) -> bytes:
    """A valid PNG image that carries a text chunk."""
    data = image()
    return data[:-12] + png_chunk(b"tEXt", b"Comment\0" + comment) + data[-12:]


def decompression_bomb() -> bytes:
    """A PNG image of 400 million pixels in half a megabyte."""
    side = 20_000
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    pixels = png_chunk(b"IDAT", zlib.compress(bytes((side + 1) * side), 9))
    return b"\x89PNG\r\n\x1a\n" + header + pixels + png_chunk(b"IEND", b"")


def package(*names: str) -> bytes:
    """A Word document, as far as its entries go."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as document:
        for name in ("[Content_Types].xml", "_rels/.rels", "word/document.xml", *names):
            document.writestr(name, "<x/>")
    return data.getvalue()
