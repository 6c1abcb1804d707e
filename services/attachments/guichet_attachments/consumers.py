"""What ``attachments`` hears from other services."""

from typing import Annotated, Any

from faststream.rabbit import RabbitBroker
from guichet_contracts.attachments import PersonForgotten
from guichet_contracts.chat import MessagePosted
from guichet_contracts.forgetting import PersonForgottenData
from guichet_contracts.mailer import EmailReceived
from guichet_contracts.requests import EmailSubmitted, FormSubmitted, RequestExpired, TemplateChanged, VisitorsErased
from guichet_contracts.subscriptions import ATTACHMENTS_ERASURES, ATTACHMENTS_LINKS
from guichet_kit.broker import EventPublisher, durable_subscriber
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from pydantic import Field

from guichet_attachments.deps import Parts
from guichet_attachments.sweep import drop_erased_files
from guichet_attachments.usecases import link_files, link_template_files

Naming = Annotated[
    MessagePosted | TemplateChanged | EmailSubmitted | FormSubmitted | EmailReceived, Field(discriminator="type")
]
"""What names files."""

Forgetting = Annotated[VisitorsErased | RequestExpired, Field(discriminator="type")]


def subscribe(broker: RabbitBroker, publisher: EventPublisher, parts: Parts) -> None:
    """A file that a message, an e-mail or a form names is kept, and agents may read it; so may the visitor of the
    message's conversation. One that its template names is kept as well, for as long as it does.

    Of people who are erased, nothing that they sent or were sent is kept; nor of requests that are too old.
    """

    @durable_subscriber(broker, ATTACHMENTS_LINKS)
    async def files_named(event: Naming) -> None:
        match event:
            case MessagePosted(data=data):
                await link_files(parts, [file.id for file in data.entry.attachments], data.conversation.visitor.id)
            case TemplateChanged(data=data):
                await link_template_files(parts, data.template_id, data.version, data.attachment_ids)
            case FormSubmitted(data=data):
                await link_files(parts, data.attachment_ids)
            case EmailSubmitted(data=data):
                await link_files(parts, [file.id for file in data.email.attachments])
            case EmailReceived(data=data):
                kept = [file.id for file in data.email.attachments if file.state != "refused"]
                await link_files(parts, kept)

    @durable_subscriber(broker, ATTACHMENTS_ERASURES)
    async def forget(event: Forgetting) -> None:
        if isinstance(event, RequestExpired):
            if event.data.what in ("all", "files"):
                await drop_erased_files(parts, [], event.data.attachment_ids)
            return
        await drop_erased_files(parts, event.data.visitor_ids, event.data.attachment_ids)
        await publisher.publish(_forgotten(event))


def _forgotten(event: VisitorsErased) -> dict[str, Any]:
    """Told once all of it is done: when this is not published, the event comes again, and all is done again."""
    data = PersonForgottenData(contact_id=event.data.contact_id)
    told = PersonForgotten(id=new_id(), time=now(), subject=data.contact_id, data=data, causationid=event.id)
    return told.model_dump(mode="json")
