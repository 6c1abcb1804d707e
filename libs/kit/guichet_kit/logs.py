"""Structured logs: one JSON object a line on standard output, with the trace's and the request's id."""

import logging
import sys
from typing import Any

import structlog
from structlog.typing import EventDict

from guichet_kit import trace

_QUIET = ("aio_pika", "aiormq", "pymongo", "motor", "urllib3", "faststream", "asyncio", "uvicorn.access")


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger whose lines carry ``logger=name``; its calls take a short event name and keyword fields."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger


def configure(service: str, level: str, style: str) -> None:
    """Send all logs, also the libraries', through one formatter. ``style`` is ``json`` or ``console``."""

    def about(_logger: Any, _method: str, event: EventDict) -> EventDict:
        event["service"] = service
        for key, value in (("trace_id", trace.trace_id()), ("correlation_id", trace.correlation_id.get())):
            if value:
                event[key] = value
        return event

    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        about,
    ]
    render: list[structlog.typing.Processor] = (
        # Not the default's rich tracebacks: they show local variables, secrets too, and take seconds.
        [structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback)]
        if style == "console"
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(sort_keys=True)]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
