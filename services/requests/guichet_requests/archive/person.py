"""What the desk knows of a person: gathered from this service's stores and from what the others tell."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from guichet_requests.archive.others import Others, PartsAway, PersonUnknown
from guichet_requests.contact.contact import email_key
from guichet_requests.request.events import snapshot
from guichet_requests.request.store import RequestStore
from guichet_requests.timeline.api import TimelineItem
from guichet_requests.timeline.item import Item
from guichet_requests.timeline.store import TimelineStore

FORMAT = 1
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the archive: its name there, and the route that has its bytes."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Person:
    """All of it: what is written down, and the files that belong to it."""

    told: dict[str, Any]
    parts: list[Part]


@dataclass(frozen=True, slots=True)
class Here:
    """What this service knows: the person's visitors and requests, their e-mails on requests of others, every item."""

    visitor_ids: list[str]
    requests: list[dict[str, Any]]
    written_elsewhere: list[dict[str, Any]]
    items: list[Item]


async def known_here(
    requests: RequestStore, items: TimelineStore, contact_ids: Sequence[str], addresses: Iterable[str]
) -> Here:
    """What this service knows of the person who is these contacts and has these addresses."""
    visitor_ids = sorted(await requests.visitors_of(contact_ids))
    keys = [email_key(address) for address in addresses]
    theirs, said = list[dict[str, Any]](), list[Item]()
    async for request_id in requests.of_person(contact_ids, visitor_ids, keys):
        request = await requests.get(request_id)
        if request is None:
            continue
        timeline, cursor = await items.page(request_id, "asc", _PAGE, None)
        while cursor is not None:
            more, cursor = await items.page(request_id, "asc", _PAGE, cursor)
            timeline += more
        shown = snapshot(request).model_dump(mode="json")
        theirs.append(shown | {"timeline": [_shown(item) for item in timeline]})
        said += timeline
    ids = {one["id"] for one in theirs}
    elsewhere = [item for item in await items.written_by(keys) if item.request_id not in ids]
    return Here(visitor_ids, theirs, [_shown(item) for item in elsewhere], [*said, *elsewhere])


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


async def gather(
    requests: RequestStore, items: TimelineStore, others: Others, contact_id: str, authorization: str
) -> Person:
    """All that is known of the contact. Raises `PersonUnknown`, `PartsAway`."""
    if not _is_id(contact_id):
        raise PersonUnknown  # what others are asked has it in its path
    known = await others.read("GET", f"/api/v1/contacts/{contact_id}/known", authorization)
    if known is None:
        raise PersonUnknown
    people = [known["contact"], *known["merged"]]
    addresses = sorted({address for one in people for address in (one["email"], *one["other_emails"]) if address})
    here = await known_here(requests, items, [one["id"] for one in people], addresses)
    emails = [item for item in here.items if item.kind == "email"]
    asked = {
        "email_ids": [item.id for item in emails if item.direction == "inbound"],
        "item_ids": [item.id for item in emails if item.direction == "outbound"],
        "addresses": addresses,
    }
    mail = await others.read("POST", "/api/v1/mail/known", authorization, asked)
    if mail is None:
        raise PartsAway("/api/v1/mail/known", "there is no such route")
    visitors = [
        found
        for visitor_id in here.visitor_ids
        if (found := await others.read("GET", f"/api/v1/conversations/of/{visitor_id}", authorization))
    ]
    files = {file.id: file.name for item in here.items for file in item.attachments}
    told = {
        "format": FORMAT,
        **known,
        "visitors": visitors,
        "requests": here.requests,
        "written_elsewhere": here.written_elsewhere,
        **mail,
        "files": [{"id": file_id, "name": name} for file_id, name in files.items()],
    }
    return Person(told, _parts(files.items(), mail))


def file_name(file_id: str, name: str) -> str:
    """The name of a person's file in the archive: of its own, and leading nowhere else."""
    last = name.replace("\\", "/").rpartition("/")[2].strip().strip(".")
    return f"files/{file_id}-{last}" if last else f"files/{file_id}"


def _parts(files: Iterable[tuple[str, str]], mail: dict[str, Any]) -> list[Part]:
    parts = [Part(file_name(file_id, name), f"/api/v1/attachments/{file_id}") for file_id, name in files]
    for folder in ("mails", "quarantine"):
        parts += [Part(f"{folder}/{one['id']}.eml", f"/api/v1/mail/received/{one['id']}/raw") for one in mail[folder]]
    return parts


def _shown(item: Item) -> dict[str, Any]:
    return TimelineItem.of(item).model_dump(mode="json", by_alias=True)
