"""Text in one of Unicode's normal forms, in linear time whatever it is."""

import unicodedata
from typing import Literal

MOST_MARKS = 30
"""Marks on one letter that are kept: no language needs as many (UAX 15, section 13, Stream-Safe Text Format).

Those of one letter are put in order one by one: 128 KiB of nothing else took 13 seconds.
"""

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]


def normalized(form: Form, text: str) -> str:
    """``text`` in that form; of the marks on one letter, those beyond `MOST_MARKS` are left out."""
    if text.isascii() or unicodedata.is_normalized(form, text):
        return text
    return unicodedata.normalize(form, _safe(text) if len(text) > MOST_MARKS else text)


def _safe(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for letter in text:
        marks = marks + 1 if unicodedata.combining(letter) else 0
        if marks <= MOST_MARKS:
            kept.append(letter)
    return "".join(kept)
