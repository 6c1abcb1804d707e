"""A conversation by e-mail: all that was said, once, to an address that is known; else the timeline says why not."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from faststream.rabbit import RabbitBroker
from guichet_contracts import chat
from guichet_contracts.subscriptions import SUBSCRIPTIONS
from guichet_kit.broker import EventPublisher, Topology
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_requests.consumers import wanted_transcript
from guichet_requests.contact.contact import ContactCopy
from guichet_requests.email.usecases import Outbox
from guichet_requests.erasure.erasure import Erasure
from guichet_requests.request.usecases import link
from guichet_requests.timeline.item import Attachment, Author, Event, Item
from guichet_requests.transcript import usecases
from guichet_requests.transcript.transcript import TEXT_MAX, compose
from guichet_requests.transcript.usecases import NotHeardYet, send

from .conftest import CARO, NOON, Service, Visitor, World


def asked(
    visitor: Visitor, last_seq: int, email: str | None = None, by: chat.Author | None = None
) -> chat.TranscriptRequested:
    """What chat publishes for a conversation that is open."""
    data = chat.TranscriptRequestedData(
        id=new_id(),
        conversation=visitor.conversation,
        last_seq=last_seq,
        email=email,
        by=by or chat.Author(kind="visitor", id=visitor.id, name="Ada"),
    )
    return chat.TranscriptRequested(id=new_id(), time=now(), subject=visitor.conversation.id, data=data)


class Desk:
    """Hears of a conversation, and sends it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.outbox = Outbox(world.requests, world.items, world.contacts, "desk.example")

    async def send(self, event: chat.TranscriptRequested) -> None:
        await send(self.outbox, self.world.erasures, "fr", wanted_transcript(event.data))

    async def request_id(self, visitor: Visitor) -> str:
        request = await self.world.requests.holding(visitor.conversation.id)
        assert request is not None
        return request.id

    async def last(self, visitor: Visitor) -> Item:
        """The newest item of the visitor's request."""
        [item], _ = await self.world.items.page(await self.request_id(visitor), "desc", 1, None)
        return item


@pytest.fixture
async def desk(world: World, ada: Visitor) -> Desk:
    """Ada has written and was answered."""
    await world.erasures.prepare()
    await world.hear(ada.writes("Bonjour"), ada.is_answered("Bonjour Ada"))
    return Desk(world)


class TestSending:
    async def test_it_goes_where_it_is_wanted_with_all_that_was_said(self, desk: Desk, ada: Visitor) -> None:
        event = asked(ada, 2, "ada@example.org")
        await desk.send(event)
        mail = await desk.last(ada)
        assert (mail.id, mail.kind, mail.author) == (event.data.id, "email", Author("system", "requests", None))
        assert mail.email is not None
        assert ([one.email for one in mail.email.to], mail.email.purpose) == (["ada@example.org"], "transcript")
        assert "Ada :\nBonjour" in mail.text
        assert "Caro Agent :\nBonjour Ada" in mail.text
        assert [told["type"] for told in desk.world.relay.events].count("requests.email.submitted.v1") == 1

    async def test_an_agents_is_the_agents_own(self, desk: Desk, ada: Visitor) -> None:
        await desk.send(asked(ada, 2, "ada@example.org", by=CARO))
        assert (await desk.last(ada)).author == Author("agent", CARO.id, CARO.name)

    async def test_a_repeat_is_one_e_mail(self, desk: Desk, ada: Visitor) -> None:
        event = asked(ada, 2, "ada@example.org")
        for _ in range(2):
            await desk.send(event)
        items, _ = await desk.world.items.page(await desk.request_id(ada), "asc", 50, None)
        assert [item.kind for item in items].count("email") == 1

    async def test_what_was_said_later_is_not_in_it(self, desk: Desk, ada: Visitor) -> None:
        await desk.world.hear(ada.writes("Encore"))
        await desk.send(asked(ada, 2, "ada@example.org"))
        assert "Encore" not in (await desk.last(ada)).text

    async def test_it_waits_for_the_rest_of_the_conversation(self, desk: Desk, ada: Visitor) -> None:
        late = ada.writes("Le dernier mot")
        sending = asyncio.create_task(desk.send(asked(ada, 3, "ada@example.org")))
        await asyncio.sleep(0.3)
        assert not sending.done()
        await desk.world.hear(late)
        await sending
        assert "Le dernier mot" in (await desk.last(ada)).text

    async def test_it_comes_again_later_when_the_rest_does_not_come(
        self, desk: Desk, ada: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(usecases, "PATIENCE_SECONDS", 0.1)
        with pytest.raises(NotHeardYet):
            await desk.send(asked(ada, 3, "ada@example.org"))


class TestTheAddress:
    async def test_without_one_given_it_is_the_contacts_and_then_the_visitors(self, desk: Desk, world: World) -> None:
        visitor = Visitor(email="claimed@example.org")
        await world.hear(visitor.writes("Bonjour"))
        await desk.send(asked(visitor, 1))
        await world.contacts.keep(ContactCopy(id="c1", version=1, name="Ada Lovelace", email="known@example.org"))
        by = Author("agent", CARO.id, CARO.name)
        await link(world.requests, world.contacts, await desk.request_id(visitor), "c1", by=by, expected=None)
        await desk.send(asked(visitor, 1))
        mails = await world.items.emails(await desk.request_id(visitor), 5)
        assert [mail.email.to[0].email for mail in mails if mail.email] == ["known@example.org", "claimed@example.org"]

    async def test_where_none_is_known_the_timeline_says_so_once(self, desk: Desk, ada: Visitor) -> None:
        event = asked(ada, 2, by=CARO)
        for _ in range(2):
            await desk.send(event)
        told = await desk.world.timeline(await desk.request_id(ada))
        assert [name for name, _ in told].count("transcript_without_address") == 1
        assert "email" not in [name for name, _ in told]

    async def test_nothing_is_sent_of_a_visitor_who_was_erased(self, desk: Desk, ada: Visitor) -> None:
        await desk.world.erasures.add(Erasure("c1", visitor_ids=frozenset({ada.id})))
        await desk.send(asked(ada, 2, "ada@example.org"))
        assert (await desk.last(ada)).kind == "message"


def said(seq: int, text: str, **fields: Any) -> Item:
    item = Item(
        id=f"c:{seq}",
        request_id="r",
        at=NOON + timedelta(minutes=seq),
        kind="message",
        channel="chat",
        direction="inbound",
        author=Author("visitor", "v", "Ada"),
        text=text,
        rank=seq,
    )
    return replace(item, **fields)


class TestTheText:
    def test_it_tells_who_said_what_when_and_the_names_of_files(self) -> None:
        photo = Attachment("f", "photo.jpg", "image/jpeg", 9)
        entries = [
            said(1, "Bonjour", attachments=(photo,)),
            said(2, "Bonjour Ada", direction="outbound", author=Author("agent", "a", "Caro Agent")),
            said(3, "", kind="event", event=Event("conversation_closed", after="closed")),
        ]
        assert compose(entries, "en").split("\n\n")[2:-1] == [
            "2026-01-31",
            "12:01  Ada:\nBonjour\n[photo.jpg]",
            "12:02  Caro Agent:\nBonjour Ada",
            "12:03  The conversation was closed.",
        ]

    def test_each_day_is_told_once_and_nameless_people_are_told_apart(self) -> None:
        tomorrow = NOON + timedelta(days=1)
        entries = [
            said(1, "Bonsoir", author=Author("visitor", "v", None)),
            said(2, "Bonjour", at=tomorrow, direction="outbound", author=Author("agent", "a", None)),
        ]
        text = compose(entries, "fr")
        assert "Le 31/01/2026\n\n12:01  Vous :\nBonsoir\n\nLe 01/02/2026\n\n12:00  Conseiller :\nBonjour" in text

    def test_of_a_very_long_conversation_it_has_the_end_and_says_so(self) -> None:
        entries = [said(seq, "x" * 10_000) for seq in range(1, 51)]
        text = compose(entries, "fr")
        assert len(text) < TEXT_MAX + 1_000
        assert "12:50" in text
        assert "12:01" not in text
        assert "Le début de cette longue conversation" in text
        assert "Le début" not in compose(entries[:3], "fr")


@pytest.mark.timeout(90)
class TestTheService:
    async def test_it_hears_what_chat_asks_for_also_before_the_conversation(
        self, service: Service, ada: Visitor, rabbitmq_url: str
    ) -> None:
        message = ada.writes("Bonjour")
        async with RabbitBroker(rabbitmq_url) as broker:
            publisher = EventPublisher(broker, Topology(SUBSCRIPTIONS))
            for event in (asked(ada, 1, "ada@example.org"), message):
                await publisher.publish(event.model_dump(mode="json"))
        caro = await service.signed_in()
        async with asyncio.timeout(60):
            while True:
                request = await service.world.requests.holding(message.data.conversation.id)
                items = (await caro.get(f"/requests/{request.id}/timeline"))["items"] if request else []
                if any(item["kind"] == "email" for item in items):
                    break
                await asyncio.sleep(0.2)
        assert items[-1]["email"]["purpose"] == "transcript"
