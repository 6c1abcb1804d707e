"""What can be done with a form: fill it in."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from guichet_contracts.claims import VISITOR_SCOPE
from guichet_contracts.event import Event
from guichet_kit.clock import now

from guichet_requests.email.events import contact_wanted
from guichet_requests.email.usecases import Outbox, add_letter
from guichet_requests.errors import Contended, Unknown
from guichet_requests.file.store import FileElsewhere, FileStore
from guichet_requests.form.events import form_submitted
from guichet_requests.form.form import Form
from guichet_requests.form.store import FormStore
from guichet_requests.form.submission import Submission, begin, confirmation, item_of
from guichet_requests.guard import Guard, Person
from guichet_requests.reason.store import ReasonStore
from guichet_requests.request.request import Change, Request
from guichet_requests.request.store import Taken
from guichet_requests.request.usecases import ATTEMPTS
from guichet_requests.timeline.item import Attachment, Author

_SYSTEM = Author("system", "requests", None)
_AFTERWARDS = timedelta(milliseconds=1)
"""The confirmation stands below the form, whatever their ids."""


def confirmation_of(request_id: str) -> str:
    """The id of the timeline item that confirms a form."""
    return str(uuid5(UUID(request_id), "confirmation"))


async def open_form(store: FormStore, key: str) -> Form:
    """The form of that key, while it can be filled in. Raises `Unknown`."""
    form = await store.with_key(key)
    if form is None:
        raise Unknown("There is no such form.")
    return form


async def files_of(files: FileStore, file_ids: Sequence[str], sender_id: str) -> tuple[Attachment, ...]:
    """The files that the sender uploaded for the form. Raises `FileNotKnownYet`, `FileElsewhere`."""
    copies = await files.named(file_ids)
    for index, copy in enumerate(copies):
        if (copy.owner_id, copy.scope) != (sender_id, VISITOR_SCOPE):
            raise FileElsewhere(index)
    return tuple(copy.file for copy in copies)


async def fill_in(
    outbox: Outbox,
    reasons: ReasonStore,
    guard: Guard,
    form: Form,
    request_id: str,
    said: Submission,
    may_confirm: Callable[[], Awaitable[bool]],
) -> Request:
    """Make a request of the form, with the mail that confirms it where the form says so, in one write.

    The request is made also where no more mail may be sent: ``may_confirm`` is asked once. A repeat with the same id
    answers the first one. Raises `Contended`.
    """
    confirms: bool | None = None
    came = now()
    for _ in range(ATTEMPTS):
        existing = await outbox.requests.get(request_id)
        if existing is not None:
            return existing
        # A reason that was deleted since the form was made is no reason to refuse a customer.
        reason = await reasons.get(form.reason_id) if form.reason_id else None
        number = await outbox.requests.next_number()
        at = now()
        begun = begin(form, said, request_id, number, reason.id if reason else None, at)
        told: list[Event[Any]] = [
            contact_wanted(request_id, said.email, said.name, came),
            form_submitted(request_id, item_of(request_id), [file.id for file in said.files]),
        ]
        if confirms is None:
            confirms = form.confirmation and await may_confirm()
        if confirms:
            letter, item_id = confirmation(form, said.email, number), confirmation_of(request_id)
            confirmed, submitted = add_letter(
                begun.request, item_id, letter, (), outbox.domain, _SYSTEM, at + _AFTERWARDS
            )
            begun = Change(confirmed.request, begun.items + confirmed.items)
            told += submitted
        try:
            await outbox.requests.insert(begun, told)
        except Taken:
            continue
        await guard.look_again(_filled_in(request_id, said, came))
        return begun.request
    raise Contended("The request was being made elsewhere.")


def _filled_in(request_id: str, said: Submission, at: datetime) -> Person:
    """Whoever filled the form in, as the guard asks."""
    return Person(
        visitor_ids=frozenset({said.sender_id}),
        names=frozenset({said.name}),
        addresses=frozenset({said.email}),
        item_ids=frozenset({item_of(request_id)}),
        received_at=at,
    )
