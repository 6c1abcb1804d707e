"""What an import would take in, told before anything is written. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from guichet_contacts.exchange import columns as meaning
from guichet_contacts.exchange import csv_file

SAMPLES = 3
"""Values of each column, and contacts, that are shown."""

_LONGEST_SAMPLE = 80


@dataclass(frozen=True, slots=True)
class ColumnPreview:
    """A column: what it is likely to be, or was said to be, and its first values."""

    header: str
    field: str | None
    samples: list[str]


@dataclass(frozen=True, slots=True)
class Preview:
    """A file as it would be taken in; the fields are those of the view."""

    encoding: str
    separator: str
    lines: int
    columns: list[ColumnPreview]
    left_out: list[str]
    unclear: list[str]
    contacts: list[dict[str, str]]


def preview(data: bytes, fields: Sequence[str | None] | None) -> Preview:
    """The file with its columns as ``fields`` says, or as its headers do.

    Raises:
        Unreadable: it is no table, or has another number of columns than ``fields``.
    """
    table = csv_file.parse(data)
    columns = meaning.propose(table.headers) if fields is None else table.columns(fields)
    rows = [row.cells for row in table.rows]
    unclear = meaning.unclear(columns, rows) if fields is None else ()
    return Preview(
        encoding=table.encoding,
        separator=table.separator,
        lines=len(rows),
        columns=[ColumnPreview(column.header, column.field, _samples(rows, at)) for at, column in enumerate(columns)],
        left_out=list(meaning.left_out(columns)),
        unclear=list(unclear),
        contacts=[dict(line.cells) for line in table.lines(columns)[:SAMPLES]],
    )


def _samples(rows: Sequence[Sequence[str]], at: int) -> list[str]:
    found: list[str] = []
    for row in rows:
        if at < len(row) and row[at].strip():
            found.append(row[at].strip()[:_LONGEST_SAMPLE])
        if len(found) == SAMPLES:
            break
    return found
