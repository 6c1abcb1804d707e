"""Conversations go with their requests, visitors by age; whoever is open, young or erased stays."""

from datetime import UTC, datetime, timedelta

from guichet_chat.conversation import Author, Draft
from guichet_chat.retention import first_id_of, rules, seen_at
from guichet_chat.settings import ChatSettings
from guichet_chat.store import Store
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.mongo import Database

from .test_log import AGENT
from .writers import writer


async def conversation(store: Store, *, closed: bool = True) -> tuple[str, str]:
    """A conversation of two messages; its id and the visitor's."""
    chat = writer(store)
    visitor = await chat.begin_session(None, "shop", "Ada", "ada@example.com")
    draft = Draft(new_id(), Author("visitor", visitor.id, visitor.name), text="Guten Tag")
    begun = (await chat.post_visitor_message(visitor.id, draft)).conversation
    await chat.post_message(begun, Draft(new_id(), AGENT, text="Bonjour"))
    if closed:
        await chat.close(begun.id, AGENT, "closed")
    return begun.id, visitor.id


async def left(database: Database) -> set[str]:
    """The conversations of which anything is there."""
    found = {one["_id"] async for one in database["conversations"].find({}, {"_id": True})}
    return found | {one["conversation_id"] async for one in database["entries"].find({}, {"conversation_id": True})}


class TestConversations:
    async def test_one_that_is_let_go_goes_with_its_log_and_others_stay(self, database: Database) -> None:
        store = Store(database)
        await store.ensure_indexes()
        (gone, _), (stays, _), (open_one, _) = [
            await conversation(store), await conversation(store), await conversation(store, closed=False)
        ]  # fmt: skip
        for _ in range(2):  # the event comes more than once
            await writer(store).let_go([gone, open_one, new_id()])
            assert await left(database) == {stays, open_one}

    async def test_one_whose_closing_a_crash_left_unmarked_goes_too(self, database: Database) -> None:
        store = Store(database)
        await store.ensure_indexes()
        gone, _ = await conversation(store)
        await store.conversations.update_one({"_id": gone}, {"$set": {"state": "open"}})
        await writer(store).let_go([gone])
        assert await left(database) == set()

    async def test_entries_that_a_crash_left_without_their_conversation_go_when_it_is_told_again(
        self, database: Database
    ) -> None:
        store = Store(database)
        await store.ensure_indexes()
        gone, _ = await conversation(store)
        await store.conversations.delete_one({"_id": gone})
        await writer(store).let_go([gone])
        assert await left(database) == set()

    async def test_the_visitor_goes_on_in_a_conversation_of_their_own(self, database: Database) -> None:
        store = Store(database)
        await store.ensure_indexes()
        chat = writer(store)
        gone, visitor_id = await conversation(store)
        await chat.let_go([gone])
        draft = Draft(new_id(), Author("visitor", visitor_id, "Ada"), text="Noch etwas")
        begun = (await chat.post_visitor_message(visitor_id, draft)).conversation
        assert (begun.id != gone, begun.follows) == (True, None)


class TestVisitors:
    async def test_they_go_by_age_once_nothing_is_left_of_what_they_said(self, database: Database) -> None:
        store = Store(database)
        await store.ensure_indexes()
        _, spoke = await conversation(store)
        gone, silent = await conversation(store)
        await writer(store).let_go([gone])
        other, erased = await conversation(store)
        await store.visitors.update_one({"_id": erased}, {"$set": {"erased": True}})
        await writer(store).let_go([other])
        (rule,) = rules(ChatSettings.model_construct(visitors_retention_days=1), store)
        young = await rule.due(now() - timedelta(hours=1))
        assert (young.count, await rule.remove(now() - timedelta(hours=1))) == (0, 0)
        later = now() + timedelta(seconds=1)
        due = await rule.due(later)
        assert (due.count, due.oldest) == (1, seen_at(silent))
        assert await rule.remove(later) == 1
        assert {one["_id"] async for one in store.visitors.find({}, {"_id": True})} == {spoke, erased}

    def test_an_id_tells_when_the_visitor_was_first_seen(self) -> None:
        # The example of RFC 9562, appendix A.6: 2022-02-22 14:22:22.000 -05:00.
        moment, known = datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
        assert seen_at(known) == moment
        assert first_id_of(moment) < known < first_id_of(moment + timedelta(milliseconds=1))
