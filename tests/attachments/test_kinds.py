"""What people really send is known for what it is, whatever it looks like; what could run stays out."""

import io
import struct
import zipfile
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from guichet_attachments import containers, examiner, pictures, textual
from guichet_attachments.attachment import Attachment, Person, State
from guichet_attachments.examine import Finding
from guichet_attachments.judgement import judged
from guichet_attachments.mediatypes import EXTENSIONS, KNOWN_EXTENSIONS, UNLISTED
from guichet_attachments.programs import PAGES, PROGRAMS
from guichet_attachments.virus import Verdict
from PIL import Image

from . import compound, samples

OPEN_XML = "application/vnd.openxmlformats-officedocument"
WEBM = b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\1\x42\xf7\x81\1\x42\xf2\x81\4\x42\xf3\x81\x08\x42\x82\x84webm" + bytes(40)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
FILE = Attachment(
    id="f",
    state=State.RECEIVING,
    name="a.txt",
    size=10,
    sha256="00",
    scope="visitor",
    owner=Person("visitor", "v"),
    object="f.1",
    created_at=NOON,
    touched_at=NOON,
)


def archive(*names: str, **contents: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        for name in names:
            packed.writestr(name, contents.get(name, "x"))
    return data.getvalue()


def base_media(major: bytes, *others: bytes) -> bytes:
    brands = major + bytes(4) + b"".join(others)
    return struct.pack(">I", 8 + len(brands)) + b"ftyp" + brands + bytes(64)


def enlarged(kind: str, layout: str, edge: int) -> bytes:
    """A picture of one pixel whose header says that it has far more."""
    return samples.image(kind, (1, 1)).replace(struct.pack(layout, 1, 1), struct.pack(layout, edge, edge), 1)


def looked_at(content: bytes) -> Finding:
    """What the examiner finds, without its process."""
    file = io.BytesIO(content)
    try:
        media_type = examiner.media_type_of(file)
        examiner.check(file, media_type)
    except examiner.Refused as refused:
        return Finding(media_type=UNLISTED, refusal="type_not_allowed", detail=refused.detail)
    return Finding(media_type=media_type)


def outcome(name: str, content: bytes, *, keep: bool = False) -> tuple[str, str | None]:
    """What the file is called in the end, and why it is refused."""
    file, reason = judged(replace(FILE, name=name), looked_at(content), None, keep_unlisted=keep)
    return file.name, reason[0] if reason else None


class TestListedKinds:
    @pytest.mark.parametrize(
        ("content", "media_type"),
        [
            (archive("photo 1.jpg", "photo 2.jpg"), "application/zip"),
            (archive("index.html", "style.css"), "application/zip"),
            (archive(), "application/zip"),
            (archive("word/document.xml", "[Content_Types].xml"), f"{OPEN_XML}.wordprocessingml.document"),
            (archive("docProps/app.xml", "[Content_Types].xml", "xl/a.xml"), f"{OPEN_XML}.spreadsheetml.sheet"),
            (compound.file({"WordDocument": b"x" * 5000}), "application/msword"),
            (compound.file({"Workbook": b"x" * 5000}), "application/vnd.ms-excel"),
            (compound.file({"Book": b"x" * 5000}), "application/vnd.ms-excel"),
            (compound.file({"PowerPoint Document": b"x" * 5000}), "application/vnd.ms-powerpoint"),
            (compound.file({"__properties_version1.0": b"x" * 5000}), "application/vnd.ms-outlook"),
            (b"{\\rtf1\\ansi\\deff0 Bonjour}", "text/rtf"),
            (b"ID3\x03\0\0\0\0\0\x0aTIT2" + bytes(300), "audio/mpeg"),
            (b"\xff\xfb\x90\x64" + bytes(400), "audio/mpeg"),
            (b"OggS\0\x02" + bytes(20) + b"\1\x13OpusHead" + bytes(40), "audio/ogg"),
            (b"OggS\0\x02" + bytes(20) + b"\1\x1e\1vorbis" + bytes(40), "audio/ogg"),
            (WEBM, "video/webm"),
            (samples.image("TIFF"), "image/tiff"),
            (samples.image("BMP"), "image/bmp"),
            (samples.image("AVIF"), "image/avif"),
            (b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Jean Dupont\r\nEND:VCARD\r\n", "text/vcard"),
            (b"\xef\xbb\xbfbegin:vcard\nFN:Jean\nend:vcard\n", "text/vcard"),
            (b'<?xml version="1.0"?><commande><ligne/></commande>', "text/xml"),
            (b'{"a": 1}\n{"a": 2}\n{"a": 3}\n', "application/x-ndjson"),
        ],
    )  # fmt: skip
    def test_each_is_known_by_its_content(self, content: bytes, media_type: str) -> None:
        finding = looked_at(content)
        assert (finding.media_type, finding.refusal) == (media_type, None)

    @pytest.mark.parametrize(
        ("major", "others", "media_type"),
        [
            *((brand, (b"mif1",), "image/heic") for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")),
            (b"mif1", (b"mif1", b"heic"), "image/heic"),
            (b"msf1", (b"hevc",), "image/heic"),
            (b"mif1", (b"miaf",), "image/heif"),
            (b"mif1", (b"miaf", b"avif"), "image/avif"),
            (b"avis", (b"msf1",), "image/avif"),
            (b"M4A ", (b"mp42", b"isom"), "audio/mp4"),
            (b"M4B ", (), "audio/mp4"),
            (b"3gp4", (b"isom",), "video/3gpp"),
            (b"3g2a", (), "video/3gpp"),
            (b"qt  ", (), "video/quicktime"),
            (b"mp42", (b"isom",), "video/mp4"),
            (b"isom", (b"avc1",), "video/mp4"),
            (b"XAVC", (b"mp42",), "video/mp4"),
        ],
    )
    def test_every_brand_of_the_base_media_format_is_known(
        self, major: bytes, others: tuple[bytes, ...], media_type: str
    ) -> None:
        assert looked_at(base_media(major, *others)).media_type == media_type

    @pytest.mark.parametrize("major", [b"crx ", b"jp2 ", b"xxxx"])
    def test_a_brand_of_something_else_is_refused(self, major: bytes) -> None:
        assert looked_at(base_media(major)).refusal == "type_not_allowed"


class TestTexts:
    @pytest.mark.parametrize(
        "text",
        [
            "import os\n\ndef main():\n    print('x')\n",
            "#!/bin/sh\nrm -rf /\n",
            "#include <stdio.h>\nint main(void) { return 0; }\n",
            "<?php echo 1;",
            "@echo off\r\ndel *\r\n",
            "<script>Guichet('start')</script>\n",
            "<div class='a'>hello</div>\n",
            "SELECT * FROM clients WHERE nom = 'Dupont';\n",
            "diff --git a b\n--- a\n+++ b\n@@ -1 +1 @@\n-a\n+b\n",
            "Erreur 502\n<html><head><title>502</title></head></html>\n",
            "MZ est le début de mon texte\n",
            "%!PS n’est pas du PostScript ici\n",
            "\x1b[31mERREUR\x1b[0m le paiement a échoué\n",
            ".TH x\n.SH y\n",
            "a",
        ],
    )
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_one_that_looks_like_code_is_a_text(self, text: str, encoding: str) -> None:
        assert outcome("extrait.txt", text.encode(encoding)) == ("extrait.txt", None)

    @pytest.mark.parametrize("text", ["Réponse à côté\n", "#!/bin/sh\necho déjà\n", "<b>Été</b>\n"])
    def test_so_is_one_in_an_old_encoding(self, text: str) -> None:
        assert outcome("extrait.txt", text.encode("cp1252")) == ("extrait.txt", None)

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("config.yaml", "a: 1\n"),
            ("journal.log", "12:00 ERROR x\n"),
            ("export.jsonl", '{"a":1}\n{"a":2}\n'),
            ("requete.sql", "SELECT 1;\n"),
            ("trajet.gpx", '<gpx xmlns="http://www.topografix.com/GPX/1/1"/>'),
        ],
    )
    def test_names_of_texts_stay(self, name: str, text: str) -> None:
        assert outcome(name, text.encode()) == (name, None)

    @pytest.mark.parametrize(
        "page",
        [
            "<!doctype html><p>x",
            "\ufeff <HTML lang=fr>",
            "<!-- une page --> <html>",
            '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>',
            '<!DOCTYPE svg PUBLIC "a" "b"><svg/>',
            '<s:svg xmlns:s="http://www.w3.org/2000/svg"/>',
        ],
    )
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
    def test_a_page_from_its_first_tag_on_is_refused(self, page: str, encoding: str) -> None:
        assert outcome("extrait.txt", page.encode(encoding))[1] == "type_not_allowed"

    @pytest.mark.parametrize(
        "xml",
        [
            '<a xmlns:h="http://www.w3.org/1999/xhtml"><h:script>alert(1)</h:script></a>',
            '<a xmlns:h="http&#x3a;//www.w3.org/1999/xhtml"><h:script>alert(1)</h:script></a>',
            '<?xml version="1.0"?><?xml-stylesheet href="#x" type="text/xsl"?><a/>',
            '<a xmlns:h="http://www.w3.org/2000/svg"><h:script>alert(1)</h:script><b></a>',
        ],
    )
    def test_xml_in_which_a_browser_would_run_scripts_is_refused(self, xml: str) -> None:
        assert outcome("donnees.xml", xml.encode())[1] == "type_not_allowed"


class TestNames:
    @pytest.mark.parametrize(
        ("name", "kept"),
        [
            ("rapport v1.2", "rapport v1.2.pdf"),
            ("facture 12.05.2026", "facture 12.05.2026.pdf"),
            ("devis Mme.Dupont", "devis Mme.Dupont.pdf"),
            ("scan", "scan.pdf"),
            ("scan.PDF", "scan.PDF"),
        ],
    )
    def test_what_is_no_extension_is_followed_by_one(self, name: str, kept: str) -> None:
        assert outcome(name, samples.PDF) == (kept, None)

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("IMG_1.HEIC", samples.image("JPEG")),
            ("lettre.doc", b"{\\rtf1 Bonjour}"),
            ("message.m4a", base_media(b"mp42", b"isom")),
            ("message.ogg", b"OggS\0\x02" + bytes(20) + b"\1\x13OpusHead" + bytes(40)),
            ("photo.jfif", samples.image("JPEG")),
        ],
    )
    def test_names_within_a_family_are_taken(self, name: str, content: bytes) -> None:
        assert outcome(name, content) == (name, None)

    @pytest.mark.parametrize("extension", sorted(PROGRAMS | PAGES))
    def test_a_name_that_could_run_is_refused_whatever_is_in_it(self, extension: str) -> None:
        assert outcome(f"facture.{extension}", b"quelques mots\n")[1] == "type_not_allowed"

    def test_no_name_is_taken_and_could_run(self) -> None:
        assert not KNOWN_EXTENSIONS & (PROGRAMS | PAGES)

    def test_every_type_has_a_usual_name_of_its_own_family(self) -> None:
        assert all(family[0] in family[0:1] and len(set(family)) == len(family) for family in EXTENSIONS.values())

    @pytest.mark.parametrize("name", ["photo.png", "lettre.docx", "archive.zip"])
    def test_a_text_under_the_name_of_something_else_is_refused(self, name: str) -> None:
        assert outcome(name, b"quelques mots\n")[1] == "type_not_allowed"


class TestWhatCouldRun:
    @pytest.mark.parametrize(
        "content",
        [
            samples.EXE,
            b"\x7fELF\x02\x01\x01" + bytes(200),
            samples.package("word/vbaProject.bin"),
            samples.package("xl/macrosheets/sheet1.xml"),
            archive("META-INF/MANIFEST.MF", "A.class"),
            archive("photos/1.jpg", "photos/setup.exe"),
            archive("facture.pdf.js"),
            archive("a.lnk"),
            compound.file({"WordDocument": b"x" * 5000, "Macros/VBA/dir": b"x" * 5000}),
            compound.file({"Workbook": b"x" * 5000, "_VBA_PROJECT_CUR/VBA/dir": b"x" * 5000}),
            compound.file({"Workbook": struct.pack("<HHIBB", 0x85, 8, 0, 0, 1) + b"ab" + bytes(5000)}),
            compound.file({"PowerPoint Document": b"\2\0\0\4\x0c\0\0\0\1\0\0\0\1\0\0\0\2\0\0\0" + bytes(5000)}),
            compound.file({"!StringData": b"x" * 5000}),
            b"{\\rtf1{\\object\\objemb\\objupdate}}",
            b"{\\rtf1{\\object{\\*\\objdata 010500005061636B61676500}}}",
        ],
    )
    def test_it_is_refused(self, content: bytes) -> None:
        assert looked_at(content).refusal == "type_not_allowed"

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("setup.exe", samples.EXE),
            ("page.html", samples.HTML),
            ("script.js", b"alert(1)\n"),
            ("macros.docm", samples.package("word/vbaProject.bin")),
            ("archive.tar", bytes(600)),
        ],
    )
    def test_where_the_operator_keeps_it_it_is_for_download_only_and_says_so(self, name: str, content: bytes) -> None:
        file, reason = judged(replace(FILE, name=name), looked_at(content), None, keep_unlisted=True)
        assert (file.name, reason, file.media_type, file.has_preview) == (name, None, UNLISTED, False)
        assert file.warning == "could_run"

    def test_a_virus_is_refused_also_there(self) -> None:
        _, reason = judged(FILE, looked_at(samples.EXE), Verdict("Eicar"), keep_unlisted=True)
        assert reason is not None
        assert reason[0] == "infected"

    @pytest.mark.parametrize("content", [samples.PDF, samples.image(), b"mots\n"])
    def test_what_is_on_the_list_carries_no_warning_there(self, content: bytes) -> None:
        file, reason = judged(replace(FILE, name="a"), looked_at(content), None, keep_unlisted=True)
        assert (reason, file.warning) == (None, None)

    @pytest.mark.parametrize("content", [b"PK\3\4" + bytes(100), containers.OLE_SIGNATURE + bytes(600)])
    def test_a_damaged_archive_is_refused(self, content: bytes) -> None:
        assert looked_at(content).refusal == "type_not_allowed"


class TestPreviews:
    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"])
    def test_a_picture_is_made_small(self, kind: str) -> None:
        target = io.BytesIO()
        assert pictures.write_preview(io.BytesIO(samples.image(kind)), f"image/{kind.lower()}", target)
        with Image.open(target) as small:
            assert (small.format, small.size) == ("WEBP", (640, 480))

    @pytest.mark.parametrize(
        ("media_type", "content"),
        [
            ("image/png", samples.decompression_bomb()),
            ("image/bmp", enlarged("BMP", "<ii", 6000)),
            ("image/webp", b"RIFF" + bytes(4) + b"WEBPVP8X" + bytes(8) + b"\xff\xff\0\xff\xff\0" + bytes(40)),
            ("image/gif", enlarged("GIF", "<HH", 9000)),
        ],
    )  # fmt: skip
    def test_the_size_is_read_before_anything_is_decoded(self, media_type: str, content: bytes) -> None:
        target = io.BytesIO()
        assert not pictures.write_preview(io.BytesIO(content), media_type, target)
        assert not target.getvalue()

    def test_25_megapixels_still_have_one(self) -> None:
        content = samples.image("JPEG", (5000, 5000))
        assert pictures.write_preview(io.BytesIO(content), "image/jpeg", io.BytesIO())

    @pytest.mark.parametrize("kind", ["TIFF", "BMP", "AVIF"])
    def test_a_damaged_one_that_no_browser_shows_is_kept_without(self, kind: str) -> None:
        cut = samples.image(kind)[:200]
        assert not pictures.write_preview(io.BytesIO(cut), f"image/{kind.lower()}", io.BytesIO())


class TestExpressions:
    @pytest.mark.parametrize("unit", ["<!--", "<?", " ", "<!-- -->", "<!--x\n"])
    def test_twice_the_text_takes_no_more_than_about_twice_the_steps(self, unit: str) -> None:
        assert not textual.is_page(unit * 200_000)
