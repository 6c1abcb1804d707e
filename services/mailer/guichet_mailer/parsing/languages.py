"""The charset of text that names none, by the letters of the languages that people write in.

``charset-normalizer`` compares how bytes look; of short texts it is wrong about every second one. Here each charset is
tried only for the languages that were written in it, and the text must be in that language's own letters.
"""

import math
import re
from dataclasses import dataclass
from functools import cache

_SAMPLE, _BEFORE = 6 << 10, 1 << 10
"""Bytes that are looked at, of which so many are before the first that is not ASCII."""

_HIGH = re.compile(rb"[\x80-\xff]")
_FIRST = "cp1252"
"""What counts where nothing else is better."""

_PUNCTUATION = set("«»“”„‘’‚‹›–—…€£§°•·©®™¿¡ \u00a0\u00ad½¼¾²³ºª´¨№×±µ¢¥¬¶¦÷")
_LOOSE = set("«»“”„‘’‚‹›–—…€£§°•·©®™¿¡ \u00a0\u00ad№×")
"""What stands beside words; more of it than of the language's letters is no sign of a language."""


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


@dataclass(frozen=True, slots=True)
class _Script:
    """A language in a script of its own. ``often``: its letters, the most frequent first, in groups; see `_SHARES`.

    ``last``: letters that only end words.
    """

    name: str
    often: str
    words: str
    charsets: tuple[str, ...]
    last: str = ""


_SHARES = (10.0, 7.0, 5.0, 3.3, 2.2, 1.4, 0.8, 0.35, 0.08)
"""Per cent of a text that a letter of each group is, about."""

_NO_SHARE = 0.02

_SCRIPTS = (
    _Script(
        "ru",
        "о еаи нтс рвл кмдп уяыьгзбч йхж шюцщэёф ъ".replace(" ", "|"),
        "и в не на я что с по где мой моя мне это как за спасибо",
        ("cp1251", "koi8-r", "cp866", "iso8859-5", "mac_cyrillic"),
    ),
    _Script(
        "uk",
        "оа ни івте рслк удмп зяьбгч йхцюж їєшщ ф ґ".replace(" ", "|"),
        "і в не на я що з по де мій моя дякую будь ласка",
        ("cp1251", "koi8-u", "iso8859-5"),
    ),
    _Script(
        "bg",
        "а иоет нрс влдк пмзъ ягучб цжйщх шфю ь".replace(" ", "|"),
        "и в не на се да за от къде ми моята моля благодаря",
        ("cp1251", "iso8859-5"),
    ),
    _Script(
        "el",
        "α οτιε νσς ηρυκπ μλάόίέ γδωθχήύώ φβ ξζ ψϊϋΐΰ".replace(" ", "|"),
        "και το να η ο δεν με για μου είναι που",
        ("cp1253", "iso8859-7"),
        "ς",
    ),
    _Script(
        "he",
        "יהו לא רתבשמ נעדםחקכ ןפסטגזצ ך ףץ".replace(" ", "|"),
        "את לא של על אני שלי איפה שלום תודה",
        ("cp1255", "iso8859-8"),
        "ךםןףץ",
    ),
    _Script(
        "ar",
        "ال يمون رتبعهد فسقأةكح جشطصىخإذ ثضزءغئ،؟ ؤآظ ًٌٍَُِّْ".replace(" ", "|"),
        "في من على لا هل لم أين شكرا طلبي",
        ("cp1256", "iso8859-6"),
        "ةى",
    ),
    _Script(
        "th",
        "| านรอ กเงม่ ยวลัด้ทสีติห คบจปะแพ์ ขชไโูุำใธซืถ ณศผึ็ภษญฟ".replace(" ", "|")
        + "".join(chr(one) for one in range(0x0E01, 0x0E4F) if chr(one) not in "ๆฯ฿")
        + "ๆฯ",
        "",
        ("cp874",),
    ),
)

_FREQUENT = {
    "ja": "のはをにがでたてしとるなすまいっだもれこあかさりくらけそうよせちおきつんじどめみえわろやばべげべ"
    "日本人大何時分送商品注文届",
    "zh": "的一是不了在我有你他这们到中大来上国个为和地要就出会可也时年得对生能那下过自发后作里用家然没于心多天已还"
    "好请问订单货收退款谢您什么怎样东西天给但想看两件包裹物流快递时候坏换您好关题是否還這個們來時請問訂單貨收謝您麼東"
    "會國為對後裡沒給點說嗎過寄壞",
    "ko": "이다는을의에가고하지사로기어서한은를도아자리나인해시스그라니게수안있습"
    "주문상품요님배송제대부일정장전화만원감녕세",
}
_EAST_ASIAN = (("euc_jp", "ja"), ("cp932", "ja"), ("gb18030", "zh"), ("big5hkscs", "zh"), ("cp949", "ko"))
_VOWELS_FIRST = re.compile(r"[^\W\d_]+")


def likeliest(data: bytes) -> str:
    """The text of bytes in no known charset, some of them beyond ASCII.

    In Latin letters what is beyond ASCII stands among others; a word of nothing else is in another script.
    """
    found = _HIGH.search(data)
    begin = max(0, found.start() - _BEFORE) if found else 0  # what is before is ASCII: no character is cut there
    sample = data[begin : begin + _SAMPLE]
    high = sum(byte > 0x7F for byte in sample)
    letters = sum(chr(byte).isalpha() for byte in sample if byte < 0x80)
    apart, among = _apart_and_among(sample, alone=not letters)
    best, charset = -1.0, _FIRST
    if apart > among:
        best, charset = _by_script(sample)
    if apart > among or high * 2 > letters:
        for tried, name in _EAST_ASIAN:
            score = _east_asian_score(sample, tried, name)
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
            good += 0.9
        elif letter in "¿¡":
            good += 0.75 if after.isalpha() else 0.1
        elif letter in _LOOSE and not within:
            beside = (letter in _BEHIND_WORDS and not after.isalpha()) or (letter in _BEFORE_WORDS and after.isalnum())
            good += 0.95 if charset == _FIRST and beside else 0.75
        elif letter in _PUNCTUATION and not within:
            good += 0.4
    if not all_of_it:
        return 0.0
    words = set(language.words.split())
    said = [word.lower() for word in _VOWELS_FIRST.findall(text)]
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


def _by_script(sample: bytes) -> tuple[float, str]:
    """The best charset of a script of its own, by how frequent the letters are in its language."""
    best, charset = -1.0, _FIRST
    for language in _SCRIPTS:
        shares = _shares(language)
        for tried in language.charsets:
            score = _script_score(sample.decode(tried, "replace"), language, shares)
            score -= 0.01 * language.charsets.index(tried)
            if score > best:
                best, charset = score, tried
    return best, charset


@cache
def _shares(language: _Script) -> dict[str, float]:
    found: dict[str, float] = {}
    for share, group in zip(_SHARES, language.often.split("|"), strict=False):
        for letter in group:
            found.setdefault(letter, share)
    return found


def _script_score(text: str, language: _Script, shares: dict[str, float]) -> float:
    """About 1 for the right language and charset."""
    beyond = [letter for letter in text if ord(letter) > 0x7F]
    said = 0.0
    for letter in beyond:
        said += math.log(1.0 if letter in _LOOSE else shares.get(letter.lower(), _NO_SHARE))
    # In a wrong charset of the same script capitals stand within words.
    odd = len(re.findall(r"(?<=[^\W\d_a-zA-Z])(?:(?<=[а-яα-ωά-ώіїєё])[А-ЯΑ-ΩΆ-ΏІЇЄЁ])", text))
    if language.last:  # also letters that end words, within them
        odd += len(re.findall(f"[{language.last}](?=[^\\W\\d_])", text))
    found = _VOWELS_FIRST.findall(text)
    words = set(language.words.split())
    share = sum(word.lower() in words for word in found) / len(found) if found else 0.0
    return (said - 4 * odd) / max(1, len(beyond)) / 2 + 0.3 + min(share, 0.5) * 0.6


def _east_asian_score(sample: bytes, charset: str, name: str) -> float:
    """How much of the text is made of the characters that stand in every text of the language."""
    text = _cut(sample, charset)
    if text is None:
        return -1.0
    beyond = [letter for letter in text if ord(letter) > 0x7F]
    frequent = sum(letter in _FREQUENT[name] for letter in beyond)
    odd = sum(
        0xE000 <= ord(letter) < 0xF900 or ord(letter) > 0xFFFF or 0xFF61 <= ord(letter) < 0xFFA0 for letter in beyond
    )
    share = (frequent - odd) / max(1, len(beyond))
    kana = sum(0x3040 <= ord(letter) < 0x3100 for letter in beyond) / max(1, len(beyond))
    hangul = sum(0xAC00 <= ord(letter) < 0xD7A4 for letter in beyond) / max(1, len(beyond))
    own = kana if name == "ja" else hangul if name == "ko" else 1 - kana - hangul
    return 0.45 + share + 0.3 * own if own > 0.2 and share > 0 else 0.2 * own - odd / max(1, len(beyond))


def _cut(sample: bytes, charset: str) -> str | None:
    """The sample as text; a character that its end cuts in two is no fault."""
    try:
        return sample.decode(charset)
    except UnicodeDecodeError as error:
        return (
            sample[: error.start].decode(charset, "replace")
            if error.start >= len(sample) - 3 and len(sample) == _SAMPLE
            else None
        )
