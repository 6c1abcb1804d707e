"""Databases for tests of stores. They are used again: to make one with its indexes costs more than most tests do."""

import secrets

from guichet_kit.mongo import Database, MongoClient, open_client


class Databases:
    """The databases of one process, which runs one test at a time: each test finds its own empty, but for indexes."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._mark = secrets.token_hex(6)
        self._clients: dict[str, MongoClient] = {}
        self._made: dict[tuple[str, str], Database] = {}

    async def empty(self, service: str, driver: str) -> Database:
        """The database of that service's tests through that driver (pymongo, motor)."""
        if driver not in self._clients:
            self._clients[driver] = open_client(self._url, driver, "tests")
        name = f"test_{self._mark}_{driver}_{service}"
        database = self._made.setdefault((service, driver), self._clients[driver].database(name))
        for collection in await database.list_collection_names():
            await database[collection].delete_many({})
        return database

    async def drop(self) -> None:
        """Remove them all."""
        for database in self._made.values():
            await database.command("dropDatabase")
        for client in self._clients.values():
            await client.close()
