"""What ``mailer`` hears from other services."""

from faststream.rabbit import RabbitBroker
from guichet_contracts.requests import EmailFiled, EmailSubmitted
from guichet_contracts.subscriptions import MAILER_FILINGS, MAILER_SUBMISSIONS
from guichet_kit.broker import durable_subscriber

from guichet_mailer.outbound.usecases import Post, accept_submission


def subscribe(broker: RabbitBroker, post: Post) -> None:
    """Take the e-mails that agents write, and note on which request received ones were put."""

    @durable_subscriber(broker, MAILER_SUBMISSIONS)
    async def email_submitted(event: EmailSubmitted) -> None:
        await accept_submission(post, event.data.email)

    @durable_subscriber(broker, MAILER_FILINGS)
    async def email_filed(event: EmailFiled) -> None:
        await post.threads.file(event.data.email_id, event.data.request_id, event.data.version)
