"""What must not come in is refused with the error that says why, and nothing of it stays."""

import asyncio
import io
import socket
import tarfile

import pytest
from guichet_contracts.claims import calls_of
from guichet_kit.tokens import Tokens
from guichet_local.testing.service import ServiceProcess
from guichet_local.testing.signing import SIGNING

from . import samples
from .conftest import URL, Desk, Someone

MEGABYTE = 1_000_000


async def assert_refused(desk: Desk, name: str, content: bytes, status: int, code: str) -> None:
    before = await desk.stored()
    answer = await desk.upload(desk.visitor(), name, content)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert await desk.stored() == before


class TestContent:
    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("photo.png", samples.EXE),
            ("logo.svg", samples.SVG),
            ("logo.png", samples.SVG),
            ("page.html", samples.HTML),
            ("page.txt", samples.HTML),
            ("run.php", b"<?php system($_GET[0]);"),
            ("run.bat", b"@echo off\r\ndel *\r\n"),
            ("archive.zip", samples.package()[:4] + bytes(100)),
        ],
    )
    async def test_what_is_not_on_the_list_is_refused_whatever_its_name(
        self, desk: Desk, name: str, content: bytes
    ) -> None:
        await assert_refused(desk, name, content, 415, "type_not_allowed")

    @pytest.mark.parametrize("name", ["run.exe", "run.js", "page.html", "photo.png", "mail.hta"])
    async def test_text_under_the_name_of_something_else_is_refused(self, desk: Desk, name: str) -> None:
        await assert_refused(desk, name, b"some words, and more of them\n", 415, "type_not_allowed")

    async def test_an_image_under_the_name_of_a_page_is_refused(self, desk: Desk) -> None:
        await assert_refused(desk, "photo.html", samples.image(), 415, "type_not_allowed")

    async def test_a_tar_archive_is_refused(self, desk: Desk) -> None:
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w") as archive:
            archive.addfile(tarfile.TarInfo("x"))
        await assert_refused(desk, "archive.pdf", data.getvalue(), 415, "type_not_allowed")

    async def test_a_document_with_macros_is_refused(self, desk: Desk) -> None:
        await assert_refused(desk, "letter.docx", samples.package("word/vbaProject.bin"), 415, "type_not_allowed")

    async def test_an_empty_file_is_refused(self, desk: Desk) -> None:
        await assert_refused(desk, "nothing.txt", b"", 422, "empty_file")


class TestPicturesThatAreMore:
    @pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
    @pytest.mark.parametrize("more", [samples.HTML, b"\0", samples.package()])
    async def test_one_followed_by_anything_is_a_picture(self, desk: Desk, kind: str, more: bytes) -> None:
        answer = await desk.upload(desk.visitor(), f"photo.{kind.lower()}", samples.image(kind) + more)
        assert (answer.status_code, answer.json()["has_preview"]) == (201, True), answer.text

    @pytest.mark.parametrize("comment", [b"<ScRiPt src=//evil.example>", b"by Caro", b"<x:xmpmeta><html><body>"])
    async def test_one_with_markup_in_its_metadata_is_a_picture(self, desk: Desk, comment: bytes) -> None:
        answer = await desk.upload(desk.visitor(), "photo.png", samples.png_with_comment(comment))
        assert answer.status_code == 201, answer.text

    @pytest.mark.parametrize("name", ["photo.html", "photo.svg", "photo.hta"])
    async def test_one_under_the_name_of_a_page_is_refused(self, desk: Desk, name: str) -> None:
        await assert_refused(desk, name, samples.image() + samples.HTML, 415, "type_not_allowed")

    async def test_a_page_that_begins_like_a_picture_is_none(self, desk: Desk) -> None:
        await assert_refused(desk, "photo.gif", b"GIF89a/*" + samples.HTML, 415, "type_not_allowed")


class TestDamagedImages:
    async def test_a_cut_image_is_refused(self, desk: Desk) -> None:
        await assert_refused(desk, "photo.jpg", samples.image("JPEG")[:700], 415, "type_not_allowed")

    async def test_an_image_that_unpacks_to_gigabytes_is_kept_and_never_unpacked(self, desk: Desk) -> None:
        answer = await desk.upload(desk.visitor(), "photo.png", samples.decompression_bomb())
        assert (answer.status_code, answer.json()["has_preview"]) == (201, False), answer.text


class TestSize:
    async def test_25_megabytes_are_taken(self, desk: Desk) -> None:
        content = b"0123456789abcde\n" * (25 * MEGABYTE // 16)
        answer = await desk.upload(desk.visitor(), "log.txt", content)
        assert (answer.status_code, answer.json()["size"]) == (201, 25 * MEGABYTE)

    async def test_26_megabytes_are_refused(self, desk: Desk) -> None:
        await assert_refused(desk, "log.txt", b"x" * 26 * MEGABYTE, 413, "too_large")

    @pytest.mark.parametrize("announced", [True, False])
    async def test_a_larger_file_is_refused_before_it_is_all_sent(self, desk: Desk, announced: bool) -> None:
        visitor, part = (
            desk.visitor(),
            b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n',
        )
        length = f"Content-Length: {100 * MEGABYTE}" if announced else "Transfer-Encoding: chunked"
        head = (
            f"POST {URL} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {visitor.headers['Authorization']}\r\n"
            f"Content-Type: multipart/form-data; boundary=cut\r\n{length}\r\n\r\n"
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", desk.service.port)
        writer.write(head.encode())
        if not announced:
            for block in (part, *([b"x" * MEGABYTE] * 26)):
                writer.write(f"{len(block):x}\r\n".encode() + block + b"\r\n")
        async with asyncio.timeout(10):
            assert b" 413 " in await reader.readline()
        writer.close()


class TestCutUploads:
    @pytest.mark.parametrize("how", ["closed", "reset"])
    async def test_an_upload_cut_in_the_middle_leaves_nothing(self, desk: Desk, how: str) -> None:
        visitor, before, files = desk.visitor(), await desk.stored(), await desk.files.count_documents({})
        body = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n' + b"x" * MEGABYTE
        head = (
            f"POST {URL} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {visitor.headers['Authorization']}\r\n"
            f"Content-Type: multipart/form-data; boundary=cut\r\nContent-Length: {2 * MEGABYTE}\r\n\r\n"
        )
        _, writer = await asyncio.open_connection("127.0.0.1", desk.service.port)
        writer.write(head.encode() + body)
        await writer.drain()
        if how == "reset":
            linger = b"\1\0\0\0\0\0\0\0"
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.close()
        await asyncio.sleep(0.5)
        assert await desk.stored() == before
        assert await desk.files.count_documents({}) == files
        assert (await desk.upload(visitor, "a.txt", b"and the service goes on\n")).status_code == 201

    async def test_a_form_without_its_end_is_refused(self, desk: Desk) -> None:
        body = b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello'
        headers = desk.visitor().headers | {"Content-Type": "multipart/form-data; boundary=cut"}
        answer = await desk.http.post(URL, headers=headers, content=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "upload_cut")


class TestForms:
    async def test_a_body_that_is_no_form_is_refused(self, desk: Desk) -> None:
        answer = await desk.http.post(URL, headers=desk.visitor().headers, json={"file": "x"})
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")

    async def test_a_form_without_a_file_is_refused(self, desk: Desk) -> None:
        answer = await desk.http.post(
            URL, headers=desk.visitor().headers, data={"scope": "visitor"}, files={"other": b"x"}
        )
        assert answer.json()["errors"] == [{"field": "file", "message": "is required"}]

    @pytest.mark.parametrize("scope", ["", "everything", "conversation:", "conversation:a b", "visitor:1"])
    async def test_an_unknown_scope_is_refused(self, desk: Desk, scope: str) -> None:
        answer = await desk.upload(desk.visitor(), "a.txt", b"hello there\n", scope)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "scope")

    async def test_a_visitor_cannot_upload_to_a_request(self, desk: Desk) -> None:
        answer = await desk.upload(desk.visitor(), "a.txt", b"hello there\n", "request:1")
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")

    async def test_an_id_that_is_no_uuid_is_refused(self, desk: Desk) -> None:
        answer = await desk.upload(desk.visitor(), "a.txt", b"hello there\n", id="../../etc")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "id")

    async def test_nobody_uploads_without_a_token(self, desk: Desk) -> None:
        answer = await desk.http.post(URL, files={"file": b"x"}, data={"scope": "visitor"})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")

    async def test_too_many_uploads_of_one_person_are_refused_for_a_while(self, desk: Desk) -> None:
        visitor = desk.visitor()
        answers = [await desk.upload(visitor, "a.txt", b"") for _ in range(40)]
        assert {answer.status_code for answer in answers} == {422, 429}
        assert answers[-1].headers["retry-after"] == "1"

    async def test_all_files_of_one_mail_are_taken_at_once(self, desk: Desk) -> None:
        mail = desk.mail()
        answers = [await desk.upload(mail, f"{n}.txt", b"%d" % n, f"request:{mail.id}") for n in range(60)]
        assert {answer.status_code for answer in answers} == {201}


class TestTheMailer:
    async def test_gives_files_to_the_mail_that_its_token_names_and_to_no_other(self, desk: Desk) -> None:
        mail = desk.mail()
        for scope in ("request:another", "conversation:c", "visitor", "template:t"):
            assert (await desk.upload(mail, "a.txt", b"a", scope)).status_code == 403

    async def test_may_do_with_each_token_what_its_scope_says_and_no_more(self, desk: Desk) -> None:
        mail, reading = desk.mail(), desk.mail("files:read")
        file = (await desk.upload(mail, "a.txt", b"a", f"request:{mail.id}")).json()
        assert (await desk.upload(reading, "a.txt", b"a", f"request:{reading.id}")).status_code == 403
        assert (await desk.read(mail, file["id"])).status_code == 403
        assert (await desk.read(reading, file["id"])).status_code == 404  # nothing that was sent names it
        for headers in (mail.headers, reading.headers):
            for path in ("status", "preview"):
                answer = await desk.http.get(f"{URL}/{file['id']}/{path}", headers=headers)
                assert answer.status_code == 401

    async def test_is_no_agent_any_more_and_no_other_service_is_the_mailer(self, desk: Desk) -> None:
        for service, subject in (("mailer", "mailer.e"), ("chat", "service:chat"), ("chat", "service:mailer")):
            for audience in ("agents", calls_of("attachments")):
                said = {"role": "agent", "name": "mailer", "scope": "files:give files:read", "about": "e"}
                token = Tokens(SIGNING.keys(service), audience).issue(subject, 60, **said)
                forged = Someone("e", {"Authorization": f"Bearer {token}"})
                assert (await desk.upload(forged, "a.txt", b"a", "request:e")).status_code == 401


class TestSettledRefusals:
    async def test_the_record_of_a_refused_file_names_the_reason_and_a_repeat_gets_it_again(self, desk: Desk) -> None:
        visitor, name = desk.visitor(), "01900000-0000-7000-8000-000000000001"
        first = await desk.upload(visitor, "logo.svg", samples.SVG, id=name)
        again = await desk.upload(visitor, "logo.svg", samples.SVG, id=name)
        assert first.json() == again.json()
        document = await desk.files.find_one({"_id": name})
        assert document is not None
        assert (document["state"], document["refusal"]) == ("rejected", "type_not_allowed")


def test_the_service_said_nothing_of_a_crash(service: ServiceProcess) -> None:
    log = service.log.read_text()
    assert "unhandled_error" not in log
    assert "background_work_failed" not in log
