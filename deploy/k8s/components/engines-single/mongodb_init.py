"""Makes a new mongod a replica set of one and gives it its user; done again, it changes nothing.

It runs beside mongod, in its network: while there is no user yet, MongoDB lets only a client on its own loopback do
this (https://www.mongodb.com/docs/manual/core/localhost-exception/). GUICHET_MONGODB_HOST is the member's name for
everybody else, GUICHET_MONGODB_URL_FILE the services' URL, whose user and password are made. With ``--stay`` it then
waits to be ended.
"""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

NOT_YET_INITIALIZED = 94
ALREADY_INITIALIZED = 23
UNAUTHORIZED = 13
PATIENCE_SECONDS = 180.0


def initiate(host: str, user: str, password: str) -> None:
    """One attempt. Raises PyMongoError while mongod is not that far."""
    with MongoClient[dict[str, Any]](
        "127.0.0.1", 27017, directConnection=True, serverSelectionTimeoutMS=2000
    ) as client:
        try:
            client.admin.command("replSetInitiate", {"_id": "rs0", "members": [{"_id": 0, "host": host}]})
        except OperationFailure as failure:
            # With a user, only that user may ask: then all of this was done before.
            if failure.code not in (ALREADY_INITIALIZED, UNAUTHORIZED):
                raise
    with MongoClient[dict[str, Any]](
        "127.0.0.1", 27017, directConnection=True, serverSelectionTimeoutMS=2000
    ) as client:
        if not client.admin.command("hello")["isWritablePrimary"]:
            raise PyMongoError("not primary yet")
        try:
            client.admin.command("createUser", user, pwd=password, roles=["root"])
        except OperationFailure as failure:
            if failure.code != UNAUTHORIZED:
                raise
    with MongoClient[dict[str, Any]](
        "127.0.0.1", 27017, directConnection=True, username=user, password=password, serverSelectionTimeoutMS=2000
    ) as client:
        client.admin.command("ping")


def main() -> int:
    """Try until it is done; the exit code says whether it is."""
    url = urlsplit(Path(os.environ["GUICHET_MONGODB_URL_FILE"]).read_text().strip())
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            initiate(os.environ["GUICHET_MONGODB_HOST"], unquote(url.username or ""), unquote(url.password or ""))
        except PyMongoError as error:
            if time.monotonic() > deadline:
                sys.stderr.write(f"mongodb_init: {error}\n")
                return 1
            time.sleep(1)
        else:
            break
    sys.stdout.write("mongodb_init: the replica set has its primary and its user\n")
    sys.stdout.flush()
    if "--stay" in sys.argv[1:]:
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
    return 0


if __name__ == "__main__":
    sys.exit(main())
