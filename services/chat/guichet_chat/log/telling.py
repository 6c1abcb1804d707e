"""Entries as events in messages: many of one type in one message, those that name files with a key of their own."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from guichet_contracts.subscriptions import MESSAGES_WITH_FILES
from guichet_kit.broker import PublishFailed, Refused
from guichet_kit.logs import get_logger
from prometheus_client import Counter

from guichet_chat.conversation import Conversation, Entry
from guichet_chat.erasure import erase_again, known_as_somebody
from guichet_chat.events import entry_event
from guichet_chat.log.store import Written
from guichet_chat.store import Store

told = Counter("guichet_chat_entries_told_total", "Entries whose events were published", ["how"])
refused = Counter("guichet_chat_entries_refused_total", "Events that the broker did not take")

log = get_logger(__name__)


class Publisher(Protocol):
    """What is needed of the broker."""

    async def publish_batch(self, events: Sequence[Mapping[str, Any]], *, also: Sequence[str] = ()) -> None:
        """Publish events of one type as one message."""


def keys_besides(event: Mapping[str, Any]) -> tuple[str, ...]:
    """The routing keys of one of chat's events besides its type."""
    entry = event["data"].get("entry") or {}
    return (MESSAGES_WITH_FILES,) if entry.get("attachments") else ()


class Teller:
    """Publishes what entries tell."""

    def __init__(self, store: Store, publisher: Publisher) -> None:
        self._store, self._publisher = store, publisher

    async def tell(self, events: Mapping[int, Mapping[str, Any]]) -> list[int]:
        """Publish events, type by type; the keys of those that the broker refuses. Raises `PublishFailed`."""
        kinds: dict[tuple[str, ...], list[int]] = {}
        for key, event in events.items():
            kinds.setdefault((event["type"], *keys_besides(event)), []).append(key)
        left: list[int] = []
        for (_, *also), keys in kinds.items():
            try:
                await self._publisher.publish_batch([events[key] for key in keys], also=also)
            except Refused as error:
                left += await self._one_by_one({key: events[key] for key in keys}, also, error)
        return left

    async def _one_by_one(
        self, events: Mapping[int, Mapping[str, Any]], also: Sequence[str], error: Refused
    ) -> list[int]:  # fmt: skip
        left = []
        for key, event in events.items():
            try:
                if len(events) == 1:
                    raise error
                await self._publisher.publish_batch([event], also=also)
            except Refused as refusal:
                refused.inc()
                log.warning("entry_refused", subject=event["subject"], event_id=event["id"], error=str(refusal)[:200])
                left.append(key)
        return left

    async def tell_again(self, conversation: Conversation, entries: Sequence[Entry]) -> None:
        """Publish the events of these entries once more: somebody has not heard them. Raises `PublishFailed`."""
        if await self.tell({entry.seq: entry_event(conversation, entry) for entry in entries}):
            raise PublishFailed("the broker refused some of the events")
        told.labels("again").inc(len(entries))

    async def checked(self, written: list[Written]) -> list[Written]:
        """What is read again may be of somebody who was to be forgotten when the process that wrote it ended."""
        again = await erase_again(self._store, known_as_somebody(one.conversation.visitor for one in written))
        if not again:
            return written
        rewritten = [one for one in written if one.conversation.visitor.id not in again]
        for one in written:
            if one.conversation.visitor.id in again:
                conversation = await self._store.conversation(one.conversation.id)
                (entry,) = await self._store.entries_after(one.conversation.id, one.entry.seq - 1, 1)
                rewritten.append(Written(one.number, conversation or one.conversation, entry))
        return rewritten
