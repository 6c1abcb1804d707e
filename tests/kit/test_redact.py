"""A person is taken out of texts whole, and nothing else is."""

import pytest
from guichet_kit.redact import Redaction

ELODIE = Redaction(["Élodie Le Marchand", None, " "], ["elodie@example.com", None], ["+33639980101", None])


class TestTexts:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Bonjour Élodie Le Marchand !", "Bonjour [effacé] !"),
            ("bonjour ELODIE, Mme Marchand", "bonjour [effacé], Mme [effacé]"),
            ("Le E\u0301lodie", "Le [effacé]"),
            ("Écrivez à Elodie@Example.com.", "Écrivez à [effacé]."),
            ("au 06 39 98 01 01 ou +33 (0)6.39.98.01.01", "au [effacé] ou [effacé]"),
            ("0033639980101, 639980101", "[effacé], [effacé]"),
            ("Les marchandises, le 1639980101", "Les marchandises, le 1639980101"),
            ("œuvre Straße 東京", "œuvre Straße 東京"),
            ("", ""),
        ],
    )
    def test_names_addresses_and_numbers_go_however_they_are_written(self, text: str, expected: str) -> None:
        assert ELODIE.of(text) == expected

    def test_nothing_goes_when_nothing_is_known(self) -> None:
        assert Redaction([None, ""]).of("Bonjour") == "Bonjour"

    def test_every_text_in_a_value_is_looked_through(self) -> None:
        told = {"n": 1, "a": ["Élodie", None, {"b": "x Marchand"}]}
        assert ELODIE.within(told) == {"n": 1, "a": ["[effacé]", None, {"b": "x [effacé]"}]}
