"""CSV as spreadsheets write and read it (RFC 4180, and what French Excel makes of it). Pure."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from guichet_contacts.contact.fields import FIELDS
from guichet_contacts.exchange import columns as meaning
from guichet_contacts.exchange.columns import Column
from guichet_contacts.exchange.encodings import decode
from guichet_contacts.exchange.unreadable import Unreadable as Unreadable

BYTE_ORDER_MARK = "\ufeff"
"""Without it, Excel takes UTF-8 for the encoding of its own country."""

# A spreadsheet takes a cell that begins so for a formula (https://owasp.org/www-community/attacks/CSV_Injection).
# An apostrophe in front makes it text; one more makes a text of a text that begins with apostrophes itself.
_FORMULA = re.compile(r"^'*[=+\-@\t\r\n＝＋－＠]")


# Excel's own way to say what separates the cells.
_SEPARATOR_LINE = re.compile(r'\ufeff?"?sep=(.)"?[ \t;,]*(?:\r\n|\r|\n)', re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Line:
    """One record: the number of its first line in the file, and its cells by field. ``too_long``: more than headers."""

    number: int
    cells: Mapping[str, str]
    too_long: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One record as it stands: the number of its first line in the file, and its cells."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A file, with nothing said of what its columns mean. ``header_line`` is the number of its first record's line."""

    encoding: str
    separator: str
    headers: tuple[str, ...]
    header_line: int
    rows: tuple[Row, ...]

    def columns(self, fields: Sequence[str | None] | None = None) -> tuple[Column, ...]:
        """What the columns mean: as somebody said in ``fields``, one for each column, or by their headers.

        Raises:
            Unreadable: the one or the other says nothing that can be taken in.
        """
        if fields is not None:
            if len(fields) != len(self.headers):
                detail = f"The file has {len(self.headers)} columns, and {len(fields)} were mapped."
                raise Unreadable("mapping_mismatch", detail, self.header_line)
            return meaning.chosen(self.headers, fields)
        proposed = meaning.propose(self.headers)
        if not any(column.field for column in proposed):
            known = ", ".join(FIELDS)
            raise Unreadable("no_header", f"The first line must name columns: {known}.", self.header_line)
        try:
            meaning.require_each_once(proposed)
        except meaning.Doubled as doubled:
            raise Unreadable("doubled_column", f"Two columns are {doubled.field}.", self.header_line) from None
        if unclear := meaning.unclear(proposed, [row.cells for row in self.rows]):
            detail = f"Say what these columns are, they may hold the names: {', '.join(unclear)[:300]}."
            raise Unreadable("unclear_columns", detail, self.header_line)
        return proposed

    def lines(self, columns: Sequence[Column]) -> list[Line]:
        """The records by fields."""
        width = len(self.headers)
        return [
            Line(
                row.number,
                meaning.cells(columns, row.cells),
                too_long=any(cell.strip() for cell in row.cells[width:]),
            )
            for row in self.rows
        ]


def read(data: bytes, fields: Sequence[str | None] | None = None) -> list[Line]:
    """The records of a file; lines with nothing in them are left out, as are columns that are not known.

    Raises:
        Unreadable: no text, no known header, or a quote that never ends.
    """
    table = parse(data)
    return table.lines(table.columns(fields))


def parse(data: bytes) -> Table:
    """The cells of a file.

    Raises:
        Unreadable: no text, nothing in it, or a quote that never ends.
    """
    text, encoding = decode(data)
    said = _SEPARATOR_LINE.match(text)
    begun = 1
    if said:
        text, begun = text[said.end() :], 2
    separator = said[1] if said and said[1] not in '\r\n"' else _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    first, header, rows = begun, None, []
    try:
        for row in reader:
            number, begun = begun, first + reader.line_num
            if not any(cell.strip() for cell in row):
                continue
            if header is None:
                header = Row(number, tuple(cell.strip().strip("\ufeff") for cell in row))
                continue
            rows.append(Row(number, tuple(unescape(cell) for cell in row)))
    except csv.Error as error:
        raise Unreadable("malformed", f"The file is not well formed: {error}.", begun) from None
    if header is None or not rows:
        raise Unreadable("empty", "The file has no lines of contacts.")
    return Table(encoding, separator, header.cells, header.number, tuple(rows))


def write(rows: Iterable[Sequence[str | None]], separator: str) -> str:
    """Rows as text, with lines that end in CR LF; no cell of it is a formula."""
    text = io.StringIO(newline="")
    # All in quotes: a spreadsheet that expects another separator must not find a formula inside a cell either.
    writer = csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerows([escape(cell or "") for cell in row] for row in rows)
    return text.getvalue()


def escape(cell: str) -> str:
    """``cell`` so that a spreadsheet shows it and does not compute it."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unescape(cell: str) -> str:
    """What `escape` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _separator(text: str) -> str:
    first = _QUOTED.sub("", re.split(r"[\r\n]", text.lstrip("\r\n"), maxsplit=1)[0])
    return max(",;\t|", key=first.count)
