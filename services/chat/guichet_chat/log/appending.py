"""What somebody waits for: an entry of theirs in the log."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from guichet_chat.conversation import Conversation, Draft, Entry, IdTaken
from guichet_chat.documents import Place
from guichet_chat.events import Trace


@dataclass(frozen=True, slots=True)
class Appended:
    """An entry that is durable. ``repeat``: it was already there."""

    conversation: Conversation
    entry: Entry
    repeat: bool = False


@dataclass(slots=True, eq=False)
class Wish:
    """A draft to be appended, and who waits for it."""

    conversation: Conversation
    draft: Draft
    done: asyncio.Future[Appended]
    trace: Trace


@dataclass(slots=True)
class Lane:
    """What waits to be appended to one conversation, in the order in which it came."""

    waiting: deque[Wish] = field(default_factory=deque)
    busy: bool = False


@dataclass(slots=True)
class Attempt:
    """A wish in a batch: what it becomes, and its number among what this process writes."""

    wish: Wish
    entry: Entry
    place: Place


def repeat_of(wish: Wish, entry: Entry, conversation: Conversation) -> Appended | IdTaken:
    """The answer where the wish's id is in the log already: it is a repeat, or another author's."""
    if (entry.author.kind, entry.author.id) != (wish.draft.author.kind, wish.draft.author.id):
        return IdTaken()
    return Appended(conversation, entry, repeat=True)


def answer(wish: Wish, outcome: Appended | IdTaken) -> None:
    """Tell whoever waits, unless they have left."""
    if wish.done.done():
        return
    if isinstance(outcome, IdTaken):
        wish.done.set_exception(outcome)
    else:
        wish.done.set_result(outcome)


def fail(wish: Wish, error: Exception) -> None:
    """Tell whoever waits that it failed, unless they have left."""
    if not wish.done.done():
        wish.done.set_exception(error)
