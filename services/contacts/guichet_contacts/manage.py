"""Commands for operators: ``python -m guichet_contacts.manage COMMAND``."""

import argparse
from typing import Any

from guichet_kit.manage import Command, CommandRefused, LeftToTheSweep, Managed, Opened, main
from guichet_kit.mongo import Database

from guichet_contacts.contact.contact import Contact, State
from guichet_contacts.contact.errors import ContactErased, ContactMerged, ContactMissing
from guichet_contacts.contact.events import Operator
from guichet_contacts.contact.merging import erase_contact
from guichet_contacts.contact.store import ContactStore
from guichet_contacts.contact.whole import whole
from guichet_contacts.exchange.retention import rules
from guichet_contacts.exchange.store import ImportStore
from guichet_contacts.settings import Settings
from guichet_contacts.told import COLLECTION as TOLD
from guichet_contacts.told import ToldStore


async def _prepare(database: Database) -> None:
    await ContactStore(database, LeftToTheSweep(), b"").ensure_indexes()
    await ImportStore(database).ensure_indexes()
    await ToldStore(database, LeftToTheSweep()).ensure_indexes()


async def _export(opened: Opened, given: argparse.Namespace) -> Any:
    contacts = ContactStore(opened.database, LeftToTheSweep(), opened.settings.secret_key)
    return await whole(contacts, (await _person(contacts, given.person)).id)


async def _erase(opened: Opened, given: argparse.Namespace) -> Any:
    contacts = ContactStore(opened.database, LeftToTheSweep(), opened.settings.secret_key)
    contact = await _person(contacts, given.person)
    try:
        await erase_contact(contacts, contact.id, by=Operator())
    except (ContactMissing, ContactErased, ContactMerged) as refusal:
        raise CommandRefused(f"{given.person}: {type(refusal).__doc__}") from None
    return {"erased": contact.id}


async def _person(contacts: ContactStore, person: str) -> Contact:
    """The contact of that id or address; of one that was merged, the one that it went into."""
    contact = await contacts.find(await contacts.holder_of(person) or person if "@" in person else person)
    while contact is not None and contact.merge is not None:
        contact = await contacts.find(contact.merge.into)
    if contact is None or contact.state is State.STAGED:
        raise CommandRefused(f"nobody in the customer base has the id or the address {person}")
    if contact.state is State.ERASED:
        raise CommandRefused(f"{contact.id} was erased; nothing brings it back")
    return contact


def _who(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("person", help="a contact's id, or an e-mail address of theirs")


CONTACTS = Managed(
    service="contacts",
    settings=Settings,
    prepare=_prepare,
    outboxes=("contacts", TOLD),
    retention=lambda opened: rules(opened.settings, ImportStore(opened.database)),
    commands=(
        Command("export", "tell all that is written about a contact", _export, _who),
        Command("erase", "make a contact anonymous for good, here and in every other service", _erase, _who),
    ),
)

if __name__ == "__main__":
    main(CONTACTS)
