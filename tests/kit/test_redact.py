"""A person is taken out of texts whole, and nothing else is."""

import pytest
from guichet_kit.redact import Redaction, TracedRedaction, word_traces

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
            ("Facture_Marchand_2026.pdf", "Facture_[effacé]_2026.pdf"),
            ("Marchand2026.pdf, 2026Elodie", "[effacé]2026.pdf, 2026[effacé]"),
            ("Elodie_Le_Marchand.pdf", "[effacé].pdf"),
            ("scan%20Marchand%20ELODIE.png", "scan%20[effacé]%20[effacé].png"),
            ("?nom=%C3%89lodie+Marchand&x=%E9lodie", "?nom=[effacé]+[effacé]&x=[effacé]"),
            ("&Eacute;lodie Mar&shy;chand &#201;lodie", "[effacé] [effacé] [effacé]"),
            ("Mar\u00adchand, É\u200blodie\u2060", "[effacé], [effacé]\u2060"),
            ("copie_elodie@example.com_1.eml", "copie_[effacé]_1.eml"),
            # Near misses: other words, another address, what only looks coded.
            ("Marchandises_2026.pdf, Remarchand", "Marchandises_2026.pdf, Remarchand"),
            ("2elodies@example.com", "2elodies@example.com"),
            ("100% Mar%zzchand &marchande;", "100% Mar%zzchand &marchande;"),
        ],
    )
    def test_names_addresses_and_numbers_go_however_they_are_written(self, text: str, expected: str) -> None:
        assert ELODIE.of(text) == expected

    def test_nothing_goes_when_nothing_is_known(self) -> None:
        assert Redaction([None, ""]).of("Bonjour") == "Bonjour"

    def test_every_text_in_a_value_is_looked_through(self) -> None:
        told = {"n": 1, "a": ["Élodie", None, {"b": "x Marchand"}]}
        assert ELODIE.within(told) == {"n": 1, "a": ["[effacé]", None, {"b": "x [effacé]"}]}

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("bonjour ELODIE, Mme Marchand", "bonjour [effacé], Mme [effacé]"),
            ("Écrivez à Elodie@Example.com.", "Écrivez à [effacé]."),
            ("au 06 39 98 01 01 ou +33 (0)6.39.98.01.01", "au [effacé] ou [effacé]"),
            ("Facture_Marchand_2026.pdf, Mar\u00adchand", "Facture_[effacé]_2026.pdf, [effacé]"),
            ("marchand@home.example", "[effacé]@home.example"),
            # Near misses.
            ("Les marchandises, le 1639980102 45", "Les marchandises, le 1639980102 45"),
            ("zoe@example.com, Le", "zoe@example.com, Le"),
            ("", ""),
        ],
    )
    def test_by_hashes_the_same_goes_as_by_names(self, text: str, expected: str) -> None:
        traces = word_traces(b"k" * 48, ["Élodie Le Marchand", None], ["elodie@example.com"], ["+33639980101"])
        assert not [trace for trace in traces if "marchand" in trace]
        assert TracedRedaction(b"k" * 48, traces).of(text) == expected
        assert TracedRedaction(b"x" * 48, traces).of(text) == text

    def test_of_the_name_of_a_file_only_the_extension_stays(self) -> None:
        names = ["Facture_Dupond.pdf", "lettre.Elodie", "LISEZMOI", "a.b.tar.gz", ".profile", "v1.20261129"]
        assert [Redaction(["Elodie"]).file_name(name) for name in names] == [
            "[effacé].pdf", "[effacé]", "[effacé]", "[effacé].gz", "[effacé]", "[effacé]"
        ]  # fmt: skip

    def test_a_long_text_of_almost_names_takes_time_in_proportion(self) -> None:
        text = "Mar\u00ad" * 20_000 + "%C3" * 20_000 + "&" * 20_000
        assert ELODIE.of(text) == text
        traced = TracedRedaction(b"k" * 48, word_traces(b"k" * 48, ["Marchand"]))
        many = "1-" * 50_000 + "a@" * 50_000 + "." * 50_000
        assert traced.of(many) == many
