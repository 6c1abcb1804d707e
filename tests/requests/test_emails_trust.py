"""E-mails whose sender was forged, and those that came more than once."""

from typing import Any

import pytest
from guichet_contracts import mailer
from guichet_contracts.mailer import Authentication
from guichet_kit.hearings import waits
from guichet_kit.ids import new_id
from guichet_requests.email.inbound import RepeatedUnknown, move
from guichet_requests.request.hearing import PATIENCE
from guichet_requests.timeline.api import TimelineItem
from guichet_requests.timeline.item import Author

from .conftest import NOON, World
from .mailing import ADA, answering, contact, received

CARO = Author("agent", "0190aaaa-0000-7000-8000-00000000ca40", "Caro Agent")
FORGED = Authentication(server="mx.desk.example", spf="fail", dmarc="fail", verdict="fail")
PROVEN = FORGED.model_copy(update={"spf": "pass", "dmarc": "pass", "verdict": "pass"})
UNKNOWN = FORGED.model_copy(update={"spf": "none", "dmarc": "none", "verdict": "none"})


def repeated(email_id: str, repeat_id: str) -> mailer.EmailRepeated:
    data = mailer.EmailRepeatedData(email_id=email_id, repeat_id=repeat_id, received_at=NOON)
    return mailer.EmailRepeated(id=new_id(), time=NOON, subject=email_id, data=data)


class TestAForgedSender:
    async def test_is_marked_and_linked_to_nobody_even_where_the_address_is_a_contact_s(self, world: World) -> None:
        await world.hear(contact(), received(authentication=FORGED))

        request = await world.the_request()
        (item,) = await world.emails(request.id)
        shown = TimelineItem.of(item).model_dump(mode="json")

        assert (request.contact, request.awaits, item.author.id) == (None, None, "")
        assert world.told("requests.contact.wanted.v1") == []
        assert shown["email"]["authentication"] == {
            "server": "mx.desk.example",
            "spf": "fail",
            "dkim": None,
            "dmarc": "fail",
            "verdict": "fail",
        }
        # It is an e-mail that a person may have written, all the same.
        assert (item.said, len(request.unseen)) == (True, 1)

    async def test_takes_part_in_nothing_on_a_request_that_it_answers(self, world: World) -> None:
        await world.hear(contact(), received())
        request = await world.the_request()
        await world.hear(received("Mon nouvel IBAN", thread=answering(request.id), authentication=FORGED))

        _, item = await world.emails(request.id)

        assert item.email is not None
        assert item.email.other_sender
        assert item.author.id == ""

    async def test_makes_no_list_s_mail_a_person_s(self, world: World) -> None:
        listed: dict[str, Any] = {"kind": "bulk", "automatic_reason": "list", "why": "List-Id: x"}
        await world.hear(contact(), received(authentication=FORGED, **listed), received(**listed))

        forged, known = [(await world.emails((await world.the_request(number)).id))[0] for number in (0, 1)]

        assert forged.email is not None
        assert known.email is not None
        assert (forged.email.kind, known.email.kind) == ("bulk", "message")

    @pytest.mark.parametrize("said", [PROVEN, UNKNOWN, None])
    async def test_is_not_one_where_nothing_speaks_against_it(self, world: World, said: Authentication | None) -> None:
        await world.hear(contact(), received(authentication=said))

        request = await world.the_request()

        assert request.contact is not None
        assert request.contact.id == "ada"
        assert [one["email"] for one in world.told("requests.contact.wanted.v1")] == [ADA]


class TestAnEmailThatCameAgain:
    async def test_is_told_once_for_each_time_on_the_request_where_it_is(self, world: World) -> None:
        first = received()
        await world.hear(first, received("autre", "bea@example.org"))
        request = await world.the_request()
        email_id = first.data.email.id
        await world.hear(repeated(email_id, "second"), repeated(email_id, "second"), repeated(email_id, "third"))

        timeline = await world.timeline(request.id)

        assert [name for name, _ in timeline if name == "email_repeated"] == ["email_repeated"] * 2
        page, _ = await world.items.page(request.id, "asc", 50, None)
        line = next(TimelineItem.of(one) for one in page if one.event and one.event.name == "email_repeated")
        assert line.event is not None
        assert (line.event.to, line.at) == ("Lampe cassée", NOON)
        changed = await world.requests.get(request.id)
        assert changed is not None
        assert (changed.version, changed.unseen) == (request.version + 2, request.unseen)
        other = await world.the_request(1)
        assert "email_repeated" not in [name for name, _ in await world.timeline(other.id)]

    async def test_is_told_where_it_was_moved_to(self, world: World) -> None:
        first = received()
        await world.hear(first)
        request = await world.the_request()
        _, there = await move(world.room, request.id, first.data.email.id, None, by=CARO)
        await world.hear(repeated(first.data.email.id, "second"))

        assert "email_repeated" in [name for name, _ in await world.timeline(there.id)]

    async def test_waits_for_the_e_mail_itself_but_not_for_ever(self, world: World) -> None:
        with pytest.raises(RepeatedUnknown):
            await world.hear(repeated(new_id(), "second"))
        token = waits.set(PATIENCE)
        try:
            await world.hear(repeated(new_id(), "second"))
        finally:
            waits.reset(token)
        assert await world.count() == 0
