"""HTTP: deliveries, and the mailboxes that they leave by."""

from fastapi import APIRouter, Depends
from guichet_kit.clock import WireTime
from guichet_kit.pages import Page
from pydantic import BaseModel

from guichet_mailer.access import CallerOf
from guichet_mailer.outbound import usecases
from guichet_mailer.outbound.delivery import Delivery, State
from guichet_mailer.outbound.usecases import Post


class DeliveryShown(BaseModel):
    """The fate of an e-mail; ``id`` is its timeline item's."""

    id: str
    request_id: str
    state: State
    detail: str | None
    attempts: int
    next_attempt_at: WireTime | None
    at: WireTime
    version: int


class MailboxShown(BaseModel):
    """A mailbox that an e-mail may leave by."""

    id: str
    address: str
    name: str
    signature: str
    default: bool


def routes(post: Post, agent: CallerOf) -> APIRouter:
    """The routes of mail that goes out."""
    router = APIRouter(prefix="/api/v1/mail", tags=["mail"], dependencies=[Depends(agent)])

    @router.get("/mailboxes")
    async def list_mailboxes() -> Page[MailboxShown]:
        found = enumerate(post.mailboxes.all)
        shown = [
            MailboxShown(id=box.id, address=box.address, name=box.name, signature=box.signature, default=number == 0)
            for number, box in found
        ]
        return Page(items=shown, next_cursor=None)

    @router.get("/deliveries/{delivery_id}")
    async def get_delivery(delivery_id: str) -> DeliveryShown:
        return _shown(await usecases.delivery_of(post, delivery_id))

    @router.post("/deliveries/{delivery_id}/resend")
    async def resend_delivery(delivery_id: str) -> DeliveryShown:
        return _shown(await usecases.resend(post, delivery_id))

    @router.post("/deliveries/{delivery_id}/confirm")
    async def confirm_delivery(delivery_id: str) -> DeliveryShown:
        return _shown(await usecases.confirm(post, delivery_id))

    return router


def _shown(delivery: Delivery) -> DeliveryShown:
    return DeliveryShown(
        id=delivery.id,
        request_id=delivery.email.request_id,
        state=delivery.state,
        detail=delivery.detail,
        attempts=delivery.attempts,
        next_attempt_at=delivery.due_at if delivery.state is State.QUEUED else None,
        at=delivery.at,
        version=delivery.version,
    )
