"""What is written at whatever moment of a customer's greeting is shown to them at once, not at the next look."""

import pytest
from guichet_chat.conversation import Author, Conversation, Draft, Entry
from guichet_chat.sockets.customer import greet
from guichet_chat.sockets.frames import entry_frame
from guichet_chat.sockets.hub import Hub, Member
from guichet_chat.store import Store
from guichet_chat.usecases import Chat
from guichet_kit.ids import new_id
from guichet_kit.mongo import Database
from guichet_local.testing.moments import Moment

from .test_hub import Recorder, whole
from .test_log import AGENT
from .writers import writer


class _Asked:
    """The use cases, where something may happen before a question is put and after it was answered."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    async def latest_conversation(self, visitor_id: str) -> tuple[Conversation, Entry | None] | None:
        await self.before()
        found = await self._chat.latest_conversation(visitor_id)
        await self.after()
        return found

    async def before(self) -> None:
        return

    async def after(self) -> None:
        return


@pytest.mark.parametrize("database", ["pymongo"], indirect=True)  # what is in question is who comes first
class TestAnEntryOfTheMomentOfTheGreeting:
    @pytest.mark.parametrize("closed_before", [False, True], ids=["in_the_same", "in_a_new_one"])
    @pytest.mark.parametrize("nth", [0, 1], ids=["before_the_log_is_read", "after_it"])
    async def test_is_shown_at_once(self, database: Database, nth: int, closed_before: bool) -> None:
        store = Store(database)
        await store.ensure_indexes()
        chat = writer(store)
        visitor = await chat.begin_session(None, "shop", None, None)
        author = Author("visitor", visitor.id)
        first = await chat.post_visitor_message(visitor.id, Draft(new_id(), author, text="Bonjour"))
        if closed_before:
            await chat.close(first.conversation.id, AGENT, "closed")
        hub, recorder = Hub(chat), Recorder()
        member = Member(recorder, visitor.id)
        written: list[Entry] = []

        async def write() -> None:
            done = await chat.post_visitor_message(visitor.id, Draft(new_id(), author, text="Encore moi"))
            written.append(done.entry)
            about = done.conversation
            hub.hint(about.id, visitor.id, about.opened_at, done.entry.seq, entry_frame(done.entry))

        moment, asked = Moment(nth, write), _Asked(chat)
        watched = moment.watch(asked)
        asked.before, asked.after = watched.before, watched.after  # type: ignore[method-assign]
        hub.join(member)
        await greet(asked, hub, member, visitor.id)
        await whole(member)
        assert moment.passed
        (entry,) = written
        greeting = recorder.sent[0]["conversation"]
        assert isinstance(greeting, dict)
        told_of = (greeting["id"], greeting["last_seq"])
        assert (entry.conversation_id, entry.seq) in [told_of, *recorder.shown]
