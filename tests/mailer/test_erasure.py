"""A person is erased: what their mails said goes, what keeps the promises stays."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import cast

import pytest
from guichet_contracts import requests as contract
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.mongo import Database, open_client
from guichet_kit.objects import ObjectMissing, ObjectStore, StoreUnavailable
from guichet_mailer.inbound.received import Envelope, Received, State
from guichet_mailer.inbound.store import ReceivedStore
from guichet_mailer.inbound.usecases import Reception, erase_received
from guichet_mailer.outbound import delivery as outbound
from guichet_mailer.outbound.delivery import Delivery, IllegalMove

from . import ugly
from .conftest import Desk, Ear, MailServer, eventually, mark
from .test_inbound import mail
from .test_outbound import address, mails_to


@pytest.fixture
async def database(servers: dict[str, str]) -> AsyncIterator[Database]:
    client = open_client(servers["GUICHET_MONGODB_URL"], "pymongo", "test")
    yield client.database(f"{servers['GUICHET_DATABASE_PREFIX']}mailer")
    await client.close()


@pytest.fixture
def bucket(servers: dict[str, str]) -> ObjectStore:
    keys = (servers["GUICHET_S3_ACCESS_KEY"], servers["GUICHET_S3_SECRET_KEY"])
    return ObjectStore(servers["GUICHET_S3_ENDPOINT"], *keys, servers["GUICHET_MAIL_BUCKET"])


async def knows(database: Database, *words: str) -> list[str]:
    """Where the database has one of these words."""
    found = []
    for name in await database.list_collection_names():
        async for document in database[name].find({}):
            text = repr(document).lower()
            found += [f"{name}: {word}" for word in words if word.lower() in text]
    return found


async def has_bytes(bucket: ObjectStore, raw: bytes) -> bool:
    try:
        await bucket.size(f"raw/{hashlib.sha256(raw).hexdigest()}")
    except ObjectMissing:
        return False
    return True


async def erase(ear: Ear, email_ids: tuple[str, ...] = (), item_ids: tuple[str, ...] = ()) -> None:
    data = contract.VisitorsErasedData(contact_id="c", visitor_ids=(), email_ids=email_ids, item_ids=item_ids)
    await ear.say(contract.VisitorsErased(id=new_id(), time=now(), subject="c", data=data))


class TestAReceivedMail:
    async def test_leaves_nothing_but_its_place_and_hashes(
        self, desk: Desk, ear: Ear, database: Database, bucket: ObjectStore
    ) -> None:
        person, subject, message_id = mark(), mark(), f"{mark()}@jeannes-telephone.example"
        sender = f"Jeanne <{person}@example.net>"
        raw = mail(subject, body=mark(), From=sender, Message_ID=f"<{message_id}>")
        email_id = (await desk.received(raw))["email"]["id"]
        copy = b"Received: from another server\r\n" + raw
        copy_id = (await desk.inbound(copy)).json()["id"]
        await desk.ends(copy_id, "duplicate")
        for _ in range(2):  # the event comes more than once
            await erase(ear, (email_id,))
            await desk.ends(email_id, "erased")
            await desk.ends(copy_id, "erased")
        await eventually_gone(bucket, raw, copy)
        assert await knows(database, person, subject, message_id) == []
        shown = await desk.state(email_id)
        assert (shown["sender"], shown["subject"]) == (None, None)
        path = f"/api/v1/mail/received/{email_id}/raw"
        assert (await desk.http.get(path, headers=desk.headers("supervisor"))).status_code == 404

        # It comes again: as it was, and by another way.
        assert (await desk.inbound(raw)).json()["id"] == email_id
        other = b"Received: from a third server\r\n" + raw
        await desk.ends((await desk.inbound(other)).json()["id"], "erased")
        await eventually_gone(bucket, raw, other)
        assert await knows(database, person, subject, message_id) == []
        assert len({one["id"] for one in ear.events if person in str(one)}) == 1

        # Answers to it are still known to follow it.
        following = await desk.received(mail(In_Reply_To=f"<{message_id}>"))
        assert following["thread"]["follows"] == [email_id]

    async def test_goes_from_quarantine_by_its_id(self, desk: Desk, ear: Ear, bucket: ObjectStore) -> None:
        raw = ugly.UGLY_BEYOND + mark().encode()
        held = (await desk.inbound(raw)).json()["id"]
        await desk.ends(held, "quarantined")
        await erase(ear, (held,))
        await desk.ends(held, "erased")
        await eventually_gone(bucket, raw)
        again = await desk.http.post(f"/api/v1/mail/quarantine/{held}/replay", headers=desk.headers("supervisor"))
        assert again.status_code == 409

    async def test_loses_its_bytes_also_when_the_bucket_is_away_for_a_while(self, database: Database) -> None:
        class Bucket:
            def __init__(self) -> None:
                self.away, self.removed = True, [""]

            async def remove(self, name: str) -> None:
                if self.away:
                    raise StoreUnavailable("away")
                self.removed.append(name)

        store, bucket = ReceivedStore(database), Bucket()
        reception = cast("Reception", SimpleNamespace(store=store, objects=bucket))
        content = mark()
        received = Received(new_id(), State.QUARANTINED, Envelope("http"), 1, f"raw/{content}", now(), subject=content)
        await store.begin(received, content)
        with pytest.raises(StoreUnavailable):
            await erase_received(reception, received.id)
        erased = await store.get(received.id)
        assert erased is not None
        assert (erased.state, erased.subject) == (State.ERASED, None)  # what the database knew is gone already
        bucket.away = False
        for _ in range(2):
            await erase_received(reception, received.id)
        assert bucket.removed == ["", f"raw/{content}"]


async def eventually_gone(bucket: ObjectStore, *raws: bytes) -> None:
    async with asyncio.timeout(20):
        while any([await has_bytes(bucket, raw) for raw in raws]):
            await asyncio.sleep(0.05)


class TestASentEmail:
    async def test_leaves_nothing_but_its_fate(
        self, desk: Desk, ear: Ear, database: Database, bucket: ObjectStore, mail_server: MailServer
    ) -> None:
        to, gone, text = address(), address(), mark()
        mail_server.answers[gone] = [f"550 5.1.1 <{gone}> is unknown"]
        email = await desk.submit(to, cc=(contract.EmailAddress(email=gone, name="Jean"),), text=text)
        await eventually(lambda: "sent" in ear.states(email.item_id))
        assert await knows(database, to, gone, text)
        for _ in range(2):
            await erase(ear, item_ids=(email.item_id,))
        async with asyncio.timeout(20):
            while await knows(database, to, gone, text):
                await asyncio.sleep(0.05)
        await eventually(lambda: ear.states(email.item_id) == ["queued", "sending", "sent", "sent"])
        assert ear.detail(email.item_id) == ""

        # Late events change its fate at most.
        await desk.say(email)
        (sent,) = [one for one in mail_server.mails if to in one.rcpt_tos]
        report = ugly.dsn(ugly.FAILED.replace("gone@example.net", to), bytes(sent.original_content or b""))
        report_id = (await desk.inbound(report)).json()["id"]
        await desk.ends(report_id, "erased")
        await eventually_gone(bucket, report)
        await eventually(lambda: ear.states(email.item_id)[-1:] == ["bounced"])
        assert ear.detail(email.item_id) == ""
        url = f"/api/v1/mail/deliveries/{email.item_id}"
        assert (await desk.http.post(f"{url}/resend", headers=desk.headers())).status_code == 409
        assert await knows(database, to, gone, text) == []
        assert len(mails_to(mail_server, to)) == 1

    async def test_that_was_erased_before_it_came_is_not_sent(
        self, desk: Desk, ear: Ear, database: Database, mail_server: MailServer
    ) -> None:
        item_id, to = new_id(), address()
        await erase(ear, item_ids=(item_id,))
        async with asyncio.timeout(20):
            while not await database["deliveries"].find_one({"_id": item_id}):
                await asyncio.sleep(0.05)
        await desk.submit(to, item_id=item_id)
        other = await desk.submit()
        await eventually(lambda: "sent" in ear.states(other.item_id))
        await asyncio.sleep(0.3)
        assert mails_to(mail_server, to) == []
        assert await knows(database, to) == []


class TestADelivery:
    def _in(self, state: outbound.State) -> Delivery:
        email = contract.SubmittedEmail(
            request_id="r",
            request_number=7,
            item_id=new_id(),
            to=(contract.EmailAddress(email="jeanne@example.net"),),
            subject="s",
            text="t",
            message_id="m",
            submitted_at=now(),
        )
        return Delivery(email.item_id, state, email, ("jeanne@example.net",), now(), now(), detail="jeanne", version=4)

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            (outbound.State.QUEUED, outbound.State.FAILED),
            (outbound.State.SENDING, outbound.State.UNCERTAIN),
            (outbound.State.SENT, outbound.State.SENT),
            (outbound.State.BOUNCED, outbound.State.BOUNCED),
        ],
    )
    def test_waits_for_nothing_once_it_is_erased(self, before: outbound.State, after: outbound.State) -> None:
        erased = self._in(before).forgotten(now())
        assert (erased.state, erased.version, erased.due_at) == (after, 5, None)
        assert "jeanne" not in repr(erased)
        with pytest.raises(IllegalMove):
            erased.again(now())

    def test_in_doubt_can_still_be_confirmed(self) -> None:
        sent = self._in(outbound.State.SENDING).forgotten(now()).moved(outbound.State.SENT, now(), detail="jeanne")
        assert (sent.state, sent.detail) == (outbound.State.SENT, None)
