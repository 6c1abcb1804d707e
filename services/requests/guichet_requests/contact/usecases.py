"""What ``contacts`` tells, brought to the copies and onto the requests that show them.

Each may come in any order and any number of times: the copy with the greatest version stays, and each request then
shows what its link stands for by that copy. What a crash left undone is found by the repeat.
"""

from guichet_kit.clock import now

from guichet_requests.contact.contact import ContactCopy
from guichet_requests.contact.store import ContactStore
from guichet_requests.request import linking
from guichet_requests.request.request import Change, Contact, Request
from guichet_requests.request.store import RequestStore
from guichet_requests.request.usecases import change_after, show_contact


async def keep(store: RequestStore, contacts: ContactStore, *copies: ContactCopy) -> None:
    """Take in contacts as they are by now."""
    for copy in copies:
        await contacts.keep(copy)
    for copy in copies:
        await show_everywhere(store, contacts, copy.id)
        for request_id in await store.awaiting(copy.email_keys):
            await link_awaited(store, contacts, request_id)


async def merge(
    store: RequestStore, contacts: ContactStore, merged_id: str, merged_version: int, into: ContactCopy
) -> None:
    """Requests of the merged contact show the one that stays; their links stay, for it may be undone."""
    await contacts.keep(into)
    await contacts.keep_merged(merged_id, merged_version, into.id)
    await show_everywhere(store, contacts, into.id)


async def show_everywhere(store: RequestStore, contacts: ContactStore, contact_id: str) -> None:
    """Let all requests whose link stands for the contact show it as it is, a few of them in memory at a time."""
    for linked_id in await contacts.standing_for(contact_id):
        async for request_id in store.linked_to(linked_id):
            await show_contact(store, contacts, request_id)


async def link_awaited(store: RequestStore, contacts: ContactStore, request_id: str) -> None:
    """Link the contact whose address the request waits for, as soon as there is one. Raises `Unknown`."""

    async def decide(request: Request) -> Change | None:
        holder = await contacts.holder_of(request.awaits) if request.awaits else None
        contact = Contact(holder.id, holder.name, holder.email) if holder else None
        return linking.link_awaited(request, contact, at=now()) if contact else None

    if (await change_after(store, request_id, decide)).link:
        await show_contact(store, contacts, request_id)
