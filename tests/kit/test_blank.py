"""A text that shows nothing is blank, whatever is in it; one that shows anything is not."""

import pytest
from guichet_kit.blank import is_blank


@pytest.mark.parametrize(
    "text",
    [
        "", " \t\r\n", "\u00a0\u2003\u3000", "\u200b\u200c\u200d\ufeff", "\u3164", "\u115f\u1160\uffa0",
        "\u202e \u202c",
        "\u200e\u200f\u061c", "\u2066\u2069", "\u2800\u2800", "\u00ad", "\u034f", "\ufe0f", "\u180e", "\u2060\u2064",
        "\U000e0041", "\U000e0100", "\x00\x07", "\u2028\u2029",
    ],
)  # fmt: skip
def test_what_has_no_shape_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize(
    "text",
    [
        ".",
        "\u200bA",
        "\u202eاب",
        "שלום",
        "한글",
        "ᅠ가",
        "❤\ufe0f",
        "👨\u200d👩\u200d👧",
        "⠁",
        "0",
        "−",
        "\u0600",
        "ﾡ",
        "\u0301",
    ],
)
def test_what_can_be_seen_is_not(text: str) -> None:
    assert not is_blank(text)
