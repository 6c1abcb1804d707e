"""File names of strangers become names that are safe everywhere."""

import pytest
from guichet_attachments import names
from hypothesis import given
from hypothesis import strategies as st


class TestCleaning:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ("facture.pdf", "facture.pdf"),
            ("Facture d'été.pdf", "Facture d’été.pdf"),
            ("../../etc/passwd.txt", "passwd.txt"),
            ("C:\\Users\\me\\photo.png", "photo.png"),
            ('say "hi".txt', "say ”hi”.txt"),
            ("two\r\nlines.txt", "two lines.txt"),
            ("nul\0byte.txt", "nulbyte.txt"),
            ("gpj.\u202eexe.jpg", "gpj.exe.jpg"),
            ("a<b>c|d?e*f:g.txt", "a_b_c_d_e_f_g.txt"),
            ("  .hidden.txt. ", "hidden.txt"),
            ("CON.txt", "_CON.txt"),
            ("..", "file"),
            ("", "file"),
            ("été.png", "été.png"),
        ],
    )
    def test_what_could_do_harm_goes_and_the_rest_stays(self, given: str, expected: str) -> None:
        assert names.clean(given) == expected

    def test_300_characters_are_cut_before_the_extension(self) -> None:
        name = names.clean("é" * 300 + ".jpeg")
        assert name.endswith("é.jpeg")
        assert len(name.encode()) <= names.MAX_BYTES

    @given(st.text(max_size=400))
    def test_no_name_whatever_keeps_a_dangerous_character(self, name: str) -> None:
        cleaned = names.clean(name)
        assert cleaned
        assert len(cleaned.encode()) <= names.MAX_BYTES
        assert not set(cleaned) & set("\"'`/\\<>:|?*\r\n\t\0\u202a\u202e\u2066")
        assert names.clean(cleaned) == cleaned

    def test_the_escapes_of_browsers_forms_are_undone(self) -> None:
        assert names.clean(names.from_form(b"a%22b%0D%0Ac.txt")) == "a”b c.txt"
