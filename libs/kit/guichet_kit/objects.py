"""The object store, through the S3 protocol. The only module that imports ``minio``.

The SDK is synchronous: its calls run on threads of their own, few enough not to starve anything else.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, BinaryIO, ParamSpec, TypeVar, cast
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.error import InvalidResponseError, S3Error, ServerError

P = ParamSpec("P")
R = TypeVar("R")

_THREADS = 8
_CHUNK = 64 << 10
_PART = 5 << 20
_ABSENT = {"NoSuchKey", "NoSuchObject", "ResourceNotFound"}

STORE_OUTAGES = (InvalidResponseError, ServerError, urllib3.exceptions.HTTPError, OSError)
"""The object store is away: the same call may succeed later."""


class ObjectMissing(Exception):
    """There is no object of that name."""


class ObjectStore:
    """One bucket of an S3 object store."""

    def __init__(self, endpoint: str, access_key: str, secret_key: str, bucket: str, region: str = "us-east-1") -> None:
        parts = urlsplit(endpoint)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="objects")
        self._client = Minio(
            endpoint=parts.netloc,
            access_key=access_key,
            secret_key=secret_key,
            secure=parts.scheme == "https",
            region=region,  # without it, presigning asks the server
            http_client=urllib3.PoolManager(
                num_pools=4,
                maxsize=_THREADS,
                timeout=urllib3.Timeout(connect=5, read=30),
                retries=urllib3.Retry(total=2, backoff_factor=0.2, status_forcelist=[502, 503, 504]),
            ),
        )
        self.bucket = bucket

    async def ensure_bucket(self) -> None:
        """Make the bucket where it is missing."""
        if not await self._run(self._client.bucket_exists, bucket_name=self.bucket):
            try:
                await self._run(self._client.make_bucket, bucket_name=self.bucket)
            except S3Error as error:
                if error.code not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                    raise

    async def ping(self) -> None:
        """Ask for a sign of life; raises one of ``STORE_OUTAGES`` or `S3Error` when there is none."""
        await self._run(self._client.bucket_exists, bucket_name=self.bucket)

    async def wait_until_ready(self, timeout: float) -> None:
        """Wait for the store, ``timeout`` seconds at most (then `TimeoutError`), and make the bucket."""
        async with asyncio.timeout(timeout):
            while True:
                try:
                    await self.ensure_bucket()
                except (S3Error, *STORE_OUTAGES):
                    await asyncio.sleep(0.5)
                else:
                    return

    async def put(self, name: str, data: BinaryIO, length: int, media_type: str) -> None:
        """Store ``length`` bytes read from ``data`` (-1: until it ends), in parts where they are many."""
        await self._run(
            self._client.put_object,
            bucket_name=self.bucket,
            object_name=name,
            data=data,
            length=length,
            content_type=media_type,
            part_size=_PART,
        )

    async def size(self, name: str) -> int:
        """The object's size in bytes; `ObjectMissing` where there is none."""
        try:
            found = await self._run(self._client.stat_object, bucket_name=self.bucket, object_name=name)
        except S3Error as error:
            if error.code in _ABSENT:
                raise ObjectMissing(name) from None
            raise
        return cast("int", found.size)

    @asynccontextmanager
    async def open(self, name: str, offset: int = 0, length: int = 0) -> AsyncIterator[AsyncIterator[bytes]]:
        """The bytes from ``offset``, ``length`` of them (0: all), in chunks; `ObjectMissing` where there is no object."""
        try:
            response = await self._run(
                self._client.get_object,
                bucket_name=self.bucket,
                object_name=name,
                offset=offset,
                length=length,
            )
        except S3Error as error:
            if error.code in _ABSENT:
                raise ObjectMissing(name) from None
            raise

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

    async def names(self, prefix: str = "") -> list[str]:
        """The names of all objects that begin with ``prefix``."""

        def listed() -> list[str]:
            found = self._client.list_objects(bucket_name=self.bucket, prefix=prefix, recursive=True)
            return [cast("str", item.object_name) for item in found]

        return await self._run(listed)

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        loop = asyncio.get_running_loop()
        bound: Callable[[], Any] = lambda: call(*args, **kwargs)  # noqa: E731
        return cast("R", await loop.run_in_executor(self._pool, bound))
