"""Consumers: acknowledged after the work, retried with growing delays, parked in the ``.dlq`` when that is no use."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, ParamSpec, TypeVar

from faststream import AckPolicy, BaseMiddleware, StreamMessage
from faststream.exceptions import AckMessage, IgnoredException
from faststream.rabbit import Channel, ExchangeType, RabbitBroker, RabbitExchange, RabbitQueue, RabbitRouter
from pydantic import ValidationError

from guichet_kit import trace
from guichet_kit.broker.publish import PublishFailed, publish_bounded
from guichet_kit.broker.topology import DLX_EXCHANGE, LIVE_EXCHANGE, RETRY_DELAYS, consumer_queue
from guichet_kit.ids import new_id
from guichet_kit.logs import get_logger
from guichet_kit.mongo import OUTAGES

ATTEMPT_HEADER = "x-guichet-attempt"
ERROR_HEADER = "x-guichet-error"
MAX_ATTEMPTS = 12
"""Failures of one message until it is parked. Failures of a server that is away do not count."""

_PAUSE_WHEN_STUCK = 1.0
# RabbitMQ's account of how a message came here: it begins anew with each round.
_BROKERS_OWN = ("x-death", "x-first-death", "x-last-death", "x-delivery-count", "x-acquired-count")

log = get_logger(__name__)

P = ParamSpec("P")
R = TypeVar("R")
Handler = Callable[P, Awaitable[R]]


class Permanent(Exception):
    """Raised by a handler: this message can never be handled; park it now."""


_HOPELESS = (Permanent, ValidationError, json.JSONDecodeError, UnicodeDecodeError)
_PASSING = (*OUTAGES, PublishFailed)


class _Redelivery(BaseMiddleware):
    """Settles each message of one durable queue: ack, retry or park."""

    queue = ""
    broker: RabbitBroker
    retry_delays: Sequence[str] = ()

    async def consume_scope(self, call_next: Callable[[Any], Awaitable[Any]], msg: StreamMessage[Any]) -> Any:
        trace.continue_trace(msg.headers.get("traceparent"))
        trace.correlation_id.set(msg.correlation_id)
        trace.causation_id.set(msg.message_id)
        try:
            result = await call_next(msg)
        except IgnoredException:
            raise
        except Exception as error:  # whatever a handler raises, the message is kept
            await self._set_aside(msg, error)
            # Settled by hand: FastStream is told so, and is not to log it as a crash of its own.
            raise AckMessage from error
        await msg.ack()
        return result

    async def _set_aside(self, msg: StreamMessage[Any], error: Exception) -> None:
        passing = isinstance(error, _PASSING)
        counted = msg.headers.get(ATTEMPT_HEADER)
        attempt = (counted if isinstance(counted, int) else 0) + (0 if passing else 1)
        hopeless = isinstance(error, _HOPELESS) or (attempt >= MAX_ATTEMPTS and not passing)
        delay = self.retry_delays[min(max(attempt, 1), len(self.retry_delays)) - 1]
        where = f"{self.queue}.dlq" if hopeless else f"{self.queue}.retry.{delay}"
        log.log(
            logging.ERROR if hopeless else logging.WARNING,
            "message_parked" if hopeless else "message_retried",
            queue=where,
            message_id=msg.message_id,
            attempt=attempt,
            error=repr(error),
            exc_info=None if passing else error,
        )
        kept = {name: value for name, value in msg.headers.items() if not name.startswith(_BROKERS_OWN)}
        headers = kept | {ATTEMPT_HEADER: attempt, ERROR_HEADER: repr(error)[:500]}
        try:
            await publish_bounded(
                self.broker,
                msg.body,
                **(
                    {"exchange": RabbitExchange(DLX_EXCHANGE, type=ExchangeType.DIRECT, durable=True)}
                    if hopeless
                    else {}
                ),
                routing_key=where,
                message_id=msg.message_id,
                message_type=msg.raw_message.type,
                correlation_id=msg.correlation_id,
                content_type=msg.content_type,
                headers=headers,
                persist=True,
                mandatory=True,
            )
        except PublishFailed:
            # The broker is away or full: the message stays where it is, and comes again.
            await asyncio.sleep(_PAUSE_WHEN_STUCK)
            await msg.nack()
        else:
            await msg.ack()


class _Hearing(BaseMiddleware):
    """Tells of each message of the live edge that a handler failed on: nothing else would."""

    async def consume_scope(self, call_next: Callable[[Any], Awaitable[Any]], msg: StreamMessage[Any]) -> Any:
        try:
            return await call_next(msg)
        except IgnoredException:
            raise
        except Exception as error:
            log.warning("live_message_lost", type=msg.raw_message.type, error=repr(error)[:500])
            raise


def durable_subscriber(
    broker: RabbitBroker, queue: str, *, prefetch: int = 16, retry_delays: Iterable[str] = RETRY_DELAYS
) -> Callable[[Handler[P, R]], Handler[P, R]]:
    """Handle the messages of the durable ``queue``, ``prefetch`` of them at a time at most.

    ``retry_delays`` are the names of those in its `Topology`, shortest first.

    The handler may see a message twice, and out of order. An exception sends it round through the retry queues;
    `Permanent` and a body that is not of the handler's type are parked at once.
    """

    class Settle(_Redelivery):
        pass

    Settle.queue, Settle.broker, Settle.retry_delays = queue, broker, tuple(retry_delays)
    router = RabbitRouter(middlewares=[Settle])

    def register(handler: Handler[P, R]) -> Handler[P, R]:
        router.subscriber(
            consumer_queue(queue),
            channel=Channel(prefetch_count=prefetch),
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
        )(handler)
        broker.include_router(router)
        return handler

    return register


def live_subscriber(
    broker: RabbitBroker, service: str, *, prefetch: int = 500
) -> Callable[[Handler[P, R]], Handler[P, R]]:
    """Hear the live edge through a queue of this process alone, whose loss costs nothing."""
    # A new name at each start: the last one may still be locked by a connection that the broker believes alive.
    queue = RabbitQueue(f"{service}.live.{new_id()}", durable=False, exclusive=True, auto_delete=True, routing_key="#")

    router = RabbitRouter(middlewares=[_Hearing])

    def register(handler: Handler[P, R]) -> Handler[P, R]:
        router.subscriber(
            queue,
            RabbitExchange(LIVE_EXCHANGE, type=ExchangeType.TOPIC, durable=True),
            channel=Channel(prefetch_count=prefetch),
            ack_policy=AckPolicy.ACK_FIRST,
            no_reply=True,
        )(handler)
        broker.include_router(router)
        return handler

    return register
