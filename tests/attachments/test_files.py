"""Files that come in are described, proven by a receipt, and given to those who may read them, and to nobody else."""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import aio_pika
import pytest
from guichet_chat.conversation import Author as ChatAuthor
from guichet_chat.receipts import attachments_of
from guichet_contracts.attachments import AttachmentRejected, AttachmentStored
from guichet_contracts.chat import Attachment, Author, Conversation, Message, MessagePosted, MessagePostedData, Visitor
from guichet_contracts.event import Event
from guichet_contracts.mailer import Attachment as EmailAttachment
from guichet_contracts.mailer import Email, EmailReceived, EmailReceivedData, Thread
from guichet_contracts.requests import (
    EmailAddress,
    EmailFile,
    EmailSubmitted,
    EmailSubmittedData,
    FormSubmitted,
    FormSubmittedData,
    SubmittedEmail,
    TemplateChanged,
    TemplateChangedData,
)
from guichet_contracts.subscriptions import MESSAGES_WITH_FILES
from guichet_kit.broker import EVENTS_EXCHANGE
from guichet_kit.clock import now
from guichet_kit.tokens import InvalidToken
from guichet_local.testing.events import events_of
from guichet_local.testing.signing import SIGNING
from PIL import Image

from . import samples
from .conftest import URL, Desk, Someone, eventually

TEXT = b"Bonjour, voici ma facture.\n"


class Broker:
    """The events that come and go."""

    def __init__(self, exchange: aio_pika.abc.AbstractExchange, queue: aio_pika.abc.AbstractQueue) -> None:
        self._exchange, self._queue = exchange, queue

    async def post_message(self, visitor: Someone, author: str, *file_ids: str) -> None:
        """Say, as the chat does, that a message with these files is in the visitor's conversation."""
        files = tuple(Attachment(id=file_id, name="x", media_type="text/plain", size=1) for file_id in file_ids)
        event = MessagePosted(
            id=str(uuid4()),
            time=now(),
            subject="c",
            data=MessagePostedData(
                conversation=Conversation(id="c", visitor=Visitor(id=visitor.id), site="demo", opened_at=now()),
                entry=Message(
                    seq=1, id=str(uuid4()), author=Author(kind="agent", id=author), text="", attachments=files, at=now()
                ),
            ),
        )
        # chat gives messages with files a key of their own, so that this service is not told of all the others.
        await self._publish(event, MESSAGES_WITH_FILES)

    async def change_template(self, template_id: str, version: int, *file_ids: str) -> None:
        """Say, as requests does, that the template names these files."""
        data = TemplateChangedData(template_id=template_id, attachment_ids=file_ids, version=version)
        await self._publish(TemplateChanged(id=str(uuid4()), time=now(), subject=template_id, data=data))

    async def submit_email(self, *file_ids: str) -> None:
        """Say, as requests does, that an e-mail with these files is to be sent."""
        email = SubmittedEmail(
            request_id="r",
            request_number=1,
            item_id=str(uuid4()),
            to=(EmailAddress(email="ada@example.org"),),
            subject="Votre lampe",
            text="",
            attachments=tuple(EmailFile(id=file_id, name="x", media_type="text/plain", size=1) for file_id in file_ids),
            message_id="x@example.com",
            submitted_at=now(),
        )
        data = EmailSubmittedData(email=email)
        await self._publish(EmailSubmitted(id=str(uuid4()), time=now(), subject="r", data=data))

    async def submit_form(self, *file_ids: str) -> None:
        """Say, as requests does, that a form came with these files."""
        data = FormSubmittedData(request_id="r", item_id="i", attachment_ids=file_ids)
        await self._publish(FormSubmitted(id=str(uuid4()), time=now(), subject="r", data=data))

    async def receive_email(self, **states: Any) -> None:
        """Say, as the mailer does, that an e-mail came in with files in these states, by id."""
        files = tuple(
            EmailAttachment(id=file_id, name="x", media_type="text/plain", size=1, state=state)
            for file_id, state in states.items()
        )
        email = Email(id=str(uuid4()), received_at=now(), attachments=files)
        data = EmailReceivedData(email=email, thread=Thread())
        await self._publish(EmailReceived(id=str(uuid4()), time=now(), subject=email.id, data=data))

    async def _publish(self, event: Event[Any], key: str = "") -> None:
        message = aio_pika.Message(
            event.model_dump_json().encode(), content_type="application/json", message_id=event.id, type=event.type
        )
        await self._exchange.publish(message, key or event.type)

    async def next_event_of(self, file_id: str) -> dict[str, Any]:
        """The next event about this file."""
        async with asyncio.timeout(10), self._queue.iterator() as messages:
            async for message in messages:
                async with message.process():
                    for event in events_of(message.body):
                        if event["subject"] == file_id:
                            return event
        raise AssertionError("the queue ended")


@pytest.fixture
async def broker(rabbitmq_url: str, desk: Desk) -> AsyncIterator[Broker]:
    connection = await aio_pika.connect(rabbitmq_url)
    async with connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(EVENTS_EXCHANGE)
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(exchange, "attachments.#")
        yield Broker(exchange, queue)


async def uploaded(desk: Desk, who: Someone, name: str = "facture.txt", content: bytes = TEXT, **form: str) -> Any:
    answer = await desk.upload(who, name, content, **form)
    assert answer.status_code == 201, answer.text
    return answer.json()


class TestUploading:
    async def test_whoever_fills_in_a_form_uploads_with_the_forms_token(self, desk: Desk) -> None:
        who = desk.form()
        file = await uploaded(desk, who)
        assert (await desk.read(who, file["id"])).content == TEXT
        assert (await desk.read(desk.visitor(), file["id"])).status_code == 404

    async def test_the_answer_describes_the_file(self, desk: Desk) -> None:
        file = await uploaded(desk, desk.visitor(), "Été 1.txt")
        assert file | {"id": "", "receipt": ""} == {
            "id": "",
            "name": "Été 1.txt",
            "media_type": "text/plain",
            "size": len(TEXT),
            "sha256": hashlib.sha256(TEXT).hexdigest(),
            "state": "ready",
            "scope": "visitor",
            "has_preview": False,
            "receipt": "",
        }

    @pytest.mark.parametrize(
        ("name", "content", "media_type"),
        [
            ("a.pdf", samples.PDF, "application/pdf"),
            ("a.csv", b"name,price\nlamp,10\ntable,200\nchair,50\n", "text/csv"),
            ("a.json", b'{"a": [1, 2]}', "application/json"),
            ("a.eml", samples.MAIL, "message/rfc822"),
            ("a.txt", samples.MAIL, "message/rfc822"),
            ("a.ics", samples.CALENDAR, "text/calendar"),
            ("a.gif", samples.image("GIF"), "image/gif"),
            ("a.webp", samples.image("WEBP"), "image/webp"),
            (
                "a.docx",
                samples.package(),
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            ),
            ("renamed.png", samples.image("JPEG"), "image/jpeg"),
        ],
    )
    async def test_the_type_is_that_of_the_content(
        self, desk: Desk, name: str, content: bytes, media_type: str
    ) -> None:
        assert (await uploaded(desk, desk.visitor(), name, content))["media_type"] == media_type

    async def test_a_name_without_an_extension_gets_one(self, desk: Desk) -> None:
        assert (await uploaded(desk, desk.visitor(), "scan", samples.PDF))["name"] == "scan.pdf"

    async def test_a_hostile_name_is_cleaned_before_it_is_kept(self, desk: Desk) -> None:
        file = await uploaded(desk, desk.visitor(), '../../a"b\r\nSet-Cookie: x.txt')
        assert file["name"] == "a”b Set-Cookie_ x.txt"

    async def test_the_fields_may_come_after_the_file(self, desk: Desk) -> None:
        body = (
            b'--cut\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello there\n\r\n'
            b'--cut\r\nContent-Disposition: form-data; name="scope"\r\n\r\nvisitor\r\n--cut--\r\n'
        )
        headers = desk.visitor().headers | {"Content-Type": "multipart/form-data; boundary=cut"}
        answer = await desk.http.post(URL, headers=headers, content=body)
        assert (answer.status_code, answer.json()["size"]) == (201, 12)

    async def test_a_repeat_with_the_same_id_is_the_same_file(self, desk: Desk) -> None:
        visitor, file_id = desk.visitor(), str(uuid4())
        answers = await asyncio.gather(*(desk.upload(visitor, "a.txt", TEXT, id=file_id) for _ in range(5)))
        assert {answer.status_code for answer in answers} == {201}
        assert {answer.json()["id"] for answer in answers} == {file_id}
        stored = {name for name in await desk.stored() if name.startswith(file_id)}
        assert len(stored) == 1

    async def test_the_id_may_come_as_idempotency_key(self, desk: Desk) -> None:
        visitor, file_id = desk.visitor(), str(uuid4())
        keyed = Someone(visitor.id, visitor.headers | {"Idempotency-Key": file_id})
        assert (await uploaded(desk, keyed))["id"] == file_id

    async def test_another_persons_id_is_taken(self, desk: Desk) -> None:
        file = await uploaded(desk, desk.visitor())
        answer = await desk.upload(desk.visitor(), "a.txt", TEXT, id=file["id"])
        assert (answer.status_code, answer.json()["code"]) == (409, "id_taken")


class TestReceipts:
    async def test_a_receipt_says_offline_what_the_file_is_and_whose(self, desk: Desk) -> None:
        visitor = desk.visitor()
        file = await uploaded(desk, visitor, scope="conversation:c1")
        claims = SIGNING.tokens("receipts").verify(file["receipt"])
        assert claims.subject == file["id"]
        assert dict(claims.extra) == {
            "name": "facture.txt",
            "media_type": "text/plain",
            "size": len(TEXT),
            "scope": "conversation:c1",
            "owner": visitor.id,
        }

    async def test_a_receipt_opens_nothing_by_itself(self, desk: Desk) -> None:
        file = await uploaded(desk, desk.visitor())
        thief = Someone("", {"Authorization": f"Bearer {file['receipt']}"})
        assert (await desk.read(thief, file["id"])).status_code == 401

    async def test_an_expired_receipt_does_not_verify_and_its_owner_gets_a_new_one(self, desk: Desk) -> None:
        visitor = desk.visitor()
        file = await uploaded(desk, visitor)
        receipts = SIGNING.tokens("receipts")
        with pytest.raises(InvalidToken):
            receipts.verify(receipts.issue(file["id"], -60))
        renewed = await desk.http.get(f"{URL}/{file['id']}/status", headers=visitor.headers)
        assert receipts.verify(renewed.json()["receipt"]).subject == file["id"]

    async def test_nobody_else_gets_a_receipt(self, desk: Desk) -> None:
        file = await uploaded(desk, desk.visitor())
        for other in (desk.visitor(), desk.agent()):
            answer = await desk.http.get(f"{URL}/{file['id']}/status", headers=other.headers)
            assert answer.status_code == 404


class TestDownloading:
    async def test_the_owner_gets_the_bytes_and_the_browser_is_told_to_save_them(self, desk: Desk) -> None:
        visitor = desk.visitor()
        file = await uploaded(desk, visitor, "Été.txt")
        answer = await desk.read(visitor, file["id"])
        assert (answer.status_code, answer.content) == (200, TEXT)
        assert answer.headers["content-disposition"].startswith('attachment; filename="Ete.txt"; filename*=UTF-8')
        assert answer.headers["content-type"] == "text/plain"
        assert answer.headers["content-length"] == str(len(TEXT))
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert answer.headers["cache-control"] == "private, no-store"
        assert answer.headers["accept-ranges"] == "bytes"

    async def test_a_range_is_given(self, desk: Desk) -> None:
        visitor = desk.visitor()
        file = await uploaded(desk, visitor)
        etag = (await desk.read(visitor, file["id"])).headers["etag"]
        part = await desk.read(visitor, file["id"], **{"Range": "bytes=8-", "If-Range": etag})
        assert (part.status_code, part.content) == (206, TEXT[8:])
        assert part.headers["content-range"] == f"bytes 8-{len(TEXT) - 1}/{len(TEXT)}"

    async def test_a_range_of_another_version_is_the_whole(self, desk: Desk) -> None:
        visitor = desk.visitor()
        file = await uploaded(desk, visitor)
        whole = await desk.read(visitor, file["id"], **{"Range": "bytes=8-", "If-Range": '"other"'})
        assert (whole.status_code, whole.content) == (200, TEXT)

    async def test_a_range_after_the_end_is_refused(self, desk: Desk) -> None:
        visitor = desk.visitor()
        file = await uploaded(desk, visitor)
        answer = await desk.read(visitor, file["id"], Range="bytes=1000-")
        assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(TEXT)}")

    async def test_a_large_file_comes_back_as_it_was(self, desk: Desk) -> None:
        visitor, content = desk.visitor(), b"".join(b"%09d\n" % line for line in range(1_200_000))
        file = await uploaded(desk, visitor, "log.txt", content)
        answer = await desk.read(visitor, file["id"])
        assert hashlib.sha256(answer.content).hexdigest() == file["sha256"]

    async def test_an_image_has_a_small_preview_without_what_the_camera_noted(self, desk: Desk) -> None:
        visitor, exif = desk.visitor(), Image.Exif()
        exif[0x010E], exif[0x0112] = "at home", 6
        file = await uploaded(desk, visitor, "photo.jpg", samples.image("JPEG", (1600, 800), exif=exif))
        answer = await desk.http.get(f"{URL}/{file['id']}/preview", headers=visitor.headers)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
        with Image.open(io.BytesIO(answer.content)) as preview:
            assert preview.size == (320, 640), "turned as the camera was held, and small"
            assert not preview.getexif()

    async def test_what_is_no_image_has_no_preview(self, desk: Desk) -> None:
        visitor = desk.visitor()
        file = await uploaded(desk, visitor)
        answer = await desk.http.get(f"{URL}/{file['id']}/preview", headers=visitor.headers)
        assert answer.status_code == 404


class TestReading:
    async def test_nobody_reads_what_was_not_sent_even_knowing_the_address(self, desk: Desk) -> None:
        file = await uploaded(desk, desk.visitor())
        for other in (desk.visitor(), desk.agent()):
            for address in (f"{URL}/{file['id']}", f"{URL}/{file['id']}/preview"):
                answer = await desk.http.get(address, headers=other.headers)
                assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert (await desk.http.get(f"{URL}/{file['id']}")).status_code == 401

    async def test_agents_read_what_a_visitor_sent(self, desk: Desk, broker: Broker) -> None:
        visitor = desk.visitor()
        file = await uploaded(desk, visitor)
        await broker.post_message(visitor, visitor.id, file["id"])
        assert (await desk.read(desk.agent(), file["id"])).content == TEXT
        assert (await desk.read(desk.visitor(), file["id"])).status_code == 404

    async def test_a_visitor_reads_what_an_agent_sent_in_their_conversation_only(
        self, desk: Desk, broker: Broker
    ) -> None:
        agent, visitor = desk.agent(), desk.visitor()
        file = await uploaded(desk, agent, scope="conversation:c")
        await broker.post_message(visitor, agent.id, file["id"])
        assert (await desk.read(visitor, file["id"])).content == TEXT
        assert (await desk.read(desk.visitor(), file["id"])).status_code == 404

    async def test_a_reader_who_is_faster_than_the_event_waits_for_it(self, desk: Desk, broker: Broker) -> None:
        visitor = desk.visitor()
        file = await uploaded(desk, visitor)
        early = asyncio.create_task(desk.read(desk.agent(), file["id"]))
        await asyncio.sleep(0.5)
        await broker.post_message(visitor, visitor.id, file["id"])
        assert (await early).status_code == 200

    async def test_a_message_seen_twice_changes_nothing(self, desk: Desk, broker: Broker) -> None:
        visitor = desk.visitor()
        file = await uploaded(desk, visitor)

        async def linked() -> dict[str, Any]:
            return await desk.files.find_one({"_id": file["id"], "linked_at": {"$exists": True}}) or {}

        await broker.post_message(visitor, visitor.id, file["id"])
        await eventually(lambda: _true(linked()))
        before = await linked()
        await broker.post_message(visitor, visitor.id, file["id"])
        await asyncio.sleep(0.5)
        assert await linked() == before
        assert before["readers"] == [visitor.id]
        assert "kept_until" not in before


class TestFilesOfMailsAndForms:
    async def test_agents_read_what_came_by_mail(self, desk: Desk, broker: Broker) -> None:
        mailer = desk.agent()
        file, refused = [await uploaded(desk, mailer, scope="request:e") for _ in range(2)]
        await broker.receive_email(**{file["id"]: "checking", refused["id"]: "refused"})
        assert (await desk.read(desk.agent(), file["id"])).content == TEXT
        assert (await desk.read(desk.agent(), refused["id"])).status_code == 404
        assert (await desk.read(desk.visitor(), file["id"])).status_code == 404

    async def test_agents_read_what_goes_out_by_mail_and_so_does_the_mailer(self, desk: Desk, broker: Broker) -> None:
        file = await uploaded(desk, desk.agent(), scope="request:r")
        await broker.submit_email(file["id"])
        assert (await desk.read(desk.agent(), file["id"])).content == TEXT

    async def test_agents_read_what_came_with_a_form(self, desk: Desk, broker: Broker) -> None:
        file = await uploaded(desk, desk.visitor())
        await broker.submit_form(file["id"])
        assert (await desk.read(desk.agent(), file["id"])).content == TEXT
        assert (await desk.read(desk.visitor(), file["id"])).status_code == 404


class TestTemplateFiles:
    async def test_only_administrators_upload_them(self, desk: Desk) -> None:
        for other in (desk.agent(), desk.agent("supervisor"), desk.visitor()):
            answer = await desk.upload(other, "a.txt", TEXT, scope="template:t")
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert (await uploaded(desk, desk.agent("admin"), scope="template:t"))["scope"] == "template:t"

    async def test_every_agent_reads_and_sends_what_a_template_names(self, desk: Desk, broker: Broker) -> None:
        template_id, caro, visitor = str(uuid4()), desk.agent(), desk.visitor()
        file = await uploaded(desk, desk.agent("admin"), scope=f"template:{template_id}")
        await broker.change_template(template_id, 1, file["id"])
        assert (await desk.read(caro, file["id"])).content == TEXT
        assert (await desk.read(visitor, file["id"])).status_code == 404

        answer = await receipt(desk, caro, file["id"], "conversation:c")
        assert answer.status_code == 201
        (sent,) = attachments_of(
            SIGNING.tokens("receipts"), [answer.json()["receipt"]], ChatAuthor("agent", caro.id, "Caro"), "c"
        )
        assert (sent.id, sent.name, sent.size) == (file["id"], "facture.txt", len(TEXT))
        await broker.post_message(visitor, caro.id, file["id"])
        assert (await desk.read(visitor, file["id"])).content == TEXT
        assert (await receipt(desk, visitor, file["id"], "conversation:c")).status_code == 403

    async def test_what_is_not_a_templates_is_sent_again_by_its_owner_only(self, desk: Desk, broker: Broker) -> None:
        caro, visitor = desk.agent(), desk.visitor()
        own, theirs = await uploaded(desk, caro, scope="conversation:c"), await uploaded(desk, visitor)
        assert (await receipt(desk, desk.agent(), own["id"], "conversation:d")).status_code == 404
        await broker.post_message(visitor, visitor.id, theirs["id"])
        assert (await desk.read(caro, theirs["id"])).status_code == 200
        assert (await receipt(desk, caro, theirs["id"], "conversation:d")).status_code == 403
        assert (await receipt(desk, caro, own["id"], "conversation:d")).status_code == 201
        assert (await receipt(desk, caro, own["id"], "visitor")).status_code == 403
        assert (await receipt(desk, caro, own["id"], "nowhere")).status_code == 422


class TestEvents:
    async def test_a_stored_file_is_told(self, desk: Desk, broker: Broker) -> None:
        visitor = desk.visitor()
        file = await uploaded(desk, visitor)
        event = AttachmentStored.model_validate(await broker.next_event_of(file["id"]))
        assert event.data.attachment.name == "facture.txt"
        assert event.data.attachment.owner.id == visitor.id
        assert event.data.attachment.sha256 == file["sha256"]

    async def test_a_refused_file_is_told_with_the_reason(self, desk: Desk, broker: Broker) -> None:
        file_id = str(uuid4())
        await desk.upload(desk.visitor(), "logo.svg", samples.SVG, id=file_id)
        event = AttachmentRejected.model_validate(await broker.next_event_of(file_id))
        assert event.data.reason == "type_not_allowed"


async def receipt(desk: Desk, who: Someone, file_id: str, scope: str) -> Any:
    return await desk.http.post(f"{URL}/{file_id}/receipts", headers=who.headers, json={"scope": scope})


async def _true(value: Any) -> bool:
    return bool(await value)
