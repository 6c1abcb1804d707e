"""Merging, parting and erasing contacts: several documents each time, in one transaction."""

from collections.abc import Sequence

from guichet_kit.clock import now

from guichet_contacts.contact import events
from guichet_contacts.contact.contact import REVERSIBLE, Contact, State
from guichet_contacts.contact.errors import ContactMerged, ContactMissing, MergeRefused
from guichet_contacts.contact.store import ContactStore
from guichet_contacts.contact.usecases import active_contact, read_contact


async def merge_contact(contacts: ContactStore, contact_id: str, into: str, by: str) -> Contact:
    """Make the contact part of ``into``, which takes over its addresses and what it lacked itself; returns that one.

    A repeat changes nothing. ``by`` is the agent's id.

    Raises:
        ContactMissing, ContactErased: one of the two is not there.
        ContactMerged: one of the two was merged into yet another one.
        MergeRefused: a contact cannot be merged into itself.
    """
    if contact_id == into:
        raise MergeRefused("merge_into_itself", "A contact cannot be merged into itself.")

    async def work(within: ContactStore) -> Contact:
        target = await active_contact(within, into)
        source = await read_contact(within, contact_id)
        if source.merge:
            if source.merge.into == into:
                return target
            raise ContactMerged(source.merge.into)
        source, target = source.merged_into(target, by, now())
        await within.replace(source)
        await within.replace(target, events.merged(source, target))
        return target

    return await contacts.in_transaction(work)


async def merged_parts(contacts: ContactStore, contact_id: str) -> list[Contact]:
    """The contacts that were merged into this one and can still be parted from it, the newest merge first.

    Raises:
        ContactMissing, ContactErased: it is not there.
    """
    await read_contact(contacts, contact_id)
    earliest = now() - REVERSIBLE
    parts = [(part.merge.at, part) for part in await contacts.merged_into(contact_id) if part.merge]
    return [part for at, part in sorted(parts, key=lambda known: known[0], reverse=True) if at >= earliest]


async def unmerge_contact(contacts: ContactStore, contact_id: str) -> Contact:
    """Undo a merge; the contact, active again. A repeat changes nothing.

    Raises:
        ContactMissing, ContactErased: it is not there.
        ContactMerged: what it was merged into was itself merged: that is to be undone first.
        MergeRefused: the merge is older than `REVERSIBLE`.
    """

    async def work(within: ContactStore) -> Contact:
        contact = await read_contact(within, contact_id)
        if contact.merge is None:
            return contact
        moment = now()
        if moment - contact.merge.at > REVERSIBLE:
            raise MergeRefused("merge_final", f"A merge can be undone for {REVERSIBLE.days} days.")
        target = await active_contact(within, contact.merge.into)
        contact, target = contact.parted_from(target, moment)
        # The target first: it lets go of the addresses that the contact takes back.
        await within.replace(target)
        await within.replace(contact, events.unmerged(contact, target))
        return contact

    return await contacts.in_transaction(work)


async def erase_contact(
    contacts: ContactStore, contact_id: str, visitor_ids: Sequence[str] = (), *, by: events.Doer | None = None
) -> None:
    """Make the contact, and all that was ever merged into it, anonymous for good. A repeat changes nothing.

    ``visitor_ids``: visitors who claim an address of theirs, and are the same person, as whoever erases says. ``by``
    whom is told to the audit trail; None: by nobody, as this service takes back what came in late.

    Raises:
        ContactMissing: there was none.
        ContactMerged: the one that took its place is to be erased.
    """

    async def work(within: ContactStore) -> None:
        contact = await within.find(contact_id)
        if contact is None or contact.state is State.STAGED:
            raise ContactMissing
        if contact.state is State.ERASED:
            return
        if contact.merge:
            raise ContactMerged(contact.merge.into)
        moment = now()
        parts = await _all_parts(within, contact)
        for part in parts:
            await within.erase(part.erased(moment))
        gone = contact.erased(moment)
        traces = within.traces_of(address for one in (contact, *parts) for address in one.emails)
        event = events.erased(gone, tuple(part.id for part in parts), tuple(visitor_ids), traces)
        detail = {"merged": str(len(parts)), "visitors": str(len(visitor_ids))}
        record = events.recorded("contact.erased", by, gone.id, detail) if by else None
        await within.erase(gone, event, traces, also=record)

    await contacts.in_transaction(work)


async def _all_parts(contacts: ContactStore, contact: Contact) -> list[Contact]:
    found: list[Contact] = []
    waiting = [contact]
    while waiting:
        parts = await contacts.merged_into(waiting.pop().id)
        found += parts
        waiting += parts
    return found
