"""Agents, their sessions and their attempts to sign in, in MongoDB; the only file that knows the field names."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from guichet_kit.clock import now
from guichet_kit.mongo import (
    ASCENDING,
    DESCENDING,
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
from guichet_requests.agent.second_factor import Factor
from guichet_requests.agent.session import ENDED_KEPT, Session
from guichet_requests.errors import Refused

_AGENT_INDEXES = [
    IndexModel("email_key", name="email", unique=True),
    IndexModel([("name_key", ASCENDING), ("_id", ASCENDING)], name="directory"),
    IndexModel("rights_changed_at", name="rights", partialFilterExpression={"rights_changed_at": {"$exists": True}}),
    IndexModel("welcome.key", name="welcome", unique=True, partialFilterExpression={"welcome": {"$exists": True}}),
]
_SESSION_INDEXES = [
    IndexModel("agent_id", name="agent"),
    IndexModel("expires_at", name="expiry", expireAfterSeconds=0),
    IndexModel("ended_at", name="ended", partialFilterExpression={"ended_at": {"$exists": True}}),
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

    async def replace(self, before: Agent, after: Agent) -> bool:
        """Save a change of ``before``; False when the agent has changed meanwhile. Raises `EmailTaken`.

        A change of what an access token says makes tokens of before this version good no more.
        """
        fields = _from_agent(after)
        if after.rights != before.rights:
            fields |= {"good_from_version": after.version, "rights_changed_at": now()}
        try:
            result = await self._agents.update_one({"_id": before.id, "version": before.version}, {"$set": fields})
        except DuplicateKeyError:
            raise EmailTaken from None
        return bool(result.matched_count)

    async def invite(self, agent_id: str, welcome: Welcome) -> bool:
        """Take the agent's password away and give them a link to set one; False where there is no such agent."""
        change: Any = [{"$set": _good_from_now() | {"welcome": asdict(welcome)}}, {"$unset": "password_hash"}]
        return bool((await self._agents.update_one({"_id": agent_id}, change)).matched_count)

    async def set_password(self, agent_id: str, password_hash: str) -> Agent | None:
        """Set the password; access tokens of before are good no more. None where there is no such active agent."""
        # A hash begins with a dollar, which a pipeline would take for a field's name.
        set_now = _good_from_now() | {"password_hash": {"$literal": password_hash}}
        change: Any = [{"$set": set_now}, {"$unset": "welcome"}]
        which = {"_id": agent_id, "active": True}
        document = await self._agents.find_one_and_update(which, change, return_document=ReturnDocument.AFTER)
        return _to_agent(document) if document else None

    async def second_factor(self, agent_id: str) -> tuple[Factor | None, Factor | None]:
        """The agent's second factor, and the one that was offered to them and not confirmed yet."""
        document = await self._agents.find_one({"_id": agent_id}, projection=["factor", "factor_offered"]) or {}
        has, offered = document.get("factor"), document.get("factor_offered")
        return Factor(**has) if has else None, Factor(**offered) if offered else None

    async def offer_factor(self, agent_id: str, factor: Factor) -> None:
        """Offer a second factor, to be confirmed by a code."""
        await self._agents.update_one({"_id": agent_id}, {"$set": {"factor_offered": asdict(factor)}})

    async def use_factor(self, agent_id: str, factor: Factor, step: int) -> bool:
        """The code of that step was given: have the factor from now on. False where it was used, or another is had."""
        known = {"factor.sealed": factor.sealed, "factor.last_step": {"$lt": step}}
        which = {"_id": agent_id, "$or": [known, {"factor_offered.sealed": factor.sealed}]}
        change = {"$set": {"factor": asdict(replace(factor, last_step=step))}, "$unset": {"factor_offered": ""}}
        return bool((await self._agents.update_one(which, change)).matched_count)

    async def remove_factor(self, agent_id: str) -> None:
        """Let the agent have no second factor."""
        await self._agents.update_one({"_id": agent_id}, {"$unset": {"factor": "", "factor_offered": ""}})

    async def invited(self, key: str, at: datetime) -> Agent | None:
        """The agent whose link of that key is good; None where it is not."""
        document = await self._agents.find_one(_welcomed(key, at))
        return _to_agent(document) if document else None

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
        document = await self._sessions.find_one({"_id": session_id, **_going_on()})
        return _to_session(document) if document else None

    async def sessions_of(self, agent_id: str) -> list[Session]:
        """The sessions of an agent that go on, the one used last first."""
        found = self._sessions.find({"agent_id": agent_id, **_going_on()}).sort("rotated_at", DESCENDING)
        return [_to_session(document) async for document in found]

    async def rotate(self, before: Session, after: Session) -> bool:
        """Save the next generation of ``before``; False when another call was faster."""
        result = await self._sessions.update_one(
            {"_id": before.id, "generation": before.generation, **_going_on()},
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
        """End a session: none of its tokens is good any more. It is known for `ENDED_KEPT` that it ended."""
        await self._end_sessions({"_id": session_id})

    async def end_sessions_of(self, agent_id: str, *, but: str | None = None) -> None:
        """End all sessions of an agent, as in `end_session`, but for one."""
        await self._end_sessions({"agent_id": agent_id, "_id": {"$ne": but}})

    async def _end_sessions(self, which: Document) -> None:
        moment = now()
        ended = {"$set": {"ended_at": moment, "expires_at": moment + ENDED_KEPT}}
        await self._sessions.update_many(which | _going_on(), ended)

    async def revoked(self) -> tuple[dict[str, int], list[str]]:
        """Of the last `ENDED_KEPT`: the agents whose rights changed, with the least version of a token that is still
        good; and the ids of the sessions that were ended.
        """
        recent = {"$gt": now() - ENDED_KEPT}
        agents = self._agents.find({"rights_changed_at": recent}, projection=["good_from_version"])
        sessions = self._sessions.find({"ended_at": recent}, projection=["_id"])
        versions = {document["_id"]: document["good_from_version"] async for document in agents}
        return versions, [document["_id"] async for document in sessions]

    async def inactive(self) -> list[str]:
        """The ids of the agents who have no access."""
        found = self._agents.find({"active": False}, projection=["_id"])
        return [document["_id"] async for document in found]

    async def take_back(self, keys: Sequence[str], at: datetime) -> None:
        """Count the attempt of that moment no more."""
        if keys:
            await self._attempts.update_many({"_id": {"$in": [*keys]}}, {"$pull": {"at": at}})

    async def attempt(self, key: str, at: datetime, window: timedelta, most: int) -> list[datetime]:
        """The attempts to sign in that count under this key in the ``window`` before.

        This one is added to them, unless they are the ``most`` that are allowed.
        """
        recent = {"$filter": {"input": {"$ifNull": ["$at", []]}, "cond": {"$gt": ["$$this", at - window]}}}
        allowed = {"$lt": [{"$size": recent}, most]}
        before: Any = await self._attempts.find_one_and_update(
            {"_id": key},
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


def _good_from_now() -> Document:
    """Another version (in an update that is a pipeline), before which access tokens are good no more."""
    next_version = {"$add": ["$version", 1]}
    return {"version": next_version, "good_from_version": next_version, "rights_changed_at": now()}


def _going_on() -> Document:
    return {"expires_at": {"$gt": now()}, "ended_at": {"$exists": False}}


def _to_session(document: Document) -> Session:
    return Session(id=document.pop("_id"), **document)


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
