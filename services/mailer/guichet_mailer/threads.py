"""Which request a mail belongs to, by what its headers prove; never by its subject."""

import asyncio
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from guichet_contracts.mailer import Thread
from guichet_kit.clock import now
from guichet_kit.mongo import Database, DuplicateKeyError, IndexModel, create_indexes

from guichet_mailer.mailbox import AddressTokens, Mailboxes
from guichet_mailer.parsing import Mail

NEAREST = 20
"""Ids of ``References`` that count, from the end: those of the mails just before."""


def key_of(message_id: str) -> str:
    """What is kept of a Message-ID: its hash. The id itself may tell of a person, and outlives their erasure."""
    return hashlib.sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Known:
    """A Message-ID that was seen, or named by a mail: on which request, and by which received mail it came here.

    ``own``: it is that mail's own.
    """

    message_id: str
    request_id: str | None
    email_id: str | None
    own: bool = False


class ThreadStore:
    """The collection ``message_ids``: one document for each id, under its hash."""

    def __init__(self, database: Database) -> None:
        self.collection = database["message_ids"]

    async def ensure_indexes(self) -> None:
        """Make the indexes that are missing."""
        await create_indexes(self.collection, [IndexModel("email_id", name="email_id", sparse=True)])

    async def known(self, message_ids: Sequence[str]) -> dict[str, Known]:
        """Those of the ids that are known."""
        ids = {key_of(one): one for one in message_ids}
        cursor = self.collection.find({"_id": {"$in": list(ids)}})
        found = [
            Known(ids[one["_id"]], one.get("request_id"), one.get("email_id"), one.get("own", False))
            async for one in cursor
        ]
        return {one.message_id: one for one in found}

    async def remember(
        self, message_ids: Sequence[str], request_id: str | None, email_id: str | None, own: str | None = None
    ) -> None:
        """Note the ids that are new; those known stay where they are, but for those that were on no request."""
        known = await self.known(message_ids)
        moment = now()

        async def note(message_id: str) -> None:
            document: dict[str, Any] = {
                "_id": key_of(message_id),
                "request_id": request_id,
                "email_id": email_id,
                "at": moment,
            }
            if message_id == own:
                document["own"] = True
            with suppress(DuplicateKeyError):  # another mail of the thread was first
                await self.collection.insert_one(document)

        await asyncio.gather(*(note(one) for one in dict.fromkeys(message_ids) if one not in known))
        if request_id is not None and any(one.request_id is None for one in known.values()):
            lone = {"_id": {"$in": [key_of(one) for one in known]}, "request_id": None}
            await self.collection.update_many(lone, {"$set": {"request_id": request_id}})

    async def file(self, email_id: str, request_id: str, version: int) -> None:
        """What this received mail brought here is on that request, unless a newer filing said otherwise."""
        older = {"$or": [{"filed": {"$exists": False}}, {"filed": {"$lt": version}}]}
        await self.collection.update_many(
            {"email_id": email_id} | older, {"$set": {"request_id": request_id, "filed": version}}
        )


class Threading:
    """Finds the request of a mail."""

    def __init__(self, store: ThreadStore, mailboxes: Mailboxes, reply_tokens: AddressTokens) -> None:
        self.store, self._mailboxes, self._tokens = store, mailboxes, reply_tokens

    async def thread(self, mail: Mail, email_id: str, ours: frozenset[str]) -> Thread:
        """Where the mail belongs. ``ours``: tokens in its addresses that are for another purpose.

        An answer may have come before it, and named it: then they belong together.
        """
        tokens = [token for token in self._mailboxes.tokens(mail.addressed) if token not in ours]
        requests = [self._tokens.verify(token) for token in tokens]
        forged = any(request is None for request in requests)
        proven = next((request for request in requests if request), None)
        if proven:
            return Thread(request_id=proven, by="reply_address", forged_reply_address=forged)
        named = [*_named(mail), *([mail.message_id] if mail.message_id else [])]
        known = {one: found for one, found in (await self.store.known(named)).items() if _counts(found, mail, email_id)}
        nearest = [known[one] for one in dict.fromkeys(named) if one in known]
        for one in nearest:
            if one.request_id is not None:
                by = "in_reply_to" if one.message_id in mail.in_reply_to else "references"
                return Thread(request_id=one.request_id, by=by, forged_reply_address=forged)
        follows = tuple(dict.fromkeys(one.email_id for one in nearest if one.email_id))
        return Thread(follows=follows, forged_reply_address=forged)

    async def remember(self, mail: Mail, email_id: str, request_id: str | None) -> None:
        """Know from now on the mail's own id and those that it names."""
        own = (mail.message_id,) if mail.message_id else ()
        await self.store.remember([*own, *_named(mail)], request_id, email_id, mail.message_id)


def _counts(known: Known, mail: Mail, email_id: str) -> bool:
    """Not this mail itself, nor another one that has the same Message-ID."""
    return known.email_id != email_id and not (known.own and known.message_id == mail.message_id)


def _named(mail: Mail) -> list[str]:
    """The ids that the mail says it follows, the nearest first."""
    return list(dict.fromkeys([*mail.in_reply_to[:NEAREST], *reversed(mail.references[-NEAREST:])]))
