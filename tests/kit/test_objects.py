"""The object store's client, on a real store."""

import io
import secrets
from collections.abc import AsyncIterator

import pytest
from guichet_kit import objects as module
from guichet_kit.objects import ObjectMissing, ObjectStore, StoreUnavailable
from guichet_local.ports import free_port
from guichet_local.testing import S3

BUCKET = f"test-kit-{secrets.token_hex(4)}"


@pytest.fixture
async def objects(s3: S3) -> AsyncIterator[ObjectStore]:
    """A bucket for one test at a time, empty. It is always the same: SeaweedFS sets room aside for each."""
    store = ObjectStore(s3.endpoint, s3.access_key, s3.secret_key, BUCKET)
    await store.wait_until_ready(20)
    yield store
    for item in await store.page():
        await store.remove(item.name)
    store.close()


async def put(objects: ObjectStore, name: str, content: bytes) -> None:
    await objects.put(name, io.BytesIO(content), len(content), "text/plain")


async def read(objects: ObjectStore, name: str, offset: int = 0, length: int = 0) -> bytes:
    async with objects.open(name, offset, length) as chunks:
        return b"".join([chunk async for chunk in chunks])


class TestBytes:
    @pytest.mark.parametrize("size", [0, 1, 12 << 20])
    async def test_they_come_back_as_they_went(self, objects: ObjectStore, size: int) -> None:
        content = secrets.token_bytes(size)
        await put(objects, "a", content)
        assert await objects.size("a") == size
        assert await read(objects, "a") == content

    async def test_a_part_of_them_can_be_read(self, objects: ObjectStore) -> None:
        await put(objects, "a", b"0123456789")
        assert await read(objects, "a", 3, 4) == b"3456"
        assert await read(objects, "a", 8) == b"89"

    async def test_a_second_write_replaces_the_first(self, objects: ObjectStore) -> None:
        await put(objects, "a", b"first")
        await put(objects, "a", b"second")
        assert await read(objects, "a") == b"second"

    async def test_a_write_of_fewer_bytes_than_announced_leaves_nothing(self, objects: ObjectStore) -> None:
        with pytest.raises(StoreUnavailable):
            await objects.put("a", Failing(), 1 << 20, "text/plain")
        assert await objects.page() == []

    async def test_what_was_removed_is_missing_and_may_be_removed_again(self, objects: ObjectStore) -> None:
        await put(objects, "a", b"x")
        await objects.remove("a")
        await objects.remove("a")
        with pytest.raises(ObjectMissing):
            await objects.size("a")
        with pytest.raises(ObjectMissing):
            await read(objects, "a")


class TestListing:
    async def test_pages_follow_each_other_in_the_order_of_names(
        self, objects: ObjectStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "PAGE", 3)
        names = ["a", "a.preview", "b-1", "b.1", "c", "d", "é"]
        for name in reversed(names):
            await put(objects, name, b"xy")
        found: list[str] = []
        while page := await objects.page(found[-1] if found else ""):
            assert all(item.size == 2 for item in page)
            found += [item.name for item in page]
        assert found == names


class TestOutages:
    async def test_a_store_that_is_away_is_told_as_such(self) -> None:
        away = ObjectStore(f"http://127.0.0.1:{free_port()}", "key", "secret-key", "bucket")
        with pytest.raises(StoreUnavailable):
            await away.ping()
        with pytest.raises(StoreUnavailable):
            await put(away, "a", b"x")
        with pytest.raises(TimeoutError):
            await away.wait_until_ready(0.2)
        away.close()

    async def test_a_bucket_that_is_gone_is_told_as_such(self, s3: S3) -> None:
        store = ObjectStore(s3.endpoint, s3.access_key, s3.secret_key, f"test-kit-{secrets.token_hex(4)}")
        with pytest.raises(StoreUnavailable):
            await store.ping()
        store.close()

    async def test_wrong_credentials_are_told_as_such(self, s3: S3) -> None:
        store = ObjectStore(s3.endpoint, s3.access_key, "not-the-secret", "bucket")
        with pytest.raises(StoreUnavailable):
            await store.ping()
        store.close()


class Failing(io.BytesIO):
    """A file that cannot be read to its end."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Fail."""
        raise OSError("the disk is gone")
