"""The charset of text that names none, by the letters of the languages that people write in.

``charset-normalizer`` compares how bytes look; of short texts it is wrong about every second one. Here each charset is
tried only for the languages that were written in it, and the text must be in that language's own letters.
"""

import re
from dataclasses import dataclass

_SAMPLE, _BEFORE = 6 << 10, 1 << 10
"""Bytes that are looked at, of which so many are before the first that is not ASCII."""

_HIGH = re.compile(rb"[\x80-\xff]")
_FIRST = "cp1252"
"""What counts where nothing else is better."""

_PUNCTUATION = set("«»“”„‘’‚‹›–—…€£§°•·©®™¿¡ \u00a0\u00ad½¼¾²³ºª´¨№×±µ¢¥¬¶¦÷")
_LOOSE = set("«»“”„‘’‚‹›–—…€£§°•·©®™¿¡ \u00a0\u00ad№×")
"""What stands beside words; more of it than of the language's letters is no sign of a language."""


@dataclass(frozen=True, slots=True)
class _Language:
    """``letters`` beyond ASCII in lower case, ``words`` that it cannot do without, and the charsets it came in."""

    name: str
    letters: str
    words: str
    charsets: tuple[str, ...]


_WEST = ("cp1252", "mac_roman", "iso8859-15", "cp850")
_EAST = ("cp1250", "iso8859-2", "cp852", "mac_latin2")

_ALPHABETS = (
    _Language(
        "fr", "éèàêçùâîôûëïœüÿæ", "le la les de des et je vous pas est pour mon ma une un bonjour merci que", _WEST
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
    _Language("sk", "áäčďéíĺľňóôŕšťúýž", "a je na sa že v do mi som ďakujem dobrý deň si prosím", _EAST),
    _Language("hu", "áéíóöőúüű", "a az és hogy nem egy van kérem köszönöm meg is", _EAST),
    _Language("ro", "ăâîşţșțéá", "și de la nu în un o cu mulțumesc am pentru că este", _EAST),
    _Language("hr", "čćđšž", "i je na se da u mi sam hvala dobar dan nije za", _EAST),
    _Language(
        "tr",
        "çğıöşüâîİ",
        "bir ve bu için da de ne merhaba teşekkürler sipariş çok değil var yok",
        ("cp1254", "iso8859-9", "cp857"),
    ),
    _Language("lt", "ąčęėįšųūž", "ir yra kad ne į man aš ačiū", ("cp1257", "iso8859-13")),
    _Language("lv", "āčēģīķļņšūž", "un ir ka nav es man paldies", ("cp1257", "iso8859-13")),
    _Language("et", "äöõüšž", "ja on ei et see mu tere aitäh", ("cp1257", "iso8859-15")),
)

_SCRIPTS = (
    _Language(
        "ru",
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        "и в не на я что с по",
        ("cp1251", "koi8-r", "cp866", "iso8859-5", "mac_cyrillic"),
    ),
    _Language("uk", "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя", "і в не на я що з по", ("cp1251", "koi8-u", "iso8859-5")),
    _Language("bg", "абвгдежзийклмнопрстуфхцчшщъьюя", "и в не на се да за от", ("cp1251",)),
    _Language("el", "αάβγδεέζηήθιίϊΐκλμνξοόπρσςτυύϋΰφχψωώ", "και το να η ο δεν με για", ("cp1253", "iso8859-7")),
    _Language("he", "אבגדהוזחטיךכלםמןנסעףפץצקרשת", "את לא של על", ("cp1255", "iso8859-8")),
    _Language("ar", "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيًٌٍَُِّْ،؟", "في من على لا", ("cp1256", "iso8859-6")),
    _Language(
        "th", "".join(map(chr, range(0x0E01, 0x0E3B))) + "".join(map(chr, range(0x0E3F, 0x0E5C))), "", ("cp874",)
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
    """The text of bytes in no known charset, some of them beyond ASCII."""
    found = _HIGH.search(data)
    begin = max(0, found.start() - _BEFORE) if found else 0  # what is before is ASCII: no character is cut there
    sample = data[begin : begin + _SAMPLE]
    high = sum(byte > 0x7F for byte in sample)
    letters = sum(chr(byte).isalpha() for byte in sample if byte < 0x80)
    best, charset = -1.0, _FIRST
    if high * 2 > letters:
        best, charset = _by_script(sample)
    for language in _ALPHABETS:
        for tried in language.charsets:
            score = _alphabet_score(sample, tried, language) - _lateness(tried, language)
            if score > best + 1e-9:
                best, charset = score, tried
    return data.decode(charset, "replace")


def _lateness(charset: str, language: _Language) -> float:
    """Of two that fit alike, the charset that is more used."""
    return 0.004 * language.charsets.index(charset) + (0.002 if charset != _FIRST else 0)


def _alphabet_score(sample: bytes, charset: str, language: _Language) -> float:
    """From 0 to about 1: which share of what is beyond ASCII is as this language has it, and its words stand there."""
    text = sample.decode(charset, "replace")
    good = all_of_it = 0.0
    own = set(language.letters)
    for at, letter in enumerate(text):
        if ord(letter) < 0x80:
            continue
        all_of_it += 1
        before, after = text[at - 1 : at] if at else " ", text[at + 1 : at + 2]
        within = before.isalpha() and after.isalpha()
        if letter in own or letter.lower() in own:
            # A capital within a word of small letters, and one by itself, are rather another charset's.
            odd = letter.isupper() and before.isalpha() and (before.islower() or after.islower())
            alone = not before.isalpha() and not after.isalpha()
            good += 0.2 if odd else (0.5 if letter.isupper() else 0.9) if alone else 1
        elif letter in "’‘´" and before.isalpha():
            good += 0.9
        elif letter in _LOOSE and not within:
            good += 0.75
        elif letter in _PUNCTUATION and not within:
            good += 0.4
    if not all_of_it:
        return 0.0
    words = set(language.words.split())
    said = [word.lower() for word in _VOWELS_FIRST.findall(text)]
    share = sum(word in words for word in said) / len(said) if said else 0.0
    return good / all_of_it + min(share, 0.5) * 0.3


def _by_script(sample: bytes) -> tuple[float, str]:
    """The best charset of a script of its own."""
    best, charset = -1.0, _FIRST
    for language in _SCRIPTS:
        for tried in language.charsets:
            score = _script_score(sample.decode(tried, "replace"), language) - 0.01 * language.charsets.index(tried)
            if score > best:
                best, charset = score, tried
    for tried, name in _EAST_ASIAN:
        score = _east_asian_score(sample, tried, name)
        if score > best:
            best, charset = score, tried
    return best, charset


def _script_score(text: str, language: _Language) -> float:
    beyond = [letter for letter in text if ord(letter) > 0x7F]
    own = set(language.letters)
    good = sum(
        1.0 if letter in own else 0.85 if letter.lower() in own else 0.3 if letter in _LOOSE else 0 for letter in beyond
    )
    # In a wrong charset of the same script capitals stand within words.
    odd = len(re.findall(r"(?<=[^\W\d_a-zA-Z])(?:(?<=[а-яα-ω])[А-ЯΑ-Ω])", text))
    words = set(language.words.split())
    said = [word.lower() for word in _VOWELS_FIRST.findall(text)]
    share = sum(word in words for word in said) / len(said) if said else 0.0
    sure = 1 if share or language is _SCRIPTS[0] else 0.95  # where no word tells, the one that is written most
    return sure * (good - 2 * odd) / max(1, len(beyond)) + min(share, 0.5) * 0.3


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
