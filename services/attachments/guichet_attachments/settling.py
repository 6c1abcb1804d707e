"""The steps of a file from one state to the next: written with their events, and the bytes after them."""

import os
from dataclasses import replace
from datetime import timedelta
from typing import BinaryIO

from guichet_kit.clock import now
from guichet_kit.outbox import pending
from prometheus_client import Counter

from guichet_attachments import events
from guichet_attachments.attachment import Attachment, Refusal, State, preview_of
from guichet_attachments.deps import Parts

LOST = "The file is not in the store any more."

outcomes = Counter("guichet_attachments_outcomes_total", "Files by how their checks ended", ["outcome"])


async def settle(parts: Parts, before: Attachment, after: Attachment, *, check_again: timedelta | None = None) -> bool:
    """Write one step with its event, and let go of bytes that are not wanted after it.

    False when another attempt or replica was first.
    """
    event = events.of(after)
    outbox = [pending(event)] if event else []
    due = now() + check_again if check_again is not None else None
    if not await parts.store.move(before, after, outbox=outbox, check_after=due):
        if before.state is State.RECEIVING:
            await remove_bytes(parts, before)
        return False
    parts.relay.offer(parts.store.collection, after.id, outbox)
    if after.state is State.REJECTED:
        outcomes.labels(after.refusal).inc()
        await remove_bytes(parts, after)
    elif after.state is State.READY:
        outcomes.labels("ready").inc()
    return True


async def refuse(parts: Parts, attachment: Attachment, why: Refusal, detail: str) -> None:
    """Reject the file. A record of it stays for as long as an orphan does, so that a repeat gets the same answer."""
    after = attachment.refused(why, detail, now())
    if not after.is_named:
        after = replace(after, kept_until=now() + parts.lifetimes.orphan)
    await settle(parts, attachment, after)


async def remove_bytes(parts: Parts, attachment: Attachment) -> None:
    """Remove what the store has of the file. The document must say already that it is not wanted."""
    await parts.objects.remove(attachment.object)
    await parts.objects.remove(preview_of(attachment.object))


async def release(parts: Parts, attachment: Attachment) -> None:
    """The file passed every check: it may be sent and read."""
    ready = replace(attachment.moved(State.READY, now()), kept_until=now() + parts.lifetimes.orphan)
    await settle(parts, attachment, ready)


async def put_bytes(parts: Parts, name: str, file: BinaryIO, media_type: str) -> None:
    """Store a file's bytes under the name."""
    length = file.seek(0, os.SEEK_END)
    file.seek(0)
    await parts.objects.put(name, file, length, media_type)
