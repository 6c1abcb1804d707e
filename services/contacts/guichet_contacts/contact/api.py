"""Routes of contacts: translate, call a use case, translate back."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal
from uuid import NAMESPACE_URL, uuid5

from fastapi import APIRouter, Depends, Header, Query, Response
from guichet_kit.http import etag, if_match
from guichet_kit.ids import new_id
from guichet_kit.pages import DEFAULT_LIMIT, MAX_LIMIT, Page, decode_cursor, encode_cursor
from guichet_kit.tokens import Claims
from pydantic import Field

from guichet_contacts.agents import Agent, managers
from guichet_contacts.contact import merging, usecases
from guichet_contacts.contact.contact import Contact, Details
from guichet_contacts.contact.fields import clean
from guichet_contacts.contact.schemas import ContactFields, ContactView, KnownView, MergedView, MergeOrder, NewContact
from guichet_contacts.contact.store import ContactStore
from guichet_contacts.contact.whole import whole

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]


def contact_routes(contacts: ContactStore, agent: Callable[[Claims], Agent], region: str) -> APIRouter:
    """``/api/v1/contacts``. Phone numbers without a ``+`` are of ``region``."""
    router = APIRouter(prefix="/api/v1/contacts", tags=["contacts"])
    caller = Annotated[Agent, Depends(agent)]
    manager = Annotated[Agent, Depends(managers(agent))]
    version = Annotated[int | None, Depends(if_match)]

    @router.get("")
    async def search_contacts(
        _agent: caller,
        q: Annotated[str, Query(max_length=200, description="Beginnings of words: name, e-mail, phone, company")] = "",
        limit: Limit = DEFAULT_LIMIT,
        cursor: str | None = None,
        sort: Annotated[Literal["name", "-name", "-updated_at"], Query(description="With - backwards")] = "name",
    ) -> Page[ContactView]:
        if sort == "-updated_at":
            at, contact_id = decode_cursor(cursor, datetime, str) if cursor else (None, None)
            before = (at, contact_id) if isinstance(at, datetime) and isinstance(contact_id, str) else None
            found, left = await usecases.recent_contacts(contacts, q, before, limit)
            return Page(items=[ContactView.of(one) for one in found], next_cursor=encode_cursor(left) if left else None)
        after = str(decode_cursor(cursor, str)[0]) if cursor else None
        found, last = await usecases.search_contacts(contacts, q, after, limit, backwards=sort == "-name")
        return Page(items=[ContactView.of(one) for one in found], next_cursor=encode_cursor([last]) if last else None)

    @router.post("", status_code=201)
    async def create_contact(
        new: NewContact,
        response: Response,
        who: caller,
        idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
    ) -> ContactView:
        fields = clean(new.model_dump(exclude={"id"}), region)
        contact_id = str(new.id) if new.id else _id_for(who, idempotency_key)
        contact = await usecases.create_contact(contacts, contact_id, Details(**fields))
        response.headers["Location"] = f"/api/v1/contacts/{contact.id}"
        return _view(contact, response)

    @router.get("/{contact_id}")
    async def read_contact(contact_id: str, response: Response, _agent: caller) -> ContactView:
        return _view(await usecases.read_contact(contacts, contact_id), response)

    @router.patch("/{contact_id}")
    async def update_contact(
        contact_id: str, given: ContactFields, response: Response, _agent: caller, version: version
    ) -> ContactView:
        fields = clean(given.model_dump(exclude_unset=True), region)
        return _view(await usecases.update_contact(contacts, contact_id, fields, version), response)

    @router.delete("/{contact_id}", status_code=204)
    async def erase_contact(
        contact_id: str,
        who: manager,
        visitor_id: Annotated[
            list[Annotated[str, Field(max_length=64)]],
            Query(max_length=200, description="Visitors who claim an address of theirs, to be erased with them"),
        ] = [],  # noqa: B006  it is only read
    ) -> None:
        await merging.erase_contact(contacts, contact_id, visitor_id, by=who)

    @router.get("/{contact_id}/known")
    async def read_known(contact_id: str, _agent: manager) -> KnownView:
        return KnownView.model_validate(await whole(contacts, contact_id))

    @router.get("/{contact_id}/merged")
    async def list_merged(contact_id: str, _agent: manager) -> Page[MergedView]:
        parts = await merging.merged_parts(contacts, contact_id)
        return Page(items=[MergedView.of(part) for part in parts])

    @router.post("/{contact_id}/merge")
    async def merge_contact(contact_id: str, order: MergeOrder, response: Response, who: manager) -> ContactView:
        return _view(await merging.merge_contact(contacts, contact_id, order.into, by=who.id), response)

    @router.post("/{contact_id}/unmerge")
    async def unmerge_contact(contact_id: str, response: Response, _agent: manager) -> ContactView:
        return _view(await merging.unmerge_contact(contacts, contact_id), response)

    return router


def _id_for(agent: Agent, idempotency_key: str | None) -> str:
    # The same agent's same key names the same contact, for ever; nobody else's key can.
    return str(uuid5(NAMESPACE_URL, f"{agent.id} {idempotency_key}")) if idempotency_key else new_id()


def _view(contact: Contact, response: Response) -> ContactView:
    response.headers["ETag"] = etag(contact.version)
    return ContactView.of(contact)
