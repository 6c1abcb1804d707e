"""Mail that goes out, over real SMTP to servers that behave well and badly."""

import asyncio
import os
import signal
from datetime import datetime
from email import message_from_bytes
from email.policy import default

import httpx2
import pytest
from guichet_contracts import requests as contract
from guichet_kit.ids import new_id
from guichet_local.testing.service import ServiceProcess
from guichet_local.testing.signing import SIGNING

from .conftest import ADDRESS, Desk, Ear, Mailer, MailServer, eventually, mark


def mails_to(server: MailServer, address: str) -> list[bytes]:
    return [bytes(one.original_content or b"") for one in server.mails if address in one.rcpt_tos]


def address() -> str:
    return f"{mark()}@example.net"


class TestAnEmail:
    async def test_arrives_whole_with_its_files(
        self, desk: Desk, mail_server: MailServer, attachments: ServiceProcess, ear: Ear
    ) -> None:
        png = bytes.fromhex(
            "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0"
            "000003010100c9fe92ef0000000049454e44ae426082"
        )
        async with httpx2.AsyncClient(base_url=attachments.url) as http:
            uploaded = await http.post(
                "/api/v1/attachments",
                headers=desk.headers(),
                files={"file": ("déjà.png", png)},
                data={"scope": "request:1"},
            )
        assert uploaded.status_code == 201, uploaded.text
        file = contract.EmailFile(id=uploaded.json()["id"], name="déjà.png", media_type="image/png", size=len(png))
        to = address()
        long_id = f"{'a' * 120}@outlook.example"
        email = await desk.submit(
            to, attachments=(file,), in_reply_to=long_id, references=("first@x.example",), subject="Re: Réf. – été"
        )
        await eventually(lambda: ear.states(email.item_id)[-1:] == ["sent"])
        (raw,) = mails_to(mail_server, to)
        mail = message_from_bytes(raw, policy=default)
        assert mail["Message-ID"] == f"<{email.message_id}>"
        assert mail["In-Reply-To"] == f"<{long_id}>"
        assert mail["References"].split() == ["<first@x.example>", f"<{long_id}>"]
        assert mail["Subject"] == "Re: Réf. – été"
        assert mail["Thread-Topic"] == "Réf. – été"
        assert mail["From"].addresses[0].addr_spec == ADDRESS
        assert mail["Reply-To"].addresses[0].addr_spec.startswith("support+")
        assert mail["Auto-Submitted"] is None
        body, markup = mail.get_body(("plain",)), mail.get_body(("html",))
        assert body is not None
        assert markup is not None
        assert "où ? À 10 €." in body.get_content()
        assert "où ? À 10 €." in markup.get_content()
        (attached,) = mail.iter_attachments()
        assert (attached.get_filename(), attached.get_content()) == ("déjà.png", png)
        assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
        assert ear.states(email.item_id) == ["queued", "sending", "sent"]

    async def test_of_the_system_carries_what_somebody_else_uploaded(
        self, desk: Desk, mail_server: MailServer, attachments: ServiceProcess, ear: Ear
    ) -> None:
        someone = SIGNING.tokens("agents").issue(new_id(), 900, name="Another", role="agent")
        async with httpx2.AsyncClient(base_url=attachments.url) as http:
            uploaded = await http.post(
                "/api/v1/attachments",
                headers={"Authorization": f"Bearer {someone}"},
                files={"file": ("bon.txt", b"Bon de retour")},
                data={"scope": "request:1"},
            )
        assert uploaded.status_code == 201, uploaded.text
        file = contract.EmailFile(id=uploaded.json()["id"], name="bon.txt", media_type="text/plain", size=13)
        to = address()
        email = await desk.submit(to, author=None, automatic=True, attachments=(file,))
        await eventually(lambda: ear.states(email.item_id)[-1:] == ["sent"])
        mail = message_from_bytes(mails_to(mail_server, to)[0], policy=default)
        assert mail["From"] == f"Support <{ADDRESS}>"
        assert [one.get_content() for one in mail.iter_attachments()] == ["Bon de retour"]

    async def test_whose_file_nobody_knows_is_given_up_and_says_so(self, desk: Desk, ear: Ear) -> None:
        file = contract.EmailFile(id=new_id(), name="a.txt", media_type="text/plain", size=1)
        email = await desk.submit(address(), attachments=(file,))
        await eventually(lambda: "failed" in ear.states(email.item_id))
        assert ear.states(email.item_id) == ["queued", "queued", "queued", "failed"]  # the news may only be late
        assert file.id in ear.detail(email.item_id)

    async def test_leaves_by_the_mailbox_that_it_names_with_its_signature(
        self, desk: Desk, mail_server: MailServer, ear: Ear
    ) -> None:
        to, text = address(), "Bonjour.\n\nLe 3/2/2026 à 10:12, Jeanne a écrit :\n> Où ?"
        email = await desk.submit(to, mailbox="sales", text=text, quoted_from=text.index("Le 3/2"))
        await eventually(lambda: "sent" in ear.states(email.item_id))
        (sent,) = [one for one in mail_server.mails if to in one.rcpt_tos]
        assert str(sent.mail_from).startswith("sales+")
        mail = message_from_bytes(bytes(sent.original_content or b""), policy=default)
        assert mail["From"].addresses[0].addr_spec == "sales@desk.example"
        assert mail["Reply-To"].addresses[0].addr_spec.startswith("sales+")
        body = mail.get_body(("plain",))
        assert body is not None
        lines = body.get_content().splitlines()
        assert lines[:5] == ["Bonjour.", "", "-- ", "The Desk, 1 rue X", ""]
        assert lines[-1] == "> Où ?"

    async def test_has_no_signature_where_its_writer_wants_none(
        self, desk: Desk, mail_server: MailServer, ear: Ear
    ) -> None:
        to = address()
        email = await desk.submit(to, mailbox="sales", text="Bonjour.", signature=False)
        await eventually(lambda: "sent" in ear.states(email.item_id))
        (sent,) = [one for one in mail_server.mails if to in one.rcpt_tos]
        body = message_from_bytes(bytes(sent.original_content or b""), policy=default).get_body(("plain",))
        assert body is not None
        assert body.get_content().strip() == "Bonjour."

    async def test_of_no_mailbox_fails_by_name(self, desk: Desk, ear: Ear) -> None:
        email = await desk.submit(address(), mailbox="nowhere")
        await eventually(lambda: ear.states(email.item_id) == ["queued", "failed"])
        assert "no mailbox" in ear.detail(email.item_id)

    async def test_submitted_twice_is_sent_once(self, desk: Desk, mail_server: MailServer, ear: Ear) -> None:
        to = address()
        email = await desk.submit(to)
        await desk.say(email)
        await eventually(lambda: "sent" in ear.states(email.item_id))
        await desk.say(email)
        await asyncio.sleep(0.5)
        assert len(mails_to(mail_server, to)) == 1

    async def test_cannot_carry_headers_in_its_subject(self, desk: Desk, mail_server: MailServer, ear: Ear) -> None:
        to = address()
        email = await desk.submit(to, subject="Bonjour\r\nBcc: evil@example.net")
        await eventually(lambda: "sent" in ear.states(email.item_id))
        mail = message_from_bytes(mails_to(mail_server, to)[0], policy=default)
        assert mail["Bcc"] is None

    async def test_a_blind_copy_is_given_to_the_server_and_stands_in_no_header(
        self, desk: Desk, mail_server: MailServer, ear: Ear
    ) -> None:
        to, copy, blind = address(), address(), address()
        mail_server.answers[blind] = ["451 4.3.0 Later"]
        people = {"cc": copy, "bcc": blind}
        named = {field: (contract.EmailAddress(email=one),) for field, one in people.items()}
        email = await desk.submit(to, **named)
        await eventually(lambda: "sent" in ear.states(email.item_id))
        for recipient in (to, copy, blind):
            (raw,) = mails_to(mail_server, recipient)
            assert blind.encode() not in raw
            assert copy.encode() in raw

    async def test_an_automatic_one_says_so_and_stops_when_it_becomes_a_loop(
        self, desk: Desk, mail_server: MailServer, ear: Ear
    ) -> None:
        to = address()
        sent = [await desk.submit(to, automatic=True) for _ in range(7)]
        await desk.say(sent[0])  # what comes again does not count again
        await eventually(lambda: all(ear.states(one.item_id)[-1:] in (["sent"], ["failed"]) for one in sent))
        ends = [ear.states(one.item_id)[-1] for one in sent]
        assert (ends.count("sent"), ends.count("failed")) == (5, 2)
        by_hand = await desk.submit(to)
        await eventually(lambda: "sent" in ear.states(by_hand.item_id))  # people are not held to it
        raw = mails_to(mail_server, to)[0]
        assert message_from_bytes(raw)["Auto-Submitted"] == "auto-generated"


class TestARefusal:
    async def test_that_may_pass_is_tried_again(self, desk: Desk, mail_server: MailServer, ear: Ear) -> None:
        to = address()
        mail_server.answers[to] = ["451 4.3.0 Later"]
        email = await desk.submit(to)
        await eventually(lambda: "sent" in ear.states(email.item_id))
        assert ear.states(email.item_id) == ["queued", "queued", "sending", "sent"]
        assert len(mails_to(mail_server, to)) == 1

    async def test_for_good_ends_it_with_the_servers_words(self, desk: Desk, mail_server: MailServer, ear: Ear) -> None:
        to = address()
        mail_server.answers[to] = ["550 5.1.1 No such user"] * 5
        email = await desk.submit(to)
        await eventually(lambda: "failed" in ear.states(email.item_id))
        assert "550 5.1.1 No such user" in ear.detail(email.item_id)
        await asyncio.sleep(0.5)
        assert len(mail_server.answers[to]) == 4
        assert to not in desk.service.log.read_text()  # logs outlive erasure

    async def test_of_one_address_does_not_keep_it_from_the_others(
        self, desk: Desk, mail_server: MailServer, ear: Ear
    ) -> None:
        to, gone, busy = address(), address(), address()
        mail_server.answers |= {gone: ["550 5.1.1 Gone"], busy: ["450 4.2.1 Busy"]}
        copies = tuple(contract.EmailAddress(email=one) for one in (gone, busy))
        email = await desk.submit(to, cc=copies)
        await eventually(lambda: "sent" in ear.states(email.item_id))
        assert gone in ear.detail(email.item_id)
        assert len(mails_to(mail_server, to)) == 1
        assert len(mails_to(mail_server, busy)) == 1

    async def test_for_ever_passing_is_given_up(self, desk: Desk, mail_server: MailServer, ear: Ear) -> None:
        to = address()
        mail_server.answers[to] = ["451 4.3.0 Later"] * 10
        email = await desk.submit(to)
        await eventually(lambda: "failed" in ear.states(email.item_id))
        assert "given up after 3 attempts" in ear.detail(email.item_id)
        waits = [
            datetime.fromisoformat(one["next_attempt_at"]) - datetime.fromisoformat(one["at"])
            for one in ear.changes(email.item_id)
            if one["state"] == "queued" and one["attempts"]
        ]
        assert [wait.total_seconds() for wait in waits] == [0.1, 0.2]  # as GUICHET_SEND_RETRIES says

    async def test_can_be_answered_with_sending_it_again(self, desk: Desk, mail_server: MailServer, ear: Ear) -> None:
        to = address()
        mail_server.answers[to] = ["550 5.7.1 Not today"]
        email = await desk.submit(to)
        await eventually(lambda: "failed" in ear.states(email.item_id))
        url = f"/api/v1/mail/deliveries/{email.item_id}"
        assert (await desk.http.post(f"{url}/resend", headers=desk.headers())).status_code == 200
        await eventually(lambda: "sent" in ear.states(email.item_id))
        refused = await desk.http.post(f"{url}/resend", headers=desk.headers())
        assert (refused.status_code, refused.json()["code"]) == (409, "delivery_state")

    async def test_of_an_address_that_is_none_says_why(self, desk: Desk, ear: Ear) -> None:
        email = await desk.submit("jeänne@example.net")
        await eventually(lambda: "failed" in ear.states(email.item_id))
        assert "mail servers do not agree" in ear.detail(email.item_id)


class TestWhatNobodyCanKnow:
    """The mail's bytes are with the server; whether it took them was not, or not durably, heard."""

    async def test_is_uncertain_until_a_person_says(
        self, desk: Desk, mail_server: MailServer, ear: Ear, mailer: Mailer
    ) -> None:
        unanswered, answered = f"silent-{mark()}@example.net", f"crash-{mark()}@example.net"
        emails = [await desk.submit(unanswered)]
        await eventually(lambda: mails_to(mail_server, unanswered))
        # The server says that it took this one, to a process that does not live to write it down.
        mail_server.on_taken[answered] = lambda: os.kill(mailer.pid, signal.SIGSTOP)
        emails.append(await desk.submit(answered))
        await eventually(lambda: mail_server.told(answered))
        mailer.kill()
        await asyncio.to_thread(mailer.start)
        await eventually(lambda: all(ear.states(one.item_id)[-1:] == ["uncertain"] for one in emails))
        await asyncio.sleep(0.5)
        assert [len(mails_to(mail_server, to)) for to in (unanswered, answered)] == [1, 1]  # no silent second mail

        path = "/api/v1/mail/deliveries"
        confirmed = await desk.http.post(f"{path}/{emails[0].item_id}/confirm", headers=desk.headers())
        assert confirmed.json()["state"] == "sent"
        again = await desk.http.post(f"{path}/{emails[1].item_id}/resend", headers=desk.headers())
        assert again.json()["state"] == "queued"
        await eventually(lambda: len(mails_to(mail_server, answered)) == 2)
        await eventually(lambda: ear.states(emails[1].item_id)[-1:] == ["sent"])
        assert len(mails_to(mail_server, unanswered)) == 1
        ids = {message_from_bytes(one)["Message-ID"] for one in mails_to(mail_server, answered)}
        assert ids == {f"<{emails[1].message_id}>"}
        for decision in ("confirm", "resend"):  # neither is in doubt any more
            refused = await desk.http.post(f"{path}/{emails[0].item_id}/{decision}", headers=desk.headers())
            assert refused.json()["code"] == "delivery_state"

    @pytest.mark.parametrize("how", ["cut", "silent"])
    async def test_is_uncertain_also_without_a_crash(
        self, desk: Desk, mail_server: MailServer, ear: Ear, how: str
    ) -> None:
        to = f"{how}-{mark()}@example.net"
        email = await desk.submit(to)
        await eventually(lambda: ear.states(email.item_id)[-1:] == ["uncertain"])
        assert ear.states(email.item_id) == ["queued", "sending", "uncertain"]
        assert "the connection was lost" in ear.detail(email.item_id)
        assert len(mails_to(mail_server, to)) == 1


class TestARoute:
    async def test_needs_a_token_and_a_delivery(self, desk: Desk) -> None:
        assert (await desk.http.get("/api/v1/mail/deliveries/x")).status_code == 401
        assert (await desk.http.get("/api/v1/mail/deliveries/x", headers=desk.headers())).status_code == 404

    async def test_lists_the_mailboxes(self, desk: Desk) -> None:
        shown = (await desk.http.get("/api/v1/mail/mailboxes", headers=desk.headers())).json()["items"]
        assert shown[0] == {"id": "support", "address": ADDRESS, "name": "Support", "signature": "", "default": True}
        assert [(one["id"], one["default"]) for one in shown] == [("support", True), ("sales", False)]
