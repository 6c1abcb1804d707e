"""Agents, their sessions and their attempts to sign in, in MongoDB; the only file that knows the field names."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from guichet_kit.clock import now
from guichet_kit.mongo import (
    ASCENDING,
    Collection,
    Database,
    Document,
    DuplicateKeyError,
    IndexModel,
    ReturnDocument,
    create_indexes,
)
from guichet_kit.pages import decode_cursor, encode_cursor

from guichet_requests.agent.agent import Agent, Welcome, email_key, name_key
from guichet_requests.agent.session import Session
from guichet_requests.errors import Refused

_AGENT_INDEXES = [
    IndexModel("email_key", name="email", unique=True),
    IndexModel([("name_key", ASCENDING), ("_id", ASCENDING)], name="directory"),
    IndexModel("welcome.key", name="welcome", unique=True, partialFilterExpression={"welcome": {"$exists": True}}),
]
_SESSION_INDEXES = [
    IndexModel("agent_id", name="agent"),
    IndexModel("expires_at", name="expiry", expireAfterSeconds=0),
]
_ATTEMPT_INDEXES = [IndexModel("expires_at", name="expiry", expireAfterSeconds=0)]


class EmailTaken(Refused):
    """Another agent has this address."""

    def __init__(self) -> None:
        super().__init__("Another agent has this address.")


class AgentStore:
    """The directory, and what signing in needs."""

    def __init__(self, database: Database) -> None:
        self._agents: Collection = database["agents"]
        self._sessions: Collection = database["sessions"]
        self._attempts: Collection = database["sign_in_attempts"]

    async def prepare(self) -> None:
        """Create the indexes."""
        await create_indexes(self._agents, _AGENT_INDEXES)
        await create_indexes(self._sessions, _SESSION_INDEXES)
        await create_indexes(self._attempts, _ATTEMPT_INDEXES)

    async def get(self, agent_id: str) -> Agent | None:
        """The agent of that id."""
        document = await self._agents.find_one({"_id": agent_id})
        return _to_agent(document) if document else None

    async def credentials(self, email: str) -> tuple[Agent, str | None] | None:
        """The agent of that address, and the hash of their password, where they have one."""
        document = await self._agents.find_one({"email_key": email_key(email)})
        return (_to_agent(document), document.get("password_hash")) if document else None

    async def page(self, limit: int, cursor: str | None) -> tuple[list[Agent], str | None]:
        """Agents by name, and the cursor of the next page. Raises `Invalid` for a bad one."""
        condition: Document = {}
        if cursor is not None:
            name, agent_id = decode_cursor(cursor, str, str)
            condition = {"name_key": {"$gte": name}, "$nor": [{"name_key": name, "_id": {"$lte": agent_id}}]}
        keys = [("name_key", ASCENDING), ("_id", ASCENDING)]
        found = await self._agents.find(condition).sort(keys).limit(limit + 1).to_list(limit + 1)
        end = found[limit - 1] if len(found) > limit else None
        cursor_after = encode_cursor((end["name_key"], end["_id"])) if end else None
        return [_to_agent(document) for document in found[:limit]], cursor_after

    async def insert(self, agent: Agent, proof: str | Welcome) -> bool:
        """Add an agent with the hash of a password, or a link to set one; False when the id is there already.

        Raises `EmailTaken`.
        """
        has = {"welcome": asdict(proof)} if isinstance(proof, Welcome) else {"password_hash": proof}
        document = _from_agent(agent) | has
        try:
            await self._agents.insert_one({"_id": agent.id, **document})
        except DuplicateKeyError:
            if await self.get(agent.id) is None:
                raise EmailTaken from None
            return False
        return True

    async def replace(self, before: Agent, after: Agent, password_hash: str | None = None) -> bool:
        """Save a change of ``before``; False when the agent has changed meanwhile. Raises `EmailTaken`."""
        fields = _from_agent(after) | ({"password_hash": password_hash} if password_hash else {})
        try:
            void: Document = {"$unset": {"welcome": ""}} if password_hash else {}
            result = await self._agents.update_one(
                {"_id": before.id, "version": before.version}, {"$set": fields} | void
            )  # fmt: skip
        except DuplicateKeyError:
            raise EmailTaken from None
        return bool(result.matched_count)

    async def invite(self, agent_id: str, welcome: Welcome) -> bool:
        """Take the agent's password away and give them a link to set one; False where there is no such agent."""
        change = {"$set": {"welcome": asdict(welcome)}, "$unset": {"password_hash": ""}}
        return bool((await self._agents.update_one({"_id": agent_id}, change)).matched_count)

    async def invited(self, key: str, at: datetime) -> bool:
        """Whether a link of that key is good."""
        return await self._agents.find_one(_welcomed(key, at), projection=["_id"]) is not None

    async def accept(self, key: str, at: datetime, password_hash: str) -> Agent | None:
        """Set the password by the link of that key, which is good no more; None where it was not."""
        change = {"$set": {"password_hash": password_hash}, "$unset": {"welcome": ""}}
        document = await self._agents.find_one_and_update(_welcomed(key, at), change, return_document=True)
        return _to_agent(document) if document else None

    async def without_password(self) -> set[str]:
        """The ids of the agents who have none yet."""
        found = self._agents.find({"password_hash": {"$exists": False}}, projection=["_id"])
        return {document["_id"] for document in await found.to_list(None)}

    async def begin_session(self, session: Session) -> None:
        """Save a new session."""
        document = asdict(session)
        await self._sessions.insert_one({"_id": document.pop("id"), **document})

    async def session(self, session_id: str) -> Session | None:
        """The session of that id, unless it has expired or was ended."""
        document = await self._sessions.find_one({"_id": session_id, "expires_at": {"$gt": now()}})
        return Session(id=document.pop("_id"), **document) if document else None

    async def rotate(self, before: Session, after: Session) -> bool:
        """Save the next generation of ``before``; False when another call was faster."""
        result = await self._sessions.update_one(
            {"_id": before.id, "generation": before.generation},
            {
                "$set": {
                    "generation": after.generation,
                    "rotated_at": after.rotated_at,
                    "expires_at": after.expires_at,
                }
            },
        )
        return bool(result.matched_count)

    async def end_session(self, session_id: str) -> None:
        """Forget a session: none of its refresh tokens is good any more."""
        await self._sessions.delete_one({"_id": session_id})

    async def end_sessions_of(self, agent_id: str) -> None:
        """Forget all sessions of an agent."""
        await self._sessions.delete_many({"agent_id": agent_id})

    async def attempt(self, email: str, at: datetime, window: timedelta, most: int) -> list[datetime]:
        """The attempts to sign in to the account in the ``window`` before, whoever and wherever they came from.

        This one is added to them, unless they are the ``most`` that are allowed.
        """
        recent = {"$filter": {"input": {"$ifNull": ["$at", []]}, "cond": {"$gt": ["$$this", at - window]}}}
        allowed = {"$lt": [{"$size": recent}, most]}
        before: Any = await self._attempts.find_one_and_update(
            {"_id": email_key(email)},
            [
                {
                    "$set": {
                        "at": {"$concatArrays": [recent, {"$cond": [allowed, [at], []]}]},
                        "expires_at": at + window,
                    }
                }
            ],
            upsert=True,
            return_document=ReturnDocument.BEFORE,
        )
        return [moment for moment in before["at"] if moment > at - window] if before else []


def _welcomed(key: str, at: datetime) -> Document:
    return {"welcome.key": key, "welcome.expires_at": {"$gt": at}, "active": True}


def _from_agent(agent: Agent) -> Document:
    document = asdict(agent)
    del document["id"]
    return document | {"email_key": email_key(agent.email), "name_key": name_key(agent.name)}


def _to_agent(document: Document) -> Agent:
    return Agent(
        id=document["_id"],
        name=document["name"],
        email=document["email"],
        role=document["role"],
        active=document["active"],
        available=document["available"],
        signature=document.get("signature", ""),
        version=document["version"],
    )
