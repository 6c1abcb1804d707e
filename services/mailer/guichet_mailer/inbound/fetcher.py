"""IMAP (RFC 9051): mail is fetched into the store, then marked as seen.

The library blocks, so each mailbox has a thread. What was fetched is remembered by UID;
two fetchers at once are harmless, for the same bytes are the same mail.
"""

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from guichet_kit.logs import get_logger
from guichet_kit.mongo import Database
from imap_tools import AND, BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted, U
from imap_tools.errors import ImapToolsError

from guichet_mailer.inbound.received import Envelope
from guichet_mailer.inbound.usecases import NOT_STORED, Reception, refuse_large, take_in
from guichet_mailer.mailbox import Mailbox

_MORE = "EXISTS"
"""What a server says when there are more mails than it said last (RFC 9051, 7.4.1)."""

_CONNECT_SECONDS = 30.0
_AWAY_SECONDS = 10.0

_AWAY: tuple[type[Exception], ...] = (ImapToolsError, OSError, *NOT_STORED)

T = TypeVar("T")
log = get_logger(__name__)


class FetchStore:
    """The collection ``fetched``: up to which UID each folder was fetched, while its UIDVALIDITY lasts."""

    def __init__(self, database: Database) -> None:
        self._collection = database["fetched"]

    async def last_uid(self, folder: str, validity: int) -> int:
        """The last UID that is safe in our store; 0 where none is."""
        document = await self._collection.find_one({"_id": f"{folder} {validity}"})
        return int(document["uid"]) if document else 0

    async def fetched(self, folder: str, validity: int, uid: int) -> None:
        """Everything up to ``uid`` is safe in our store."""
        key = {"_id": f"{folder} {validity}"}
        await self._collection.update_one(key, {"$max": {"uid": uid}}, upsert=True)


class _Fetcher:
    """Fetches one mailbox, on a thread of its own, until it is told to stop."""

    def __init__(
        self, reception: Reception, store: FetchStore, mailbox: Mailbox, url: str, poll: float,
        loop: asyncio.AbstractEventLoop,
    ) -> None:  # fmt: skip
        self._reception, self._store, self._mailbox, self._poll = reception, store, mailbox, poll
        self._url, self._loop = urlsplit(url), loop
        self._folder = unquote(self._url.path.strip("/")) or "INBOX"
        self.stopping = threading.Event()

    def run(self) -> None:
        """Connect, fetch, wait for more; after a failure, all of it again."""
        while not self.stopping.is_set():
            try:
                with self._connected() as box:
                    while not self.stopping.is_set():
                        self._fetch_new(box)
                        self._wait(box)
            except _AWAY as error:
                log.warning("imap_away", mailbox=self._mailbox.id, error=repr(error))
                self.stopping.wait(_AWAY_SECONDS)
            except Exception:  # imaplib raises its own kind, and whatever comes of odd answers; the mail stays there
                if not self.stopping.is_set():
                    log.exception("imap_failed", mailbox=self._mailbox.id)
                self.stopping.wait(_AWAY_SECONDS)

    def _connected(self) -> BaseMailBox:
        host, port = self._url.hostname or "", self._url.port
        tls = ssl.create_default_context()
        box: BaseMailBox
        if self._url.scheme == "imaps":
            box = MailBox(host, port or 993, timeout=_CONNECT_SECONDS, ssl_context=tls)
        elif self._url.scheme == "imap+starttls":
            box = MailBoxStartTls(host, port or 143, timeout=_CONNECT_SECONDS, ssl_context=tls)
        else:
            box = MailBoxUnencrypted(host, port or 143, timeout=_CONNECT_SECONDS)
        return box.login(unquote(self._url.username or ""), unquote(self._url.password or ""), self._folder)

    def _fetch_new(self, box: BaseMailBox) -> None:
        box.client.untagged_responses.pop(_MORE, None)
        validity = int(box.folder.status(self._folder, ["UIDVALIDITY"])["UIDVALIDITY"])
        key = f"{self._mailbox.id}/{self._folder}"
        last = self._do(self._store.last_uid(key, validity))
        # "n:*" always answers with the last mail, also where it is older.
        uids = sorted(uid for uid in map(int, box.uids(AND(uid=U(str(last + 1), "*")))) if uid > last)
        envelope = Envelope("imap", mailbox=self._mailbox.id)
        for uid in uids:
            size = _size(box, uid)
            if size > self._reception.size_limit:
                self._do(refuse_large(self._reception, f"imap:{key}:{validity}:{uid}", size, envelope))
            elif raw := _raw(box, uid):
                self._do(take_in(self._reception, raw, envelope))
                # Not with the library's `flag`: it expunges too, and with it what people have marked as deleted.
                box.client.uid("STORE", str(uid), "+FLAGS", "(\\Seen)")
            self._do(self._store.fetched(key, validity, uid))

    def _wait(self, box: BaseMailBox) -> None:
        """Wait for more; at most for ``poll`` seconds, for not every server keeps its word to tell."""
        if _MORE in box.client.untagged_responses:
            return  # told while we fetched, and not told again
        if "IDLE" in box.client.capabilities:
            _idle(box, self._poll)
        else:
            self.stopping.wait(self._poll)

    def _do(self, work: Awaitable[T]) -> T:
        async def done() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(done(), self._loop).result()


def _idle(box: BaseMailBox, seconds: float) -> None:
    """Wait until the server tells of something (RFC 2177)."""
    with box.idle as idle:
        # What came together with the answer to IDLE is in a buffer, of which the library's `poll` knows nothing.
        connection = box.client.socket()
        connection.settimeout(0)
        try:
            told = box.client.readline()
        except OSError:  # nothing came
            told = b""
        finally:
            connection.settimeout(_CONNECT_SECONDS)
        if not told:
            idle.poll(timeout=seconds)


def _size(box: BaseMailBox, uid: int) -> int:
    _, answer = box.client.uid("FETCH", str(uid), "(RFC822.SIZE)")
    text = b" ".join(part for part in answer if isinstance(part, bytes)).upper()
    digits = text.partition(b"RFC822.SIZE")[2].strip(b" )").split(b" ")[0].rstrip(b")")
    return int(digits) if digits.isdigit() else 0


def _raw(box: BaseMailBox, uid: int) -> bytes | None:
    _, answer = box.client.uid("FETCH", str(uid), "(BODY.PEEK[])")
    found: Sequence[Any] = answer
    return next((part[1] for part in found if isinstance(part, tuple)), None)


@asynccontextmanager
async def fetching(reception: Reception, store: FetchStore, poll: float) -> AsyncIterator[None]:
    """Fetch every mailbox that has an ``imap_url``, until the context ends."""
    loop = asyncio.get_running_loop()
    fetchers = [
        _Fetcher(reception, store, mailbox, mailbox.imap_url.get_secret_value(), poll, loop)
        for mailbox in reception.mailboxes.all
        if mailbox.imap_url
    ]
    for fetcher in fetchers:
        # A daemon: it may be waiting for a server when the process ends, and holds nothing that is not safe already.
        threading.Thread(target=fetcher.run, name="imap", daemon=True).start()
    try:
        yield
    finally:
        for fetcher in fetchers:
            fetcher.stopping.set()
