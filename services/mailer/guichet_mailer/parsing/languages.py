"""The charset of text that names none, by the letters of the languages that people write in.

``charset-normalizer`` compares how bytes look; of short texts it is wrong about every second one. Here each charset is
tried only for the languages that were written in it, and the text must be in that language's own letters.
"""

import re
from dataclasses import dataclass

from guichet_mailer.parsing import scripts

_BEFORE = 1 << 10
"""Bytes of the sample that are before the first that is not ASCII."""

_HIGH = re.compile(rb"[\x80-\xff]")
_FIRST = "cp1252"
"""What counts where nothing else is better."""

_PUNCTUATION = set("«»“”„‘’‚‹›–—…€£§°•·©®™¿¡ \u00a0\u00ad½¼¾²³ºª´¨№×±µ¢¥¬¶¦÷")
_BEHIND_WORDS, _BEFORE_WORDS = "…€»”›°–—•·©®™\u00a0", "«“„"


@dataclass(frozen=True, slots=True)
class _Language:
    """``letters`` beyond ASCII in lower case, ``words`` that it cannot do without, and the charsets it came in.

    ``rare``: those of the letters that stand in few words.
    """

    name: str
    letters: str
    words: str
    charsets: tuple[str, ...]
    rare: str = ""


_WEST = ("cp1252", "mac_roman", "iso8859-15", "cp850")
_EAST = ("cp1250", "iso8859-2", "cp852", "mac_latin2")

_ALPHABETS = (
    _Language(
        "fr",
        "éèàêçùâîôûëïœüÿæ",
        "le la les de des et je vous pas est pour mon ma une un bonjour merci que où était être déjà",
        _WEST,
        "ÿæ",
    ),
    _Language("de", "äöüß", "der die das und ich nicht ist mit sie ein eine für bitte danke zu", _WEST),
    _Language("es", "áéíóúñü", "el la los de que y en un una por mi no con es hola gracias para", _WEST),
    _Language("pt", "ãáéçóíâêôõúàü", "o a os de que e em um uma por meu não com olá obrigado para", _WEST),
    _Language("it", "àèéìòùíóúî", "il la di che e un una per mio non con grazie buongiorno sono della", _WEST),
    _Language("nl", "éëïóöüèáêä", "de het een en ik niet van is mijn voor met dank dat op", _WEST),
    _Language("sv", "åäöé", "och jag att det är inte en ett för min med på har tack hej", _WEST),
    _Language("da", "æøåéö", "og jeg at det er ikke en et for min med på har tak hej", _WEST),
    _Language("fi", "äöå", "ja on ei että se minun kiitos hei en ole mutta", _WEST),
    _Language("is", "áéíóúýþæöð", "og að er ekki ég það sem við um til takk", _WEST),
    _Language("ca", "àèéíòóúçïü", "el la de que i en un una per no amb gràcies hola és", _WEST),
    _Language("cs", "áčďéěíňóřšťúůýž", "a je na se že v do mi jsem děkuji dobrý den si prosím objednávka zboží", _EAST),
    _Language("pl", "ąćęłńóśźż", "i w na nie się z do jest to że mi dziękuję dzień dobry proszę zamówienie", _EAST),
    _Language("sk", "áäčďéíĺľňóôŕšťúýž", "a je na sa že v do mi som ďakujem dobrý deň si prosím", _EAST, "ĺľŕ"),
    _Language("hu", "áéíóöőúüű", "a az és hogy nem egy van kérem köszönöm meg is", _EAST),
    _Language("ro", "ăâîşţșțéá", "și de la nu în un o cu mulțumesc am pentru că este", _EAST),
    _Language("hr", "čćđšž", "i je na se da u mi sam hvala dobar dan nije za", _EAST),
    _Language(
        "tr",
        "çğıöşüâîİ",
        "bir ve bu için da de ne merhaba teşekkürler sipariş siparişim nerede kargo kargom ürün iade iyi günler lütfen "
        "istiyorum geldi gelmedi çok değil var yok",
        ("cp1254", "iso8859-9", "cp857"),
    ),
    _Language(
        "lt",
        "ąčęėįšųūž",
        "ir yra kad ne į man mano aš ačiū laba diena labas prašau kur siunta dar",
        ("cp1257", "iso8859-13"),
    ),
    _Language("lv", "āčēģīķļņšūž", "un ir ka nav es man mans labdien lūdzu kur vēl paldies", ("cp1257", "iso8859-13")),
    _Language("et", "äöõüšž", "ja on ei et see mu tere aitäh", ("cp1257", "iso8859-15")),
)


def likeliest(data: bytes) -> str:
    """The text of bytes in no known charset, some of them beyond ASCII.

    In Latin letters what is beyond ASCII stands among others; a word of nothing else is in another script.
    """
    found = _HIGH.search(data)
    begin = max(0, found.start() - _BEFORE) if found else 0  # what is before is ASCII: no character is cut there
    sample = data[begin : begin + scripts.SAMPLE_BYTES]
    high = sum(byte > 0x7F for byte in sample)
    letters = sum(chr(byte).isalpha() for byte in sample if byte < 0x80)
    apart, among = _apart_and_among(sample, alone=not letters)
    best, charset = -1.0, _FIRST
    if apart > among:
        best, charset = scripts.alphabetic(sample)
    if apart > among or high * 2 > letters:
        score, tried = scripts.east_asian(sample)
        if score > best:
            best, charset = score, tried
    if apart <= among or best < _UNLIKELY:
        score, tried = _latin(sample, high)
        if score > best:
            charset = tried
    return data.decode(charset, "replace")


_UNLIKELY = 0.3
_MIXED_WORD = re.compile(rb"[A-Za-z\x80-\xff]+")
_EDGES = b"\xa0\xab\xbb"
"""A space and quotation marks, in many charsets."""


def _apart_and_among(sample: bytes, *, alone: bool) -> tuple[int, int]:
    """How many bytes beyond ASCII are in words of nothing else, and how many in words with letters of ASCII.

    ``alone``: the text has no letter of ASCII, so that two bytes are a word already.
    """
    apart = among = 0
    for word in _MIXED_WORD.findall(sample):
        beyond = word.strip(_EDGES)
        count = len(_HIGH.findall(beyond))
        if count < len(beyond):
            among += count
        elif count > (1 if alone else 2):
            apart += count
    return apart, among


def _latin(sample: bytes, high: int) -> tuple[float, str]:
    """The best charset of Latin letters: Windows-1252, unless another is clearly better."""
    first = best = -1.0
    charset = _FIRST
    for language in _ALPHABETS:
        for tried in language.charsets:
            score = _alphabet_score(sample, tried, language) - _lateness(tried, language)
            if tried == _FIRST:
                first = max(first, score)
            elif score > best + 1e-9:
                best, charset = score, tried
    clearly = 0.22 if high <= 2 else 0.1 if high <= 5 else 0.05
    return (best, charset) if best > first + clearly else (first, _FIRST)


def _lateness(charset: str, language: _Language) -> float:
    """Of two that fit alike, the charset that is more used."""
    return 0.004 * language.charsets.index(charset) + (0.002 if charset != _FIRST else 0)


def _alphabet_score(sample: bytes, charset: str, language: _Language) -> float:
    """From 0 to about 1: which share of what is beyond ASCII is as this language has it, and its words stand there."""
    text = sample.decode(charset, "replace")
    good = all_of_it = 0.0
    written = False
    own = set(language.letters)
    for at, letter in enumerate(text):
        if ord(letter) < 0x80:
            continue
        all_of_it += 1
        before, after = text[at - 1 : at] if at else " ", text[at + 1 : at + 2]
        within = before.isalpha() and after.isalpha()
        if letter in own or letter.lower() in own:
            written = True
            # A capital within a word of small letters, and one by itself, are rather another charset's.
            odd = letter.isupper() and before.isalpha() and (before.islower() or after.islower())
            alone = not before.isalpha() and not after.isalpha()
            misplaced = odd or _is_misplaced(letter.lower(), before, after, language)
            rare = 0.85 if letter.lower() in language.rare else 1
            good += rare * (0.2 if misplaced else _alone(letter, language) if alone else 1)
        elif before.isalpha() and (letter in "’´" or (letter == "‘" and _ELIDED.search(text[max(0, at - 4) : at]))):
            written = written or after.isalpha()
            good += 0.9
        elif letter in "¿¡":
            good += 0.75 if after.isalpha() else 0.1
        elif letter in scripts.LOOSE and not within:
            beside = (letter in _BEHIND_WORDS and not after.isalpha()) or (letter in _BEFORE_WORDS and after.isalnum())
            good += 0.95 if charset == _FIRST and beside else 0.75
        elif letter in _PUNCTUATION and not within:
            good += 0.4
    if not all_of_it:
        return 0.0
    words = set(language.words.split())
    said = [word.lower() for word in scripts.WORD.findall(text)]
    share = sum(word in words for word in said) / len(said) if said else 0.0
    little_used = 0.85 if language.name == "is" and not share else 1
    if charset != _FIRST and not written:
        little_used = 0.5
    return little_used * good / all_of_it + min(share, 0.5) * 0.6


_WORDS_OF_ONE_LETTER = {
    "fr": "àô",
    "it": "èé",
    "pt": "àéóâ",
    "es": "óáé",
    "ca": "àé",
    "da": "åø",
    "sv": "åö",
    "is": "áéíó",
}


def _alone(letter: str, language: _Language) -> float:
    """How good a letter is that stands by itself."""
    if letter.lower() in _WORDS_OF_ONE_LETTER.get(language.name, ""):
        return 0.8 if letter.isupper() else 1
    return 0.4 if letter.isupper() else 0.7


_ELIDED = re.compile(r"(?:^|[^\w])(?:[cdjlmnst]|qu)$", re.IGNORECASE)
"""What stands before an apostrophe in French and Italian."""


def _is_misplaced(letter: str, before: str, after: str, language: _Language) -> bool:
    """Whether the letter never stands there: French ``à`` and ``ù`` end words, ``þ`` begins them, ``ð`` does not."""
    if language.name == "fr":
        return letter in "àù" and after.isalpha()
    return language.name == "is" and (letter == "ð" and not before.isalpha())
