"""CSV as spreadsheets write and read it (RFC 4180, and what French Excel makes of it). Pure."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from guichet_contacts.contact.fields import FIELDS
from guichet_contacts.contact.folding import fold

BYTE_ORDER_MARK = "\ufeff"
"""Without it, Excel takes UTF-8 for the encoding of its own country."""

# Headers as people write them, folded, without spaces and signs.
_HEADERS = {
    "firstname": "first_name", "givenname": "first_name", "prenom": "first_name",
    "lastname": "last_name", "surname": "last_name", "familyname": "last_name", "nom": "last_name",
    "nomdefamille": "last_name",
    "email": "email", "emailaddress": "email", "mail": "email", "courriel": "email", "adresseemail": "email",
    "phone": "phone", "phonenumber": "phone", "telephone": "phone", "tel": "phone", "mobile": "phone",
    "company": "company", "organization": "company", "societe": "company", "entreprise": "company",
    "notes": "notes", "note": "notes", "remarques": "notes", "commentaire": "notes",
}  # fmt: skip

# A spreadsheet takes a cell that begins so for a formula (https://owasp.org/www-community/attacks/CSV_Injection).
# An apostrophe in front makes it text; one more makes a text of a text that begins with apostrophes itself.
_FORMULA = re.compile(r"^'*[=+\-@\t\r\n＝＋－＠]")


class Unreadable(Exception):
    """The file as a whole cannot be read. ``code`` is stable; ``line`` where it was noticed."""

    def __init__(self, code: str, detail: str, line: int | None = None) -> None:
        super().__init__(detail)
        self.code, self.line = code, line


@dataclass(frozen=True, slots=True)
class Line:
    """One record: the number of its first line in the file, and its cells by field. ``too_long``: more than headers."""

    number: int
    cells: Mapping[str, str]
    too_long: bool = False


def read(data: bytes) -> list[Line]:
    """The records of a file; lines with nothing in them are left out, columns that are not known are ignored.

    Raises:
        Unreadable: no text, no known header, or a quote that never ends.
    """
    text = _decode(data)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    found: list[Line] = []
    fields: list[str | None] | None = None
    begun = 1
    try:
        for row in reader:
            number, begun = begun, reader.line_num + 1
            if not any(cell.strip() for cell in row):
                continue
            if fields is None:
                fields = _fields(row)
                continue
            cells = {field: unescape(cell) for field, cell in zip(fields, row, strict=False) if field}
            found.append(Line(number, cells, too_long=any(cell.strip() for cell in row[len(fields) :])))
    except csv.Error as error:
        raise Unreadable("malformed", f"The file is not well formed: {error}.", begun) from None
    if not found:
        raise Unreadable("empty", "The file has no lines of contacts.")
    return found


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


def _decode(data: bytes) -> str:
    # Excel's "CSV" without a word about Unicode is Windows-1252 in western Europe.
    is_utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ["utf-16"] if is_utf16 else ["utf-8-sig", "cp1252"]:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable("encoding", "The file is not text in UTF-8, UTF-16 or Windows-1252.")


def _separator(text: str) -> str:
    first = text.lstrip("\r\n").split("\n", 1)[0]
    return max(",;\t", key=first.count)


def _fields(header: Sequence[str]) -> list[str | None]:
    fields = [_HEADERS.get(re.sub(r"[\W_]+", "", fold(cell))) for cell in header]
    known = [field for field in fields if field]
    if not known:
        raise Unreadable("no_header", f"The first line must name columns: {', '.join(FIELDS)}.", 1)
    if doubled := next((field for field in known if known.count(field) > 1), None):
        raise Unreadable("doubled_column", f"Two columns are {doubled}.", 1)
    return fields
