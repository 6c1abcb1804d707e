"""An examiner that is too slow says nothing of a file: it is kept, given to nobody, and examined again."""

import hashlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any, BinaryIO
from uuid import uuid4

import pytest
from guichet_attachments import checks
from guichet_attachments.attachment import Attachment, Person, State, preview_of
from guichet_attachments.checks import EXAMINATIONS, check_waiting_files
from guichet_attachments.deps import Lifetimes, Parts
from guichet_attachments.examine import ExaminationTooSlow, Examiner, Finding
from guichet_attachments.lanes import Claim, ClientGone, LaneFull
from guichet_attachments.store import AttachmentStore
from guichet_attachments.upload import Upload
from guichet_attachments.usecases import NotReady, file_to_read, receipt_for, receive_file
from guichet_attachments.virus import NoScanner
from guichet_kit.mongo import Collection, Document
from guichet_kit.objects import ObjectStore
from guichet_local.testing import S3
from guichet_local.testing.databases import Databases
from guichet_local.testing.signing import SIGNING

from . import samples

OWNER = Person("visitor", "v1")
DAY = timedelta(days=1)


class NoRelay:
    """Leaves the events where they are."""

    def offer(self, collection: Collection, document_id: Any, entries: Sequence[Document]) -> None:
        """Publish nothing."""


class Busy(Examiner):
    """Has other things to do the first few times."""

    def __init__(self, *trouble: Exception) -> None:
        super().__init__()
        self.trouble = list(trouble)

    async def examine(self, file: BinaryIO, preview: BinaryIO, claim: Claim | None = None) -> Finding:
        if self.trouble:
            raise self.trouble.pop(0)
        return await super().examine(file, preview, claim)


@pytest.fixture
async def parts(databases: Databases, s3: S3, bucket: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Parts]:
    monkeypatch.setattr(checks, "_pause", lambda _: timedelta(seconds=-1))
    store = AttachmentStore(await databases.empty("attachments", "pymongo"))
    await store.ensure_indexes()
    objects = ObjectStore(s3.endpoint, s3.access_key, s3.secret_key, bucket)
    await objects.ensure_bucket()
    examiner = Busy()
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


async def sent(parts: Parts, name: str, content: bytes, *trouble: Exception) -> Attachment:
    assert isinstance(parts.examiner, Busy)
    parts.examiner.trouble += trouble
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        upload = Upload(name, len(content), hashlib.sha256(content).hexdigest(), file, {})
        return await receive_file(parts, upload, OWNER, "visitor", str(uuid4()))


async def found(parts: Parts, file: Attachment) -> Attachment:
    attachment = await parts.store.get(file.id)
    assert attachment is not None
    return attachment


class TestTooSlow:
    @pytest.mark.parametrize("times", [1, 2, EXAMINATIONS - 1])
    async def test_a_file_is_examined_again_until_something_is_known_of_it(self, parts: Parts, times: int) -> None:
        file = await sent(parts, "photo v1.2", samples.image(), *(ExaminationTooSlow() for _ in range(times)))
        assert (file.state, file.examined, receipt_for(parts, file)) == (State.CHECKING, False, None)
        with pytest.raises(NotReady):
            await file_to_read(parts, file.id, OWNER)
        for _ in range(times):
            await check_waiting_files(parts)
        ready = await found(parts, file)
        assert (ready.state, ready.name, ready.media_type) == (State.READY, "photo v1.2.png", "image/png")
        assert ready.has_preview
        assert {item.name for item in await parts.objects.page()} == {ready.object, preview_of(ready.object)}

    async def test_it_is_refused_for_what_it_is_when_that_is_known(self, parts: Parts) -> None:
        file = await sent(parts, "setup.txt", samples.EXE, ExaminationTooSlow())
        await check_waiting_files(parts)
        assert (await found(parts, file)).refusal == "type_not_allowed"
        assert await parts.objects.page() == []

    async def test_it_is_not_tried_for_ever(self, parts: Parts) -> None:
        file = await sent(parts, "a.txt", b"Bonjour\n", *(ExaminationTooSlow() for _ in range(EXAMINATIONS)))
        for _ in range(EXAMINATIONS):
            await check_waiting_files(parts)
        rejected = await found(parts, file)
        assert (rejected.state, rejected.refusal_detail) == (State.REJECTED, "The file could not be examined.")
        assert await parts.objects.page() == []


class TestNotItsTurn:
    @pytest.mark.parametrize("why", [LaneFull(3), ClientGone()])
    async def test_nothing_of_the_file_is_kept_and_a_repeat_begins_anew(self, parts: Parts, why: Exception) -> None:
        with pytest.raises(type(why)):
            await sent(parts, "a.txt", b"Bonjour\n", why)
        assert await parts.store.collection.count_documents({}) == 0
        assert (await sent(parts, "a.txt", b"Bonjour\n")).state is State.READY
