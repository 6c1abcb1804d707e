"""What ``attachments`` hears from other services."""

from typing import Annotated

from faststream.rabbit import RabbitBroker
from guichet_contracts.chat import MessagePosted
from guichet_contracts.requests import TemplateChanged, VisitorsErased
from guichet_contracts.subscriptions import ATTACHMENTS_ERASURES, ATTACHMENTS_LINKS
from guichet_kit.broker import durable_subscriber
from pydantic import Field

from guichet_attachments.sweep import drop_files_of_visitors
from guichet_attachments.usecases import Parts, link_files, link_template_files

Naming = Annotated[MessagePosted | TemplateChanged, Field(discriminator="type")]
"""What names files."""


def subscribe(broker: RabbitBroker, parts: Parts) -> None:
    """A file that a message names is kept, and may be read by that conversation's visitor; one that its template
    names is kept as well, for as long as it does.

    Of visitors who are erased, nothing that they uploaded is kept.
    """

    @durable_subscriber(broker, ATTACHMENTS_LINKS)
    async def files_named(event: Naming) -> None:
        if isinstance(event, TemplateChanged):
            template = event.data
            await link_template_files(parts, template.template_id, template.version, template.attachment_ids)
        elif files := event.data.entry.attachments:
            await link_files(parts, [file.id for file in files], event.data.conversation.visitor.id)

    @durable_subscriber(broker, ATTACHMENTS_ERASURES)
    async def visitors_erased(event: VisitorsErased) -> None:
        await drop_files_of_visitors(parts, event.data.visitor_ids)
