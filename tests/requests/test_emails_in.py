"""E-mails come in: each on one request, once, whatever the order, marked where nobody of the request wrote it."""

import asyncio
import itertools
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from guichet_contracts.mailer import Address, Attachment, Bounce, BouncedRecipient, EmailKind, Thread
from guichet_kit.clock import now, to_wire
from guichet_requests.email.answer import Answer, StaleReply, answer, draft
from guichet_requests.email.inbound import ThreadUnknown
from guichet_requests.email.usecases import see
from guichet_requests.errors import Unknown
from guichet_requests.request import usecases
from guichet_requests.request.hearing import PATIENCE
from guichet_requests.request.request import Request, edit
from guichet_requests.timeline.item import Author

from .conftest import NOON, Visitor, World, put_off
from .mailing import ADA, SUPPORT, answering, contact, fate, received, rejected, stored
from .test_crash import Killed, Mortal

CARO = Author("agent", "0190aaaa-0000-7000-8000-00000000ca40", "Caro Agent")


async def set_status(world: World, request: Request, status: Any) -> None:
    await usecases.change(world.requests, request.id, lambda r: edit(r, by=CARO, at=now(), status=status))


async def closed_days_ago(world: World, request: Request, days: float) -> None:
    await set_status(world, request, "closed")
    moment = now() - timedelta(days=days)
    await world.requests.collection.update_one(
        {"_id": request.id}, {"$set": {"closed_at": moment, "status_at": moment}}
    )


class TestNewRequest:
    async def test_an_e_mail_that_belongs_nowhere_begins_a_request_and_wants_its_contact(self, world: World) -> None:
        file = Attachment(id="f", name="photo.png", media_type="image/png", size=9, state="ready", content_id="c1",
                          inline=True)  # fmt: skip
        event = received("Elle est cassée", html="<p>Elle</p>", text_quoted="> avant", attachments=(file,))
        await world.hear(event)

        request = await world.the_request()
        assert (request.channel, request.subject, request.status) == ("email", "Lampe cassée", "new")
        assert (request.unread, request.preview) == (1, "Elle est cassée")
        (item,) = await world.emails(request.id)
        assert (item.id, item.at, item.html) == (event.data.email.id, event.data.email.received_at, "<p>Elle</p>")
        assert (item.author, item.direction, item.delivery) == (Author("contact", "", "Ada"), "inbound", None)
        assert (item.attachments[0].content_id, item.attachments[0].inline) == ("c1", True)
        assert item.email is not None
        assert (item.email.text_quoted, item.email.other_sender) == ("> avant", False)
        assert item.email.placed is not None
        assert item.email.placed.by == "new_request"
        (wanted,) = world.told("requests.contact.wanted.v1")
        came = to_wire(event.data.email.received_at)
        assert wanted == {"request_id": request.id, "email": ADA, "name": "Ada", "received_at": came}
        (filed,) = world.told("requests.email.filed.v1")
        assert filed == {"email_id": item.id, "request_id": request.id, "version": 1}

    @pytest.mark.parametrize("known_before", [True, False])
    async def test_its_contact_is_linked_as_soon_as_contacts_tells_of_it(
        self, world: World, known_before: bool
    ) -> None:
        events: list[Any] = [contact(), received(sender="ADA@Example.org")]
        await world.hear(*(events if known_before else reversed(events)))
        await world.hear(*events)

        request = await world.the_request()
        assert request.contact is not None
        assert (request.contact.id, request.awaits) == ("ada", None)
        lines = [text for kind, text in await world.timeline(request.id) if kind == "contact_linked"]
        assert lines == ["The sender is known as Ada Lovelace"]

    async def test_a_contact_that_an_agent_chose_stays(self, world: World) -> None:
        await world.hear(received(), contact("bea", "bea@example.org"))
        request = await world.the_request()
        await usecases.link(world.requests, world.contacts, world.guard, request.id, "bea", by=CARO, expected=None)

        await world.hear(contact())

        request = await world.the_request()
        assert request.contact is not None
        assert (request.contact.id, request.awaits) == ("bea", None)

    @pytest.mark.parametrize("kind", ["bulk", "loop", "bounce"])
    async def test_what_a_machine_sent_counts_as_nobody_s_and_wants_no_contact(
        self, world: World, kind: EmailKind
    ) -> None:
        await world.hear(received(kind=kind, why="Precedence: bulk"))

        request = await world.the_request()
        assert (request.unread, request.preview, request.awaits, request.automatic) == (0, "Bonjour", None, True)
        assert request.visitor is not None
        assert (request.visitor.name, request.visitor.email) == ("Ada", ADA)
        assert world.told("requests.contact.wanted.v1") == []


class TestOntoItsRequest:
    async def test_an_answer_is_under_what_it_answers_and_counts_as_unread(self, world: World) -> None:
        await world.hear(contact(), received())
        request = await world.the_request()
        sent = await answer(world.outbox, request.id, str(uuid4()), Answer(text="Bonjour Ada"), by=CARO)
        assert (await world.the_request()).unread == 0

        await world.hear(received("Merci", thread=answering(request.id)))

        request = await world.the_request()
        assert (await world.count(), request.unread, request.preview) == (1, 1, "Merci")
        *_, out, back = await world.emails(request.id)
        assert (out.id, back.text, back.author.id) == (sent.id, "Merci", "ada")
        assert back.email is not None
        assert back.email.placed is not None
        assert (back.email.placed.by, back.email.other_sender) == ("reply_address", False)

    async def test_the_next_answer_replies_to_it(self, world: World) -> None:
        asked = received(references=("far@example.org",), mailbox="support")
        await world.hear(contact(), asked)
        request = await world.the_request()

        sent = await answer(world.outbox, request.id, str(uuid4()), Answer(text="Oui", quote="last"), by=CARO)

        (told,) = world.told("requests.email.submitted.v1")
        message_id = asked.data.email.message_id
        assert told["email"]["in_reply_to"] == message_id
        assert told["email"]["references"] == ["far@example.org", message_id]
        assert (told["email"]["subject"], told["email"]["mailbox"]) == ("Re: Lampe cassée", "support")
        assert told["email"]["text"].endswith("Ada a écrit :\n> Bonjour")
        assert sent.text == "Oui"

    async def test_it_goes_back_to_the_address_that_the_contact_wrote_from(self, world: World) -> None:
        await world.hear(contact(others=("ada@home.example",)), received(sender="ada@home.example"))
        request = await world.the_request()

        start = await draft(world.outbox, request.id, "fr")

        assert start.to is not None
        assert (start.to.email, start.to.name) == ("ada@home.example", "Ada Lovelace")

    async def test_a_draft_has_the_others_in_copy_but_not_ourselves(self, world: World) -> None:
        to = (Address(email=SUPPORT), Address(email="bea@example.org", name="Béa"))
        await world.hear(contact(), received(to=to, cc=(Address(email=ADA), Address(email="c@example.org"))))
        request = await world.the_request()

        start = await draft(world.outbox, request.id, "fr")

        assert [one.email for one in start.cc] == ["bea@example.org", "c@example.org"]

    async def test_one_that_follows_another_is_with_it(self, world: World) -> None:
        first = received("Un")
        follows = Thread(follows=(first.data.email.id,))
        second = received("Deux", thread=follows)
        with pytest.raises(ThreadUnknown):
            await world.hear(second)
        await world.hear(first, second)

        assert await world.count() == 1
        email = (await world.emails((await world.the_request()).id))[1].email
        assert email is not None
        assert email.placed is not None
        assert email.placed.by == "follows"

    async def test_what_it_follows_is_not_waited_for_for_ever(self, world: World) -> None:
        answer_to_nothing = received(thread=Thread(follows=("lost",)), at=NOON)
        # However old it is: the broker may have been away.
        with put_off(PATIENCE - 1), pytest.raises(ThreadUnknown):
            await world.hear(answer_to_nothing)

        with put_off(PATIENCE):
            await world.hear(answer_to_nothing)

        assert await world.count() == 1

    async def test_a_request_that_does_not_exist_holds_nothing_up(self, world: World) -> None:
        await world.hear(received(thread=answering("never-was")))

        assert await world.count() == 1

    async def test_an_agent_s_answer_is_held_back_by_what_came_in(self, world: World) -> None:
        await world.hear(contact(), received())
        request = await world.the_request()
        (first,) = await world.emails(request.id)
        await world.hear(received("Encore", thread=answering(request.id)))

        with pytest.raises(StaleReply) as stale:
            await answer(world.outbox, request.id, str(uuid4()), Answer(text="Oui", seen=first.id), by=CARO)

        assert [item.text for item in stale.value.newer] == ["Encore"]

    async def test_who_answers_in_the_chat_has_read_the_e_mails_before(self, world: World) -> None:
        ada = Visitor(begun=now() - timedelta(seconds=15), email=ADA)
        await world.hear(ada.writes("Un"))
        request = await world.the_request()
        await world.hear(received("Deux", thread=answering(request.id), at=request.last_activity_at))
        await world.hear(received("Trois", thread=answering(request.id)))
        assert (await world.the_request()).unread == 3

        await world.hear(ada.is_answered("Bonjour"))

        assert (await world.the_request()).unread == 1

    async def test_agents_have_seen_what_is_above_their_mark(self, world: World) -> None:
        await world.hear(received("Un"))
        request = await world.the_request()
        await world.hear(received("Deux", thread=answering(request.id)))
        first, second = await world.emails(request.id)

        assert (await see(world.outbox, request.id, first.id)).unread == 1
        assert (await see(world.outbox, request.id, second.id)).unread == 0
        version = (await world.the_request()).version
        assert (await see(world.outbox, request.id, first.id)).version == version


class TestOtherSenders:
    async def test_a_stranger_who_quotes_a_number_is_not_on_that_request(self, world: World) -> None:
        await world.hear(contact(), received())
        request = await world.the_request()

        await world.hear(received("C’est moi", sender="eve@evil.example", subject=f"Re: Demande #{request.number}"))

        assert await world.count() == 2
        assert len(await world.emails(request.id)) == 1

    async def test_a_forged_reply_address_proves_nothing_and_is_told(self, world: World) -> None:
        await world.hear(received(thread=Thread(forged_reply_address=True)))

        (item,) = await world.emails((await world.the_request()).id)
        assert item.email is not None
        assert item.email.placed is not None
        assert (item.email.placed.by, item.email.placed.forged_reply_address) == ("new_request", True)

    async def test_a_stranger_on_a_thread_is_marked_each_time_and_never_written_to(self, world: World) -> None:
        await world.hear(contact(), received())
        request = await world.the_request()
        for text in ("Un", "Deux"):
            await world.hear(received(text, sender="eve@evil.example", thread=answering(request.id)))

        _, *strange = await world.emails(request.id)
        assert [item.email.other_sender for item in strange if item.email] == [True, True]
        assert [item.author.id for item in strange] == ["", ""]
        start = await draft(world.outbox, request.id, "fr")
        assert start.to is not None
        assert (start.to.email, start.cc) == (ADA, ())
        await answer(world.outbox, request.id, str(uuid4()), Answer(text="Oui"), by=CARO)
        (told,) = world.told("requests.email.submitted.v1")
        assert len(told["email"]["references"]) == 1

    async def test_whoever_was_written_to_is_no_stranger(self, world: World) -> None:
        await world.hear(contact(), received(cc=(Address(email="bea@example.org"),)))
        request = await world.the_request()

        await world.hear(received("Moi aussi", sender="Bea@Example.org", thread=answering(request.id)))

        _, second = await world.emails(request.id)
        assert second.email is not None
        assert second.email.other_sender is False

    async def test_a_visitor_s_own_address_is_no_stranger_s(self, world: World) -> None:
        ada = Visitor(begun=now() - timedelta(seconds=15), email=ADA)
        await world.hear(ada.writes("Bonjour"))
        request = await world.the_request()

        await world.hear(received(thread=answering(request.id)))

        (item,) = await world.emails(request.id)
        assert item.email is not None
        assert item.email.other_sender is False


class TestReopening:
    @pytest.mark.parametrize("status", ["pending", "closed"])
    async def test_a_message_wakes_a_request_that_was_set_aside(self, world: World, status: str) -> None:
        await world.hear(received())
        request = await world.the_request()
        await set_status(world, request, status)

        await world.hear(received("Encore", thread=answering(request.id)))

        request = await world.the_request()
        assert (await world.count(), request.status, request.closed_at) == (1, "in_progress", None)

    @pytest.mark.parametrize(("days", "reopen", "requests"), [(29, 30, 1), (31, 30, 2), (0, 0, 2), (0, 1, 1)])
    async def test_one_closed_for_too_long_stays_closed_and_a_new_one_says_from_where(
        self, world: World, days: float, reopen: int, requests: int
    ) -> None:
        await world.hear(contact(), received())
        closed = await world.the_request()
        await closed_days_ago(world, closed, days)
        world.reopen = timedelta(days=reopen)

        await world.hear(received("Encore", thread=answering(closed.id)))

        assert await world.count() == requests
        if requests == 2:
            assert (await world.the_request(0)).status == "closed"
            begun = await world.the_request(1)
            (item,) = await world.emails(begun.id)
            assert item.email is not None
            assert item.email.placed is not None
            assert item.email.placed.from_request is not None
            assert item.email.placed.from_request.number == closed.number
            assert begun.contact is not None

    @pytest.mark.parametrize("kind", ["auto_reply", "bounce", "bulk", "loop"])
    async def test_a_machine_wakes_nothing_and_counts_nowhere(self, world: World, kind: EmailKind) -> None:
        await world.hear(received())
        request = await world.the_request()
        await closed_days_ago(world, request, 100)

        await world.hear(received("Absent", kind=kind, thread=answering(request.id)))

        after = await world.the_request()
        assert (after.status, after.unread, after.preview) == ("closed", 1, "Bonjour")
        assert len(await world.emails(request.id)) == 2

    async def test_a_mail_that_was_held_up_wakes_what_was_closed_after_it_was_written(self, world: World) -> None:
        await world.hear(received())
        request = await world.the_request()
        await set_status(world, request, "closed")

        await world.hear(received("Avant", thread=answering(request.id), at=now() - timedelta(minutes=3)))

        assert (await world.the_request()).status == "in_progress"

    async def test_a_closed_chat_wakes_beside_the_one_that_its_visitor_is_in(self, world: World) -> None:
        ada = Visitor(begun=now() - timedelta(seconds=15), email=ADA)
        await world.hear(ada.writes("Un"), ada.is_closed("closed"), ada.writes("Deux"))
        closed, current = await world.the_request(0), await world.the_request(1)

        await world.hear(received("Encore", thread=answering(closed.id)))
        await world.hear(ada.writes("Trois"), ada.is_closed("closed"), ada.writes("Quatre"))

        woken = await world.the_request(0)
        assert (woken.status, woken.preview, woken.aside) == ("in_progress", "Encore", True)
        assert (await usecases.get(world.requests, current.id)).status == "closed"
        assert await world.count() == 3
        await set_status(world, woken, "closed")
        assert (await world.the_request(0)).aside is False


class TestFilesThatAreChecked:
    @pytest.mark.parametrize("told_first", [True, False])
    async def test_they_are_ready_as_soon_as_attachments_tells(self, world: World, told_first: bool) -> None:
        files = tuple(
            Attachment(id=name, name=name, media_type="image/png", size=9, state="checking") for name in ("a", "b")
        )
        email, file = received(attachments=files), stored("b")
        await world.hear(*((file, email) if told_first else (email, file)))

        request = await world.the_request()
        (item,) = await world.emails(request.id)
        assert [(one.id, one.state) for one in item.attachments] == [("a", "checking"), ("b", "ready")]
        assert request.version == 2
        await world.hear(email, file)
        assert (await world.the_request()).version == 2

    @pytest.mark.parametrize("told_first", [True, False])
    async def test_one_that_is_refused_after_all_says_why(self, world: World, told_first: bool) -> None:
        files = (Attachment(id="a", name="a", media_type="image/png", size=9, state="checking"),)
        email, file = received(attachments=files), rejected("a", "infected")
        await world.hear(*((file, email) if told_first else (email, file)))

        (item,) = await world.emails((await world.the_request()).id)
        assert [(one.state, one.detail) for one in item.attachments] == [("refused", "infected")]


class TestDeliveries:
    @pytest.mark.parametrize("driver", ["pymongo"])  # what is in question is the order
    async def test_the_newest_fate_counts_in_whatever_order_it_is_told(self, world: World) -> None:
        await world.hear(contact(), received())
        request = await world.the_request()
        states: Sequence[Any] = ("queued", "sending", "sent", "bounced")
        for order in itertools.permutations(range(4)):
            sent = await answer(world.outbox, request.id, str(uuid4()), Answer(text="Oui"), by=CARO)
            before = (await world.the_request()).version
            events = [fate(request.id, sent.id, states[n], n + 1) for n in order]

            await world.hear(*events, *events)

            item = await world.items.get(sent.id)
            assert item is not None
            assert item.delivery is not None
            assert (item.delivery.state, item.delivery.version, item.text) == ("bounced", 4, "Oui")
            newest = [max(order[: n + 1]) for n in range(4)]
            assert (await world.the_request()).version - before == len(set(newest))

    async def test_what_is_told_of_no_e_mail_of_ours_is_refused(self, world: World) -> None:
        await world.hear(received())
        with pytest.raises(Unknown):
            await world.hear(fate((await world.the_request()).id, "nothing", "sent", 1))

    async def test_a_report_is_shown_with_what_it_says(self, world: World) -> None:
        await world.hear(contact(), received())
        request = await world.the_request()
        recipient = BouncedRecipient(email=ADA, fate="failed", status="5.1.1", diagnostic="no such user")

        await world.hear(
            received("", "mailer-daemon@mx.example", kind="bounce", bounce=Bounce(recipients=(recipient,)),
                     thread=Thread(request_id=request.id, by="bounce"))
        )  # fmt: skip

        _, item = await world.emails(request.id)
        assert item.email is not None
        assert item.email.bounce is not None
        assert (item.email.bounce[0].status, item.email.other_sender) == ("5.1.1", False)


async def outcome(world: World) -> list[Any]:
    """All requests with their e-mails, but for numbers and versions, which repeats may skip."""
    found = await world.requests.collection.find({}).sort("_id", 1).to_list(None)
    shown = []
    for document in found:
        request = await world.requests.get(document["_id"])
        assert request is not None
        items = [
            (item.id, item.text, item.email and item.email.placed and item.email.placed.by)
            for item in await world.emails(request.id)
        ]
        shown.append((request.id, request.status, request.unread, request.preview, request.contact, items))
    return shown


class TestUpgrades:
    async def test_what_was_stored_before_there_were_e_mails_is_read(self, world: World, ada: Visitor) -> None:
        await world.hear(ada.writes("Bonjour"))
        await world.requests.collection.update_many(
            {}, {"$unset": dict.fromkeys(("seen_as", "unseen", "awaits", "aside"), "")}
        )
        await world.items.collection.update_many(
            {}, {"$unset": dict.fromkeys(("html", "email", "delivery", "revision"), "")}
        )

        await world.hear(ada.writes("Encore"))

        assert ((await world.the_request()).unread, (await world.the_request()).preview) == (2, "Encore")
        assert len(await world.timeline((await world.the_request()).id)) == 3


@pytest.mark.parametrize("driver", ["pymongo"])  # what is in question is the order
class TestRepeatsAndOrders:
    async def test_every_order_with_repeats_has_the_same_outcome(self, world: World) -> None:
        first = received("Un", at=now() - timedelta(seconds=9))
        follows = Thread(follows=(first.data.email.id,))
        events: list[Any] = [
            first,
            received("Deux", thread=follows, at=now() - timedelta(seconds=6)),
            received("Trois", thread=follows, at=now() - timedelta(seconds=3)),
            contact(),
        ]
        await world.hear(*events)
        expected = await outcome(world)
        assert len(expected) == 1
        for order in itertools.permutations(events):
            await world.clear()
            await world.contacts.collection.delete_many({})
            waiting = [*order, *order]
            while waiting:
                event = waiting.pop(0)
                try:
                    await world.hear(event)
                except ThreadUnknown:
                    waiting.append(event)
            assert await outcome(world) == expected

    async def test_a_repeat_is_answered_again_for_the_first_answer_may_have_been_lost(self, world: World) -> None:
        event = received()
        for times in (1, 2):
            await world.hear(event)
            answers = [one for one in world.relay.events if one["type"] == "requests.email.filed.v1"]
            assert [one["data"]["email_id"] for one in answers] == [event.data.email.id] * times
        assert await world.count() == 1

    async def test_two_who_take_in_the_same_e_mail_at_once_file_it_once(self, world: World) -> None:
        for _ in range(5):
            event = received(str(uuid4()))
            before = await world.count()

            await asyncio.gather(*(world.hear(event) for _ in range(6)))

            assert await world.count() == before + 1
            assert await world.items.collection.count_documents({"_id": event.data.email.id}) == 1
            filing = await world.filings.get(event.data.email.id)
            assert filing is not None
            assert filing.version == 1

    async def test_many_at_once_on_one_request_are_all_there(self, world: World) -> None:
        await world.hear(received())
        request = await world.the_request()
        events = [received(f"Mail {n}", thread=answering(request.id)) for n in range(20)]

        await asyncio.gather(*(world.hear(event) for event in random.sample(events * 2, 40)))

        assert (await world.the_request()).unread == 21
        assert len(await world.emails(request.id)) == 21

    async def test_a_redelivery_completes_what_a_crash_left_after_any_write(self, world: World) -> None:
        for known in (False, True):
            died, writes = True, 0
            while died:
                writes += 1
                await world.clear()
                await world.hear(contact(), received("Un"))
                request = await world.the_request()
                event = received("Deux", thread=answering(request.id) if known else None)
                died = await hear_and_die_after(world, event, writes)

                await world.hear(event)

                assert await world.count() == (1 if known else 2)
                there = await world.items.get(event.data.email.id)
                assert there is not None
                holder = await usecases.get(world.requests, there.request_id)
                assert (holder.unread, holder.contact is not None) == (2 if known else 1, True)
                filing = await world.filings.get(event.data.email.id)
                assert filing is not None
                assert (filing.version, filing.place.request_id) == (1, there.request_id)
            assert writes > 3


async def hear_and_die_after(world: World, event: Any, writes: int) -> bool:
    mortal, lives = World.on(world.requests.collection.database), [writes]
    for store in (mortal.requests, mortal.items, mortal.filings):
        store.collection = Mortal(store.collection, lives)  # type: ignore[assignment]
    try:
        await mortal.hear(event)
    except Killed:
        return True
    return False
