"""Whoever may read a conversation can have it sent by e-mail: once for each id, and a visitor not too often."""

import asyncio
import hashlib
import itertools
from datetime import datetime, timedelta

import httpx2
import pytest
from guichet_chat.conversation import Author, Conversation, Draft, IdTaken, Wanted
from guichet_chat.erasure import erase_visitor
from guichet_chat.store import Store
from guichet_chat.transcript import PER_VISITOR, WINDOW, Asker, NothingSaid, TooManyTranscripts, Transcripts
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.mongo import Database, Document
from guichet_kit.quotas import Quotas
from guichet_kit.work import Work
from guichet_local.testing.signing import SIGNING

from .conftest import Open, Replicas, Visit
from .test_log import AGENT
from .writers import RecordingRelay, writer

SECRET = b"a secret of the tests, long enough to be one"
LIMITS = {"recipient": 2, "address": 3, "site": 5, "installation": 6}


class Clock:
    """A time that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = now()

    def __call__(self) -> datetime:
        return self.time


class World:
    """A visitor's conversation of two messages, and what is told of it."""

    conversation: Conversation
    visitor: Author

    def __init__(self, database: Database) -> None:
        self.store, self.clock = Store(database), Clock()
        self.chat = writer(self.store)
        quotas, work = Quotas(database, SECRET, LIMITS), Work(SIGNING.keys("chat"), "transcripts")
        self.transcripts = Transcripts(self.store, RecordingRelay(), quotas, work, self.clock)

    async def begin(self) -> "World":
        await self.store.ensure_indexes()
        visitor = await self.chat.begin_session(None, "shop", "Ada", "ada@example.org")
        self.visitor = Author("visitor", visitor.id, visitor.name)
        return await self.talk()

    async def talk(self) -> "World":
        posted = await self.chat.post_visitor_message(self.visitor.id, Draft(new_id(), self.visitor, text="Bonjour"))
        self.conversation = posted.conversation
        await self.chat.post_message(self.conversation, Draft(new_id(), AGENT, text="Bonjour Ada"))
        return self

    async def ask(self, transcript_id: str | None = None, by: Author | None = None, email: str | None = None) -> None:
        wanted = Wanted(transcript_id or new_id(), email, "fr", by or self.visitor)
        await self.transcripts.request(self.conversation, wanted)

    async def told(self) -> list[Document]:
        """What the outbox has to say of transcripts."""
        found = await self.store.conversations.find({}).to_list(None)
        events = [entry["event"] for document in found for entry in document["outbox"]]
        return [event["data"] for event in events if event["type"] == "chat.transcript.requested.v1"]


@pytest.fixture
async def world(database: Database) -> World:
    return await World(database).begin()


class TestAsking:
    async def test_it_is_told_who_wants_what_and_how_far_the_conversation_went(self, world: World) -> None:
        transcript_id = new_id()
        await world.ask(transcript_id, email="ada@example.net")
        [told] = await world.told()
        assert (told["id"], told["last_seq"], told["email"]) == (transcript_id, 2, "ada@example.net")
        assert told["conversation"]["id"] == world.conversation.id
        assert told["by"] == {"kind": "visitor", "id": world.visitor.id, "name": "Ada"}

    async def test_a_repeat_is_told_once_also_when_it_comes_at_the_same_moment(self, world: World) -> None:
        transcript_id = new_id()
        await asyncio.gather(*(world.ask(transcript_id) for _ in range(5)))
        assert len(await world.told()) == 1

    async def test_the_id_of_another_person_is_refused(self, world: World) -> None:
        transcript_id = new_id()
        await world.ask(transcript_id)
        with pytest.raises(IdTaken):
            await world.ask(transcript_id, by=AGENT)

    async def test_a_conversation_without_a_word_has_none(self, world: World) -> None:
        await world.store.entries.delete_many({})
        with pytest.raises(NothingSaid):
            await world.ask()


class TestTheLimit:
    async def test_a_visitor_gets_no_more_than_three_an_hour_also_when_asking_all_at_once(self, world: World) -> None:
        answers = await asyncio.gather(*(world.ask() for _ in range(6)), return_exceptions=True)
        assert sum(answer is None for answer in answers) == PER_VISITOR == len(await world.told())
        assert sum(isinstance(answer, TooManyTranscripts) for answer in answers) == 6 - PER_VISITOR

    async def test_it_counts_all_conversations_of_the_visitor(self, world: World) -> None:
        for _ in range(PER_VISITOR):
            await world.ask()
        await world.chat.close(world.conversation.id, AGENT, "closed")
        await world.talk()
        with pytest.raises(TooManyTranscripts):
            await world.ask()

    async def test_it_says_when_the_next_one_is_allowed_and_then_allows_it(self, world: World) -> None:
        for _ in range(PER_VISITOR):
            await world.ask()
            world.clock.time += timedelta(minutes=10)
        with pytest.raises(TooManyTranscripts) as refused:
            await world.ask()
        assert refused.value.retry_after == (WINDOW - timedelta(minutes=30)).total_seconds() + 1
        world.clock.time += timedelta(seconds=refused.value.retry_after)
        await world.ask()

    async def test_agents_have_none_and_do_not_use_up_the_visitors(self, world: World) -> None:
        for _ in range(PER_VISITOR + 1):
            await world.ask(by=AGENT)
        await world.ask()
        assert len(await world.told()) == PER_VISITOR + 2


class TestTheLimitsOfACrowd:
    """By the address wanted, and by where visitors ask from: only the first refuses, the others slow down."""

    async def asked_by_another(self, world: World, email: str, asker: Asker) -> TooManyTranscripts | None:
        visitor = await world.chat.begin_session(None, "shop", "Mallory", None)
        by = Author("visitor", visitor.id, visitor.name)
        posted = await world.chat.post_visitor_message(visitor.id, Draft(new_id(), by, text="Buy pills"))
        try:
            await world.transcripts.request(posted.conversation, Wanted(new_id(), email, "fr", by), asker)
        except TooManyTranscripts as refused:
            return refused
        return None

    def worked(self, refused: TooManyTranscripts | None) -> tuple[str, int]:
        assert refused is not None
        assert refused.challenge is not None
        challenge, bits = str(refused.challenge["challenge"]), int(str(refused.challenge["bits"]))
        return challenge, next(
            number
            for number in itertools.count()
            if int.from_bytes(hashlib.sha256(f"{challenge}:{number}".encode()).digest()) >> (256 - bits) == 0
        )

    async def test_one_address_is_written_to_twice_an_hour_wherever_it_is_asked_from(self, world: World) -> None:
        written = ("victim@example.org", "Victim@Example.org", " victim@example.org")
        answers = [
            await self.asked_by_another(world, email, Asker(f"198.51.100.{number}"))
            for number, email in enumerate(written)
        ]
        assert answers[:2] == [None, None]
        assert answers[2] is not None
        assert answers[2].challenge is None
        assert 0 < answers[2].retry_after <= 3600
        world.clock.time += timedelta(seconds=answers[2].retry_after)
        assert await self.asked_by_another(world, written[0], Asker("198.51.100.9")) is None

    async def test_an_office_behind_one_address_goes_on_with_some_work(self, world: World) -> None:
        office, work = "2001:db8::1", None
        for number in range(3):
            assert await self.asked_by_another(world, f"a{number}@example.org", Asker(office)) is None
        # The same household's other address.
        refused = await self.asked_by_another(world, "b@example.org", Asker("2001:db8::2"))
        work = self.worked(refused)
        assert await self.asked_by_another(world, "b@example.org", Asker(office, work)) is None
        # Work is good once, and what was made up is none.
        for bad in (work, (work[0], work[1] + 1), ("forged", 0)):
            assert await self.asked_by_another(world, "c@example.org", Asker(office, bad)) is not None
        assert await self.asked_by_another(world, "c@example.org", Asker("2001:db8:1::1")) is None

    async def test_work_does_not_open_an_address_that_had_enough(self, world: World) -> None:
        for number in range(3):
            assert await self.asked_by_another(world, f"a{number % 2}@example.org", Asker("192.0.2.1")) is None
        work = self.worked(await self.asked_by_another(world, "b@example.org", Asker("192.0.2.1")))
        refused = await self.asked_by_another(world, "a0@example.org", Asker("192.0.2.1", work))
        assert refused is not None
        assert refused.challenge is None

    async def test_many_at_the_same_moment_do_not_get_past_it(self, world: World) -> None:
        asked = (self.asked_by_another(world, "victim@example.org", Asker(f"192.0.2.{n}")) for n in range(8))
        answers = await asyncio.gather(*asked)
        assert answers.count(None) <= LIMITS["recipient"]


class TestForgetting:
    async def test_what_is_not_told_yet_names_neither_the_visitor_nor_the_address(self, world: World) -> None:
        await world.ask(email="somewhere.else@example.net")
        await erase_visitor(world.store, world.visitor.id)
        [told] = await world.told()
        assert (told["email"], told["by"]["name"], told["conversation"]["visitor"]["email"]) == (None, None, None)


class TestOverHttp:
    async def test_the_visitor_and_agents_may_ask_for_it(
        self, replicas: Replicas, http: httpx2.AsyncClient, visit: Visit, customer: Open
    ) -> None:
        person = await visit()
        socket = await customer(person)
        conversation_id = (await socket.frame("message.accepted", id=await socket.post("Bonjour")))["conversation_id"]
        path, own = f"conversations/{conversation_id}/transcript", {"Authorization": f"Bearer {person.token}"}

        by_agent = {"id": new_id()}
        answer = await http.post(f"/api/v1/{path}", json=by_agent)
        assert (answer.status_code, answer.json()) == (202, by_agent)
        body = {"id": new_id(), "email": "ada@example.org"}
        for _ in range(2):
            assert (await http.post(f"/chat/v1/{path}", json=body, headers=own)).status_code == 202

        # No address is known of this visitor, so one must be given.
        for bad in ({}, {"email": "ada@"}):
            answer = await http.post(f"/chat/v1/{path}", json={"id": new_id(), **bad}, headers=own)
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "email")
        for _ in range(PER_VISITOR - 1):
            again = await http.post(f"/chat/v1/{path}", json=body | {"id": new_id()}, headers=own)
            assert again.status_code == 202
        over = await http.post(f"/chat/v1/{path}", json=body | {"id": new_id()}, headers=own)
        assert over.status_code == 429
        assert 3500 < int(over.headers["Retry-After"]) <= 3601

    async def test_another_visitor_is_told_nothing_of_the_conversation(
        self, http: httpx2.AsyncClient, visit: Visit, customer: Open
    ) -> None:
        socket = await customer(await visit())
        conversation_id = (await socket.frame("message.accepted", id=await socket.post("Bonjour")))["conversation_id"]
        stranger = {"Authorization": f"Bearer {(await visit()).token}"}
        path = f"/chat/v1/conversations/{conversation_id}/transcript"
        assert (
            await http.post(path, json={"id": new_id(), "email": "a@b.example"}, headers=stranger)
        ).status_code == 404
        # An agent's token is no visitor's.
        assert (await http.post(path, json={"id": new_id()})).status_code == 401
