"""How names are compared."""

import unicodedata

import pytest
from guichet_contacts.contact.folding import MAX_WORDS, fold, prefixes_of, query_words, words_of
from hypothesis import given
from hypothesis import strategies as st


class TestFold:
    @pytest.mark.parametrize(
        ("written", "folded"),
        [
            ("Élodie", "elodie"),
            ("ŒUVRE", "oeuvre"),
            ("Œuvre", "oeuvre"),
            ("Groß", "gross"),
            ("GROẞ", "gross"),
            ("İzmir", "izmir"),
            ("ILGIN ışık", "ilgin isik"),
            ("Ærøskøbing", "aeroskobing"),
            ("Łódź", "lodz"),
            ("Þór", "thor"),
            ("Ｆｕｌｌ", "full"),
            ("ﬁn", "fin"),
            ("Ὀδυσσεύς", "οδυσσευσ"),
            ("Nguyễn", "nguyen"),
        ],
    )
    def test_accents_case_and_ligatures_do_not_count(self, written: str, folded: str) -> None:
        assert fold(written) == folded

    @given(st.text())
    def test_folding_twice_is_folding_once(self, text: str) -> None:
        assert fold(fold(text)) == fold(text)

    @given(st.text())
    def test_the_form_of_composition_does_not_count(self, text: str) -> None:
        assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))

    @given(st.text(alphabet=st.characters(max_codepoint=0x17F)))
    def test_capitals_do_not_count_in_european_names(self, text: str) -> None:
        assert fold(text.upper().lower()) == fold(text.lower())


class TestWords:
    def test_a_word_is_found_by_its_parts_and_written_together(self) -> None:
        assert {"anne", "marie", "annemarie", "o", "neill", "oneill"} <= words_of("Anne-Marie O’Neill")

    def test_digits_in_groups_are_one_word(self) -> None:
        assert query_words("Ada 06 39.98-12") == ["ada", "06399812"]

    def test_a_query_has_a_limited_number_of_words(self) -> None:
        assert len(query_words(" ".join(f"w{i}x" for i in range(50)))) == MAX_WORDS

    def test_signs_alone_are_no_words(self) -> None:
        assert query_words("!?_ -- @") == []

    @given(st.text())
    def test_a_text_is_found_by_the_query_that_is_the_same_text(self, text: str) -> None:
        words = words_of(text)
        assert all(any(word.startswith(wanted) for word in words) for wanted in query_words(text))

    @given(st.sets(st.text(min_size=1)))
    def test_prefixes_are_beginnings(self, words: set[str]) -> None:
        assert all(any(word.startswith(prefix) for word in words) for prefix in prefixes_of(words))
