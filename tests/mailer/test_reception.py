"""Reception by itself, with servers that fail as told: what goes to quarantine, what only waits."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from guichet_contracts.mailer import Attachment
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.mongo import Collection, Database, Document
from guichet_kit.objects import ObjectMissing, StoreUnavailable
from guichet_local.testing.databases import Databases
from guichet_mailer.files import FilesUnavailable, Infected
from guichet_mailer.inbound import fetcher
from guichet_mailer.inbound.fetcher import FetchStore, fetching
from guichet_mailer.inbound.received import Envelope, State
from guichet_mailer.inbound.store import ReceivedStore
from guichet_mailer.inbound.usecases import MAX_ATTEMPTS, Reception, process_next, replay, take_in, tell_again
from guichet_mailer.mailbox import AddressTokens, Mailbox, Mailboxes
from guichet_mailer.parsing import File, Mail, parse
from guichet_mailer.threads import Threading, ThreadStore
from pydantic import SecretStr

from . import ugly
from .conftest import eventually, mark
from .imap_server import ImapServer

SECRET = b"x" * 48


class Bucket:
    """Objects in memory."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.away = False

    async def put(self, name: str, data: BytesIO, length: int, media_type: str) -> None:
        if self.away:
            raise StoreUnavailable("away")
        self.objects[name] = data.read()

    @asynccontextmanager
    async def open(self, name: str) -> AsyncIterator[AsyncIterator[bytes]]:
        if self.away:
            raise StoreUnavailable("away")
        if name not in self.objects:
            raise ObjectMissing(name)

        async def chunks() -> AsyncIterator[bytes]:
            yield self.objects[name]

        yield chunks()


class Attachments:
    """Takes every file, but for those that it is told to fail with."""

    def __init__(self) -> None:
        self.failures: list[Exception] = []
        self.given: list[str] = []

    async def give(self, email_id: str, index: int, file: File) -> Attachment:
        if self.failures:
            raise self.failures.pop(0)
        self.given.append(file.name)
        return Attachment(id=new_id(), name=file.name, media_type=file.media_type, size=1, state="ready")


class Direct:
    """Parses at once; what it raises instead is in ``failures``."""

    def __init__(self) -> None:
        self.failures: list[Exception] = []

    async def parse(self, raw: bytes, recipients: Sequence[str], null_sender: bool) -> Mail:
        if self.failures:
            raise self.failures.pop(0)
        return parse(raw, recipients=recipients, null_sender=null_sender)


class Told:
    """A relay that remembers what it was offered."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def offer(self, collection: Collection, document_id: Any, entries: Sequence[Document]) -> None:
        self.events += [entry["event"]["data"] for entry in entries]


class Desk:
    """A reception, and the parts of it that fail."""

    def __init__(self, store: ReceivedStore, threads: ThreadStore, imap_url: str) -> None:
        self.bucket, self.attachments, self.parser, self.told = Bucket(), Attachments(), Direct(), Told()
        boxes = Mailboxes([Mailbox(id="support", address="support@desk.example", imap_url=SecretStr(imap_url))])
        parts: dict[str, Any] = {
            "store": store,
            "objects": self.bucket,
            "relay": self.told,
            "parser": self.parser,
            "threading": Threading(threads, boxes, AddressTokens(SECRET, "reply")),
            "files": self.attachments,
            "mailboxes": boxes,
            "post": _NoBounces(),
        }
        self.reception = Reception(**parts, lease=timedelta(seconds=-1), size_limit=1000, arrived=asyncio.Event())

    async def take(self, raw: bytes) -> str:
        return await take_in(self.reception, raw, Envelope("http"))

    async def process(self) -> None:
        assert await process_next(self.reception)

    async def state(self, mail_id: str) -> tuple[State, str | None]:
        mail = await self.reception.store.get(mail_id)
        assert mail is not None
        return mail.state, mail.reason


class _NoBounces:
    bounce_tokens = AddressTokens(SECRET, "bounce")


@pytest.fixture
async def database(databases: Databases) -> Database:
    return await databases.empty("mailer", "pymongo")


@pytest.fixture
async def imap() -> AsyncIterator[ImapServer]:
    server = ImapServer(idle=False)
    async with server.running():
        yield server


@pytest.fixture
async def desk(database: Database, imap: ImapServer) -> Desk:
    store = ReceivedStore(database)
    await store.ensure_indexes()
    return Desk(store, ThreadStore(database), f"imap://user:word@127.0.0.1:{imap.port}/INBOX")


def with_file() -> bytes:
    file = ugly.part("application/pdf", b"%PDF " + mark().encode(), "Content-Disposition: attachment; filename=a.pdf")
    return ugly.attached(ugly.multipart("mixed", file), f"Message-ID: <{mark()}@x>".encode())


class TestQuarantine:
    async def test_holds_what_is_infected(self, desk: Desk) -> None:
        desk.attachments.failures = [Infected("a.pdf")]
        held, fine = await desk.take(with_file()), await desk.take(with_file())
        await desk.process()
        await desk.process()
        assert await desk.state(held) == (State.QUARANTINED, "infected")
        assert await desk.state(fine) == (State.PROCESSED, None)
        assert desk.attachments.given == ["a.pdf"]

    async def test_holds_what_we_fail_at_until_it_is_replayed(self, desk: Desk) -> None:
        desk.parser.failures = [KeyError("a fault of ours")]
        held = await desk.take(ugly.mail(b"x"))
        await desk.process()
        assert await desk.state(held) == (State.QUARANTINED, "failure")
        assert desk.told.events == []
        await replay(desk.reception, held)
        await desk.process()
        assert await desk.state(held) == (State.PROCESSED, None)
        assert [one["email"]["id"] for one in desk.told.events] == [held]

    async def test_holds_what_a_process_always_dies_of(self, desk: Desk) -> None:
        held = await desk.take(ugly.mail(b"x"))
        for _ in range(MAX_ATTEMPTS):  # begun, and never heard of again: the lease ends
            await desk.reception.store.claim(now(), timedelta(seconds=-1))
        await desk.process()
        assert await desk.state(held) == (State.QUARANTINED, "crashed")

    async def test_holds_what_the_store_has_lost(self, desk: Desk) -> None:
        held = await desk.take(ugly.mail(b"x"))
        desk.bucket.objects.clear()
        await desk.process()
        assert await desk.state(held) == (State.QUARANTINED, "lost")

    @pytest.mark.parametrize("away", ["bucket", "attachments"])
    async def test_is_not_for_what_only_waits_for_a_server(self, desk: Desk, away: str) -> None:
        waiting = await desk.take(with_file())
        for _ in range(2 * MAX_ATTEMPTS):  # however long
            if away == "bucket":
                desk.bucket.away = True
            else:
                desk.attachments.failures = [FilesUnavailable("away")]
            await desk.process()
            assert await desk.state(waiting) == (State.RECEIVED, None)
            await _hurry(desk)
        desk.bucket.away = False
        await desk.process()
        assert await desk.state(waiting) == (State.PROCESSED, None)


class TestAnAcceptedMail:
    async def test_is_not_accepted_before_it_is_stored(self, desk: Desk) -> None:
        desk.bucket.away = True
        with pytest.raises(StoreUnavailable):
            await desk.take(ugly.mail(b"x"))
        assert not await process_next(desk.reception)

    async def test_is_told_once_however_many_process_it(self, desk: Desk) -> None:
        mail_id = await desk.take(with_file())
        await asyncio.gather(*(process_next(desk.reception) for _ in range(4)))
        assert await desk.state(mail_id) == (State.PROCESSED, None)
        assert len(desk.told.events) == 1

    async def test_names_what_an_answer_is_to_name(self, desk: Desk) -> None:
        await desk.take(ugly.mail(b"x", b"In-Reply-To: <ours@desk.example>"))
        await desk.process()
        (event,) = desk.told.events
        assert event["email"]["references"] == ["ours@desk.example"]


class TestAMailThatNobodyFiled:
    async def test_is_told_of_again_until_somebody_says_where_it_is(self, desk: Desk) -> None:
        desk.reception = replace(desk.reception, filed_within=timedelta(0))
        mail_id = await desk.take(with_file())
        await desk.process()
        for times in (2, 3):
            assert await tell_again(desk.reception)
            await desk.process()
            assert await desk.state(mail_id) == (State.PROCESSED, None)
            assert [event["email"]["id"] for event in desk.told.events] == [mail_id] * times
        await desk.reception.store.filed(mail_id)
        assert not await tell_again(desk.reception)

    async def test_is_given_time_and_twice_as_much_after_each_time(self, desk: Desk) -> None:
        mail_id = await desk.take(ugly.mail(b"x"))
        waits = []
        for _ in range(12):
            await desk.process()
            assert not await tell_again(desk.reception)
            known = await desk.reception.store.collection.find_one({"_id": mail_id})
            assert known is not None
            waits.append(round((known["filing_due_at"] - now()).total_seconds()))
            await desk.reception.store.collection.update_one({"_id": mail_id}, {"$set": {"filing_due_at": now()}})
            assert await tell_again(desk.reception)
        assert waits == pytest.approx([30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600, 3600], abs=5)

    async def test_is_given_up_after_a_day(self, desk: Desk) -> None:
        desk.reception = replace(desk.reception, filed_within=timedelta(0))
        mail_id = await desk.take(ugly.mail(b"x"))
        await desk.process()
        before = {"$set": {"received_at": now() - timedelta(days=2)}}
        await desk.reception.store.collection.update_one({"_id": mail_id}, before)
        assert await tell_again(desk.reception)
        await desk.process()
        assert await desk.state(mail_id) == (State.PROCESSED, None)
        assert not await tell_again(desk.reception)

    async def test_and_was_erased_stays_so(self, desk: Desk) -> None:
        desk.reception = replace(desk.reception, filed_within=timedelta(0))
        mail_id = await desk.take(ugly.mail(b"x"))
        await desk.process()
        await desk.reception.store.erase(mail_id)
        assert not await tell_again(desk.reception)
        assert (await desk.state(mail_id))[0] is State.ERASED


class TestAnImapServerWithoutIdle:
    async def test_is_asked_again_and_keeps_what_is_too_large(
        self, desk: Desk, database: Database, imap: ImapServer
    ) -> None:
        imap.deliver(ugly.mail(b"large" * 1000))
        imap.deliver(ugly.mail(b"first"))
        async with fetching(desk.reception, FetchStore(database), poll=0.05):
            await eventually(lambda: imap.seen == {2})
            imap.deliver(ugly.mail(b"second"))
            await eventually(lambda: imap.seen == {2, 3})
        assert len(desk.bucket.objects) == 2
        (kept,) = await desk.reception.store.quarantine(10, None)
        assert (kept.reason, kept.object) == ("too_large", None)
        assert "still on the server" in str(kept.detail)
        assert imap.fetched == [2, 3]

    async def test_is_asked_for_each_mail_once_also_after_a_restart(
        self, desk: Desk, database: Database, imap: ImapServer
    ) -> None:
        for number in (1, 2):
            imap.deliver(ugly.mail(b"of run %d" % number))
            async with fetching(desk.reception, FetchStore(database), poll=0.05):
                await eventually(lambda: imap.seen == set(imap.mails))
        assert imap.fetched == [1, 2]

    async def test_that_numbers_its_mails_anew_brings_no_mail_twice(
        self, desk: Desk, database: Database, imap: ImapServer
    ) -> None:
        imap.deliver(ugly.mail(b"one"))
        async with fetching(desk.reception, FetchStore(database), poll=0.05):
            await eventually(lambda: imap.fetched == [1])
            imap.validity += 1
            imap.deliver(ugly.mail(b"two"))
            await eventually(lambda: imap.fetched.count(1) > 1 and 2 in imap.fetched)
            await eventually(lambda: imap.seen == {1, 2})
        assert len(desk.bucket.objects) == 2
        assert await process_next(desk.reception)
        assert await process_next(desk.reception)
        assert not await process_next(desk.reception)

    async def test_gets_no_mark_for_what_could_not_be_stored(
        self, desk: Desk, database: Database, imap: ImapServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(fetcher, "_AWAY_SECONDS", 0.05)
        desk.bucket.away = True
        imap.deliver(ugly.mail(b"x"))
        async with fetching(desk.reception, FetchStore(database), poll=0.05):
            await eventually(lambda: len(imap.fetched) > 1)  # again and again
            assert imap.seen == set()
            desk.bucket.away = False
            await eventually(lambda: imap.seen == {1})
        assert len(desk.bucket.objects) == 1


def _later() -> datetime:
    return now() + timedelta(hours=1)


async def _hurry(desk: Desk) -> None:
    """What was postponed is due."""
    await desk.reception.store.collection.update_many({}, {"$set": {"due_at": _later() - timedelta(hours=2)}})
