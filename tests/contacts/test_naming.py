"""Names from mails and forms are taken apart as people write them."""

import pytest
from guichet_contacts.contact.naming import split_name


class TestSplitting:
    @pytest.mark.parametrize(
        ("written", "first", "last"),
        [
            ("Ada Lovelace", "Ada", "Lovelace"),
            ("Lovelace, Ada", "Ada", "Lovelace"),
            ("LOVELACE Ada", "Ada", "LOVELACE"),
            ("Marie Claude DE LA TOUR", "Marie Claude", "DE LA TOUR"),
            ("Anna Maria van der Berg", "Anna", "Maria van der Berg"),
            ("J. R. Tolkien", "J.", "R. Tolkien"),
            ("ADA LOVELACE", "ADA", "LOVELACE"),
            ('  "Ada   Lovelace" ', "Ada", "Lovelace"),
            ("Ada", "Ada", None),
            ("李小龙", "李小龙", None),
        ],
    )
    def test_first_and_last_names_are_told_apart(self, written: str, first: str, last: str | None) -> None:
        assert split_name(written) == (first, last)

    @pytest.mark.parametrize("written", ["", "  ", "ada@example.org", "'ada@example.org'", "0639 98", "--"])
    def test_what_is_no_name_gives_none(self, written: str) -> None:
        assert split_name(written) == (None, None)
