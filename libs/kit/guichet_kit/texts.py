"""Text of others that is no text: halves of surrogate pairs, which JSON can spell and no encoding can carry.

RFC 8259, section 8.2, leaves them to the receiver. Python takes them into its strings, where they end every later
encoding to UTF-8 with an error: in the database, in an event, in an answer.
"""

import json
import re
from typing import Any

_SPELT = re.compile(rb"\\u[dD][89a-fA-F]")
_HALF = re.compile("[\ud800-\udfff]")


def half_pair_in(body: bytes) -> str | None:
    """The dotted path of the first value of the JSON document ``body`` that has half of a pair in it, or None.

    ``body`` is the path of the whole document, of a key, and of nothing that could be named. Malformed JSON has none.
    """
    if not _SPELT.search(body):
        return None
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return _first_in(document, [])


def _first_in(value: Any, path: list[str]) -> str | None:
    if isinstance(value, str):
        return (".".join(path) or "body") if _HALF.search(value) else None
    if isinstance(value, dict):
        if any(_HALF.search(key) for key in value):
            return ".".join(path) or "body"
        parts = list(value.items())
    elif isinstance(value, list):
        parts = [(str(position), one) for position, one in enumerate(value)]
    else:
        return None
    return next((found for name, one in parts if (found := _first_in(one, [*path, name]))), None)
