"""How words are compared: accents and case do not count, and the beginning of a word finds it."""

import re
import unicodedata

from guichet_kit.normal import normalized

MAX_WORDS = 8

# Letters that decompose into nothing simpler, though people type them so.
_LETTERS = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ł": "l", "þ": "th"})
_WORD = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """``text`` without accents and case: ``Œuvre`` is ``oeuvre``, ``Groß`` is ``gross``."""
    if text.isascii():
        return text.lower()
    decomposed = normalized("NFKD", normalized("NFKD", text).casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).translate(_LETTERS)


def words_of(*texts: str | None) -> list[str]:
    """The words under which ``texts`` are found, each once. They are letters and digits only."""
    return list(dict.fromkeys(word for text in texts if text for word in _WORD.findall(fold(text))))


def query_words(query: str) -> tuple[str, ...]:
    """The beginnings of words that are looked for, a few at most."""
    return tuple(words_of(query)[:MAX_WORDS])
