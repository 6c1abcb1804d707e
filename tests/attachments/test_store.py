"""Documents and objects on the real servers, with both drivers: steps, claims, links, and the sweep that mends."""

import contextlib
import io
import itertools
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from guichet_attachments.attachment import Attachment, Person, State, preview_of
from guichet_attachments.examine import Examiner
from guichet_attachments.store import AttachmentStore
from guichet_attachments.sweep import drop_erased_files, drop_expired_files, sweep
from guichet_attachments.upload import Upload
from guichet_attachments.usecases import (
    Absent,
    Lifetimes,
    NotReady,
    OwnerErased,
    Parts,
    file_to_read,
    link_files,
    link_template_files,
    own_file,
    receipt_for,
    receive_file,
)
from guichet_attachments.virus import NoScanner
from guichet_kit.clock import now
from guichet_kit.mongo import Collection, Document, explain
from guichet_kit.objects import ObjectStore
from guichet_local.testing import S3
from guichet_local.testing.databases import Databases
from guichet_local.testing.moments import Moment
from guichet_local.testing.signing import SIGNING

OWNER = Person("visitor", "v1")
DAY = timedelta(days=1)
BYTES = b"hello there\n"


class NoRelay:
    """Leaves the events where they are."""

    def offer(self, collection: Collection, document_id: Any, entries: Sequence[Document]) -> None:
        """Publish nothing."""


@pytest.fixture(params=["pymongo", "motor"])
async def parts(request: pytest.FixtureRequest, databases: Databases, s3: S3, bucket: str) -> AsyncIterator[Parts]:
    store = AttachmentStore(await databases.empty("attachments", request.param))
    await store.ensure_indexes()
    objects = ObjectStore(s3.endpoint, s3.access_key, s3.secret_key, bucket)
    await objects.ensure_bucket()
    examiner = Examiner()
    yield Parts(
        store=store,
        objects=objects,
        relay=NoRelay(),
        examiner=examiner,
        scanner=NoScanner(),
        receipts=SIGNING.tokens("receipts"),
        lifetimes=Lifetimes(receipt=DAY / 2, orphan=DAY, receiving=timedelta(minutes=10)),
    )
    await examiner.close()
    objects.close()


async def kept(parts: Parts, state: State = State.READY, *, stored: bool = True, **changes: Any) -> Attachment:
    """A file in the database and the store."""
    file_id = str(uuid4())
    attachment = Attachment(
        id=file_id,
        state=state,
        name="a.txt",
        size=len(BYTES),
        sha256="00",
        scope="visitor",
        owner=OWNER,
        object=f"{file_id}.1",
        created_at=now(),
        touched_at=now(),
        media_type="text/plain",
        kept_until=now() + DAY,
    )
    attachment = replace(attachment, **changes)
    assert await parts.store.begin(attachment)
    if stored:
        await parts.objects.put(attachment.object, io.BytesIO(BYTES), len(BYTES), "text/plain")
    return attachment


async def names(parts: Parts) -> set[str]:
    return {item.name for item in await parts.objects.page()}


class TestSteps:
    async def test_what_is_written_is_read_back(self, parts: Parts) -> None:
        file = await kept(parts, readers=frozenset({"a", "b"}), linked_at=now())
        assert await parts.store.get(file.id) == file

    async def test_a_step_is_written_only_while_the_file_is_as_it_was_read(self, parts: Parts) -> None:
        file = await kept(parts, State.CHECKING)
        ready = file.moved(State.READY, now())
        assert await parts.store.move(file, ready)
        assert not await parts.store.move(file, file.refused("infected", "late", now()))
        found = await parts.store.get(file.id)
        assert found is not None
        assert found.state is State.READY

    async def test_a_step_does_not_undo_a_link_that_came_between(self, parts: Parts) -> None:
        file = await kept(parts)
        await link_files(parts, [file.id], "v2")
        await parts.store.move(file, file.refused("lost", "gone", now()))
        found = await parts.store.get(file.id)
        assert found is not None
        assert found.linked_at is not None
        assert found.readers == {"v2"}

    async def test_an_unfinished_attempt_is_taken_over_by_its_owner_only(self, parts: Parts) -> None:
        file = await kept(parts, State.RECEIVING, stored=False)
        assert not await parts.store.begin(replace(file, owner=Person("visitor", "v2"), object="x.2"))
        assert await parts.store.begin(replace(file, object=f"{file.id}.2"))
        assert not await parts.store.move(file, file.moved(State.CHECKING, now()))

    async def test_a_check_is_claimed_by_one_until_its_lease_ends(self, parts: Parts) -> None:
        received = await kept(parts, State.RECEIVING, stored=False)
        file = received.moved(State.CHECKING, now())
        await parts.store.move(received, file, check_after=now())
        assert await parts.store.claim_check(now(), DAY) is not None
        assert await parts.store.claim_check(now(), DAY) is None
        assert await parts.store.claim_check(now() + 2 * DAY, DAY) is not None

    async def test_what_is_looked_for_again_and_again_has_an_index(self, parts: Parts) -> None:
        for query in (
            {"state": "checking", "check_after": {"$lte": now()}},
            {"state": "receiving", "touched_at": {"$lt": now()}},
            {"kept_until": {"$lt": now()}},
            {"linked_at": {"$lt": now()}},
            {"scope": "template:t", "template_version": {"$not": {"$gte": 2}}},
            {"object": {"$gt": "a"}, "state": {"$in": ["checking", "ready"]}},
        ):
            plan = await explain(parts.store.collection.database, {"find": "attachments", "filter": query})
            assert "COLLSCAN" not in str(plan["queryPlanner"]["winningPlan"]), query


class TestOrphans:
    async def test_a_file_that_no_message_named_in_time_goes_with_its_bytes(self, parts: Parts) -> None:
        file = await kept(parts, kept_until=now() - DAY)
        young = await kept(parts)
        await sweep(parts)
        assert await parts.store.get(file.id) is None
        assert await names(parts) == {young.object}

    async def test_a_file_that_a_message_named_stays(self, parts: Parts) -> None:
        file = await kept(parts, kept_until=now() - DAY)
        await link_files(parts, [file.id], "v1")
        await sweep(parts)
        assert await names(parts) == {file.object}

    async def test_a_renewed_receipt_keeps_the_file(self, parts: Parts) -> None:
        file = await kept(parts, kept_until=now() - DAY)
        await own_file(parts, file.id, OWNER)
        await sweep(parts)
        assert await names(parts) == {file.object}

    @pytest.mark.parametrize(("age_in_days", "stays"), [(1, True), (5, True), (6.9, True), (7.1, False), (30, False)])
    async def test_asking_again_and_again_does_not_keep_a_file_for_ever(
        self, parts: Parts, age_in_days: float, stays: bool
    ) -> None:
        file = await kept(parts, created_at=now() - age_in_days * DAY)
        asked = await own_file(parts, file.id, OWNER)
        assert asked.kept_until is not None
        assert asked.kept_until - file.created_at <= 7 * DAY
        await sweep(parts)
        assert (await parts.store.get(file.id) is not None) is stays

    async def test_a_receipt_is_good_for_no_longer_than_its_file_is_kept(self, parts: Parts) -> None:
        file = await own_file(parts, (await kept(parts, created_at=now() - 6.9 * DAY)).id, OWNER)
        claims = parts.receipts.verify(receipt_for(parts, file) or "")
        assert file.kept_until is not None
        assert claims.expires_at <= file.kept_until.timestamp() + 1

    async def test_a_file_renewed_after_the_sweep_has_read_it_is_not_dropped(self, parts: Parts) -> None:
        file = await kept(parts, kept_until=now() - DAY)
        await own_file(parts, file.id, OWNER)
        assert not await parts.store.drop(file)

    async def test_a_file_whose_event_is_not_published_yet_waits(self, parts: Parts) -> None:
        file = await kept(parts, kept_until=now() - DAY)
        await parts.store.collection.update_one({"_id": file.id}, {"$push": {"outbox": {"id": "e"}}})
        await drop_expired_files(parts)
        assert await parts.store.get(file.id) == file

    async def test_a_sent_file_stays_however_old_until_its_request_goes(self, parts: Parts) -> None:
        file = await kept(parts, kept_until=None, linked_at=now() - 4000 * DAY)
        other = await kept(parts, kept_until=None, linked_at=now() - 4000 * DAY)
        await sweep(parts)
        assert await names(parts) == {file.object, other.object}
        await drop_erased_files(parts, [], [file.id])
        assert await names(parts) == {other.object}


class TestTemplateFiles:
    async def test_a_file_that_its_template_names_stays_however_old(self, parts: Parts) -> None:
        file = await kept(parts, scope="template:t", kept_until=now() - DAY)
        other = await kept(parts, scope="template:other", kept_until=now() - DAY)
        await link_template_files(parts, "t", 1, [file.id, other.id])
        await own_file(parts, file.id, OWNER)
        await link_files(parts, [file.id], "v1")
        await age(parts, file, "linked_at", 40 * DAY)
        await sweep(parts)
        assert await names(parts) == {file.object}

    async def test_a_file_let_go_is_swept_as_any_orphan(self, parts: Parts) -> None:
        file, stays = await kept(parts, scope="template:t"), await kept(parts, scope="template:t")
        await link_template_files(parts, "t", 1, [file.id, stays.id])
        await link_template_files(parts, "t", 2, [stays.id])
        await sweep(parts)
        assert await names(parts) == {file.object, stays.object}
        await age(parts, file, "kept_until", DAY)
        await sweep(parts)
        assert await names(parts) == {stays.object}

    async def test_a_file_let_go_that_a_message_names_stays_with_that(self, parts: Parts) -> None:
        file = await kept(parts, scope="template:t")
        await link_template_files(parts, "t", 1, [file.id])
        await link_files(parts, [file.id], "v1")
        await age(parts, file, "linked_at", 40 * DAY)
        await link_template_files(parts, "t", 2, [])
        await age(parts, file, "linked_at", 4000 * DAY)
        await sweep(parts)
        assert await names(parts) == {file.object}

    async def test_the_newest_version_counts_in_whatever_order_they_come(self, parts: Parts) -> None:
        first, second = await kept(parts, scope="template:t"), await kept(parts, scope="template:t")
        for version, named in ((2, [second.id]), (1, [first.id]), (2, [second.id])):
            await link_template_files(parts, "t", version, named)
        found = await parts.store.known([first.id, second.id])
        assert [found[file.id].in_template for file in (first, second)] == [False, True]
        assert found[first.id].kept_until == first.kept_until


async def age(parts: Parts, file: Attachment, field: str, by: timedelta) -> None:
    """Let time pass: the field says a moment that is over."""
    await parts.store.collection.update_one({"_id": file.id}, {"$set": {field: now() - by}})


@contextlib.contextmanager
def letter() -> Iterator[Upload]:
    """A letter, as it was received."""
    with tempfile.TemporaryFile() as file:
        file.write(BYTES)
        file.flush()
        file.seek(0)
        yield Upload("lettre.txt", len(BYTES), "0" * 64, file, {})


class TestErasedVisitors:
    async def test_what_they_uploaded_goes_with_its_bytes_also_where_a_message_names_it(self, parts: Parts) -> None:
        sent, unsent = await kept(parts), await kept(parts)
        others = [await kept(parts, owner=Person("visitor", "v2")), await kept(parts, owner=Person("agent", "v1"))]
        await link_files(parts, [sent.id, *(file.id for file in others)], "v1")
        for _ in range(2):
            await drop_erased_files(parts, ["v1", "unknown"])
        assert await parts.store.known([sent.id, unsent.id]) == {}
        assert set(await parts.store.known([file.id for file in others])) == {file.id for file in others}
        assert {item.name for item in await parts.objects.page("")} == {file.object for file in others}

    async def test_a_late_event_that_names_what_was_let_go_keeps_nothing(self, parts: Parts) -> None:
        sent, other = await kept(parts), await kept(parts, owner=Person("visitor", "v2"))
        # An event of the file is not published yet, so that its document cannot go at once.
        await parts.store.collection.update_one({"_id": sent.id}, {"$set": {"outbox": [{"id": "e"}]}})
        await drop_erased_files(parts, ["v1"])
        assert list(await parts.store.known([sent.id])) == [sent.id]
        await link_files(parts, [sent.id, other.id], "v1")
        await parts.store.collection.update_one({"_id": sent.id}, {"$set": {"outbox": []}})
        await sweep(parts)
        assert list(await parts.store.known([sent.id, other.id])) == [other.id]
        assert {item.name for item in await parts.objects.page("")} == {other.object}

    async def test_with_their_old_token_nothing_is_taken_in_any_more(self, parts: Parts) -> None:
        await drop_erased_files(parts, ["v1"])
        with letter() as file:
            with pytest.raises(OwnerErased):
                await receive_file(parts, file, OWNER, "visitor", str(uuid4()))
            await receive_file(parts, file, Person("visitor", "v2"), "visitor", str(uuid4()))

    async def test_what_is_being_received_when_they_are_erased_goes_too(self, parts: Parts) -> None:
        for nth in itertools.count():
            owner = Person("visitor", f"erased {nth}")
            moment = Moment(nth, partial(drop_erased_files, parts, [owner.id]))
            watched = replace(parts, store=moment.watch(parts.store))
            file_id = str(uuid4())
            with letter() as file, contextlib.suppress(OwnerErased, NotReady):
                await receive_file(watched, file, owner, "visitor", file_id)
            if not moment.passed:
                assert nth > 2
                return
            await parts.store.collection.update_many({}, {"$set": {"outbox": []}})  # as if all was published
            await sweep(parts)
            assert await parts.store.known([file_id]) == {}, f"at call {nth}"

    async def test_what_their_mails_and_forms_brought_goes_but_for_the_files_of_templates(self, parts: Parts) -> None:
        mail = Person.of_mail("e")
        brought, other = await kept(parts, owner=mail), await kept(parts, owner=mail)
        template = await kept(parts, owner=mail, scope="template:t")
        await link_files(parts, [brought.id, other.id, template.id])
        await drop_erased_files(parts, [], [brought.id, template.id, str(uuid4())])
        assert set(await parts.store.known([brought.id, other.id, template.id])) == {other.id, template.id}
        assert await names(parts) == {other.object, template.object}


class TestDisagreements:
    async def test_an_upload_that_was_never_finished_is_forgotten(self, parts: Parts) -> None:
        old = await kept(parts, State.RECEIVING, touched_at=now() - DAY)
        going_on = await kept(parts, State.RECEIVING)
        await sweep(parts)
        assert await parts.store.get(old.id) is None
        assert await names(parts) == {going_on.object}

    async def test_the_bytes_of_a_rejected_file_go(self, parts: Parts) -> None:
        await kept(parts, State.REJECTED, refusal="infected")
        await sweep(parts)
        assert await names(parts) == set()

    async def test_the_bytes_of_an_attempt_that_lost_go(self, parts: Parts) -> None:
        file = await kept(parts)
        await parts.objects.put(f"{file.id}.0", io.BytesIO(BYTES), len(BYTES), "text/plain")
        await sweep(parts)
        assert await names(parts) == {file.object}

    async def test_unknown_bytes_go_when_they_are_old_enough(self, parts: Parts) -> None:
        await parts.objects.put(f"{uuid4()}.1", io.BytesIO(BYTES), len(BYTES), "text/plain")
        await sweep(parts)
        assert len(await names(parts)) == 1
        await sweep(replace(parts, lifetimes=replace(parts.lifetimes, orphan=timedelta(seconds=-60))))
        assert await names(parts) == set()

    @pytest.mark.parametrize("state", [State.READY, State.CHECKING])
    async def test_a_file_whose_bytes_are_gone_is_rejected_and_told(self, parts: Parts, state: State) -> None:
        file = await kept(parts, state)
        await parts.objects.remove(file.object)
        await sweep(parts)
        document = await parts.store.collection.find_one({"_id": file.id})
        assert document is not None
        assert (document["state"], document["refusal"]) == ("rejected", "lost")
        assert document["outbox"][0]["event"]["type"] == "attachments.attachment.rejected.v1"
        with pytest.raises(Absent):
            await file_to_read(parts, file.id, OWNER)

    async def test_a_preview_that_is_gone_is_no_longer_promised(self, parts: Parts) -> None:
        file = await kept(parts, has_preview=True)
        await sweep(parts)
        assert await parts.store.get(file.id) == replace(file, has_preview=False)

    async def test_what_agrees_is_left_alone(self, parts: Parts) -> None:
        file = await kept(parts, has_preview=True)
        await parts.objects.put(preview_of(file.object), io.BytesIO(b"x"), 1, "image/webp")
        await sweep(parts)
        assert await parts.store.get(file.id) == file
        assert await names(parts) == {file.object, preview_of(file.object)}
