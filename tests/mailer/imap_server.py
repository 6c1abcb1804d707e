"""A small IMAP server (RFC 9051): as much of it as a fetcher uses."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from guichet_local.ports import free_port


class ImapServer:
    """One mailbox with one folder. ``mails`` by UID; ``seen`` are those marked so; ``fetched``, the bodies given."""

    def __init__(self, *, idle: bool = True) -> None:
        self._capabilities = b"IMAP4rev1 IDLE" if idle else b"IMAP4rev1"
        self.mails: dict[int, bytes] = {}
        self.seen: set[int] = set()
        self.fetched: list[int] = []
        self.validity = 7
        self.port = free_port()
        self._changed = asyncio.Event()

    def deliver(self, raw: bytes) -> int:
        """Put a mail into the folder, and tell who is idle."""
        uid = max(self.mails, default=0) + 1
        self.mails[uid] = raw
        self._changed.set()
        self._changed = asyncio.Event()
        return uid

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        try:
            yield
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK [CAPABILITY %s] ready\r\n" % self._capabilities)
        with suppress(ConnectionError, asyncio.CancelledError):
            while line := (await reader.readline()).decode().strip():
                tag, _, command = line.partition(" ")
                if command.upper() == "IDLE":
                    await self._idle(reader, writer)
                for answer in self._answers(command):
                    writer.write(answer + b"\r\n")
                writer.write(f"{tag} OK done\r\n".encode())
                await writer.drain()
        writer.close()

    async def _idle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"+ idling\r\n")
        done = asyncio.create_task(reader.readline())
        changed = asyncio.create_task(self._changed.wait())
        await asyncio.wait([done, changed], return_when=asyncio.FIRST_COMPLETED)
        changed.cancel()
        writer.write(f"* {len(self.mails)} EXISTS\r\n".encode())
        await done

    def _answers(self, command: str) -> list[bytes]:
        upper = command.upper()
        if upper.startswith("CAPABILITY"):
            return [b"* CAPABILITY " + self._capabilities]
        if upper.startswith("STATUS"):
            return [f'* STATUS "INBOX" (UIDVALIDITY {self.validity})'.encode()]
        if upper.startswith(("SELECT", "EXAMINE")):
            return [f"* {len(self.mails)} EXISTS".encode()]
        if found := re.search(r"UID SEARCH.*UID (\d+):\*", upper):
            first = int(found[1])
            uids = [uid for uid in self.mails if uid >= first] or list(self.mails)[-1:]
            return [b"* SEARCH " + " ".join(map(str, uids)).encode()]
        if found := re.match(r"UID FETCH (\d+) \((.*)\)", upper):
            uid = int(found[1])
            raw = self.mails[uid]
            if found[2] == "RFC822.SIZE":
                return [f"* {uid} FETCH (UID {uid} RFC822.SIZE {len(raw)})".encode()]
            self.fetched.append(uid)
            return [f"* {uid} FETCH (UID {uid} BODY[] {{{len(raw)}}}".encode() + b"\r\n" + raw + b")"]
        if found := re.match(r"UID STORE (\d+) ", upper):
            self.seen.add(int(found[1]))
            return [f"* {found[1]} FETCH (FLAGS (\\Seen))".encode()]
        return []
