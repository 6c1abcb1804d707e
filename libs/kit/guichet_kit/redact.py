"""Taking a person out of texts: names, addresses and phone numbers, however they are cased, accented or grouped.

Also as they stand in file names and links: ``_`` and digits end a word, ``%C3%A9`` and ``&eacute;`` are the letter that
they stand for, and what is not seen (a soft hyphen, a zero-width space) is not there.
"""

import hashlib
import hmac
import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

from guichet_kit.normal import normalized

ERASED = "[effacé]"

_SHORTEST = 3
_PHONE_DIGITS = 9
_GAP = r"[\s.()/\-]*"
_BETWEEN_WORDS = r"[\W_]{1,3}"
_WORD = re.compile(r"[^\W\d_]+")
_PHONE = re.compile(r"\+\d{7,15}")
_LETTER = r"[^\W\d_]"
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}\Z")
_CODED = re.compile(r"(?:%[0-9A-Fa-f]{2})+|&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_TOLD = re.compile(
    r"(?P<address>[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w.-]{1,255}\w)"
    r"|(?P<number>\+?\(?\d(?:[\s.()/\-]{0,3}\d){8,14})"
    r"|(?P<word>[^\W\d_]+)"
)
_UNSEEN = frozenset("\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff")


class Redaction:
    """Knows what to take out: whole names and addresses, each word of a name of 3 letters or more, phone numbers.

    ``names`` and ``addresses`` may have None and blanks among them. A phone number is known by its last nine digits.
    """

    def __init__(
        self, names: Iterable[str | None], addresses: Iterable[str | None] = (), phones: Iterable[str | None] = ()
    ) -> None:
        told = {_bare(_seen(name.strip())) for name in names if name and name.strip()}
        words = {word for name in told for word in _WORD.findall(name) if len(word) >= _SHORTEST}
        whole = {_bare(_seen(address.strip())) for address in addresses if address and address.strip()}
        patterns = [
            *((address, rf"(?<![^\W_]){re.escape(address)}(?![^\W_])") for address in whole),
            *((name, rf"(?<!{_LETTER}){_spelled(name)}(?!{_LETTER})") for name in (told | words) - whole),
        ]
        ordered = [pattern for text, pattern in sorted(patterns, key=lambda one: (-len(one[0]), one[0])) if text]
        ordered += [_phone_pattern(phone) for phone in phones if phone and _PHONE.fullmatch(phone)]
        self._pattern = re.compile("|".join(ordered), re.IGNORECASE) if ordered else None

    def of(self, text: str) -> str:
        """``text`` with ``ERASED`` in place of each occurrence."""
        if self._pattern is None:
            return text
        # Letters are looked at as they are meant; what is found there is cut out of the text as it was.
        composed = normalized("NFC", text)
        signs = [*_signs(composed)]
        kept, at = [], 0
        for found in self._pattern.finditer("".join(sign for sign, _, _ in signs)):
            kept += [composed[at : signs[found.start()][1]], ERASED]
            at = signs[found.end() - 1][2]
        return "".join([*kept, composed[at:]]) if kept else text

    def file_name(self, name: str) -> str:
        """What is left of the name of a file that was the person's: its extension, which says what it is."""
        extension = _EXTENSION.search(name)
        return ERASED + (extension[0] if extension and self.of(extension[0]) == extension[0] else "")

    def within(self, value: Any) -> Any:
        """The same for every text in a JSON-like value."""
        match value:
            case str():
                return self.of(value)
            case dict():
                return {name: self.within(part) for name, part in value.items()}
            case list() | tuple():
                return [self.within(part) for part in value]
            case _:
                return value


def word_traces(
    secret: bytes,
    names: Iterable[str | None],
    addresses: Iterable[str | None] = (),
    phones: Iterable[str | None] = (),
) -> frozenset[str]:
    """What `TracedRedaction` knows a person by: a keyed hash of each word, address and number, in place of themselves.

    ``secret`` is the installation's; who does not have it cannot say which words these are.
    """
    digest = _digest(secret)
    words = {word for name in names if name for word in _WORD.findall(_bare(_seen(name))) if len(word) >= _SHORTEST}
    numbers = {phone[-_PHONE_DIGITS:].lstrip("+") for phone in phones if phone and _PHONE.fullmatch(phone)}
    told = {*words, *(_bare(_seen(address.strip())) for address in addresses if address and address.strip()), *numbers}
    return frozenset(digest(one) for one in told)


class TracedRedaction:
    """Takes a person out of texts as `Redaction` does, by one who was never told what they are called.

    ``traces`` is what `word_traces` made of names, addresses and phone numbers under the same ``secret``.
    """

    def __init__(self, secret: bytes, traces: Iterable[str]) -> None:
        self._digest, self._traces = _digest(secret), frozenset(traces)
        self._known: dict[str, bool] = {}

    def of(self, text: str) -> str:
        """``text`` with ``ERASED`` in place of each occurrence."""
        if not self._traces:
            return text
        composed = normalized("NFC", text)
        signs = [*_signs(composed)]
        kept, at = [], 0
        for found in _TOLD.finditer("".join(sign for sign, _, _ in signs)):
            for start, end in self._spans(found):
                kept += [composed[at : signs[start][1]], ERASED]
                at = signs[end - 1][2]
        return "".join([*kept, composed[at:]]) if kept else text

    def _spans(self, found: re.Match[str]) -> Iterator[tuple[int, int]]:
        """Of what may tell who it is, the whole where it does; else the words of an address that does not."""
        digits = "".join(sign for sign in found[0] if sign.isdigit()) if found["number"] else ""
        if self._is_theirs(digits[-_PHONE_DIGITS:] if digits else found[0]):
            yield found.span()
        elif found["address"]:
            for word in _WORD.finditer(found[0]):
                if self._is_theirs(word[0]):
                    yield found.start() + word.start(), found.start() + word.end()

    def _is_theirs(self, told: str) -> bool:
        if told not in self._known:
            self._known[told] = self._digest(told) in self._traces
        return self._known[told]


def _digest(secret: bytes) -> Callable[[str], str]:
    key = hmac.digest(secret, b"guichet erased words", hashlib.sha256)
    return lambda told: hmac.digest(key, told.casefold().encode("utf-8", "surrogatepass"), hashlib.sha256).hex()


def _signs(text: str) -> Iterator[tuple[str, int, int]]:
    """The letters of a text, each without its accents, with where it begins and ends there; what is not seen is none.

    One letter each: œ, ß and their like are themselves. Of what stands for several, all begin and end where that does.
    """
    at = 0
    for coded in _CODED.finditer(text):
        yield from _plain(text, at, coded.start())
        at = coded.end()
        meant = _meant(coded[0])
        if meant is None:
            yield from _plain(text, coded.start(), at)
        else:
            for letter in _seen(normalized("NFC", meant)):
                yield _one(letter), coded.start(), at
    yield from _plain(text, at, len(text))


def _plain(text: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    for place in range(start, end):
        if text[place] not in _UNSEEN:
            yield _one(text[place]), place, place + 1


def _meant(coded: str) -> str | None:
    """What a piece of a link or of HTML stands for; None where it stands for itself."""
    if coded.startswith("%"):
        meant_bytes = unquote_to_bytes(coded)
        try:
            return meant_bytes.decode()
        except UnicodeDecodeError:
            return meant_bytes.decode("latin-1")  # as old programs write links
    meant = html.unescape(coded)
    return None if meant == coded else meant


def _one(letter: str) -> str:
    bare = _bare(letter)
    return bare if len(bare) == 1 else letter


def _seen(text: str) -> str:
    return "".join(letter for letter in text if letter not in _UNSEEN)


def _bare(text: str) -> str:
    decomposed = normalized("NFD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _spelled(name: str) -> str:
    return _BETWEEN_WORDS.join(re.escape(word) for word in name.split())


def _phone_pattern(phone: str) -> str:
    national = _GAP.join(phone[-_PHONE_DIGITS:].lstrip("+"))
    return rf"(?<!\d)(?:(?:\+|00)\d{{1,3}}{_GAP})?(?:\(?0\)?{_GAP})?{national}(?!\d)"
