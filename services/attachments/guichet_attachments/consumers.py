"""What ``attachments`` hears from other services."""

from faststream.rabbit import RabbitBroker
from guichet_contracts.chat import MessagePosted
from guichet_contracts.requests import VisitorsErased
from guichet_contracts.subscriptions import ATTACHMENTS_ERASURES, ATTACHMENTS_LINKS
from guichet_kit.broker import durable_subscriber

from guichet_attachments.sweep import drop_files_of_visitors
from guichet_attachments.usecases import Parts, link_files


def subscribe(broker: RabbitBroker, parts: Parts) -> None:
    """Follow the chat: a file that a message names is kept, and may be read by that conversation's visitor.

    Of visitors who are erased, nothing that they uploaded is kept.
    """

    @durable_subscriber(broker, ATTACHMENTS_LINKS)
    async def message_posted(event: MessagePosted) -> None:
        if files := event.data.entry.attachments:
            await link_files(parts, [file.id for file in files], event.data.conversation.visitor.id)

    @durable_subscriber(broker, ATTACHMENTS_ERASURES)
    async def visitors_erased(event: VisitorsErased) -> None:
        await drop_files_of_visitors(parts, event.data.visitor_ids)
