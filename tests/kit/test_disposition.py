"""The name under which a file is saved, in a header."""

import pytest
from guichet_kit.http import disposition
from hypothesis import given
from hypothesis import strategies as st


class TestDisposition:
    def test_old_clients_get_plain_letters_and_others_the_whole_name(self) -> None:
        assert disposition("Été €.pdf") == (
            "attachment; filename=\"Ete .pdf\"; filename*=UTF-8''%C3%89t%C3%A9%20%E2%82%AC.pdf"
        )

    @pytest.mark.parametrize("name", ["", "\r\n", "\u202e"])
    def test_what_has_no_name_has_one(self, name: str) -> None:
        assert disposition(name) == "attachment; filename=\"file\"; filename*=UTF-8''file"

    @given(st.text(max_size=300) | st.sampled_from(['a"b\\', "a\r\nX: y", "\ud800.txt", "gpj.\u202eexe"]))
    def test_it_is_always_one_line_of_ascii(self, name: str) -> None:
        header = disposition(name)
        assert header.isascii()
        assert header.isprintable()
        assert header.count('"') == 2
        assert "\\" not in header
