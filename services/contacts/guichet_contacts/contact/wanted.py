"""The contact of an address from which a request was begun: told of again, or made."""

from collections.abc import Mapping
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from guichet_kit.clock import now
from guichet_kit.logs import get_logger

from guichet_contacts.contact import events
from guichet_contacts.contact.contact import Contact, Details, State
from guichet_contacts.contact.fields import InvalidFields, clean, email_key
from guichet_contacts.contact.merging import erase_contact
from guichet_contacts.contact.naming import split_name
from guichet_contacts.contact.store import ContactStore, Duplicate

log = get_logger(__name__)


class AddressStaged(Exception):
    """An import that is not decided yet holds the address: the same call succeeds later, in one way or the other."""


async def tell_or_make_contact(
    contacts: ContactStore, request_id: str, email: str, name: str, region: str, received_at: datetime
) -> None:
    """Publish who has the address; a contact with nothing but ``email`` and ``name`` where nobody has.

    A repeat, at the same moment too, makes no second one, and brings nobody back who was erased since: neither by this
    very request, nor by one whose words were ``received_at`` before the erasure. What is no address makes no contact.

    Raises:
        AddressStaged: as it says.
    """
    address = _fields({"email": email}, region).get("email")
    if not address:
        log.info("contact_without_address", request_id=request_id)
        return
    first, last = split_name(name)
    details = Details(**_fields({"first_name": first, "last_name": last}, region), email=address)
    moment = now()
    contact_id = str(uuid5(NAMESPACE_URL, f"urn:guichet:contact:{request_id}:{email_key(address)}"))
    while True:
        if await contacts.erased_among([address], received_at):
            log.info("contact_was_erased", request_id=request_id)
            return
        if holder := await contacts.holder_of(address):
            if await _told(contacts, holder):
                return
        elif await contacts.find(contact_id):
            return  # made by this very call, and without the address since
        else:
            made = Contact(contact_id, created_at=moment, updated_at=moment, details=details)
            try:
                await contacts.insert(made, events.changed(made))
            except Duplicate:
                continue
            # Who had the address may have been erased since this looked: then it made the same person anew.
            if await contacts.erased_among([address], received_at):
                await erase_contact(contacts, made.id)
            return


async def _told(contacts: ContactStore, holder: str) -> bool:
    """Whether the contact was told of as it is; False where it changed meanwhile."""
    contact = await contacts.find(holder)
    if contact is None:
        return False
    if contact.state is State.STAGED:
        raise AddressStaged
    return await contacts.tell(contact, events.changed(contact))


def _fields(given: Mapping[str, str | None], region: str) -> dict[str, str | None]:
    """The fields in their one form; none where one breaks a rule: a stranger wrote them, whom nobody can ask."""
    try:
        return clean(given, region)
    except InvalidFields:
        return {}
