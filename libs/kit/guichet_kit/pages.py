"""Keyset pages: a cursor is the sort key of the last row shown, so no page shifts while rows come and go."""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Generic, TypeVar

import orjson
from pydantic import BaseModel

from guichet_kit.clock import to_wire
from guichet_kit.problems import Invalid

DEFAULT_LIMIT = 50
MAX_LIMIT = 200

Item = TypeVar("Item")
CursorPart = str | int | datetime


class Page(BaseModel, Generic[Item]):
    """One page of a list. ``next_cursor`` is null on the last one."""

    items: list[Item]
    next_cursor: str | None = None


def encode_cursor(parts: Sequence[CursorPart]) -> str:
    """A sort key as opaque, URL-safe text."""
    plain = [{"t": to_wire(part)} if isinstance(part, datetime) else part for part in parts]
    return base64.urlsafe_b64encode(orjson.dumps(plain)).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type[CursorPart]) -> list[CursorPart]:
    """The sort key of ``cursor``, whose parts must be of ``kinds``.

    Raises:
        Invalid: the text is not a cursor of this list.
    """
    try:
        plain = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        parts = [_time(part["t"]) if isinstance(part, dict) else part for part in plain]
    except (binascii.Error, ValueError, OverflowError, KeyError, TypeError):
        raise Invalid.of("cursor", "is not a cursor of this list") from None
    if not isinstance(plain, list) or len(parts) != len(kinds) or not all(map(_fits, parts, kinds)):
        raise Invalid.of("cursor", "is not a cursor of this list")
    return parts


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no zone")
    return moment.astimezone(UTC)


def _fits(part: CursorPart, kind: type[CursorPart]) -> bool:
    # A BSON integer has 64 bits; a forged cursor must not get as far as the driver.
    return type(part) is kind and not (isinstance(part, int) and abs(part) >= 2**63)
