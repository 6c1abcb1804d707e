"""Mail that comes in by every way, is stored before it is read, and finds its request."""

import asyncio
import os
import signal
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage
from pathlib import Path

import pytest
from guichet_contracts import requests as contract
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_local.testing.service import ServiceProcess
from guichet_mailer.mailbox import AddressTokens

from . import ugly
from .conftest import ADDRESS, Desk, Ear, Mailer, MailServer, eventually, mark

BOXES = (b"support", b"sales")


def mail(subject: str = "Bonjour", body: str = "Où est ma commande ?", **headers: str) -> bytes:
    """A mail that nothing else is; underscores in header names stand for hyphens."""
    made = EmailMessage()
    usual = {
        "From": "Jeanne Client <jeanne@example.net>",
        "To": ADDRESS,
        "Subject": subject,
        "Message-ID": f"<{mark()}@example.net>",
    }
    for name, value in (usual | {key.replace("_", "-"): value for key, value in headers.items()}).items():
        made[name] = value
    made.set_content(f"{body}\n\n{mark()}")
    return made.as_bytes()


def _send(port: int, recipients: list[str], raw: bytes) -> dict[str, tuple[int, bytes]]:
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as server:
        return server.sendmail("jeanne@example.net", recipients, raw)


def _children(pid: int) -> list[int]:
    return [int(child) for file in Path(f"/proc/{pid}/task").glob("*/children") for child in file.read_text().split()]


def _give(port: int, raw: bytes) -> str:
    """Hand a mail over by SMTP, byte for byte; the id under which it is stored."""
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as server:
        server.ehlo()
        server.mail("jeanne@example.net")
        server.rcpt(ADDRESS)
        code, said = server.data(raw)
    assert code == 250, said
    return said.decode().rpartition(" ")[2]


@asynccontextmanager
async def _dying_parser(service: Mailer) -> AsyncIterator[None]:
    """Whatever it is given, the parser dies of it."""

    async def kill() -> None:
        while True:
            for child in _children(service.pid):
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            await asyncio.sleep(0.01)

    killing = asyncio.create_task(kill())
    try:
        yield
    finally:
        killing.cancel()


class TestAMail:
    async def test_by_http_is_told_with_all_that_it_says(self, desk: Desk) -> None:
        picture = ugly.part("image/png", ugly.IMAGE, "Content-Transfer-Encoding: base64", "Content-ID: <logo@x>")
        text = ugly.part("text/plain", b"Oui.\r\n\r\n-- \r\nJeanne")
        program = ugly.part("application/pdf", b"MZ\x90", "Content-Disposition: attachment; filename=a.exe")
        body = ugly.multipart("mixed", text, picture, program)
        data = await desk.received(ugly.attached(body, f"Message-ID: <{mark()}@x>".encode(), b"Subject: Photo"))
        email = data["email"]
        assert (email["subject"], email["text"], email["text_signature"]) == ("Photo", "Oui.", "-- \nJeanne")
        assert email["sender"] == {"email": "jeanne@example.net", "name": "Jeanne Client"}
        assert email["mailbox"] == "support"
        assert data["thread"]["request_id"] is None
        assert [(one["name"], one["state"]) for one in email["attachments"]][1] == ("a.exe", "refused")
        state = await desk.state(email["id"])
        assert (state["state"], state["source"]) == ("processed", "http")
        raw = await desk.http.get(f"/api/v1/mail/received/{email['id']}/raw", headers=desk.headers("supervisor"))
        assert b"Subject: Photo" in raw.content

    async def test_with_a_wrong_secret_is_refused(self, desk: Desk) -> None:
        assert (await desk.inbound(mail(), secret="guess")).status_code == 401

    async def test_what_is_on_a_request_is_every_agent_s_to_read_as_it_came(self, desk: Desk) -> None:
        raw = mail()
        email = (await desk.received(raw))["email"]
        path = f"/api/v1/mail/received/{email['id']}/raw"

        answer = await desk.http.get(path, headers=desk.headers())

        assert (answer.status_code, answer.content) == (200, raw)
        assert answer.headers["content-disposition"] == f'attachment; filename="{email["id"]}.eml"'
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert (await desk.http.get(path)).status_code == 401
        assert (await desk.http.get("/api/v1/mail/received/x/raw", headers=desk.headers())).status_code == 404

    async def test_the_state_of_mail_is_for_supervisors_only(self, desk: Desk) -> None:
        for path in ("quarantine", "received/x"):
            assert (await desk.http.get(f"/api/v1/mail/{path}", headers=desk.headers())).status_code == 403

    async def test_gives_a_file_that_was_refused_to_supervisors_alone_and_logs_it(self, desk: Desk) -> None:
        name = "Content-Disposition: attachment; filename="
        script = ugly.part("text/x-sh", b"#!/bin/sh\nrm -r x", f"{name}été.sh")
        notes = ugly.part("text/plain", b"Je note.", f"{name}notes.txt")
        body = ugly.multipart("mixed", ugly.part("text/plain", b"Voici."), notes, script)
        data = await desk.received(ugly.attached(body, f"Message-ID: <{mark()}@x>".encode(), b"Subject: Script"))
        taken, refused = data["email"]["attachments"]
        assert (taken["state"], refused["state"], refused["detail"]) == ("ready", "refused", "type_not_allowed")
        mail_id = data["email"]["id"]
        await desk.ends(mail_id, "processed")
        path = f"/api/v1/mail/received/{mail_id}/files"

        answer = await desk.http.get(f"{path}/{refused['id']}", headers=desk.headers("supervisor"))
        assert answer.status_code == 200
        assert answer.content == b"#!/bin/sh\nrm -r x"
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith('attachment; filename="ete.sh"; filename*=UTF-8')
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert (await desk.http.get(f"{path}/{refused['id']}", headers=desk.headers())).status_code == 403
        assert (await desk.http.get(f"{path}/{refused['id']}")).status_code == 401
        # What was taken is with attachments, which knows what a scanner finds in it later.
        for other in (taken["id"], "x", mail_id):
            answer = await desk.http.get(f"{path}/{other}", headers=desk.headers("admin"))
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        lines = [line for line in desk.service.log.read_text().splitlines() if "refused_file_given" in line]
        assert [refused["id"] in line and desk.agent_id in line for line in lines] == [True]

    async def test_by_smtp_is_taken_for_our_mailboxes_only(self, desk: Desk) -> None:
        subject, port = mark(), int(desk.service.environment["GUICHET_SMTP_PORT"])
        recipients = [ADDRESS, "support+x@desk.example", "other@desk.example"]
        refused = await asyncio.to_thread(_send, port, recipients, mail(subject))
        assert list(refused) == ["other@desk.example"]
        found = await eventually(lambda: [one for one in desk.ear.emails() if one["email"]["subject"] == subject])
        assert len(found) == 1

    async def test_by_lmtp_is_answered_once_for_each_recipient(self, desk: Desk) -> None:
        subject, port = mark(), int(desk.service.environment["GUICHET_LMTP_PORT"])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        said = [b"LHLO x", b"MAIL FROM:<>", b"RCPT TO:<support@desk.example>", b"RCPT TO:<Support+x@desk.example>"]
        for line in (*said, b"RCPT TO:<other@desk.example>", b"DATA", mail(subject).replace(b"\n", b"\r\n") + b"\r\n."):
            writer.write(line + b"\r\n")
        writer.write(b"QUIT\r\n")
        answers = (await reader.read()).decode().splitlines()
        writer.close()
        assert [one[:3] for one in answers if "No such" in one or "Stored" in one] == ["550", "250", "250"]
        found = await eventually(lambda: [one for one in desk.ear.emails() if one["email"]["subject"] == subject])
        # From nobody: one sign alone, so a person's; but no machine may answer it.
        assert (found[0]["email"]["kind"], found[0]["email"]["answer_by_machine"]) == ("message", False)

    async def test_that_comes_many_times_is_one(self, desk: Desk) -> None:
        raw = mail(mark())
        answers = await asyncio.gather(*(desk.inbound(raw) for _ in range(10)))
        (mail_id,) = {one.json()["id"] for one in answers}
        await eventually(lambda: desk.ear.email(mail_id))
        other = (await desk.inbound(b"Received: from another server\r\n" + raw)).json()["id"]
        assert other != mail_id
        await desk.ends(other, "duplicate")
        assert desk.ear.email(other) is None

    @pytest.mark.parametrize("identity", [b"Message-ID: <%s@example.net>", b"Message-ID:"])
    async def test_to_two_of_our_mailboxes_is_one(self, desk: Desk, identity: bytes) -> None:
        raw = ugly.mail(mark().encode(), identity.replace(b"%s", mark().encode()), b"Cc: sales@desk.example")
        ids = [(await desk.inbound(b"Delivered-To: %s@desk.example\r\n" % box + raw)).json()["id"] for box in BOXES]
        async with asyncio.timeout(20):
            while "received" in (states := sorted([(await desk.state(one))["state"] for one in ids])):
                await asyncio.sleep(0.05)
        assert states == ["duplicate", "processed"]

    @pytest.mark.parametrize(
        "name", ["bare-lf", "nul-bytes", "header-of-1-mb", "ten-thousand-recipients", "random-bytes"]
    )
    async def test_by_smtp_may_be_ugly(self, desk: Desk, name: str) -> None:
        port = int(desk.service.environment["GUICHET_SMTP_PORT"])
        stored = await asyncio.to_thread(_give, port, b"X-Mark: %s\r\n" % mark().encode() + ugly.every()[name])
        async with asyncio.timeout(20):
            while (state := (await desk.state(stored))["state"]) == "received":
                await asyncio.sleep(0.05)
        assert state in ("processed", "duplicate")

    async def test_that_is_too_large_is_refused_at_the_door(self, desk: Desk) -> None:
        assert (await desk.inbound(bytes(40_000_001))).status_code == 413
        port = int(desk.service.environment["GUICHET_SMTP_PORT"])
        with pytest.raises(smtplib.SMTPSenderRefused, match="552"):
            await asyncio.to_thread(_send, port, [ADDRESS], bytes(40_000_001))

    async def test_survives_a_crash_while_it_is_processed(self, desk: Desk, ear: Ear, mailer: Mailer) -> None:
        raws = [mail(mark()) for _ in range(8)]
        ids = [response.json()["id"] for response in await asyncio.gather(*map(desk.inbound, raws))]
        mailer.kill()
        await asyncio.to_thread(mailer.start)
        await eventually(lambda: all(ear.email(one) for one in ids))
        events = [one["id"] for one in ear.events if one["subject"] in ids]
        assert len(set(events)) == len(ids)


class TestQuarantine:
    async def test_keeps_what_cannot_be_read_and_lets_the_next_one_pass(self, desk: Desk) -> None:
        canary = ugly.UGLY_BEYOND + mark().encode()
        held = (await desk.inbound(canary)).json()["id"]
        await desk.received(mail())
        await desk.ends(held, "quarantined")
        listed = await desk.http.get("/api/v1/mail/quarantine", headers=desk.headers("supervisor"))
        (entry,) = [one for one in listed.json()["items"] if one["id"] == held]
        assert entry["reason"] == "too_deep"
        path = f"/api/v1/mail/received/{held}/raw"
        assert (await desk.http.get(path, headers=desk.headers())).status_code == 403
        assert (await desk.http.get(path, headers=desk.headers("supervisor"))).content == canary
        url = f"/api/v1/mail/quarantine/{held}/replay"
        assert (await desk.http.post(url, headers=desk.headers("supervisor"))).status_code == 202
        await desk.ends(held, "quarantined")

    async def test_holds_a_canary_that_kills_the_parser_and_lets_the_next_one_pass(self, desk: Desk, ear: Ear) -> None:
        async with _dying_parser(desk.service):
            held = (await desk.inbound(mail())).json()["id"]
            state = await desk.ends(held, "quarantined")
        assert state["reason"] == "parser_failed"
        await desk.received(mail())
        await desk.http.post(f"/api/v1/mail/quarantine/{held}/replay", headers=desk.headers("supervisor"))
        await eventually(lambda: ear.email(held))

    async def test_is_not_for_mail_whose_files_only_have_to_wait(
        self, desk: Desk, ear: Ear, attachments: ServiceProcess
    ) -> None:
        attachments.kill()
        picture = ugly.part("image/png", ugly.IMAGE, "Content-Transfer-Encoding: base64")
        raw = ugly.attached(ugly.multipart("mixed", picture), f"Message-ID: <{mark()}@x>".encode())
        waiting = (await desk.inbound(raw)).json()["id"]
        await desk.received(mail())
        assert (await desk.state(waiting))["state"] == "received"
        await asyncio.to_thread(attachments.start)
        await eventually(lambda: ear.email(waiting))

    async def test_has_no_place_for_what_was_read(self, desk: Desk) -> None:
        email_id = (await desk.received(mail()))["email"]["id"]
        url = f"/api/v1/mail/quarantine/{email_id}/replay"
        refused = await desk.http.post(url, headers=desk.headers("supervisor"))
        assert (refused.status_code, refused.json()["code"]) == (409, "not_in_quarantine")

    async def test_every_ugly_mail_ends_read_or_there(self, desk: Desk) -> None:
        ids = {}
        for name, raw in ugly.every().items():
            if raw:  # nothing is what HTTP refuses
                ids[name] = (await desk.inbound(raw)).json()["id"]
        ends = {}
        async with asyncio.timeout(90):
            for name, mail_id in ids.items():
                while (state := await desk.state(mail_id))["state"] == "received":
                    await asyncio.sleep(0.1)
                ends[name] = (state["state"], state["reason"])
        held = {name: reason for name, (state, reason) in ends.items() if state == "quarantined"}
        assert set(held.values()) <= {"empty", "too_deep", "too_many_parts"}
        assert sum(state == "processed" for state, _ in ends.values()) > 190


class TestThreading:
    async def test_an_answer_to_the_signed_address_belongs_to_its_request(self, desk: Desk, secret: bytes) -> None:
        request_id = new_id()
        token = AddressTokens(secret, "reply").issue(request_id).upper()
        data = await desk.received(mail(To=f"Support <Support+{token}@desk.example>"))
        assert (data["thread"]["request_id"], data["thread"]["by"]) == (request_id, "reply_address")

    async def test_a_forged_address_proves_nothing(self, desk: Desk, secret: bytes) -> None:
        token = AddressTokens(secret, "reply").issue(new_id())
        forged = ("a" if token[0] != "a" else "b") + token[1:]
        data = await desk.received(mail(To=f"support+{forged}@desk.example"))
        assert data["thread"] == {"request_id": None, "by": None, "follows": [], "forged_reply_address": True}

    async def test_a_number_in_the_subject_proves_nothing(self, desk: Desk) -> None:
        data = await desk.received(mail("Re: [#1042] Votre commande"))
        assert data["thread"]["request_id"] is None

    async def test_an_answer_to_our_mail_belongs_to_its_request(
        self, desk: Desk, ear: Ear, mail_server: MailServer
    ) -> None:
        email = await desk.submit()
        await eventually(lambda: ear.states(email.item_id))
        data = await desk.received(mail(In_Reply_To=f"<{email.message_id}>"))
        assert (data["thread"]["request_id"], data["thread"]["by"]) == (email.request_id, "in_reply_to")

    async def test_ids_that_only_others_of_the_thread_named_are_known_too(self, desk: Desk, ear: Ear) -> None:
        email = await desk.submit()
        await eventually(lambda: ear.states(email.item_id))
        unseen = f"{mark()}@elsewhere.example"
        await desk.received(mail(In_Reply_To=f"<{unseen}>", References=f"<{email.message_id}> <{unseen}>"))
        data = await desk.received(mail(References=f"<{unseen}>"))
        assert (data["thread"]["request_id"], data["thread"]["by"]) == (email.request_id, "references")

    async def test_a_mail_that_answers_an_unfiled_one_says_which_and_follows_it_once_it_is_filed(
        self, desk: Desk, ear: Ear
    ) -> None:
        first_id, request_id = f"{mark()}@example.net", new_id()
        first = await desk.received(mail(Message_ID=f"<{first_id}>"))
        second = await desk.received(mail(In_Reply_To=f"<{first_id}>"))
        assert second["thread"]["follows"] == [first["email"]["id"]]
        filed = contract.EmailFiledData(email_id=first["email"]["id"], request_id=request_id, version=1)
        await ear.say(contract.EmailFiled(id=new_id(), time=now(), subject=filed.email_id, data=filed))
        async with asyncio.timeout(20):
            while True:
                third = await desk.received(mail(In_Reply_To=f"<{first_id}>"))
                if third["thread"]["request_id"] == request_id:
                    break


class TestABounce:
    async def test_marks_the_delivery_and_belongs_to_its_request(
        self, desk: Desk, ear: Ear, mail_server: MailServer
    ) -> None:
        to = f"{mark()}@example.net"
        email = await desk.submit(to)
        await eventually(lambda: "sent" in ear.states(email.item_id))
        (sent,) = [one for one in mail_server.mails if to in one.rcpt_tos]
        fields = ugly.FAILED.replace("gone@example.net", to)
        data = await desk.received(ugly.dsn(fields, bytes(sent.original_content or b"")))
        assert (data["thread"]["request_id"], data["thread"]["by"]) == (email.request_id, "bounce")
        assert data["email"]["kind"] == "bounce"
        assert data["email"]["bounce"]["item_id"] == email.item_id
        await eventually(lambda: ear.states(email.item_id)[-1:] == ["bounced"])
        assert "No such user" in ear.detail(email.item_id)

    async def test_that_returns_nothing_is_known_by_the_address_that_it_came_to(
        self, desk: Desk, ear: Ear, mail_server: MailServer
    ) -> None:
        to = f"{mark()}@example.net"
        email = await desk.submit(to)
        await eventually(lambda: "sent" in ear.states(email.item_id))
        (sent,) = [one for one in mail_server.mails if to in one.rcpt_tos]
        body = f"did not reach the following recipient(s):\r\n\r\n      {to} on 2/3/2026\r\n".encode()
        raw = ugly.mail(body, b"From: MAILER-DAEMON@mx.example", b"Message-ID:")
        port = int(desk.service.environment["GUICHET_SMTP_PORT"])
        await asyncio.to_thread(_send, port, [str(sent.mail_from)], raw)
        await eventually(lambda: ear.states(email.item_id)[-1:] == ["bounced"])
