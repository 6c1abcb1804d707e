"""What ``mailer`` hears from other services."""

from typing import Annotated, Any

from faststream.rabbit import RabbitBroker
from guichet_contracts.forgetting import PersonForgottenData
from guichet_contracts.mailer import PersonForgotten
from guichet_contracts.requests import EmailFiled, EmailSubmitted, RequestExpired, VisitorsErased
from guichet_contracts.subscriptions import MAILER_ERASURES, MAILER_FILINGS, MAILER_SUBMISSIONS
from guichet_kit.broker import EventPublisher, durable_subscriber
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from pydantic import Field

from guichet_mailer.inbound.usecases import Reception, drop_raw, erase_quarantined, erase_received
from guichet_mailer.outbound.usecases import accept_submission, erase_delivery

Forgetting = Annotated[VisitorsErased | RequestExpired, Field(discriminator="type")]


def subscribe(broker: RabbitBroker, publisher: EventPublisher, reception: Reception, secret: bytes) -> None:
    """Take the e-mails that agents write, note on which request received ones were put, and forget who is erased."""
    post = reception.post

    @durable_subscriber(broker, MAILER_SUBMISSIONS)
    async def email_submitted(event: EmailSubmitted) -> None:
        await accept_submission(post, event.data.email)

    @durable_subscriber(broker, MAILER_FILINGS)
    async def email_filed(event: EmailFiled) -> None:
        await post.threads.file(event.data.email_id, event.data.request_id, event.data.version)
        await reception.store.filed(event.data.email_id)

    @durable_subscriber(broker, MAILER_ERASURES)
    async def forget(event: Forgetting) -> None:
        if isinstance(event, RequestExpired):
            await let_go(reception, event)
            return
        for item_id in event.data.item_ids:
            await erase_delivery(post, item_id)
        for email_id in event.data.email_ids:
            await erase_received(reception, email_id)
        if event.data.erased_at is not None:
            await erase_quarantined(reception, frozenset(event.data.traces), event.data.erased_at, secret)
        await publisher.publish(_forgotten(event))


async def let_go(reception: Reception, event: RequestExpired) -> None:
    """Let go of the mails of a request that is older than what is kept. It may be repeated."""
    post, data = reception.post, event.data
    match data.what:
        case "all":
            for item_id in {*data.item_ids, *await post.store.of_request(data.request_id)}:
                await erase_delivery(post, item_id)
            for email_id in data.email_ids:
                await erase_received(reception, email_id)
        case "raw_mail":
            for email_id in data.email_ids:
                await drop_raw(reception, email_id)
        case "files":
            pass  # they are with ``attachments``


def _forgotten(event: VisitorsErased) -> dict[str, Any]:
    """Told once all of it is done: when this is not published, the event comes again, and all is done again."""
    data = PersonForgottenData(contact_id=event.data.contact_id)
    told = PersonForgotten(id=new_id(), time=now(), subject=data.contact_id, data=data, causationid=event.id)
    return told.model_dump(mode="json")
