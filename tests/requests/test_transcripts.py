"""A conversation by e-mail: all that was said, once, to an address that is known; else the timeline says why not."""

import asyncio
import re
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
from guichet_kit.tokens import Tokens
from guichet_local.testing.signing import SIGNING
from guichet_requests.consumers import wanted_transcript
from guichet_requests.contact.contact import ContactCopy
from guichet_requests.email.usecases import Outbox
from guichet_requests.erasure.erasure import Erasure
from guichet_requests.request.usecases import link
from guichet_requests.timeline.item import Attachment, Author, Event, Item
from guichet_requests.transcript import usecases
from guichet_requests.transcript.store import ProofStore
from guichet_requests.transcript.transcript import TEXT_MAX, compose
from guichet_requests.transcript.usecases import LinkNotValid, NotHeardYet, prove, send

from .conftest import CARO, NOON, Service, Visitor, World

SECRET = b"a secret of the tests, long enough to be one"


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
        proofs = ProofStore(world.requests.collection.database, SECRET)
        links = Tokens(SIGNING.keys("requests"), "proofs")
        self.parts = usecases.Desk(self.outbox, world.guard, proofs, links, "https://desk.example", "fr")

    async def send(self, event: chat.TranscriptRequested) -> None:
        await send(self.parts, wanted_transcript(event.data))

    def link(self) -> str:
        """What is signed in the last mail that asks whether an address is the visitor's."""
        told = [event["data"]["email"] for event in self.world.relay.events if "email" in event["data"]]
        return str(re.findall(r"https://desk\.example/proofs#(\S+)", told[-1]["text"])[0])

    async def request_id(self, visitor: Visitor) -> str:
        request = await self.world.requests.holding(visitor.conversation.id)
        assert request is not None
        return request.id

    async def last(self, visitor: Visitor) -> Item:
        """The newest item of the visitor's request."""
        [item], _ = await self.world.items.page(await self.request_id(visitor), "desc", 1, None)
        return item


@pytest.fixture
def ada() -> Visitor:
    """Ada, of whom her site says who she is."""
    return Visitor(begun=now() - timedelta(seconds=15), email="ada@example.org", verified=True)


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
        await desk.send(asked(visitor, 1, by=CARO))
        await world.contacts.keep(ContactCopy(id="c1", version=1, name="Ada Lovelace", email="known@example.org"))
        by = Author("agent", CARO.id, CARO.name)
        await link(
            world.requests, world.contacts, world.guard, await desk.request_id(visitor), "c1", by=by, expected=None
        )
        await desk.send(asked(visitor, 1, by=CARO))
        mails = [mail.email for mail in await world.items.emails(await desk.request_id(visitor), 5) if mail.email]
        # Of an address that only the visitor named, an agent knows no more than anybody.
        assert [(mail.to[0].email, mail.purpose) for mail in mails] == [
            ("known@example.org", "transcript"),
            ("claimed@example.org", "proof"),
        ]

    async def test_where_none_is_known_the_timeline_says_so_once(self, desk: Desk, world: World) -> None:
        nobody = Visitor()
        await world.hear(nobody.writes("Bonjour"))
        event = asked(nobody, 1, by=CARO)
        for _ in range(2):
            await desk.send(event)
        told = await desk.world.timeline(await desk.request_id(nobody))
        assert [name for name, _ in told].count("transcript_without_address") == 1
        assert "email" not in [name for name, _ in told]

    async def test_nothing_is_sent_of_a_visitor_who_was_erased(self, desk: Desk, ada: Visitor) -> None:
        await desk.world.erasures.add(Erasure("c1", visitor_ids=frozenset({ada.id})))
        await desk.send(asked(ada, 2, "ada@example.org"))
        assert (await desk.last(ada)).kind == "message"


class TestAStrangersAddress:
    """Nobody says that the address is the visitor's: what they wrote goes there once its reader has asked for it."""

    WORDS = ("Buy pills", "Mallory", "https://evil.example")

    @pytest.fixture
    async def mallory(self, desk: Desk, world: World) -> Visitor:
        visitor = Visitor("Mallory", email="victim@example.org")
        await world.hear(visitor.writes("Buy pills: https://evil.example"))
        return visitor

    @pytest.mark.parametrize("named", ["victim@example.org", "another@example.org", None])
    async def test_the_first_mail_holds_none_of_their_words(
        self, desk: Desk, mallory: Visitor, named: str | None
    ) -> None:
        await desk.send(asked(mallory, 1, named))
        [told] = desk.world.told("requests.email.submitted.v1")
        sent = told["email"]
        assert sent["to"] == [{"email": named or "victim@example.org", "name": ""}]
        assert [word for word in self.WORDS if word in f"{sent['subject']} {sent['text']}"] == []
        mail = await desk.last(mallory)
        assert mail.email is not None
        assert mail.email.purpose == "proof"
        assert desk.link() not in mail.text

    async def test_a_near_miss_of_the_address_that_the_site_vouches_for_is_none(self, desk: Desk, ada: Visitor) -> None:
        await desk.send(asked(ada, 2, "ADA@Example.org"))
        await desk.send(asked(ada, 2, "ada@example.org.evil.example"))
        mails = [one.email.purpose for one in await desk.world.emails(await desk.request_id(ada)) if one.email]
        assert mails == ["transcript", "proof"]

    async def test_its_reader_gets_the_conversation_and_from_then_on_at_once(
        self, desk: Desk, mallory: Visitor
    ) -> None:
        event = asked(mallory, 1)
        for _ in range(2):
            await desk.send(event)
        token = desk.link()
        for _ in range(2):
            await prove(desk.parts, token)
        await desk.send(asked(mallory, 1, "Victim@example.org"))
        await desk.send(asked(mallory, 1, "another@example.org"))
        mails = await desk.world.emails(await desk.request_id(mallory))
        assert [mail.email.purpose for mail in mails if mail.email] == ["proof", "transcript", "transcript", "proof"]
        assert mails[1].id == event.data.id
        assert "Buy pills" in mails[1].text

    async def test_what_one_visitor_proved_is_no_proof_of_another(
        self, desk: Desk, mallory: Visitor, world: World
    ) -> None:
        await desk.send(asked(mallory, 1))
        await prove(desk.parts, desk.link())
        other = Visitor("Trudy")
        await world.hear(other.writes("Bonjour"))
        await desk.send(asked(other, 1, "victim@example.org"))
        mail = await desk.last(other)
        assert mail.email is not None
        assert mail.email.purpose == "proof"

    async def test_a_link_that_is_not_ours_or_of_somebody_erased_is_refused(self, desk: Desk, mallory: Visitor) -> None:
        await desk.send(asked(mallory, 1))
        token = desk.link()
        await desk.world.erasures.add(Erasure("c1", visitor_ids=frozenset({mallory.id})))
        for bad in (token, "forged", SIGNING.tokens("visitors").issue(mallory.id, 60), ""):
            with pytest.raises(LinkNotValid):
                await prove(desk.parts, bad)
        mails = await desk.world.emails(await desk.request_id(mallory))
        assert [mail.email.purpose for mail in mails if mail.email] == ["proof"]


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

    async def test_the_links_page_is_ours_alone_and_a_bad_link_is_told(self, service: Service) -> None:
        page = await service.client.get("/proofs")
        assert (page.status_code, page.headers["cache-control"]) == (200, "no-cache")
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        answer = await service.client.post("/api/v1/proofs", json={"token": "forged"})
        assert (answer.status_code, answer.json()["code"]) == (404, "link_not_valid")
