"""Every door where a person's words or names come in, and an erasure, stopped between each two calls of the stores.

Whichever is first, and at whatever moment the other one comes between, nothing of the person is left.
"""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from guichet_contracts import contacts as contract
from guichet_contracts.mailer import Address
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.mongo import Database
from guichet_kit.tokens import Tokens
from guichet_local.testing.moments import Moment
from guichet_local.testing.signing import SIGNING
from guichet_requests import consumers
from guichet_requests.contact.contact import ContactErased
from guichet_requests.email.answer import Answer, answer
from guichet_requests.email.inbound import judge, move
from guichet_requests.errors import Refused
from guichet_requests.form import usecases as forms
from guichet_requests.form.form import Form
from guichet_requests.form.submission import Submission
from guichet_requests.reason.store import reason_store
from guichet_requests.request import usecases
from guichet_requests.request.request import Request, edit
from guichet_requests.timeline.item import Item
from guichet_requests.transcript import usecases as transcripts
from guichet_requests.transcript.store import ProofStore

from .conftest import SECRET, Visitor, World
from .mailing import answering, received
from .test_erasure import CARO, TRACES, everything, told

EMAIL = "elodie.marchand@example.com"
SENDER = Address(email=EMAIL, name="Élodie Marchand")
Door = Callable[[World, "Scene"], Awaitable[object]]

# What is in question is who comes first; and there are many moments.
pytestmark = [pytest.mark.parametrize("driver", ["pymongo"]), pytest.mark.timeout(900)]


class Scene:
    """Élodie's request of e-mails, Zoé's, a chat that nobody linked; and what is about to come in."""

    def __init__(self, theirs: Request, others: Request, chat: Request, email: Item, visitor: Visitor) -> None:
        self.theirs, self.others, self.chat, self.email = theirs, others, chat, email
        self.visitor = visitor
        at = now()
        self.mail = mail(at=at)
        self.stray = mail(at=at, thread=answering(others.id))
        self.entry = visitor.writes("C’est Élodie Marchand")
        self.form_id = str(uuid4())


def mail(**fields: Any) -> Any:
    """An e-mail of Élodie's."""
    event = received("Je suis Élodie Marchand, 06 39 98 01 01", EMAIL, subject="La lampe d’Élodie", **fields)
    email = event.data.email.model_copy(update={"sender": SENDER})
    return event.model_copy(update={"data": event.data.model_copy(update={"email": email})})


def erased_now() -> contract.ContactErased:
    data = contract.ContactErasedData(contact_id="e", version=2, erased_at=now())
    return contract.ContactErased(id=new_id(), time=now(), subject="e", data=data)


async def take_in_mail(world: World, scene: Scene) -> None:
    await world.hear(scene.mail)


async def take_in_stray_mail(world: World, scene: Scene) -> None:
    await world.hear(scene.stray)


async def take_in_an_entry(world: World, scene: Scene) -> None:
    await world.hear(scene.entry)


async def take_in_a_batch(world: World, scene: Scene) -> None:
    await world.hear_together(scene.entry)


async def link(world: World, scene: Scene) -> None:
    stores = (world.requests, world.contacts, world.guard)
    await usecases.link(*stores, scene.chat.id, "e", by=CARO, expected=None)


async def create_by_hand(world: World, _scene: Scene) -> None:
    await usecases.create_by_hand(
        world.requests, world.contacts, world.guard, by=CARO, request_id=None, idempotency_key=None,
        subject="Rappeler", text=None, priority="low", reason_id=None, contact_id="e",
    )  # fmt: skip


async def move_to_another(world: World, scene: Scene) -> None:
    await move(world.room, scene.theirs.id, scene.email.id, scene.others.id, by=CARO)


async def move_to_its_own(world: World, scene: Scene) -> None:
    await move(world.room, scene.theirs.id, scene.email.id, None, by=CARO)


async def judge_an_email(world: World, scene: Scene) -> None:
    await judge(world.room, scene.theirs.id, scene.email.id, "machine", by=CARO)


async def answer_an_email(world: World, scene: Scene) -> None:
    written = Answer(text="Bonjour", quote="all", signature="Caro")
    await answer(world.outbox, scene.theirs.id, str(uuid4()), written, by=CARO)


async def write_a_note(world: World, scene: Scene) -> None:
    stores = (world.requests, world.items, world.guard)
    await usecases.add_note(*stores, scene.theirs.id, str(uuid4()), "Rappeler Élodie Marchand", by=CARO)


async def change_the_subject(world: World, scene: Scene) -> None:
    subject = "Élodie Marchand, 06 39 98 01 01"

    async def decide(request: Request) -> Any:
        return edit(request, by=CARO, at=now(), subject=subject)

    await usecases.edit_subject(world.requests, world.guard, scene.theirs.id, decide, None, subject)


async def fill_in_a_form(world: World, scene: Scene) -> None:
    form = Form(id=str(uuid4()), position=0, key="contact", name="Contact", language="fr")
    said = Submission(
        sender_id=f"form-{scene.form_id}", name="Élodie Marchand", email=EMAIL, subject="La lampe d’Élodie",
        message="Je suis Élodie Marchand",
    )  # fmt: skip

    async def may_confirm() -> bool:
        return True

    reasons = reason_store(world.files.collection.database)
    await forms.fill_in(world.outbox, reasons, world.guard, form, scene.form_id, said, may_confirm)


async def send_a_transcript(world: World, scene: Scene) -> None:
    proofs, links = ProofStore(world.files.collection.database, SECRET), Tokens(SIGNING.keys("requests"), "proofs")
    desk = transcripts.Desk(world.outbox, world.guard, proofs, links, "https://desk.example", "fr")
    wanted = transcripts.Wanted(
        id=scene.form_id, conversation_id=scene.visitor.conversation.id, visitor_id=scene.visitor.id,
        visitor_email=EMAIL, last_seq=1, email=None, language="fr", by=CARO, vouched=True,
    )  # fmt: skip
    await transcripts.send(desk, wanted)


DOORS: dict[str, Door] = {
    door.__name__: door
    for door in (
        take_in_mail, take_in_stray_mail, take_in_an_entry, take_in_a_batch, link, create_by_hand, move_to_another,
        move_to_its_own, judge_an_email, answer_an_email, fill_in_a_form, send_a_transcript,
        write_a_note, change_the_subject,
    )
}  # fmt: skip


async def begin(world: World, database: Database, *, linked: bool) -> Scene:
    """What is there before; ``linked``: an agent has linked the chat to the contact. Else the visitor is nobody."""
    for name in await database.list_collection_names():
        await database[name].delete_many({})
    begun = now() - timedelta(seconds=9)
    visitor = Visitor("Élodie Marchand", begun, email=EMAIL) if linked else Visitor(None, begun)
    await world.hear(told(), mail(), received("Bonjour", "zoe@example.org", subject="Un vase"))
    await world.hear(visitor.writes("Je suis Élodie" if linked else "Bonjour"))
    theirs, others, chat = [await world.the_request(number) for number in range(3)]
    if linked:
        await link(world, Scene(theirs, others, chat, (await world.emails(theirs.id))[0], visitor))
    return Scene(theirs, others, chat, (await world.emails(theirs.id))[0], visitor)


async def erase(world: World, _scene: Scene) -> None:
    await consumers.take_in_contact(world.stores, erased_now())


def watched(world: World, moment: Moment) -> World:
    names = ("requests", "items", "contacts", "erasures", "filings", "files")
    return replace(world, **{name: moment.watch(getattr(world, name)) for name in names})


NOT_LINKED = ("link",)
"""Doors that the visitor's chat is to be linked by, or that find it so: else their chat is Élodie's already."""


INTERRUPTING = (
    "take_in_mail", "take_in_an_entry", "link", "move_to_another", "answer_an_email", "send_a_transcript",
    "write_a_note", "change_the_subject",
)  # fmt: skip
"""Doors that come between two steps of an erasure: one of each kind, for it has many steps.

What is filled in once somebody is erased is somebody new's, so a form is none of them.
"""


AGENTS_OWN = ("write_a_note", "change_the_subject")
"""Doors by which agents write of a person. What an agent writes after the erasure has ended is kept as it is."""


@pytest.mark.parametrize(
    ("name", "first"), [*((name, "door") for name in DOORS), *((name, "erasure") for name in INTERRUPTING)]
)
async def test_nothing_of_the_person_is_left_whoever_comes_first(
    world: World, database: Database, name: str, first: str
) -> None:
    door = DOORS[name]
    calls = 0
    for nth in itertools.count():
        scene = await begin(world, database, linked=name not in NOT_LINKED)
        begun, between = (door, erase) if first == "door" else (erase, door)

        async def happens(between: Door = between, scene: Scene = scene) -> None:
            await _allowed(between(world, scene))

        moment = Moment(nth, happens)
        await _allowed(begun(watched(world, moment), scene))
        if not moment.passed:
            if first == "erasure" and name in AGENTS_OWN:
                break
            await happens()
        left = await everything(database)
        assert [trace for trace in TRACES if trace in left] == [], f"{name}, {first} first, at call {nth}"
        calls += 1
        if not moment.passed:
            break
    assert calls > 3


async def test_what_comes_afterwards_is_somebody_new_s(world: World, database: Database) -> None:
    scene = await begin(world, database, linked=True)
    waited = mail(at=now())
    await erase(world, scene)
    before = await world.count()
    for event in (waited, waited):
        await world.hear(event)
    assert await world.count() == before
    gone = world.told("requests.visitors.erased.v1")[-1]
    assert waited.subject in gone["email_ids"]
    wanted = len(world.told("requests.contact.wanted.v1"))

    later = mail(at=now() + timedelta(seconds=1))
    await world.hear(later)
    await fill_in_a_form(world, scene)

    assert await world.count() == before + 2
    written, filled = await world.the_request(before), await world.the_request(before + 1)
    assert [item.text for item in await world.emails(written.id)] == ["Je suis Élodie Marchand, 06 39 98 01 01"]
    assert (filled.visitor and filled.visitor.name, filled.subject) == ("Élodie Marchand", "La lampe d’Élodie")
    assert len(world.told("requests.contact.wanted.v1")) == wanted + 2

    await erase(world, scene)  # the event comes again
    assert [item.text for item in await world.emails(written.id)] == ["Je suis Élodie Marchand, 06 39 98 01 01"]


async def test_mail_of_a_stranger_beside_it_stays_whole(world: World, database: Database) -> None:
    scene = await begin(world, database, linked=True)
    await world.hear(received("Mon vase", "zoe@example.org", thread=answering(scene.theirs.id)))
    zoe = (await world.emails(scene.theirs.id))[1]
    await move(world.room, scene.theirs.id, zoe.id, scene.others.id, by=CARO)

    await erase(world, scene)
    await world.hear(received("Encore Zoé", "zoe@example.org", thread=answering(scene.others.id)))

    said = [(item.text, item.author.name) for item in await world.emails(scene.others.id)]
    assert said == [("Bonjour", "Ada"), ("Mon vase", "Ada"), ("Encore Zoé", "Ada")]


async def _allowed(work: Awaitable[object]) -> None:
    """Done, or refused: whoever comes after an erasure may be told that there is nobody any more."""
    try:
        await work
    except (Refused, ContactErased):
        return
