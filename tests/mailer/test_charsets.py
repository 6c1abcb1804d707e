"""Letters: of sentences in every language that customers write in, with the charset named, and without."""

import pytest
from guichet_mailer.parsing import parse

from . import ugly
from .sentences import CASES, SENTENCES, WESTERN

_NAMES = {"mac_roman": "x-mac-roman", "cp1252": "windows1252", "cp850": "cp-850", "iso2022_jp": "iso-2022-jp"}
WEST = [text for language, charsets, text in SENTENCES if set(charsets) & set(WESTERN)]
"""What one finds in the West, each once."""


def _wrong(pairs: list[tuple[str, str]], *, named: bool) -> list[tuple[str, str, str]]:
    found = []
    for charset, text in pairs:
        kind = (
            f"Content-Type: text/plain; charset={_NAMES.get(charset, charset)}" if named else "Content-Type: text/plain"
        )
        read = parse(ugly.mail(text.encode(charset), kind.encode())).text
        if read != text:
            found.append((charset, text, read))
    return found


class TestSentences:
    def test_there_are_enough_of_them(self) -> None:
        french = [text for language, _charsets, text in SENTENCES if language == "fr"]
        assert len(CASES) >= 60
        assert len(WEST) >= 27
        assert len(french) >= 10

    def test_in_windows_1252_are_read_without_a_charset(self) -> None:
        assert _wrong([("cp1252", text) for text in WEST], named=False) == []

    def test_in_any_charset_are_read_where_it_is_named(self) -> None:
        assert _wrong(CASES, named=True) == []

    def test_in_any_charset_are_read_without_its_name(self) -> None:
        assert _wrong(CASES, named=False) == []

    def test_in_utf_8_are_read_whatever_is_named(self) -> None:
        pairs = [("utf-8", text) for _language, _charsets, text in SENTENCES]
        assert _wrong(pairs, named=True) == []
        assert _wrong(pairs, named=False) == []

    @pytest.mark.parametrize("named", ["iso-8859-1", "us-ascii", "windows-1252"])
    def test_of_the_west_in_utf_8_are_read_also_where_another_charset_is_named(self, named: str) -> None:
        for text in WEST:
            mail = parse(ugly.mail(text.encode(), f"Content-Type: text/plain; charset={named}".encode()))
            assert mail.text == text


class TestSubjects:
    """Raw, as programs leave them that do not know RFC 2047."""

    @pytest.mark.parametrize("named", [True, False])
    def test_are_read_in_any_charset(self, named: bool) -> None:
        for charset, text in CASES:
            kind = f"; charset={_NAMES.get(charset, charset)}" if named else ""
            head = b"Subject: " + text.replace("\n", " ").encode(charset) + b"\nContent-Type: text/plain"
            assert parse(ugly.mail(b"x", head + kind.encode())).subject == text.replace("\n", " "), charset

    def test_with_a_tilde_and_a_brace_stays_as_it_is(self) -> None:
        assert parse(ugly.mail(b"x", b"Subject: Offre ~{20}~ pour vous")).subject == "Offre ~{20}~ pour vous"
