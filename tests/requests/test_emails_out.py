"""Agents write e-mails on a request: saved and submitted in one, once, and never past what they have not seen."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from guichet_contracts.attachments import File, Owner
from guichet_kit.clock import now
from guichet_kit.tokens import Tokens
from guichet_requests.email.answer import Answer, ContactWithoutEmail, StaleReply, answer
from guichet_requests.email.email import Address, Email
from guichet_requests.email.inbound import awaits_fate
from guichet_requests.email.letter import Letter, quote, subject_of, thread_of
from guichet_requests.email.usecases import Outbox, submit
from guichet_requests.errors import IdTaken
from guichet_requests.file.store import FileStore
from guichet_requests.request import usecases
from guichet_requests.request.request import Request
from guichet_requests.request.unanswered import Retelling
from guichet_requests.timeline.item import Author, Item

from .conftest import NOON, Service, Signed, Visitor, World
from .mailing import contact, fate
from .test_crash import Killed, Mortal

CARO = Author("agent", "0190aaaa-0000-7000-8000-00000000ca40", "Caro Agent")
BOB = Author("agent", "0190aaaa-0000-7000-8000-00000000b0b0", "Bob Agent")
ADA = Address("ada@example.org", "Ada Lovelace")


async def manual(world: World, contact_id: str | None = "ada", subject: str = "Lampe") -> Request:
    return await usecases.create_by_hand(
        world.requests,
        world.contacts,
        world.guard,
        by=CARO,
        request_id=None,
        idempotency_key=None,
        subject=subject,
        text=None,
        priority="low",
        reason_id=None,
        contact_id=contact_id,
    )


@pytest.fixture
def outbox(world: World) -> Outbox:
    return world.outbox


def submitted(world: World) -> list[dict[str, Any]]:
    """The e-mails that were given to mailer."""
    return [told["email"] for told in world.told("requests.email.submitted.v1")]


class TestWriting:
    async def test_an_e_mail_is_on_the_timeline_and_submitted_whole(self, world: World, outbox: Outbox) -> None:
        await world.hear(contact())
        request, item_id = await manual(world), str(uuid4())

        item = await answer(
            outbox, request.id, item_id, Answer(text="Bonjour", signature="Caro\nService client"), by=CARO
        )

        assert (item.kind, item.direction, item.text) == ("email", "outbound", "Bonjour")
        assert item.delivery is not None
        assert item.delivery.state == "queued"
        (sent,) = submitted(world)
        assert sent["text"] == "Bonjour\n\n-- \nCaro\nService client"
        assert sent["to"] == [{"email": "ada@example.org", "name": "Ada Lovelace"}]
        assert (sent["item_id"], sent["request_number"], sent["subject"]) == (item_id, request.number, "Lampe")
        assert (sent["message_id"], sent["automatic"]) == (f"{item_id}@desk.example", False)
        assert sent["author"] == {"id": CARO.id, "name": "Caro Agent"}
        after = await usecases.get(world.requests, request.id)
        assert (after.status, after.preview, after.version) == ("in_progress", "Bonjour", request.version + 1)

    @pytest.mark.parametrize(("chosen", "signs"), [("Caro", True), ("", True), (None, False)])
    async def test_the_mailbox_signs_unless_nobody_is_to(
        self, world: World, outbox: Outbox, chosen: str | None, signs: bool
    ) -> None:
        await world.hear(contact())
        request = await manual(world)
        await answer(outbox, request.id, str(uuid4()), Answer(text="Bonjour", signature=chosen), by=CARO)
        assert submitted(world)[0]["signature"] is signs

    async def test_a_repeat_answers_the_first_and_sends_nothing(self, world: World, outbox: Outbox) -> None:
        await world.hear(contact())
        request, item_id = await manual(world), str(uuid4())
        first = await answer(outbox, request.id, item_id, Answer(text="Un"), by=CARO)

        again = await asyncio.gather(
            *(answer(outbox, request.id, item_id, Answer(text="Deux"), by=CARO) for _ in range(5))
        )

        assert again == [first] * 5
        assert len(submitted(world)) == 1
        with pytest.raises(IdTaken):
            await answer(outbox, request.id, item_id, Answer(text="Un"), by=BOB)

    async def test_a_process_that_dies_after_any_write_has_sent_once_when_the_agent_tries_again(
        self, world: World, outbox: Outbox
    ) -> None:
        await world.hear(contact())
        for writes in (1, 2, 3):
            request, item_id = await manual(world), str(uuid4())
            mortal, lives = World.on(world.requests.collection.database), [writes]
            mortal.requests.collection = Mortal(mortal.requests.collection, lives)  # type: ignore[assignment]
            mortal.items.collection = Mortal(mortal.items.collection, lives)  # type: ignore[assignment]
            with pytest.raises(Killed):
                await answer(mortal.outbox, request.id, item_id, Answer(text="Bonjour"), by=CARO)

            await answer(outbox, request.id, item_id, Answer(text="Bonjour"), by=CARO)

            stored = await world.requests.collection.find_one({"_id": request.id})
            assert stored is not None
            types = [entry["event"]["type"] for entry in stored["outbox"]]
            assert types.count("requests.email.submitted.v1") == 1
            assert [kind for kind, _ in await world.timeline(request.id)].count("email") == 1
            assert stored["pending"] == []

    async def test_without_an_address_nothing_is_sent(self, world: World, outbox: Outbox) -> None:
        await world.hear(contact(email=None))
        for request in (await manual(world), await manual(world, contact_id=None)):
            with pytest.raises(ContactWithoutEmail):
                await answer(outbox, request.id, str(uuid4()), Answer(text="Bonjour"), by=CARO)
        assert submitted(world) == []

    async def test_each_e_mail_names_those_before_it(self, world: World, outbox: Outbox) -> None:
        await world.hear(contact())
        request = await manual(world)
        ids = [str(uuid4()) for _ in range(3)]
        for item_id in ids:
            await answer(outbox, request.id, item_id, Answer(text="Bonjour"), by=CARO)

        names = [f"{one}@desk.example" for one in ids]
        assert [(sent["in_reply_to"], sent["references"]) for sent in submitted(world)] == [
            (None, []),
            (names[0], names[:1]),
            (names[1], names[:2]),
        ]

    async def test_one_that_no_agent_wrote_takes_up_nothing_and_is_marked(self, world: World, outbox: Outbox) -> None:
        request = await manual(world, contact_id=None)
        letter = Letter(to=(ADA,), subject="Votre demande", text="Reçue.", purpose="confirmation")

        item = await submit(outbox, request.id, str(uuid4()), letter, author=Author("system", "requests", None))

        (sent,) = submitted(world)
        assert (sent["automatic"], sent["author"], item.said) == (True, None, False)
        after = await usecases.get(world.requests, request.id)
        assert (after.status, after.preview) == ("new", None)


class Publisher:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.item_ids: list[str] = []

    async def publish_batch(self, events: Sequence[Mapping[str, Any]]) -> None:
        self.item_ids += [event["data"]["email"]["item_id"] for event in events]


class TestAnEmailWhoseFateIsNotHeardOf:
    """The event, or its answer, was lost with a queue."""

    async def again(self, world: World) -> list[str]:
        """Those that are told of again, once they are due."""
        await world.requests.unanswered.collection.update_many({}, {"$set": {"due": now()}})
        publisher = Publisher()
        retelling = Retelling(publisher, world.requests.unanswered, partial(awaits_fate, world.room))
        assert await retelling.look() == len(publisher.item_ids)
        return publisher.item_ids

    async def test_is_told_of_again_until_it_is(self, world: World, outbox: Outbox) -> None:
        await world.hear(contact())
        request, item_id = await manual(world), str(uuid4())
        await answer(outbox, request.id, item_id, Answer(text="Bonjour"), by=CARO)
        assert await self.again(world) == [item_id]
        await world.hear(fate(request.id, item_id, "sending", 2))
        assert await self.again(world) == [item_id]
        await world.hear(fate(request.id, item_id, "sent", 3))
        assert await self.again(world) == []
        assert await world.requests.unanswered.collection.count_documents({}) == 0

    async def test_is_given_a_minute_and_twice_as_long_after_each_time(self, world: World, outbox: Outbox) -> None:
        await world.hear(contact())
        request, item_id = await manual(world), str(uuid4())
        await answer(outbox, request.id, item_id, Answer(text="Bonjour"), by=CARO)
        waits = []
        for _ in range(9):
            stored = await world.requests.unanswered.collection.find_one({"_id": item_id})
            assert stored is not None
            waits.append(round((stored["due"] - now()).total_seconds() / 60))
            assert await self.again(world) == [item_id]
        assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]

    async def test_but_was_not_saved_is_not(self, world: World, outbox: Outbox) -> None:
        await world.hear(contact())
        request, mortal = await manual(world), World.on(world.requests.collection.database)
        unanswered = mortal.requests.unanswered
        unanswered.collection = Mortal(unanswered.collection, [1])  # type: ignore[assignment]
        with pytest.raises(Killed):
            await answer(mortal.outbox, request.id, str(uuid4()), Answer(text="Bonjour"), by=CARO)
        assert await world.requests.unanswered.collection.count_documents({}) == 1
        assert await self.again(world) == []
        assert await world.requests.unanswered.collection.count_documents({}) == 0

    async def test_and_was_refused_beside_another_leaves_nothing(self, world: World, outbox: Outbox) -> None:
        await world.hear(contact())
        request = await manual(world)
        ids = [str(uuid4()) for _ in range(6)]
        await asyncio.gather(*(answer(outbox, request.id, one, Answer(text="Bonjour"), by=CARO) for one in ids))
        assert sorted(await self.again(world)) == sorted(ids)


class TestStaleReply:
    async def test_what_the_customer_said_since_holds_the_answer_back(self, world: World, outbox: Outbox) -> None:
        ada = Visitor(begun=now() - timedelta(minutes=5), email=ADA.email, verified=True)
        await world.hear(contact(), ada.writes("Un"), ada.writes("Deux"))
        request = await world.requests.current_of(ada.id)
        assert request is not None
        first, second = f"{ada.conversation.id}:1", f"{ada.conversation.id}:2"

        with pytest.raises(StaleReply) as stale:
            await answer(outbox, request.id, str(uuid4()), Answer(text="Oui", seen=first), by=CARO)

        assert [item.id for item in stale.value.newer] == [second]
        await usecases.add_note(world.requests, world.items, world.guard, request.id, str(uuid4()), "Note", by=BOB)
        sent = await answer(outbox, request.id, str(uuid4()), Answer(text="Oui", seen=second), by=CARO)
        with pytest.raises(StaleReply) as stale:
            await answer(outbox, request.id, str(uuid4()), Answer(text="Non", seen=second), by=BOB)
        assert stale.value.newer == [sent]
        assert await answer(outbox, request.id, str(uuid4()), Answer(text="Et", seen=second), by=CARO)

    async def test_of_two_agents_who_answer_at_once_one_is_held_back(self, world: World, outbox: Outbox) -> None:
        ada = Visitor(begun=now() - timedelta(minutes=5), email=ADA.email, verified=True)
        await world.hear(contact(), ada.writes("Un"))
        request = await world.requests.current_of(ada.id)
        assert request is not None
        wanted = Answer(text="Oui", seen=f"{ada.conversation.id}:1")

        outcome = await asyncio.gather(
            answer(outbox, request.id, str(uuid4()), wanted, by=CARO),
            answer(outbox, request.id, str(uuid4()), wanted, by=BOB),
            return_exceptions=True,
        )

        assert {type(one) for one in outcome} == {Item, StaleReply}
        assert len(submitted(world)) == 1

    async def test_an_agent_cannot_have_seen_what_is_elsewhere(self, service: Service) -> None:
        caro, request_id = await service.signed_in(), await made_by(await service.signed_in())
        body = {"id": str(uuid4()), "text": "Bonjour", "seen_timeline_id": "nowhere:1"}

        refused = await caro.call("POST", f"/requests/{request_id}/emails", json=body)

        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "seen_timeline_id")


async def made_by(agent: Signed, contact_id: str | None = None) -> str:
    body = {"id": str(uuid4()), "subject": "Lampe"} | ({"contact_id": contact_id} if contact_id else {})
    made = await agent.call("POST", "/requests", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


class TestOverHTTP:
    async def test_files_of_the_request_and_of_templates_go_along(self, service: Service, receipts: Tokens) -> None:
        await service.world.hear(contact())
        caro = await service.signed_in()
        request_id, files = await made_by(caro, "ada"), FileStore(service.database)
        for file_id, scope in (("f1", f"request:{request_id}"), ("f2", "template:t"), ("f3", "request:another")):
            owner = Owner(kind="agent", id=caro.agent.id)
            await files.keep(
                File(id=file_id, name=f"{file_id}.pdf", media_type="application/pdf", size=9, sha256="0" * 64,
                     scope=scope, owner=owner, created_at=NOON)
            )  # fmt: skip
        receipt = receipts.issue(
            "f4", 60, owner=caro.agent.id, scope=f"request:{request_id}", name="f4.png", media_type="image/png", size=4
        )
        path, body = f"/requests/{request_id}/emails", {"text": "Voici", "cc": ["bea@example.org"]}

        sent = await caro.call(
            "POST", path, json=body | {"id": str(uuid4()), "attachment_ids": ["f2", "f1"], "receipts": [receipt]}
        )
        assert sent.status_code == 201, sent.text
        assert [file["name"] for file in sent.json()["attachments"]] == ["f4.png", "f2.pdf", "f1.pdf"]
        assert sent.json()["email"]["cc"] == [{"email": "bea@example.org", "name": ""}]
        assert sent.json()["delivery"]["state"] == "queued"
        shown = await caro.get(f"/requests/{request_id}/timeline", order="desc")
        assert shown["items"][0] == sent.json()

        elsewhere = await caro.call("POST", path, json=body | {"id": str(uuid4()), "attachment_ids": ["f1", "f3"]})
        assert (elsewhere.status_code, elsewhere.json()["errors"][0]["field"]) == (422, "attachment_ids.1")
        unknown = await caro.call("POST", path, json=body | {"id": str(uuid4()), "attachment_ids": ["f9"]})
        assert (unknown.status_code, unknown.json()["code"]) == (409, "attachment_not_known_yet")
        assert unknown.headers["Retry-After"] == "1"

    async def test_a_refusal_says_what_the_agent_had_not_seen(self, service: Service) -> None:
        await service.world.hear(contact())
        caro, bob = await service.signed_in(), await service.signed_in("Bob Agent")
        request_id = await made_by(caro, "ada")
        timeline = await caro.get(f"/requests/{request_id}/timeline")
        body = {"text": "Bonjour", "seen_timeline_id": timeline["items"][-1]["id"]}
        path = f"/requests/{request_id}/emails"
        first = await bob.call("POST", path, json=body | {"id": str(uuid4())})

        stale = await caro.call("POST", path, json=body | {"id": str(uuid4())})

        assert (stale.status_code, stale.json()["code"]) == (409, "stale_reply")
        assert stale.json()["newer"] == [first.json()]

    async def test_no_contact_no_e_mail(self, service: Service) -> None:
        caro = await service.signed_in()

        refused = await caro.call(
            "POST", f"/requests/{await made_by(caro)}/emails", json={"id": str(uuid4()), "text": "Bonjour"}
        )

        assert (refused.status_code, refused.json()["code"]) == (409, "contact_without_email")

    async def test_an_agent_s_signature_ends_their_e_mails_unless_they_do_not_want_it(self, service: Service) -> None:
        await service.world.hear(contact())
        caro = await service.signed_in()
        request_id = await made_by(caro, "ada")

        mine = await caro.call("PATCH", "/agents/me", json={"signature": "Caro\nBoutique Lumière"})

        assert (mine.status_code, mine.json()["signature"]) == (200, "Caro\nBoutique Lumière")
        assert (await caro.get("/agents/me"))["signature"] == "Caro\nBoutique Lumière"
        draft = await caro.get(f"/requests/{request_id}/emails/draft", language="en")
        assert (draft["signature"], draft["subject"]) == ("Caro\nBoutique Lumière", "Lampe")
        assert draft["to"] == {"email": "ada@example.org", "name": "Ada Lovelace"}
        for wanted, signature in ((True, "Caro\nBoutique Lumière"), (False, "")):
            sent = await caro.call(
                "POST",
                f"/requests/{request_id}/emails",
                json={"id": str(uuid4()), "text": "Bonjour", "signature": wanted},
            )
            assert sent.json()["email"]["text_signature"] == signature

    async def test_a_request_made_by_hand_can_be_given_to_an_agent_at_once(self, service: Service) -> None:
        caro, bob = await service.signed_in(), await service.agent("Bob Agent")

        made = await caro.call("POST", "/requests", json={"subject": "Lampe", "assignee_id": bob.id})
        refused = await caro.call("POST", "/requests", json={"subject": "Lampe", "assignee_id": "nobody"})

        assert made.json()["assignee"] == {"id": bob.id, "name": "Bob Agent", "initials": "BA"}
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "assignee_id")


class TestWords:
    def test_the_subject_answers_the_thread_the_request_or_names_the_number(self) -> None:
        assert subject_of(1042, None, (), "fr") == "Demande n° 1042"
        assert subject_of(1042, " ", (), "en") == "Request 1042"
        assert subject_of(1042, "Lampe", (), "fr") == "Lampe"
        author = Author("agent", "caro", "Caro")
        for before, after in (("Lampe", "Re: Lampe"), ("RE : Lampe", "RE : Lampe")):
            item = Item("i", "r", NOON, "email", "email", "outbound", author, "", email=Email(subject=before))
            assert subject_of(1042, "Vase", [item], "fr") == after

    def test_history_is_quoted_with_who_and_when(self) -> None:
        author = Author("contact", "ada", "Ada")
        item = Item("i", "r", NOON, "message", "chat", "inbound", author, "Un\n\nDeux")

        assert quote([item], "fr") == "Le 31/01/2026 à 12:00 (UTC), Ada a écrit :\n> Un\n>\n> Deux"
        assert quote([item], "en").splitlines()[0] == "On 2026-01-31 at 12:00 (UTC), Ada wrote:"

    def test_no_e_mail_no_thread(self) -> None:
        assert thread_of(()).references == ()
