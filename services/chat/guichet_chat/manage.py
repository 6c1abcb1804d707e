"""Commands for operators: ``python -m guichet_chat.manage COMMAND``."""

from guichet_kit.manage import Managed, main
from guichet_kit.mongo import Database

from guichet_chat.settings import ChatSettings
from guichet_chat.store import Store


async def _prepare(database: Database) -> None:
    await Store(database).ensure_indexes()


CHAT = Managed(service="chat", settings=ChatSettings, prepare=_prepare, outboxes=("entries", "conversations"))

if __name__ == "__main__":
    main(CHAT)
