"""Identifiers."""

from uuid_utils import uuid7


def new_id() -> str:
    """A new UUIDv7 (RFC 9562, section 5.7) as text: unique, and sorted by the time of its making."""
    return str(uuid7())
