"""A collector of traces for tests (OTLP over HTTP), and a picture of one trace."""

import gzip
import http.server
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

COLOURS = {
    "chat": "#1f6feb",
    "requests": "#1a7f4b",
    "attachments": "#9a6200",
    "contacts": "#6f42c1",
    "mailer": "#b3261e",
}
WIDTH, NAMES, ROW, TOP = 960, 380, 22, 64


@dataclass(frozen=True)
class Span:
    """What one service timed; nanoseconds since 1970."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    begin: int
    end: int


class Collector:
    """Keeps every span that is sent to it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.spans: list[Span] = []

    def take(self, body: bytes) -> None:
        """Take in one request."""
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            names = {one.key: one.value.string_value for one in resource.resource.attributes}
            service = names["service.name"].removeprefix("guichet-")
            for scope in resource.scope_spans:
                for span in scope.spans:
                    ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
                    times = (span.start_time_unix_nano, span.end_time_unix_nano)
                    self.spans.append(Span(service, span.name, *ids, *times))


@contextmanager
def collecting(port: int) -> Iterator[Collector]:
    """A collector that listens on this port of the loopback until the context ends."""
    collector = Collector(f"http://127.0.0.1:{port}")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.take(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield collector
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def in_order(spans: Iterable[Span]) -> list[tuple[int, Span]]:
    """Each span with its depth: children below their parent, the earlier first."""
    by_parent: dict[str, list[Span]] = {}
    every = list(spans)
    known = {span.id for span in every}
    for span in sorted(every, key=lambda one: one.begin):
        by_parent.setdefault(span.parent if span.parent in known else "", []).append(span)

    def below(parent: str, depth: int) -> Iterator[tuple[int, Span]]:
        for span in by_parent.get(parent, ()):
            yield depth, span
            yield from below(span.id, depth + 1)

    return list(below("", 0))


def picture(spans: Iterable[Span], title: str) -> str:
    """The trace as SVG: a row for each span, a colour for each service, times in milliseconds."""
    rows = in_order(spans)
    begin = min(span.begin for _, span in rows)
    whole = max(1, max(span.end for _, span in rows) - begin)
    services = list(dict.fromkeys(span.service for _, span in rows))
    height = TOP + ROW * len(rows) + 16

    def x(moment: int) -> float:
        return NAMES + (moment - begin) / whole * (WIDTH - NAMES - 80)

    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
            ' font-family="system-ui, sans-serif" font-size="12">'
        ),
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="24" font-size="14" font-weight="600" fill="#1b1c1e">{escape(title)}</text>',
    ]
    for number, service in enumerate(services):
        at = 16 + number * 120
        parts.append(f'<rect x="{at}" y="38" width="10" height="10" rx="2" fill="{COLOURS[service]}"/>')
        parts.append(f'<text x="{at + 16}" y="47" fill="#1b1c1e">{service}</text>')
    for number, (depth, span) in enumerate(rows):
        top = TOP + number * ROW
        if number % 2 == 0:
            parts.append(f'<rect x="0" y="{top}" width="{WIDTH}" height="{ROW}" fill="#f6f6f4"/>')
        name = span.name if len(span.name) < 52 else f"{span.name[:50]}…"
        parts.append(f'<text x="{16 + depth * 12}" y="{top + 15}" fill="#1b1c1e">{escape(name)}</text>')
        left, width = x(span.begin), max(2.0, x(span.end) - x(span.begin))
        box = f'x="{left:.1f}" y="{top + 5}" width="{width:.1f}" height="{ROW - 10}" rx="2"'
        parts.append(f'<rect {box} fill="{COLOURS[span.service]}"/>')
        took = f"{(span.end - span.begin) / 1e6:.1f} ms"
        parts.append(f'<text x="{left + width + 6:.1f}" y="{top + 15}" fill="#5b5c60">{took}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
