"""CSV as spreadsheets write and read it."""

import csv
import io

import pytest
from guichet_contacts.exchange.csv_file import Unreadable, escape, read, unescape, write
from hypothesis import given
from hypothesis import strategies as st

FORMULAS = ["=1+1", "+33612345678", "-2", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")', "'=1", "''@x", "＝1"]


class TestReading:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
    @pytest.mark.parametrize("separator", [",", ";", "\t"])
    @pytest.mark.parametrize("newline", ["\n", "\r\n"])
    def test_what_spreadsheets_write_is_read(self, encoding: str, separator: str, newline: str) -> None:
        rows = [["Prénom", "NOM", "E-mail", "Téléphone"], ["Élodie", "Œuvre", "e@example.com", "06 39 98 12 34"]]
        text = newline.join(separator.join(row) for row in rows)
        (line,) = read(text.encode(encoding))
        assert line.number == 2
        assert line.cells == {
            "first_name": "Élodie", "last_name": "Œuvre", "email": "e@example.com", "phone": "06 39 98 12 34"
        }  # fmt: skip

    def test_lines_are_numbered_as_in_the_file_also_after_cells_with_lines_and_blank_ones(self) -> None:
        lines = read(b'first_name,notes\nAda,"one\ntwo"\n\n ,\nCharles,x\n')
        assert [(line.number, line.cells["first_name"]) for line in lines] == [(2, "Ada"), (6, "Charles")]

    def test_columns_that_are_not_known_are_ignored_and_cells_without_a_header_are_told(self) -> None:
        first, second = read(b"shoe size,email\n43,a@example.com\n44,b@example.com,surprise\n")
        assert (first.cells, first.too_long) == ({"email": "a@example.com"}, False)
        assert second.too_long

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"", "empty"),
            (b"\n\n", "empty"),
            (b"email\n", "empty"),
            (b"a,b\n1,2\n", "no_header"),
            (b"email,E-Mail\nx,y\n", "doubled_column"),
            (b'email\n"never ends\n', "malformed"),
            (b"email\n\x81\x8d\xff", "encoding"),
            (b"\xff\xfe\x00", "encoding"),
            (b"\x89PNG\r\n\x1a\n\x00\x81", "encoding"),
        ],
    )
    def test_a_file_that_cannot_be_read_says_why(self, data: bytes, code: str) -> None:
        with pytest.raises(Unreadable) as refused:
            read(data)
        assert refused.value.code == code

    @given(st.binary(max_size=300))
    def test_any_bytes_are_read_or_refused(self, data: bytes) -> None:
        try:
            lines = read(data)
        except Unreadable:
            return
        assert all(line.number > 1 for line in lines)


class TestFormulas:
    @pytest.mark.parametrize("cell", FORMULAS)
    def test_a_cell_that_a_spreadsheet_would_compute_becomes_text(self, cell: str) -> None:
        assert escape(cell) == f"'{cell}"

    @pytest.mark.parametrize("cell", ["Ada", "l'été", "'s Gravenhage", "", "a=b", "06 39"])
    def test_any_other_stays_as_it_is(self, cell: str) -> None:
        assert escape(cell) == cell

    @given(st.text() | st.sampled_from(FORMULAS))
    def test_what_is_written_is_read_back(self, cell: str) -> None:
        assert unescape(escape(cell)) == cell

    @given(st.lists(st.text(alphabet="=+-@'\";,\t\r\n ax"), min_size=1, max_size=4), st.sampled_from([",", ";", "\t"]))
    def test_no_written_cell_begins_like_a_formula(self, cells: list[str], separator: str) -> None:
        (row,) = csv.reader(io.StringIO(write([cells], separator), newline=""), delimiter=separator)
        assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
