"""The thread that ties log lines and events together: W3C Trace Context and the request's id."""

import re
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar

_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)
"""The current ``traceparent`` (https://www.w3.org/TR/trace-context/, section 3.2), where there is one."""

correlation_id: ContextVar[str | None] = ContextVar("correlation_id", default=None)
"""The id of the request or first event that everything now happening goes back to."""

causation_id: ContextVar[str | None] = ContextVar("causation_id", default=None)
"""The id of the event that is being handled, where one is."""


def _no_span() -> str | None:
    return None


present_span: Callable[[], str | None] = _no_span
"""Where traces are sent (`guichet_kit.telemetry`): the ``traceparent`` of the span that is being timed."""


def _untimed(_name: str, _parent: str | None = None, *, root: bool = False) -> AbstractContextManager[None]:
    return nullcontext()


def _not_joined(_parent: str | None) -> AbstractContextManager[None]:
    return nullcontext()


timed: Callable[..., AbstractContextManager[None]] = _untimed
"""Where traces are sent: times what is done within, by this name, as a child of the ``traceparent`` given, or of
the present span; as the beginning of a trace with ``root``. Elsewhere it does nothing."""

joined: Callable[[str | None], AbstractContextManager[None]] = _not_joined
"""Where traces are sent: what is timed within belongs to this ``traceparent``. Elsewhere it does nothing."""


def continue_trace(incoming: object) -> str:
    """Join the trace that ``incoming`` names with a span of our own, or begin one when it is absent or malformed.

    Where a tracing system times a span already, that one it is: it has taken ``incoming`` into account itself.
    """
    if (timed := present_span()) is not None:
        traceparent.set(timed)
        return timed
    if isinstance(incoming, str) and _TRACEPARENT.fullmatch(incoming):
        version, trace, _, flags = incoming.split("-")
        current = f"{version}-{trace}-{secrets.token_hex(8)}-{flags}"
    else:
        current = f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
    traceparent.set(current)
    return current


def trace_id() -> str | None:
    """The trace's 32 hexadecimal digits, for logs."""
    current = traceparent.get()
    return current.split("-")[1] if current else None
