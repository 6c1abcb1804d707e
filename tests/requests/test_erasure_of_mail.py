"""The e-mails of a person who is erased: nothing in them says any more who it was, and those who keep them are told."""

from uuid import UUID, uuid4, uuid5

from guichet_contracts import mailer
from guichet_contracts.attachments import File, Owner
from guichet_kit.mongo import Database
from guichet_requests.email.answer import Answer, answer
from guichet_requests.timeline.item import Attachment

from .conftest import NOON, World
from .mailing import answering, fate, received
from .test_erasure import CARO, TRACES, erased, everything, told

MAIL_TRACES = (*TRACES, "Lulu", "rue des Lilas", "lulu@home.example", "sa-facture.pdf")


class TestErasureOfMail:
    async def write(self, world: World) -> list[str]:
        """Élodie's e-mails, answered, one of them on somebody else's request; the ids of the received ones."""
        photo = mailer.Attachment(
            id="photo", name="Élodie.png", media_type="image/png", size=9, state="ready", inline=True
        )
        asked = received(
            "Je suis Élodie Marchand",
            "elodie.marchand@example.com",
            html="<p>É<b>lodie</b> elodie.marchand@example.com</p>",
            text_signature="Élodie, 3 rue des Lilas",
            text_quoted="> Madame Marchand",
            html_quoted="<p>Madame Marchand</p>",
            subject="La lampe d’Élodie",
            cc=(mailer.Address(email="lulu@home.example", name="Lulu"),),
            references=("elodie@marchand.example",),
            attachments=(photo,),
        )
        await world.hear(told(), asked)
        request = await world.the_request()
        bill = Attachment("bill", "Facture Marchand.pdf", "application/pdf", 9)
        answered = Answer(text="Bonjour Élodie", attachments=(bill,), quote="last", signature="Caro")
        sent = await answer(world.outbox, request.id, str(uuid4()), answered, by=CARO)
        changed = fate(request.id, sent.id, "failed", 1)
        detail = changed.data.model_copy(update={"detail": "elodie.marchand@example.com: 550 no such user"})
        await world.hear(changed.model_copy(update={"data": detail}))
        other = received("Bonjour", "zoe@example.org", subject="Un vase")
        own = str(uuid5(UUID(other.subject), "request 1"))
        stray = received(
            "Élodie encore",
            "elodie.marchand@example.com",
            thread=answering(own),
        )
        await world.hear(other, stray)
        await world.files.keep(
            File(id="photo", name="Élodie.png", size=9, sha256="0" * 64, scope="visitor",
                 owner=Owner(kind="agent", id="mailer"), created_at=NOON)
        )  # fmt: skip
        return [asked.subject, stray.subject]

    async def test_nothing_of_the_person_is_left_and_mailer_and_attachments_are_told(
        self, world: World, database: Database
    ) -> None:
        email_ids = await self.write(world)
        request, other = await world.the_request(0), await world.the_request(1)
        _, sent = await world.emails(request.id)
        before = await everything(database)
        assert [trace for trace in ("Lulu", "rue des Lilas", "Marchand") if trace not in before] == []

        for _ in range(2):
            await world.hear(erased())

        after = await everything(database)
        assert [trace for trace in MAIL_TRACES if trace in after] == []
        assert [item.text for item in await world.emails(request.id)] == [
            "Je suis [effacé]", "Bonjour [effacé]"
        ]  # fmt: skip
        theirs, mine = await world.emails(other.id)
        assert theirs.email is not None
        assert theirs.email.sender is not None
        assert (theirs.email.sender.email, mine.text) == ("zoe@example.org", "[effacé] encore")
        gone = world.told("requests.visitors.erased.v1")
        words = [set(told.pop("words")) for told in gone]
        assert words[1] <= words[0], "what was taken out is not known any more; whoever was told once keeps it"
        assert gone[0] == gone[1]
        assert gone[0]["email_ids"] == sorted(email_ids)
        assert (gone[0]["item_ids"], gone[0]["attachment_ids"]) == ([sent.id], ["bill", "photo"])

    async def test_what_became_of_an_e_mail_brings_nothing_back(self, world: World, database: Database) -> None:
        await self.write(world)
        request = await world.the_request(0)
        _, sent = await world.emails(request.id)
        await world.hear(erased())

        await world.hear(fate(request.id, sent.id, "sent", 7))

        item = await world.items.get(sent.id)
        assert item is not None
        assert item.delivery is not None
        assert item.delivery.state == "sent"
        assert [trace for trace in MAIL_TRACES if trace in await everything(database)] == []
