"""Writers of logs for tests: the use cases with a committer of their own, as one process has it."""

from collections.abc import Sequence
from typing import Any

from guichet_chat.conversation import Conversation, Entry
from guichet_chat.documents import Place
from guichet_chat.events import Trace, entry_event
from guichet_chat.log.committer import Committer
from guichet_chat.log.known import Known
from guichet_chat.store import Store
from guichet_chat.usecases import Chat
from guichet_kit.ids import new_id
from guichet_kit.mongo import Collection, Document


class RecordingRelay:
    """Publishes nothing; remembers what it was offered, and what was appended."""

    def __init__(self) -> None:
        self.offered: list[Document] = []

    def offer(self, collection: Collection, document_id: Any, entries: Sequence[Document]) -> None:
        self.offered += entries

    def types(self) -> list[str]:
        return [entry["event"]["type"] for entry in self.offered]


class RecordingNumbers:
    """Gives numbers, and remembers what became of each."""

    def __init__(self, relay: RecordingRelay) -> None:
        self.writer, self.taken = new_id(), 0
        self.became: dict[int, str] = {}
        self._relay = relay

    async def ready(self) -> None:
        return

    def take(self) -> Place:
        self.taken += 1
        return Place(self.writer, self.taken)

    def void(self, place: Place) -> None:
        self.became[place.number] = "void"

    def unknown(self, place: Place) -> None:
        self.became[place.number] = "unknown"

    def written(self, place: Place, conversation: Conversation, entry: Entry, trace: Trace) -> None:
        self.became[place.number] = "written"
        self._relay.offered.append({"event": entry_event(conversation, entry, trace)})


def writer(store: Store, relay: RecordingRelay | None = None, numbers: RecordingNumbers | None = None) -> Chat:
    """The use cases as a process of its own has them."""
    relay = relay or RecordingRelay()
    known = Known()
    committer = Committer(store, numbers or RecordingNumbers(relay), known)
    return Chat(store, relay, committer, known)
