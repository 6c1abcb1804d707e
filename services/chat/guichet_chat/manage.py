"""Commands for operators: ``python -m guichet_chat.manage COMMAND``."""

from datetime import datetime

from guichet_kit.manage import Managed, main
from guichet_kit.mongo import Database

from guichet_chat.log.store import WriterStore
from guichet_chat.settings import ChatSettings
from guichet_chat.store import Store


async def _prepare(database: Database) -> None:
    await Store(database).ensure_indexes()


async def _untold(database: Database) -> tuple[str, int, datetime | None]:
    count, since = await WriterStore(Store(database), database["writers"]).untold()
    return "entries, behind the marks of who wrote them", count, since


CHAT = Managed(
    service="chat",
    settings=ChatSettings,
    prepare=_prepare,
    outboxes=("entries", "conversations"),
    untold=(_untold,),
)

if __name__ == "__main__":
    main(CHAT)
