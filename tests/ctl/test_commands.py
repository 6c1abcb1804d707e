"""What else operators ask for, and how they are answered."""

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from aiormq.abc import FieldValue
from guichet_contacts.contact.contact import Details
from guichet_contacts.contact.store import ContactStore
from guichet_contacts.contact.usecases import create_contact
from guichet_contracts.subscriptions import LIVE_EVENTS, RETIRED, SUBSCRIPTIONS
from guichet_kit.broker import Topology
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.manage import LeftToTheSweep
from guichet_mailer.inbound.received import Envelope, Received, State
from guichet_mailer.inbound.store import ReceivedStore

from tests.ctl.conftest import OUT, SERVICES, Installation
from tests.ctl.test_backup import put

# Whole installations are started, and each command is a process of its own.
pytestmark = pytest.mark.timeout(600)

QUEUE = "requests.mail"


@pytest.fixture
async def parking(rabbitmq_url: str) -> AsyncIterator[aio_pika.abc.AbstractChannel]:
    """Guichet's own queues, and nothing parked in them."""
    async with await aio_pika.connect(rabbitmq_url) as connection:
        channel = await connection.channel()
        await Topology(SUBSCRIPTIONS, LIVE_EVENTS, RETIRED).declare(channel)
        yield channel
        for name in SUBSCRIPTIONS:
            for suffix in ("", ".dlq"):
                await (await channel.get_queue(f"{name}{suffix}")).purge()


async def park(channel: aio_pika.abc.AbstractChannel, *ids: str) -> None:
    headers: dict[str, FieldValue] = {
        "x-guichet-attempt": 12,
        "x-guichet-error": "KeyError('x')",
        "x-guichet-traceback": "Traceback: here",
        "traceparent": f"00-{'a' * 32}-{'b' * 16}-01",
    }
    for one in ids:
        message = aio_pika.Message(b'{"data": {"a": "\xc3\xa9"}}', message_id=one, type="t.v1", headers=headers)
        await channel.default_exchange.publish(message, f"{QUEUE}.dlq")


def read(file: str) -> str:
    return Path(file).read_text()


def write(file: str, text: str) -> None:
    Path(file).write_text(text)


def mode(file: str) -> int:
    return Path(file).stat().st_mode


class TestDoctor:
    async def test_it_says_of_each_part_what_is_wrong_and_what_to_do(
        self, installation: Installation, parking: object
    ) -> None:
        done = await installation.ctl("doctor", "--json")
        assert done.returncode == 1
        found = {(one["service"], one["check"]): one for one in json.loads(done.stdout)["findings"]}
        assert {service for service, _ in found} == set(SERVICES)
        assert found["chat", "mongodb"]["state"] == "warning"  # a replica set of one
        assert found["chat", "clock"]["state"] == "ok"
        assert found["contacts", "keys"]["state"] == "ok"
        assert found["chat", "indexes"]["state"] == "failing"
        assert "entries.log" in found["chat", "indexes"]["detail"]
        assert "guichetctl migrate" in found["chat", "indexes"]["advice"]
        assert found["requests", f"queue {QUEUE}"]["state"] == "failing"  # nobody consumes
        assert found["attachments", "objects"]["state"] == "failing"  # no bucket yet
        assert found["requests", "administrator"]["state"] == "failing"
        assert all(one["advice"] for one in found.values() if one["state"] == "failing")

    async def test_what_was_mended_is_well(self, installation: Installation, parking: object) -> None:
        await installation.told("migrate")
        made = installation.bucket("attachments")
        await made.ensure_bucket()
        made.close()
        done = await installation.ctl("doctor", "--json")
        found = {(one["service"], one["check"]): one["state"] for one in json.loads(done.stdout)["findings"]}
        assert {found[service, "indexes"] for service in SERVICES} == {"ok"}
        assert (found["attachments", "objects"], found["attachments", "antivirus"]) == ("ok", "warning")

    async def test_a_service_whose_public_key_is_missing_is_named(self, installation: Installation) -> None:
        file = installation.environment["GUICHET_PUBLIC_KEYS_FILE"]
        keys = json.loads(read(file))["keys"]
        write(file, json.dumps({"keys": [key for key in keys if key["service"] != "chat"]}))
        done = await installation.ctl("doctor", "--json")
        found = [one for one in json.loads(done.stdout)["findings"] if one["check"] == "keys"]
        assert {one["service"] for one in found} == set(SERVICES)
        assert {(one["state"], one["detail"]) for one in found} == {("failing", "no public key of chat")}

    async def test_servers_that_are_away_and_settings_that_are_missing_are_named(
        self, installation: Installation
    ) -> None:  # fmt: skip
        changed = {"GUICHET_RABBITMQ_URL": "amqp://guest:guest@127.0.0.1:1/", "GUICHET_S3_ENDPOINT": OUT}
        done = await installation.ctl("doctor", **changed)
        assert done.returncode == 1
        assert "Traceback" not in done.stdout + done.stderr
        assert "GUICHET_S3_ENDPOINT: Field required" in done.stdout
        assert "rabbitmq" in done.stdout
        assert "runbook RabbitMQ down" in done.stdout


class TestDeadLetters:
    async def test_they_are_listed_and_shown_with_reason_and_trace(
        self, installation: Installation, parking: aio_pika.abc.AbstractChannel
    ) -> None:
        await park(parking, "m1", "m2")
        listed = await installation.told("dlq", "list")
        assert [(one["queue"], one["id"], one["attempts"]) for one in listed] == [(QUEUE, "m1", 12), (QUEUE, "m2", 12)]
        shown = await installation.told("dlq", "show", QUEUE, "m2")
        assert (shown["error"], shown["trace"], shown["content"]) == ("KeyError('x')", "a" * 32, {"data": {"a": "é"}})
        as_text = await installation.ctl("dlq", "show", QUEUE, "m2")
        assert "KeyError('x')" in as_text.stdout
        assert "Traceback: here" in as_text.stdout
        assert "é" in as_text.stdout

    async def test_one_is_replayed_and_the_rest_dropped(
        self, installation: Installation, parking: aio_pika.abc.AbstractChannel
    ) -> None:
        await park(parking, "m1", "m2", "m3")
        assert (await installation.told("dlq", "replay", QUEUE, "m2"))["replayed"] == 1
        assert (await installation.told("dlq", "drop", QUEUE, "--yes"))["dropped"] == 2
        message = await (await parking.get_queue(QUEUE)).get(no_ack=True)
        assert message is not None
        assert (message.message_id, "x-guichet-attempt" in message.headers) == ("m2", False)
        assert await installation.told("dlq", "list") == []

    async def test_nothing_is_dropped_where_nobody_said_yes(
        self, installation: Installation, parking: aio_pika.abc.AbstractChannel
    ) -> None:
        await park(parking, "m1")
        for arguments in (("drop", QUEUE), ("drop", QUEUE, "m1"), ("replay", QUEUE)):
            done = await installation.ctl("dlq", *arguments)
            assert (done.returncode, "--yes" in done.stderr) == (1, True)
        assert len(await installation.told("dlq", "list", QUEUE)) == 1

    async def test_a_queue_or_a_message_that_is_not_there_is_named(
        self, installation: Installation, parking: object
    ) -> None:
        queue = await installation.ctl("dlq", "list", "requests.nothing")
        message = await installation.ctl("dlq", "show", QUEUE, "m9")
        assert (queue.returncode, "requests.nothing" in queue.stderr) == (2, True)
        assert (message.returncode, "m9" in message.stderr) == (1, True)


class TestQuarantine:
    async def hold(self, installation: Installation) -> str:
        """A mail in quarantine, whose bytes are stored."""
        bucket, store = installation.bucket("mail"), ReceivedStore(installation.database("mailer"))
        await bucket.ensure_bucket()
        await put(bucket, "raw/1", b"From: a@b.example\r\n\r\nHello")
        bucket.close()
        mail = Received(new_id(), State.QUARANTINED, Envelope("smtp"), 27, "raw/1", now(), reason="unreadable")
        return await store.begin(mail, "1")

    async def test_a_mail_is_listed_replayed_and_dropped(self, installation: Installation) -> None:
        mail = await self.hold(installation)
        (listed,) = await installation.told("quarantine", "list")
        assert (listed["id"], listed["reason"]) == (mail, "unreadable")
        await installation.told("quarantine", "replay", mail)
        assert await installation.told("quarantine", "list") == []
        again = await installation.ctl("quarantine", "drop", mail, "--yes")
        assert (again.returncode, "not in quarantine, but received" in again.stderr) == (1, True)

    async def test_a_dropped_mail_is_gone_with_its_bytes(self, installation: Installation) -> None:
        mail = await self.hold(installation)
        await installation.told("quarantine", "drop", mail, "--yes")
        bucket = installation.bucket("mail")
        assert await bucket.page() == []
        bucket.close()
        unknown = await installation.ctl("quarantine", "replay", "nothing")
        assert (unknown.returncode, "nothing" in unknown.stderr) == (1, True)


class TestPeople:
    async def contact(self, installation: Installation) -> str:
        secret = read(installation.environment["GUICHET_SECRET_KEY_FILE"]).strip().encode()
        contacts = ContactStore(installation.database("contacts"), LeftToTheSweep(), secret)
        await contacts.ensure_indexes()
        details = Details(first_name="Zoé", last_name="Client", email="zoe@client.example")
        return (await create_contact(contacts, new_id(), details)).id

    async def test_what_is_kept_of_a_person_is_written_into_a_folder(
        self, installation: Installation, tmp_path: Path
    ) -> None:
        contact = await self.contact(installation)
        told = await installation.told("export", "Zoe@client.example", str(tmp_path / "zoe"))
        assert told["contact_id"] == contact
        kept = json.loads((tmp_path / "zoe" / "person.json").read_text())
        assert (kept["contact"]["first_name"], kept["requests"]) == ("Zoé", [])

    async def test_an_erased_person_is_gone_and_the_event_waits_for_the_service(
        self, installation: Installation
    ) -> None:  # fmt: skip
        contact = await self.contact(installation)
        asked = await installation.ctl("erase", contact)
        assert (asked.returncode, "--yes" in asked.stderr) == (1, True)
        assert (await installation.told("erase", contact, "--yes"))["erased"] == contact
        document = await installation.database("contacts")["contacts"].find_one({"_id": contact})
        assert document is not None
        assert "Zoé" not in json.dumps(document, default=str, ensure_ascii=False)
        assert document["outbox"][0]["event"]["type"] == "contacts.contact.erased.v1"
        waiting = {row["service"]: row for row in await installation.told("outbox") if row["documents"]}
        assert (list(waiting), waiting["contacts"]["documents"]) == (["contacts"], 1)
        again = await installation.ctl("erase", contact, "--yes")
        assert (again.returncode, "was erased" in again.stderr) == (1, True)


class TestTheRest:
    async def test_migrate_makes_what_is_missing_and_says_so_once(self, installation: Installation) -> None:
        first = {row["service"]: row["indexes_made"] for row in await installation.told("migrate")}
        assert all(first[service] for service in SERVICES)
        assert "agents.welcome" in first["requests"]
        await installation.database("chat")["entries"].drop_index("log")
        again = {row["service"]: row["indexes_made"] for row in await installation.told("migrate")}
        assert again == {service: [] for service in SERVICES} | {"chat": ["entries.log"]}

    async def test_reconcile_tells_how_many_conversations_differ_and_has_asked_for_what_is_missing(
        self, installation: Installation
    ) -> None:
        whole, short, unheard = (f"c{n}" for n in range(3))
        chat, requests = installation.database("chat"), installation.database("requests")
        for conversation, last in ((whole, 2), (short, 3), (unheard, 1)):
            await chat["conversations"].insert_one({"_id": conversation})
            log = [
                {"_id": f"{conversation}:{n}", "conversation_id": conversation, "seq": n} for n in range(1, last + 1)
            ]
            await chat["entries"].insert_many(log)
        heard: list[dict[str, Any]] = [
            {"opened_at": now(), "last_seq": n, "read_seq": 0, "closed_seq": None, "unread": []} for n in (2, 2)
        ]
        for conversation, one in zip((whole, short), heard, strict=True):
            one |= {"id": conversation, "heard": [[1, one["last_seq"]]]}
        await requests["requests"].insert_one({"_id": "r", "conversations": heard})

        told = await installation.told("reconcile")

        assert told == {"conversations": 3, "differ": 2, "first": [short, unheard]}
        noted = [one["_id"] async for one in requests["missing"].find({}, {"_id": True})]
        assert sorted(noted) == [short, unheard]
        done = await installation.ctl("reconcile")
        assert (done.returncode, done.stdout.splitlines()[0]) == (0, "2 of 3 conversations differ")

        await requests["requests"].update_one({}, {"$set": {"conversations.1.heard": [[1, 3]]}})
        await chat["entries"].delete_one({"_id": f"{unheard}:1"})
        assert await installation.told("reconcile") == {"conversations": 2, "differ": 0, "first": []}

    async def test_every_setting_is_told_once_with_those_who_read_it(self, installation: Installation) -> None:
        rows = {row["name"]: row for row in await installation.told("settings")}
        assert rows["GUICHET_MONGODB_URL"]["services"] == "all"
        assert (rows["GUICHET_CLAMD"]["services"], rows["GUICHET_CLAMD"]["required"]) == ("attachments", False)
        assert rows["GUICHET_S3_ENDPOINT"]["services"] == "attachments, mailer"

    async def test_a_key_is_exchanged_in_three_steps_and_the_secret_is_left_alone(
        self, installation: Installation
    ) -> None:
        public = installation.environment["GUICHET_PUBLIC_KEYS_FILE"]
        secret = read(installation.environment["GUICHET_SECRET_KEY_FILE"])

        def kids() -> list[str]:
            return [key["kid"] for key in json.loads(read(public))["keys"] if key["service"] == "requests"]

        (old,) = kids()
        early = await installation.ctl("rotate-key", "requests", "--use")
        assert (early.returncode, "no next key of requests is prepared" in early.stderr) == (1, True)
        prepared = await installation.told("rotate-key", "requests")
        assert kids() == [old, prepared["kid"]]
        assert (await installation.told("rotate-key", "requests", "--use"))["kid"] == prepared["kid"]
        asked = await installation.ctl("rotate-key", "requests", "--drop")
        assert (asked.returncode, len(kids())) == (1, 2)
        assert (await installation.told("rotate-key", "requests", "--drop", "--yes"))["dropped"] == [old]
        assert kids() == [prepared["kid"]]
        at_once = await installation.told("rotate-key", "requests", "--at-once", "--yes")
        assert (kids(), at_once["dropped"]) == ([at_once["kid"]], [prepared["kid"]])
        assert mode(str(Path(public).parent / "requests-signing-key")) & 0o077 == 0
        assert read(installation.environment["GUICHET_SECRET_KEY_FILE"]) == secret

    async def test_only_services_that_sign_have_a_key_to_exchange(self, installation: Installation) -> None:
        for service in ("contacts", "nobody"):
            done = await installation.ctl("rotate-key", service)
            assert (done.returncode, "signs nothing" in done.stderr) == (2, True)

    async def test_keys_are_made_in_a_new_folder_and_stay_there(
        self, installation: Installation, tmp_path: Path
    ) -> None:
        told = await installation.told("make-keys", str(tmp_path / "keys"))
        before = {file: read(file) for file in (told["public_keys"], *told["private_keys"].values())}
        assert len(before) == 5
        assert await installation.told("make-keys", str(tmp_path / "keys")) == told
        assert {file: read(file) for file in before} == before

    async def test_help_names_every_command(self, installation: Installation) -> None:
        done = await installation.ctl("--help", COLUMNS="200", TERM="dumb", LANG=os.environ.get("LANG", "C.UTF-8"))
        named = ("doctor", "agents", "dlq", "outbox", "quarantine", "migrate", "backup", "restore", "rotate-key")
        people = ("audit", "erase", "export", "reconcile", "retention", "settings")
        assert all(name in done.stdout for name in (*named, *people))
