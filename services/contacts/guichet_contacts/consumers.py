"""What ``contacts`` hears from other services."""

from faststream.rabbit import RabbitBroker
from guichet_contracts.requests import ContactWanted
from guichet_contracts.subscriptions import CONTACTS_WANTED
from guichet_kit.broker import durable_subscriber

from guichet_contacts.contact.store import ContactStore
from guichet_contacts.contact.wanted import tell_or_make_contact


def subscribe(broker: RabbitBroker, contacts: ContactStore, region: str) -> None:
    """A request that was begun from an address is told whose it is."""

    @durable_subscriber(broker, CONTACTS_WANTED)
    async def contact_wanted(event: ContactWanted) -> None:
        wanted = event.data
        received_at = wanted.received_at or event.time
        await tell_or_make_contact(contacts, wanted.request_id, wanted.email, wanted.name, region, received_at)
