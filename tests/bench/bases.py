"""Small and large bases of contacts and requests, put straight into the databases of a running system."""

import itertools
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from guichet_contacts.contact import documents as contact_documents
from guichet_contacts.contact.contact import Contact as KeptContact
from guichet_contacts.contact.contact import Details
from guichet_requests.request import documents
from guichet_requests.request.request import Assignee, Contact, Priority, Request, Status, with_status
from guichet_requests.timeline import store as timeline
from guichet_requests.timeline.item import Author, Channel, Item
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection

FIRST_NAMES = ("Marie", "Élodie", "Jean", "Zoé", "Mathis", "Camille", "Ada", "Noémie", "Ulysse", "Inès", "Léa", "Paul")
LAST_NAMES = ("Martin", "Durand", "Lovelace", "Œuvre", "Château", "Petit", "Lefèvre", "Nguyen", "Dubois", "Groß", "Roy")
SUBJECTS = ("Lampe qui clignote", "Retard de livraison", "Facture en double", "Échange", "Question sur la garantie")
STATUSES: tuple[Status, ...] = ("new", "in_progress", "pending", "closed")
CHANNELS: tuple[Channel, ...] = ("email", "web_form", "manual", "chat")
PRIORITIES: tuple[Priority, ...] = ("low", "low", "low", "medium", "medium", "high")

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
_BATCH = 5_000


def contact(number: int) -> KeptContact:
    """The contact of that number; its name is not rare, its address and telephone are its own."""
    at = _BEGIN + timedelta(seconds=number)
    return KeptContact(f"bench-contact-{number}", at, at, _details(number))


def request(number: int, agents: list[Assignee]) -> Request:
    """The request of that number: of its contact, in every channel, status and priority, held by somebody or nobody."""
    at = _BEGIN + timedelta(minutes=3 * number)
    shown = contact(number)
    made = Request(
        id=f"bench-request-{number}",
        number=1_000_000 + number,
        channel=CHANNELS[number % 3],
        priority=PRIORITIES[number % 6],
        subject=f"{SUBJECTS[number % 5]} {number}",
        preview="Bonjour, je vous écris au sujet de ma commande de la semaine dernière.",
        contact=Contact(shown.id, shown.details.name, shown.details.email),
        assignee=agents[number % len(agents)] if number % 5 else None,
        status_at=at,
        created_at=at,
        last_activity_at=at,
    )
    return with_status(made, STATUSES[number % 7 % 4], at)


class Unheard:
    """Leaves events in the outbox: the sweep of the service that runs finds them."""

    def offer(self, collection: object, document_id: object, entries: object) -> None:
        """Do nothing."""

    async def publish_batch(self, events: object, *, also: object = ()) -> None:
        """Do nothing."""


async def fill(mongodb_url: str, numbers: range, lines: int = 2, holders: Iterable[Assignee] = ()) -> None:
    """Put the contacts and requests of these numbers into the system's databases, so many lines on each request.

    The system's agents hold them, and ``holders``.
    """
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(mongodb_url)
    kept = client["guichet_requests"]
    found = await kept["agents"].find({}).to_list(None)
    agents = [Assignee(agent["_id"], agent["name"], "".join(w[0] for w in agent["name"].split())) for agent in found]
    agents += holders
    await _insert(
        client["guichet_contacts"]["contacts"],
        ({**contact_documents.to_document(contact(number)), "outbox": []} for number in numbers),
    )
    await _insert(
        kept["requests"],
        (
            {"_id": one.id, **documents.to_document(one), "outbox": [], "pending": []}
            for one in (request(number, agents) for number in numbers)
        ),
    )
    await _insert(
        kept["timeline"],
        (timeline.to_document(item) for number in numbers for item in _said(request(number, agents), lines)),
    )
    await client.close()


def _details(number: int) -> Details:
    first, last = FIRST_NAMES[number % 12], LAST_NAMES[number // 12 % 11]
    return Details(first, last, f"personne{number}@example.com", f"+336{number:08}", f"Société {number % 500}")


def _said(one: Request, lines: int) -> Iterator[Item]:
    texts = ("Bonjour, où en est ma commande ?", "Bonjour, je regarde cela tout de suite.")
    for n in range(lines):
        text = texts[n % 2]
        author = Author("agent", "a", "Caro Agent") if n % 2 else Author("contact", "c", "Ada")
        at = one.created_at + timedelta(seconds=n)
        way: Any = "outbound" if n % 2 else "inbound"
        yield Item(f"{one.id}:{n}", one.id, at, "message", one.channel, way, author, text)


async def _insert(collection: AsyncCollection[dict[str, Any]], documents: Iterable[dict[str, Any]]) -> None:
    """Insert, without the indexes meanwhile: building them at once takes a fraction of the time."""
    indexes = [index for index in await (await collection.list_indexes()).to_list(None) if index["name"] != "_id_"]
    await collection.drop_indexes()
    left = iter(documents)
    while batch := list(itertools.islice(left, _BATCH)):
        await collection.insert_many(batch, ordered=False)
    await collection.database.command("createIndexes", collection.name, indexes=indexes)
