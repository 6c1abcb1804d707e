"""Which indexes of a service are missing."""

from collections.abc import Sequence
from typing import Any

from guichet_kit.manage.service import Managed
from guichet_kit.mongo import Database


class _Wanted:
    """Stands in for a database while ``prepare`` runs, and notes which indexes it would make."""

    def __init__(self) -> None:
        self.indexes: list[tuple[str, str]] = []

    def __getitem__(self, name: str) -> Any:
        return _WantedCollection(self, name)


class _WantedCollection:
    def __init__(self, wanted: _Wanted, name: str) -> None:
        self._wanted, self.name = wanted, name

    async def create_indexes(self, indexes: Sequence[Any]) -> None:
        self._wanted.indexes += [(self.name, index.document["name"]) for index in indexes]

    async def index_information(self) -> dict[str, Any]:
        return {}  # those that are no longer wanted are not looked for here

    def with_options(self, **_: Any) -> "_WantedCollection":
        return self

    def __getattr__(self, _name: str) -> Any:
        async def nothing(*_: Any, **__: Any) -> None:
            """Changes of data are none of an index."""

        return nothing


async def missing_indexes(managed: Managed, database: Database) -> list[str]:
    """The indexes, as ``collection.name``, that ``prepare`` would make."""
    wanted: Any = _Wanted()
    await managed.prepare(wanted)
    missing = []
    for collection in sorted({collection for collection, _ in wanted.indexes}):
        known = await database[collection].index_information()
        missing += [
            f"{collection}.{name}" for where, name in wanted.indexes if where == collection and name not in known
        ]
    return missing
