"""What is measured when somebody looks, and traces by OpenTelemetry where ``GUICHET_OTLP_ENDPOINT`` asks for them.

Traces are off by default, and then nothing of OpenTelemetry is imported. Where they are on, FastAPI, PyMongo and
FastStream make the spans by their own instrumentation, and `guichet_kit.trace` tells of OpenTelemetry's present span,
so that logs and events carry the ids that the tracing system shows.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI
from prometheus_client import Gauge

from guichet_kit import trace
from guichet_kit.health import Health
from guichet_kit.logs import get_logger

EVERY_SECONDS = 10.0
"""Readings are not taken more often, however often they are asked for."""

READING_SECONDS = 5.0
"""What a reading may take; one that takes longer keeps its last value."""

Reading = Callable[[], Awaitable[Mapping[str, float]]]

dependencies = Gauge("guichet_dependency_up", "1 while what the service needs answers", ["dependency"])
failures = Gauge("guichet_reading_failed", "1 while a reading fails, and its gauge shows an old value", ["reading"])

log = get_logger(__name__)


class Readings:
    """Gauges whose values are looked up when they are asked for."""

    def __init__(self, health: Health) -> None:
        self._health, self._taken_at = health, -EVERY_SECONDS
        self._readings: list[tuple[str, Gauge, Reading]] = []
        self._lock = asyncio.Lock()

    def add(self, gauge: Gauge, reading: Reading) -> None:
        """Set ``gauge``, which has one label, to what ``reading`` tells for each value of the label."""
        self._readings.append((gauge._name, gauge, reading))

    async def refresh(self) -> None:
        """Take the readings, unless that was done a moment ago. Never fails."""
        async with self._lock:
            if time.monotonic() - self._taken_at < EVERY_SECONDS:
                return
            await asyncio.gather(self._ask_dependencies(), *(self._take(*one) for one in self._readings))
            self._taken_at = time.monotonic()

    async def _ask_dependencies(self) -> None:
        for name, state in (await self._health.report()).items():
            dependencies.labels(name).set(state == "ok")

    async def _take(self, name: str, gauge: Gauge, reading: Reading) -> None:
        try:
            async with asyncio.timeout(READING_SECONDS):
                told = await reading()
        except Exception as error:  # noqa: BLE001  whatever it is: the other metrics are shown all the same
            log.warning("reading_failed", reading=name, error=repr(error)[:200])
            failures.labels(name).set(1)
            return
        failures.labels(name).set(0)
        for label, value in told.items():
            gauge.labels(label).set(value)


def readings_of(app: FastAPI) -> Readings:
    """The readings that ``/metrics`` of this application takes."""
    readings: Readings = app.state.readings
    return readings


def begin_tracing(endpoint: str | None, service: str) -> None:
    """Send spans to ``endpoint`` (OTLP over HTTP; ``/v1/traces`` is added) from now on; None: do nothing.

    Before the database's client is made: PyMongo takes up its listeners then.
    """
    if endpoint is None:
        return
    # Imported here, because most never trace, and importing them takes time and memory.
    from opentelemetry import trace as otel
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.pymongo import PymongoInstrumentor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": f"guichet-{service}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")))
    otel.set_tracer_provider(provider)
    PymongoInstrumentor().instrument(tracer_provider=provider)  # without the documents themselves, which tell of people
    trace.present_span, trace.timed, trace.joined = _present_span, _timed, _joined


def trace_app(app: FastAPI, endpoint: str | None) -> None:
    """Make spans of the application's HTTP requests, and of what its broker takes in and publishes."""
    if endpoint is None:
        return
    from faststream.rabbit.opentelemetry import RabbitTelemetryMiddleware
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

    FastAPIInstrumentor.instrument_app(app, excluded_urls="livez,readyz,metrics", exclude_spans=["receive", "send"])
    broker: Any = getattr(app.state, "broker", None)
    if broker is not None:
        broker.insert_middleware(RabbitTelemetryMiddleware())


@contextmanager
def _timed(name: str, parent: str | None = None, *, root: bool = False) -> Iterator[None]:
    from opentelemetry import trace as otel
    from opentelemetry.context import Context

    context = Context() if root else None
    with _joined(parent), otel.get_tracer(__name__).start_as_current_span(name, context):
        before = trace.traceparent.set(_present_span())
        try:
            yield
        finally:
            trace.traceparent.reset(before)


@contextmanager
def _joined(parent: str | None) -> Iterator[None]:
    from opentelemetry.context import attach, detach
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    if parent is None:
        yield
        return
    before = attach(TraceContextTextMapPropagator().extract({"traceparent": parent}))
    try:
        yield
    finally:
        detach(before)


def _present_span() -> str | None:
    from opentelemetry import trace as otel

    context = otel.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"
