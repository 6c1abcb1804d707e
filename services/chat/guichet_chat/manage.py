"""Commands for operators: ``python -m guichet_chat.manage COMMAND``."""

import argparse
from datetime import datetime
from typing import Any

from guichet_kit.manage import Command, Managed, Opened, main
from guichet_kit.mongo import Database

from guichet_chat.log.store import WriterStore
from guichet_chat.retention import rules
from guichet_chat.settings import ChatSettings
from guichet_chat.store import Store
from guichet_chat.whole import whole


async def _prepare(database: Database) -> None:
    await Store(database).ensure_indexes()


async def _tails(opened: Opened, given: argparse.Namespace) -> Any:
    tails, after = await Store(opened.database).tails(given.after, given.limit)
    return {"tails": tails, "after": after}


async def _export(opened: Opened, given: argparse.Namespace) -> Any:
    known = [await whole(Store(opened.database), visitor_id) for visitor_id in given.ids]
    return [one for one in known if one is not None]


def _whom(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", nargs="*", help="ids of visitors")


def _which(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--after", default="", help="the conversation's id to go on after")
    parser.add_argument("--limit", type=int, default=100_000, help="how many at most")


async def _untold(database: Database) -> tuple[str, int, datetime | None]:
    count, since = await WriterStore(Store(database), database["writers"]).untold()
    return "entries, behind the marks of who wrote them", count, since


CHAT = Managed(
    service="chat",
    settings=ChatSettings,
    prepare=_prepare,
    outboxes=("entries", "conversations"),
    commands=(
        Command("tails", "tell how far the log of each conversation goes, by ids", _tails, _which),
        Command("export", "tell all that is known of these visitors", _export, _whom),
    ),
    untold=(_untold,),
    retention=lambda opened: rules(opened.settings, Store(opened.database)),
)

if __name__ == "__main__":
    main(CHAT)
