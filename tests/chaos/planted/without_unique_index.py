"""Planted in `chat`: the indexes that make a message that is sent again the same message are not unique."""

import runpy
import sys
from typing import Any

from guichet_chat import store
from guichet_kit.mongo import IndexModel

DROPPED = frozenset({"client_id", "visitor_client_id"})


def index(keys: Any, **options: Any) -> IndexModel:
    """An index that refuses nothing."""
    if options.get("name") in DROPPED:
        options["unique"] = False
    return IndexModel(keys, **options)


if __name__ == "__main__":
    store.IndexModel = index  # type: ignore[assignment, attr-defined]
    runpy.run_module(sys.argv[1], run_name="__main__", alter_sys=True)
