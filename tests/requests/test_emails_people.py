"""Who wrote an e-mail, whom an answer goes to, and what agents say of both."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from guichet_contracts.mailer import Address, Attachment, Email
from guichet_kit.clock import now, to_wire
from guichet_requests.email import heard
from guichet_requests.email.answer import Answer, ContactWithoutEmail, NotForwardable, answer, draft
from guichet_requests.email.api import NewEmail
from guichet_requests.email.email import Address as Person
from guichet_requests.email.filing import NotReceived
from guichet_requests.email.inbound import judge, move
from guichet_requests.email.people import is_no_person, writer
from guichet_requests.errors import Unknown
from guichet_requests.request import request as request_noun
from guichet_requests.request import usecases
from guichet_requests.request.listing import Listing
from guichet_requests.request.request import Request
from guichet_requests.timeline.item import Author, Item
from pydantic import ValidationError

from .conftest import Service, World
from .mailing import ADA, SUPPORT, answering, contact, received
from .test_crash import Killed, Mortal

CARO = Author("agent", "0190aaaa-0000-7000-8000-00000000ca40", "Caro Agent")
BEA = "bea@example.org"
FORM = "noreply@site.example.org"


def people(*emails: str) -> tuple[Address, ...]:
    return tuple(Address(email=email) for email in emails)


async def the_email(world: World, number: int = 0) -> Item:
    return (await world.emails((await world.the_request()).id))[number]


def wrote(email: Email) -> Person | None:
    item = heard.item_of(email)
    assert item.email is not None
    return writer(item.email)


class TestWhoWrote:
    @pytest.mark.parametrize(
        "sender",
        [
            FORM, "no-reply@site.example", "No_Reply+17@site.example", "ne-pas-repondre@banque.example",
            "nepasrepondre@banque.example", "donotreply@shop.example", "wordpress@atelier.example",
            "www-data@vps.example", "formulaire@site.example", "contact-form@site.example",
            "form.contact2@site.example", "nobody@host.example",
        ],
    )  # fmt: skip
    def test_a_form_s_mail_is_of_whom_it_says_to_answer(self, sender: str) -> None:
        email = received(sender=sender, reply_to=(Address(email=BEA, name="Béa"),)).data.email

        assert wrote(email) == Person(BEA, "Béa")

    @pytest.mark.parametrize(
        "sender",
        ["lea@example.org", "formateur@example.org", "contact@traiteur.example", "info@web.example",
         "marie.forman@x.example", "platform@example.org", "norbert.reply@example.org"],
    )  # fmt: skip
    def test_a_person_who_wants_the_answer_elsewhere_still_wrote_it(self, sender: str) -> None:
        email = received(sender=sender, reply_to=people(BEA)).data.email

        found = wrote(email)

        assert found is not None
        assert found.email == sender

    def test_an_address_of_ours_in_from_only_carried_it(self) -> None:
        reply_to = people(SUPPORT, BEA)
        email = received(sender=SUPPORT, reply_to=reply_to).data.email
        renamed = email.model_copy(update={"sender": Address(email=SUPPORT, name="Béa Roux via Support")})

        assert wrote(renamed) == Person(BEA, "Béa Roux")

    def test_a_page_of_our_own_site_only_carried_it(self) -> None:
        email = received(sender="site-fr@boutique.example", reply_to=people(BEA)).data.email
        colleague = received(sender="paul@boutique.example", reply_to=people("paula@boutique.example")).data.email

        assert wrote(email) == Person(BEA)
        assert wrote(colleague) == Person("paul@boutique.example", "Ada")

    def test_a_mail_from_ourselves_is_nobody_s(self) -> None:
        assert wrote(received(sender=SUPPORT).data.email) is None
        assert wrote(received(sender=SUPPORT, reply_to=people(SUPPORT)).data.email) is None
        assert wrote(received(sender=None).data.email) is None

    def test_the_mail_of_a_form_that_names_nobody_is_the_form_s(self) -> None:
        assert wrote(received(sender=FORM).data.email) == Person(FORM, "Ada")

    def test_only_addresses_that_say_so_are_nobody_s(self) -> None:
        assert is_no_person("No.Reply@x.example")
        assert not is_no_person("noemie@x.example")

    async def test_the_writer_becomes_the_contact_and_is_answered(self, world: World) -> None:
        await world.hear(received(sender=FORM, reply_to=(Address(email=BEA, name="Béa"),)), contact("bea", BEA))

        request = await world.the_request()
        assert request.contact is not None
        assert request.contact.id == "bea"
        assert [told["email"] for told in world.told("requests.contact.wanted.v1")] == [BEA]
        item = await the_email(world)
        assert item.email is not None
        assert (item.email.sender, item.email.reply_to) == (Person(FORM, "Ada"), (Person(BEA, "Béa"),))
        assert item.author.name == "Béa"
        start = await draft(world.outbox, request.id, "fr")
        assert (start.to, start.cc) == (Person(BEA, "Ada Lovelace"), ())

    async def test_we_are_never_our_own_contact(self, world: World) -> None:
        await world.hear(received(sender=SUPPORT))

        request = await world.the_request()
        assert (request.awaits, world.told("requests.contact.wanted.v1")) == (None, [])
        assert request.visitor is not None
        assert (request.visitor.name, request.visitor.email) == ("Ada", None)
        assert (await draft(world.outbox, request.id, "fr")).to is None

    async def test_a_header_without_an_address_is_shown(self, world: World) -> None:
        await world.hear(received(sender=None, raw_from="Léa Martin <lea at example>"))

        item = await the_email(world)
        assert item.email is not None
        assert item.email.raw_from == item.author.name == "Léa Martin <lea at example>"


class TestWhomAnAnswerGoesTo:
    async def test_to_where_the_contact_wants_it(self, world: World) -> None:
        await world.hear(contact(), received(reply_to=people("bureau@example.org")))
        request = await world.the_request()

        start = await draft(world.outbox, request.id, "fr")

        assert (start.to, start.cc) == (Person("bureau@example.org"), ())

    async def test_a_colleague_in_copy_who_answers_is_in_the_draft(self, world: World) -> None:
        await world.hear(contact(), received(cc=people(BEA)))
        request = await world.the_request()
        await world.hear(received("Moi aussi", BEA, thread=answering(request.id)))

        start = await draft(world.outbox, request.id, "fr")

        assert start.to is not None
        assert (start.to.email, [one.email for one in start.cc]) == (ADA, [BEA])

    async def test_who_answers_a_forwarded_mail_or_a_blind_copy_is_answered_alone(self, world: World) -> None:
        await world.hear(contact(), received())
        request, item = await world.the_request(), await the_email(world)
        forwarded = Answer(text="Qu’en dites-vous ?", to=(Person("atelier@example.net"),), forward=item.id)
        await answer(world.outbox, request.id, str(uuid4()), forwarded, by=CARO)
        await answer(world.outbox, request.id, str(uuid4()), Answer(text="Oui", bcc=(Person(BEA),)), by=CARO)
        for hidden in ("atelier@example.net", BEA):
            await world.hear(received("Vu", hidden, thread=answering(request.id)))

            start = await draft(world.outbox, request.id, "fr")

            assert start.to is not None
            assert (start.to.email, start.cc) == (hidden, ())
        await world.hear(received("Et ?", thread=answering(request.id)))
        start = await draft(world.outbox, request.id, "fr")
        assert start.to is not None
        assert (start.to.email, start.cc) == (ADA, ())

    @pytest.mark.parametrize("kind", ["bulk", "auto_reply", "loop"])
    async def test_what_is_called_automatic_can_be_answered(self, world: World, kind: Any) -> None:
        event = received(kind=kind, why="List-Id", subject="Lettre")
        await world.hear(event)
        request = await world.the_request()

        start = await draft(world.outbox, request.id, "fr")
        await answer(world.outbox, request.id, str(uuid4()), Answer(text="Bonjour"), by=CARO)

        assert start.to == Person(ADA, "Ada")
        (sent,) = world.told("requests.email.submitted.v1")
        assert (sent["email"]["to"][0]["email"], sent["email"]["subject"]) == (ADA, "Re: Lettre")
        assert sent["email"]["in_reply_to"] == event.data.email.message_id

    async def test_an_automatic_reply_changes_nothing_about_whom_the_customer_s_answer_goes_to(
        self, world: World
    ) -> None:
        await world.hear(contact(), first := received())
        request = await world.the_request()
        await world.hear(received("Absent", BEA, kind="auto_reply", thread=answering(request.id)))

        start = await draft(world.outbox, request.id, "fr")
        await answer(world.outbox, request.id, str(uuid4()), Answer(text="Bonjour"), by=CARO)

        assert start.to is not None
        assert start.to.email == ADA
        (sent,) = world.told("requests.email.submitted.v1")
        assert sent["email"]["in_reply_to"] == first.data.email.message_id


class TestChosenRecipients:
    async def test_everybody_gets_it_once_where_they_stand_first(self, world: World) -> None:
        await world.hear(contact(), received())
        request = await world.the_request()
        wanted = Answer(
            text="Bonjour",
            to=(Person(BEA), Person(ADA)),
            cc=(Person("ADA@example.org"), Person("c@example.org")),
            bcc=(Person("c@example.org"), Person("boss@example.org")),
        )

        item = await answer(world.outbox, request.id, str(uuid4()), wanted, by=CARO)

        (sent,) = world.told("requests.email.submitted.v1")
        addresses = {field: [one["email"] for one in sent["email"][field]] for field in ("to", "cc", "bcc")}
        assert addresses == {"to": [BEA, ADA], "cc": ["c@example.org"], "bcc": ["boss@example.org"]}
        assert sent["email"]["to"][1]["name"] == "Ada Lovelace"
        assert item.email is not None
        assert item.email.bcc == (Person("boss@example.org"),)

    async def test_a_request_without_an_address_can_be_written_on_to_whom_the_agent_says(self, world: World) -> None:
        await world.hear(received(sender=SUPPORT))
        request = await world.the_request()
        with pytest.raises(ContactWithoutEmail):
            await answer(world.outbox, request.id, str(uuid4()), Answer(text="Bonjour"), by=CARO)

        item = await answer(world.outbox, request.id, str(uuid4()), Answer(text="Bonjour", to=(Person(BEA),)), by=CARO)

        assert item.email is not None
        assert item.email.to == (Person(BEA),)


class TestForwarding:
    async def test_it_hands_on_the_whole_mail_with_its_files_and_answers_nobody(self, world: World) -> None:
        files = tuple(
            Attachment(id=name, name=f"{name}.png", media_type="image/png", size=9, state=state)
            for name, state in (("a", "ready"), ("b", "refused"))
        )
        event = received(
            "Elle est cassée", text_quoted="> avant", text_signature="Ada", attachments=files, cc=people(BEA)
        )
        await world.hear(contact(), event)
        request, item = await world.the_request(), await the_email(world)
        start = await draft(world.outbox, request.id, "fr", item.id)

        wanted = Answer(text="Pour avis", to=(Person("atelier@example.net"),), forward=item.id, seen="never:1")
        with pytest.raises(Exception, match="timeline"):
            await answer(world.outbox, request.id, str(uuid4()), wanted, by=CARO)
        wanted = Answer(text="Pour avis", to=(Person("atelier@example.net"),), forward=item.id)
        await answer(world.outbox, request.id, str(uuid4()), wanted, by=CARO)

        (told,) = world.told("requests.email.submitted.v1")
        sent = told["email"]
        assert (start.to, start.subject, [file.id for file in start.attachments]) == (None, "Fwd: Lampe cassée", ["a"])
        assert (sent["subject"], [file["id"] for file in sent["attachments"]]) == ("Fwd: Lampe cassée", ["a"])
        assert sent["text"].startswith(
            "Pour avis\n\n---------- Message transféré ----------\nDe : Ada <ada@example.org>\n"
        )
        assert sent["text"][sent["quoted_from"] :].startswith("---------- Message transféré")
        assert "Copie : bea@example.org\n\nElle est cassée\n\nAda\n\n> avant" in sent["text"]
        assert (sent["automatic"], sent["in_reply_to"]) == (False, None)
        after = await world.the_request()
        assert (after.status, after.unread, after.preview) == ("new", 1, "Elle est cassée")

    async def test_it_can_be_handed_on_without_a_word(self, world: World) -> None:
        await world.hear(contact(), received("Elle est cassée"))
        request, item = await world.the_request(), await the_email(world)
        wanted = Answer(text="", to=(Person("atelier@example.net"),), forward=item.id)

        await answer(world.outbox, request.id, str(uuid4()), wanted, by=CARO)

        (told,) = world.told("requests.email.submitted.v1")
        assert told["email"]["text"].startswith("---------- Message transféré ----------\n")
        assert told["email"]["quoted_from"] == 0

    def test_an_answer_has_words_and_a_forwarded_mail_may_have_none(self) -> None:
        handed_on = {"id": str(uuid4()), "text": "\u200b ", "to": ["atelier@example.net"], "forward_of": "an-email"}
        assert NewEmail.model_validate(handed_on).text == ""
        for blank in ("", " ", "\u200b\u3164"):
            with pytest.raises(ValidationError) as refused:
                NewEmail.model_validate({"id": str(uuid4()), "text": blank})
            assert [error["loc"] for error in refused.value.errors()] == [("text",)]

    async def test_it_is_no_part_of_what_the_customer_is_told_later(self, world: World) -> None:
        await world.hear(contact(), received())
        request, item = await world.the_request(), await the_email(world)
        wanted = Answer(text="Cliente pénible", to=(Person("atelier@example.net"),), forward=item.id)
        forwarded = await answer(world.outbox, request.id, str(uuid4()), wanted, by=CARO)

        await answer(world.outbox, request.id, str(uuid4()), Answer(text="Oui", quote="all"), by=CARO)

        _, told = world.told("requests.email.submitted.v1")
        assert "pénible" not in told["email"]["text"]
        assert forwarded.email is not None
        assert forwarded.email.message_id not in told["email"]["references"]
        assert told["email"]["subject"] == "Re: Lampe cassée"

    async def test_only_an_e_mail_of_the_request_can_be_handed_on(self, world: World) -> None:
        await world.hear(received(), received("Autre", BEA))
        first, second = await world.the_request(0), await world.the_request(1)
        (other,) = await world.emails(second.id)
        wanted = Answer(text="Voici", to=(Person(BEA),), forward=other.id)

        with pytest.raises(NotForwardable):
            await answer(world.outbox, first.id, str(uuid4()), wanted, by=CARO)
        with pytest.raises(NotForwardable):
            await draft(world.outbox, first.id, "fr", "nothing")


async def automatic(world: World, **fields: Any) -> tuple[Request, Item]:
    """A request that a mail began which was taken for a machine's."""
    await world.hear(received("Le pied est cassé", **{"kind": "auto_reply", "why": "its subject says so"} | fields))
    return await world.the_request(), await the_email(world)


class TestWhatAnAgentSaysOfIt:
    async def test_a_person_s_counts_as_unread_wakes_and_makes_the_contact(self, world: World) -> None:
        request, item = await automatic(world, kind="bulk")
        await usecases.change(
            world.requests, request.id, lambda r: request_noun.edit(r, by=CARO, at=now(), status="closed")
        )

        judged, after = await judge(world.room, request.id, item.id, "person", by=CARO)

        assert judged.email is not None
        assert (judged.email.written_by, judged.email.judged_by, judged.said) == ("person", "Caro Agent", True)
        assert (after.unread, after.status, after.automatic) == (1, "in_progress", False)
        assert after.preview == "Le pied est cassé"
        (wanted,) = world.told("requests.contact.wanted.v1")
        assert wanted == {"request_id": request.id, "email": ADA, "name": "Ada", "received_at": to_wire(item.at)}
        assert ("email_judged", "Caro Agent said that a person wrote an e-mail") in await world.timeline(request.id)
        await world.hear(contact())
        assert (await world.the_request()).contact is not None

    async def test_a_machine_s_counts_no_more(self, world: World) -> None:
        await world.hear(contact(), received("Bonjour"))
        request = await world.the_request()
        await world.hear(received("Absente", thread=answering(request.id)))
        item = await the_email(world, 1)

        judged, after = await judge(world.room, request.id, item.id, "machine", by=CARO)

        assert (judged.said, after.unread, after.preview, after.automatic) == (False, 1, "Bonjour", False)
        first = await the_email(world, 0)
        _, after = await judge(world.room, request.id, first.id, "machine", by=CARO)
        assert (after.unread, after.preview, after.automatic) == (0, "Absente", True)

    async def test_a_repeat_changes_nothing_and_the_reverse_is_one_more_line(self, world: World) -> None:
        request, item = await automatic(world)
        await asyncio.gather(*(judge(world.room, request.id, item.id, "person", by=CARO) for _ in range(5)))
        version = (await world.the_request()).version
        await judge(world.room, request.id, item.id, "person", by=CARO)
        assert ((await world.the_request()).version, (await world.the_request()).unread) == (version, 1)

        _, after = await judge(world.room, request.id, item.id, "machine", by=CARO)

        assert (after.unread, after.automatic, after.preview) == (0, True, "Le pied est cassé")
        lines = [text for name, text in await world.timeline(request.id) if name == "email_judged"]
        assert lines == [f"Caro Agent said that a {one} wrote an e-mail" for one in ("person", "machine")]

    async def test_what_was_said_of_it_goes_with_it_to_another_request(self, world: World) -> None:
        request, item = await automatic(world)
        await judge(world.room, request.id, item.id, "person", by=CARO)
        await world.hear(received("Autre", BEA))
        other = await world.the_request(1)

        moved, there = await move(world.room, request.id, item.id, other.id, by=CARO)

        assert moved.email is not None
        assert (moved.said, moved.email.judged_by, there.unread) == (True, "Caro Agent", 2)
        left = await world.the_request(0)
        assert (left.unread, left.preview, left.automatic) == (0, None, False)
        judged, _ = await judge(world.room, other.id, item.id, "machine", by=CARO)
        back, _ = await move(world.room, other.id, item.id, None, by=CARO)
        assert (judged.said, back.said) == (False, False)

    @pytest.mark.parametrize("driver", ["pymongo"])  # what is in question is the order of writes
    async def test_a_repeat_completes_what_a_crash_left_after_any_write(self, world: World) -> None:
        died, writes = True, 0
        while died:
            writes += 1
            await world.clear()
            request, item = await automatic(world, kind="bulk")
            mortal, lives = World.on(world.requests.collection.database), [writes]
            for store in (mortal.requests, mortal.items, mortal.filings):
                store.collection = Mortal(store.collection, lives)  # type: ignore[assignment]
            try:
                await judge(mortal.room, request.id, item.id, "person", by=CARO)
                died = False
            except Killed:
                pass

            await judge(world.room, request.id, item.id, "person", by=CARO)

            after = await world.the_request()
            assert (after.unread, after.awaits) == (1, ADA)
            names = [name for name, _ in await world.timeline(request.id)]
            assert names.count("email_judged") == 1
        assert writes > 2

    async def test_a_late_repeat_of_the_event_does_not_undo_it(self, world: World) -> None:
        event = received(kind="bulk")
        await world.hear(event)
        request, item = await world.the_request(), await the_email(world)
        await judge(world.room, request.id, item.id, "person", by=CARO)

        await world.hear(event)

        assert (await world.the_request()).unread == 1

    async def test_it_is_said_of_received_e_mails_only(self, world: World) -> None:
        await world.hear(contact(), received())
        request = await world.the_request()
        sent = await answer(world.outbox, request.id, str(uuid4()), Answer(text="Oui"), by=CARO)

        with pytest.raises(NotReceived):
            await judge(world.room, request.id, sent.id, "machine", by=CARO)
        with pytest.raises(Unknown):
            await judge(world.room, request.id, "nothing", "machine", by=CARO)


class TestAutomaticMailInLists:
    async def test_a_filter_shows_requests_that_have_nothing_else(self, world: World) -> None:
        await world.hear(received("Un", kind="bulk"), received("Deux", BEA))

        async def shown(**filters: Any) -> list[str | None]:
            page, _ = await world.requests.page(Listing(viewer_id=CARO.id, **filters), 10, None)
            return [row["preview"] for row in page]

        for sort in ("-last_activity_at", "created_at", "-priority"):
            assert await shown(automatic=True, sort=sort) == ["Un"]
            assert await shown(automatic=False, sort=sort) == ["Deux"]
        assert await shown(automatic=True, view="closed") == []
        assert len(await shown()) == 2

    async def test_the_newest_is_the_preview_in_whatever_order_they_come(self, world: World) -> None:
        await world.hear(received("Un", kind="bulk"))
        request = await world.the_request()
        late, later = (received(text, kind="bulk", thread=answering(request.id), at=now() + timedelta(seconds=n))
                       for n, text in ((1, "Deux"), (2, "Trois")))  # fmt: skip
        await world.hear(later, late)
        assert (await world.the_request()).preview == "Trois"

        await world.hear(received("Enfin", thread=answering(request.id)))

        after = await world.the_request()
        assert (after.preview, after.automatic) == ("Enfin", False)

    @pytest.mark.parametrize("reason", ["list", "bulk"])
    async def test_a_known_contact_s_mail_with_weak_signs_is_a_person_s(self, world: World, reason: str) -> None:
        await world.hear(contact(), received(kind="bulk", why="List-Id", automatic_reason=reason))

        request = await world.the_request()
        assert (request.unread, request.automatic) == (1, False)
        assert (await the_email(world)).said

    async def test_strong_signs_and_strangers_lists_stay_what_they_are(self, world: World) -> None:
        await world.hear(contact(), received(kind="auto_reply", automatic_reason="auto_submitted"))
        await world.hear(received("Lettre", BEA, kind="bulk", automatic_reason="list"))

        assert [(await world.the_request(n)).unread for n in (0, 1)] == [0, 0]


class TestOverHttp:
    async def test_bad_recipients_are_named(self, service: Service) -> None:
        caro = await service.signed_in()
        made = await caro.call("POST", "/requests", json={"id": str(uuid4()), "subject": "Lampe"})
        path = f"/requests/{made.json()['id']}/emails"

        async def refused(**fields: Any) -> list[str]:
            answered = await caro.call("POST", path, json={"id": str(uuid4()), "text": "Bonjour"} | fields)
            assert answered.status_code == 422
            return [error["field"] for error in answered.json()["errors"]]

        assert await refused(to=["not an address"]) == ["to.0"]
        assert await refused(bcc=["a@example.org", "@"]) == ["bcc.1"]
        assert await refused(to=[]) == ["to"]
        assert await refused(to=[BEA], forward_of="nothing") == ["forward_of"]
        assert len(await refused(forward_of="nothing")) == 1
        written = await caro.call("PUT", f"{path}/nothing/written-by", json={"written_by": "cat"})
        assert (written.status_code, written.json()["errors"][0]["field"]) == (422, "written_by")
        unknown = await caro.call("PUT", f"{path}/nothing/written-by", json={"written_by": "person"})
        assert unknown.status_code == 404
