"""The object store, through the S3 protocol. The only module that imports ``minio``.

The SDK is synchronous: its calls run on threads of their own, few enough not to starve anything else.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, BinaryIO, ParamSpec, TypeVar, cast
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from guichet_kit.logs import get_logger
from guichet_kit.outages import Away

P = ParamSpec("P")
R = TypeVar("R")

PAGE = 1000
"""Objects in one page of a listing, as the protocol has it."""

_THREADS = 8
_CHUNK = 64 << 10
_SIGNED_FOR = timedelta(minutes=5)
_ABSENT = {"NoSuchKey", "NoSuchObject", "ResourceNotFound"}
_EXISTS = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}

log = get_logger(__name__)


class StoreUnavailable(Away):
    """The object store is away, or refused: the same call may succeed later."""


class ObjectMissing(Exception):
    """There is no object of that name."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One object of a listing; ``size`` in bytes, ``modified`` by the store's clock."""

    name: str
    size: int
    modified: datetime


class ObjectStore:
    """One bucket of an S3 object store. Every call may raise `StoreUnavailable`."""

    def __init__(self, endpoint: str, access_key: str, secret_key: str, bucket: str, region: str = "us-east-1") -> None:
        parts = urlsplit(endpoint)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="objects")
        self._http = urllib3.PoolManager(
            num_pools=4,
            maxsize=_THREADS,
            timeout=urllib3.Timeout(connect=5, read=30),
            retries=urllib3.Retry(total=2, backoff_factor=0.2, status_forcelist=[502, 503, 504]),
        )
        self._client = Minio(
            endpoint=parts.netloc,
            access_key=access_key,
            secret_key=secret_key,
            secure=parts.scheme == "https",
            region=region,  # without it, presigning asks the server
            http_client=self._http,
        )
        self.bucket = bucket

    async def ensure_bucket(self) -> None:
        """Make the bucket where it is missing."""

        def ensure() -> None:
            if not self._client.bucket_exists(bucket_name=self.bucket):
                try:
                    self._client.make_bucket(bucket_name=self.bucket)
                except S3Error as error:
                    if error.code not in _EXISTS:
                        raise

        await self._run(ensure)

    async def ping(self) -> None:
        """Ask for a sign of life; raises when there is none, or no bucket."""
        if not await self._run(self._client.bucket_exists, bucket_name=self.bucket):
            raise StoreUnavailable(f"there is no bucket {self.bucket}")

    async def wait_until_ready(self, timeout: float) -> None:
        """Wait for the store, ``timeout`` seconds at most (then `TimeoutError`), and make the bucket."""
        async with asyncio.timeout(timeout):
            waited = False
            while True:
                try:
                    await self.ensure_bucket()
                except StoreUnavailable as error:
                    if not waited:
                        log.info("waiting_for_objects", error=str(error)[:200])
                    waited = True
                    await asyncio.sleep(0.5)
                else:
                    return

    async def put(self, name: str, data: BinaryIO, length: int, media_type: str) -> None:
        """Store what ``data`` yields from its position to its end, ``length`` bytes: all of it or nothing.

        The SDK would cut a large object into parts, hold each in memory, and leave those of a killed process in the
        store for good. One signed PUT is read from ``data`` as it is sent, and leaves nothing.
        """

        def send() -> None:
            url = self._client.presigned_put_object(bucket_name=self.bucket, object_name=name, expires=_SIGNED_FOR)
            headers = {"Content-Length": str(length), "Content-Type": media_type}
            answer = self._http.request("PUT", url, body=data, headers=headers)
            if answer.status != 200:
                raise StoreUnavailable(f"the write was answered with {answer.status}: {answer.data[:200]!r}")

        await self._run(send)

    async def size(self, name: str) -> int:
        """The object's size in bytes; `ObjectMissing` where there is none."""
        found = await self._run(self._client.stat_object, bucket_name=self.bucket, object_name=name)
        return cast("int", found.size)

    @asynccontextmanager
    async def open(self, name: str, offset: int = 0, length: int = 0) -> AsyncIterator[AsyncIterator[bytes]]:
        """The bytes from ``offset``, ``length`` of them (0: all), in chunks; `ObjectMissing` where there are none."""
        response = await self._run(
            self._client.get_object, bucket_name=self.bucket, object_name=name, offset=offset, length=length
        )

        async def chunks() -> AsyncIterator[bytes]:
            while chunk := await self._run(response.read, _CHUNK):
                yield chunk

        try:
            yield chunks()
        finally:
            await self._run(response.close)
            response.release_conn()

    async def remove(self, name: str) -> None:
        """Remove the object; nothing happens where there is none."""
        await self._run(self._client.remove_object, bucket_name=self.bucket, object_name=name)

    async def page(self, after: str = "") -> list[Listed]:
        """The first `PAGE` objects whose names come after ``after``, in the order of their UTF-8 bytes."""

        def listed() -> list[Listed]:
            found = self._client.list_objects(bucket_name=self.bucket, recursive=True, start_after=after or None)
            return [Listed(item.object_name, item.size, item.last_modified) for item in islice(found, PAGE)]

        return await self._run(listed)

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        loop = asyncio.get_running_loop()
        bound: Callable[[], Any] = lambda: call(*args, **kwargs)  # noqa: E731
        try:
            return cast("R", await loop.run_in_executor(self._pool, bound))
        except S3Error as error:
            if error.code in _ABSENT:
                raise ObjectMissing(error.object_name) from None
            raise StoreUnavailable(f"{error.code}: {error.message}") from error
        except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
            raise StoreUnavailable(repr(error)) from error
