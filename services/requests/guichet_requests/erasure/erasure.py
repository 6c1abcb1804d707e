"""Who goes, and what is left of their requests and timelines. Pure."""

from dataclasses import dataclass, replace

from guichet_kit.redact import ERASED, Redaction

from guichet_requests.request.chat import Entry, Message, Opening
from guichet_requests.request.request import Change, Request, Visitor
from guichet_requests.timeline.item import Event, Item, Party


@dataclass(frozen=True, slots=True)
class Erasure:
    """The contacts that are this person, the visitors they were, and how they were called."""

    contact_id: str
    contact_ids: frozenset[str] = frozenset()
    visitor_ids: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()

    @property
    def redaction(self) -> Redaction:
        """What takes the person out of texts."""
        return Redaction(self.names, self.addresses, self.phones)

    def knowing(self, visitor: Visitor) -> "Erasure":
        """With what the visitor says of themselves: what was known was forgotten when all was done."""
        names, addresses = (frozenset(filter(None, (told,))) for told in (visitor.name, visitor.email))
        return replace(self, names=self.names | names, addresses=self.addresses | addresses)


def erase_request(request: Request, redaction: Redaction) -> Change | None:
    """The request without the person; None when nothing of them is left in it."""
    after = replace(
        request,
        contact=None,
        link=None,
        visitor=Visitor(request.visitor.id) if request.visitor else None,
        subject=request.subject and redaction.of(request.subject),
        preview=request.preview and redaction.of(request.preview),
    )
    return None if after == request else Change(after)


def erase_item(item: Item, erasure: Erasure, redaction: Redaction) -> Item:
    """The item without the person. What agents are called stays."""
    theirs = item.author.kind in ("visitor", "contact")
    return replace(
        item,
        author=replace(item.author, name=None) if theirs else item.author,
        text=redaction.of(item.text),
        attachments=tuple(replace(file, name=redaction.of(file.name)) for file in item.attachments),
        event=item.event and _erase_event(item.event, erasure, redaction),
    )


def erase_heard(opening: Opening, entry: Entry, redaction: Redaction) -> tuple[Opening, Entry]:
    """What is heard of an erased visitor, without the person."""
    opening = replace(opening, visitor=Visitor(opening.visitor.id))
    if isinstance(entry, Message):
        entry = replace(
            entry,
            author=replace(entry.author, name=None) if entry.author.kind == "visitor" else entry.author,
            text=redaction.of(entry.text),
            attachments=tuple(replace(file, name=redaction.of(file.name)) for file in entry.attachments),
        )
    return opening, entry


def _erase_event(event: Event, erasure: Erasure, redaction: Redaction) -> Event:
    def side(value: str | Party | None) -> str | Party | None:
        match value:
            case Party(id=person) if person in erasure.contact_ids:
                return Party(person, ERASED)
            case str() if event.name == "subject_changed":
                return redaction.of(value)
            case _:
                return value

    return replace(event, before=side(event.before), after=side(event.after))
