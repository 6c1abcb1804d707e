"""Entries of many conversations, taken in with a few commands, where each conversation is on a request already.

Where a conversation belongs is decided one by one (``hearing.py``), before any of its entries is on a timeline: what is
in no such place yet is left. So is what fails: alone, it fails for itself.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from guichet_requests.errors import Contended
from guichet_requests.request import chat
from guichet_requests.request.behind import behind
from guichet_requests.request.chat import Entry, Opening
from guichet_requests.request.request import Change, Request
from guichet_requests.request.store import RequestStore
from guichet_requests.request.usecases import ATTEMPTS, next_version, pause


@dataclass(frozen=True, slots=True)
class Heard:
    """One entry, with the conversation that it is in."""

    opening: Opening
    entry: Entry

    @property
    def conversation_id(self) -> str:
        """The conversation's id."""
        return self.opening.conversation_id

    @property
    def place(self) -> tuple[str, int]:
        """Entries of one conversation are taken in by this."""
        return self.conversation_id, self.entry.seq


@dataclass(frozen=True, slots=True)
class Read:
    """Agents have read the conversation up to ``seq``."""

    conversation_id: str
    seq: int

    @property
    def place(self) -> tuple[str, int]:
        """Behind the entries that it is about, if those are in the batch."""
        return self.conversation_id, self.seq


News = Heard | Read


async def take_in_batch(store: RequestStore, news: Sequence[News]) -> set[int]:
    """Take in what can be; the indexes of what is left. A repeat changes nothing. Raises `Contended`."""
    left: set[int] = set()
    again = False
    for attempt in range(ATTEMPTS):
        await pause(attempt)
        known = {
            conversation.id: request
            for request in await store.holding_any({one.conversation_id for one in news})
            for conversation in request.conversations
        }
        left |= {index for index, one in enumerate(news) if one.conversation_id not in known}
        of_request = _by_request(news, left, known)
        changes: list[tuple[Request, Change]] = []
        causes: list[list[int]] = []
        for indexes in of_request.values():
            request = known[news[indexes[0]].conversation_id]
            change, failing = _applied(request, news, indexes)
            left |= failing
            if change is not None:
                changes.append((request, next_version(request, change)))
                causes.append(indexes)
            elif again:
                # Taken in a moment ago by the command that did not do all, or elsewhere.
                store.tell(request)
        if not changes:
            return left
        whole, refused = await store.take_in_many(changes)
        left |= {index for one in refused for index in causes[one]}
        if whole:
            behind.taken_in(item for _, change in changes for item in change.items)
            return left
        again = True
    raise Contended("the requests of a batch")


def _by_request(news: Sequence[News], left: set[int], known: Mapping[str, Request]) -> Mapping[str, list[int]]:
    """The indexes of what each request is to take in, in the order of the log."""
    of_request: defaultdict[str, list[int]] = defaultdict(list)
    for index in sorted(set(range(len(news))) - left, key=lambda index: news[index].place):
        of_request[known[news[index].conversation_id].id].append(index)
    return of_request


def _applied(request: Request, news: Sequence[News], indexes: Sequence[int]) -> tuple[Change | None, set[int]]:
    """What all this makes of the request, and the indexes of what cannot be taken in."""
    after, failing = Change(request), set()
    for index in indexes:
        try:
            change = _taken_in(after.request, news[index])
        except Exception:  # noqa: BLE001  it is left, and raises the same where it is alone
            failing.add(index)
            continue
        if change is not None:
            after = Change(change.request, after.items + change.items)
    return (after if after.request != request else None), failing


def _taken_in(request: Request, one: News) -> Change | None:
    match one:
        case Heard(opening, entry):
            return chat.take_in(request, opening, entry)
        case Read(conversation_id, seq):
            return chat.read(request, conversation_id, seq)
