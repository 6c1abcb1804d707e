"""Events as they travel: alone, or several of one type in one message."""

import json
from typing import Any

Event = dict[str, Any]


def events_of(body: bytes) -> list[Event]:
    """The events that a message's body carries, in its order."""
    read = json.loads(body)
    return read if isinstance(read, list) else [read]
