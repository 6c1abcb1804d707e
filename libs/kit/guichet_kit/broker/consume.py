"""Consumers: acknowledged after the work, retried with growing delays, parked in the ``.dlq`` when that is no use."""

import asyncio
import functools
import json
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterable, Sequence
from copy import copy
from typing import Any, ParamSpec, TypeVar, get_type_hints

import orjson
from fast_depends.exceptions import ValidationError as NotOfTheHandlersType
from faststream import AckPolicy, BaseMiddleware, StreamMessage
from faststream.exceptions import IgnoredException
from faststream.rabbit import Channel, ExchangeType, RabbitBroker, RabbitExchange, RabbitQueue, RabbitRouter
from prometheus_client import Counter, Histogram
from pydantic import TypeAdapter, ValidationError

from guichet_kit import trace
from guichet_kit.broker.publish import BATCH, EVENT, PublishFailed, publish_bounded
from guichet_kit.broker.together import BatchHandler, Together
from guichet_kit.broker.topology import DLX_EXCHANGE, LIVE_EXCHANGE, RETRY_DELAYS, consumer_queue
from guichet_kit.hearings import NotYet, waits
from guichet_kit.ids import new_id
from guichet_kit.logs import get_logger
from guichet_kit.mongo import OUTAGES
from guichet_kit.outages import Away

ATTEMPT_HEADER = "x-guichet-attempt"
WAITS_HEADER = "x-guichet-waits"
ERROR_HEADER = "x-guichet-error"
TRACE_HEADER = "x-guichet-traceback"
MAX_ATTEMPTS = 12
"""Failures of one message until it is parked. Failures of a server that is away do not count, nor does `NotYet`."""

_PAUSE_WHEN_STUCK, _TRIES_WHEN_STUCK = 1.0, 10
_TRACE_LENGTH = 4_000
# RabbitMQ's account of how a message came here: it begins anew with each round.
_BROKERS_OWN = ("x-death", "x-first-death", "x-last-death", "x-delivery-count", "x-acquired-count", "BCC")

handled = Counter("guichet_consumer_events_total", "Events that a consumer settled", ["queue", "outcome"])
seconds = Histogram("guichet_consumer_seconds", "Time to settle the events of one message", ["queue"])

log = get_logger(__name__)

P = ParamSpec("P")
R = TypeVar("R")
Handler = Callable[P, Awaitable[R]]


class Permanent(Exception):
    """Raised by a handler: this message can never be handled; park it now."""


class _HandlerFailed(Exception):
    """A handler raised what would be hopeless had the decoding raised it; inside a handler it is one failure more."""


class _Stuck(Exception):
    """An event can neither be handled nor set aside now: its message goes back to its queue."""


# Of a message that cannot be read; a handler's own errors of these kinds are `_HandlerFailed`.
_UNREADABLE = (NotOfTheHandlersType, ValidationError, json.JSONDecodeError, UnicodeDecodeError)
_PASSING = (*OUTAGES, Away)


class _Settlement(BaseMiddleware):
    """Settles each message of one durable queue: ack, retry or park; a batch event by event."""

    queue = ""
    broker: RabbitBroker
    retry_delays: Sequence[str] = ()
    together: Together | None = None
    event_type: TypeAdapter[Any]
    events_type: TypeAdapter[list[Any]]

    async def consume_scope(self, call_next: Callable[[Any], Awaitable[Any]], msg: StreamMessage[Any]) -> None:
        with seconds.labels(self.queue).time():
            try:
                alone = await self._left_by_all(self.together, msg) if self.together is not None else None
                if alone is None:
                    alone = await self._left_alone(await self._events(msg))
                for part in alone:
                    await self._alone(call_next, part)
            except _Stuck:
                await msg.nack()
                return
        await msg.ack()

    async def _events(self, msg: StreamMessage[Any]) -> Sequence[StreamMessage[Any]]:
        try:
            return _taken_apart(msg)
        except _UNREADABLE as error:
            await self._set_aside(msg, error)
            return ()

    async def _left_by_all(
        self, together: Together, msg: StreamMessage[Any]
    ) -> Sequence[StreamMessage[Any]] | None:  # fmt: skip
        """`_left_alone` for a message all of whose events can be read, at once; None for another."""
        try:
            if msg.content_type == BATCH:
                events = self.events_type.validate_json(msg.body)
            else:
                events = [self.event_type.validate_json(msg.body)]
        except ValidationError:
            return None
        left = sorted(await together.handle(events))
        handled.labels(self.queue, "together").inc(len(events) - len(left))
        parts = _taken_apart(msg) if left else ()
        return [parts[position] for position in left]

    async def _left_alone(self, parts: Sequence[StreamMessage[Any]]) -> Sequence[StreamMessage[Any]]:
        """Those of the events that are not handled after the batch was."""
        if self.together is None:
            return parts
        readable: list[StreamMessage[Any]] = []
        events: list[Any] = []
        alone: list[StreamMessage[Any]] = []
        for part in parts:
            try:
                events.append(self.event_type.validate_json(part.body))
                readable.append(part)
            except ValidationError:
                alone.append(part)  # where it fails again, and is parked
        if events:
            left = await self.together.handle(events)
            handled.labels(self.queue, "together").inc(len(events) - len(left))
            alone += [readable[position] for position in left]
        return alone

    async def _alone(self, call_next: Callable[[Any], Awaitable[Any]], msg: StreamMessage[Any]) -> None:
        trace.continue_trace(msg.headers.get("traceparent"))
        trace.correlation_id.set(msg.correlation_id)
        trace.causation_id.set(msg.message_id)
        waits.set(_count(msg, WAITS_HEADER))
        try:
            await call_next(msg)
        except IgnoredException:
            raise
        except Exception as error:  # noqa: BLE001  whatever a handler raises, the message is kept
            await self._set_aside(msg, error)
        else:
            handled.labels(self.queue, "alone").inc()

    async def _set_aside(self, msg: StreamMessage[Any], error: Exception) -> None:
        """Put the event where it waits for its next attempt, or is parked. Raises `_Stuck` when that cannot be done."""
        if isinstance(error, _HandlerFailed) and isinstance(error.__cause__, Exception):
            error, unreadable = error.__cause__, False
        else:
            unreadable = isinstance(error, _UNREADABLE)
        passing, put_off = isinstance(error, _PASSING), isinstance(error, NotYet)
        attempt = _count(msg, ATTEMPT_HEADER) + (0 if passing or put_off else 1)
        hopeless = unreadable or isinstance(error, Permanent) or attempt >= MAX_ATTEMPTS
        delay = self.retry_delays[0 if put_off else min(max(attempt, 1), len(self.retry_delays)) - 1]
        where = f"{self.queue}.dlq" if hopeless else f"{self.queue}.retry.{delay}"
        log.log(
            logging.ERROR if hopeless else logging.INFO if put_off else logging.WARNING,
            "message_parked" if hopeless else "message_put_off" if put_off else "message_retried",
            queue=where,
            message_id=msg.message_id,
            attempt=attempt,
            error=repr(error),
            exc_info=None if passing or put_off else error,
        )
        handled.labels(self.queue, "parked" if hopeless else "put_off" if put_off else "retried").inc()
        kept = {name: value for name, value in msg.headers.items() if not name.startswith(_BROKERS_OWN)}
        headers = kept | {ATTEMPT_HEADER: attempt, ERROR_HEADER: repr(error)[:500]}
        if put_off:
            headers[WAITS_HEADER] = _count(msg, WAITS_HEADER) + 1
        if hopeless:
            headers[TRACE_HEADER] = "".join(traceback.format_exception(error))[-_TRACE_LENGTH:]
        dead_letters = RabbitExchange(DLX_EXCHANGE, type=ExchangeType.DIRECT, durable=True)
        for _ in range(_TRIES_WHEN_STUCK):
            try:
                await publish_bounded(
                    self.broker,
                    msg.body,
                    **({"exchange": dead_letters} if hopeless else {}),
                    routing_key=where,
                    message_id=msg.message_id,
                    message_type=_type_of(msg),
                    correlation_id=msg.correlation_id,
                    content_type=msg.content_type,
                    headers=headers,
                    persist=True,
                    mandatory=True,
                )
            except PublishFailed as stuck:
                # The broker is away or full, or the queue is missing until the topology is looked at: the message is
                # not acknowledged, so nothing is lost. Each delivery counts for the broker, so it is kept for a while.
                log.warning("message_cannot_be_set_aside", queue=where, error=str(stuck)[:200])
                await asyncio.sleep(_PAUSE_WHEN_STUCK)
            else:
                return
        raise _Stuck


def _taken_apart(msg: StreamMessage[Any]) -> list[StreamMessage[Any]]:
    """The message itself, or a message for each event of a batch, as if it had come alone."""
    if msg.content_type != BATCH:
        return [msg]
    events = json.loads(msg.body)
    if not isinstance(events, list):
        raise json.JSONDecodeError("a batch is an array", "", 0)
    parts = []
    for event in events:
        part = copy(msg)
        part.body, part.content_type = orjson.dumps(event), EVENT
        if isinstance(event, dict):
            part.message_id = str(event.get("id") or msg.message_id)
            part.correlation_id = str(event.get("correlationid") or msg.correlation_id)
            vars(part)["event_type"] = event.get("type")
            if "traceparent" in event:
                part.headers = {**msg.headers, "traceparent": event["traceparent"]}
        parts.append(part)
    return parts


def _type_of(msg: StreamMessage[Any]) -> str | None:
    found = getattr(msg, "event_type", None)
    return found if isinstance(found, str) else msg.raw_message.type


def _count(msg: StreamMessage[Any], header: str) -> int:
    counted = msg.headers.get(header)
    return counted if isinstance(counted, int) else 0


class _Hearing(BaseMiddleware):
    """Tells of each message of the live edge that a handler failed on: nothing else would."""

    async def consume_scope(self, call_next: Callable[[Any], Awaitable[Any]], msg: StreamMessage[Any]) -> Any:
        try:
            for part in _taken_apart(msg):
                await call_next(part)
        except IgnoredException:
            raise
        except Exception as error:
            log.warning("live_message_lost", type=msg.raw_message.type, error=repr(error)[:500])
            raise


def durable_subscriber(
    broker: RabbitBroker,
    queue: str,
    *,
    batch: BatchHandler | None = None,
    prefetch: int = 16,
    most: int = 500,
    pace: float = 0.0,
    retry_delays: Iterable[str] = RETRY_DELAYS,
) -> Callable[[Handler[P, R]], Handler[P, R]]:
    """Handle the messages of the durable ``queue``, ``prefetch`` of them at a time at most.

    ``retry_delays`` are the names of those in its `Topology`, shortest first.

    The handler may see an event twice, and out of order. An exception sends the event round through the retry queues;
    `Permanent` and a body that is not of the handler's type are parked at once; `NotYet` and an outage cost no attempt.

    With ``batch``, events are first given to it together, up to ``most`` and one batch at a time; it returns the
    positions of those that it leaves, and the handler gets these one by one. It gets the whole batch again while
    something that it needs is away, and any other exception of it leaves every event to the handler. A batch begins
    ``pace`` seconds after the one before at the earliest, unless ``most`` wait.
    """

    class Settle(_Settlement):
        pass

    Settle.queue, Settle.broker, Settle.retry_delays = queue, broker, tuple(retry_delays)
    router = RabbitRouter(middlewares=[Settle])

    def register(handler: Handler[P, R]) -> Handler[P, R]:
        if batch is not None:
            Settle.together = Together(queue, batch, most, pace)
            hints = get_type_hints(handler, include_extras=True)
            event: Any = next(hint for name, hint in hints.items() if name != "return")
            Settle.event_type, Settle.events_type = TypeAdapter(event), TypeAdapter(list[event])
        router.subscriber(
            consumer_queue(queue),
            channel=Channel(prefetch_count=prefetch),
            ack_policy=AckPolicy.MANUAL,
            no_reply=True,
        )(_telling_its_errors(handler))
        broker.include_router(router)
        return handler

    return register


def _telling_its_errors(handler: Handler[P, R]) -> Handler[P, R]:
    """The handler, whose own errors are not taken for those of an unreadable message."""

    @functools.wraps(handler)
    async def told(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await handler(*args, **kwargs)
        except _UNREADABLE as error:
            raise _HandlerFailed from error

    return told


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
