"""The charset of text in a script of its own, by how frequent its characters are in the languages that use it."""

import math
import re
from dataclasses import dataclass
from functools import cache

SAMPLE_BYTES = 6 << 10
"""Bytes of a text that are looked at."""

LOOSE = set("«»“”„‘’‚‹›–—…€£§°•·©®™¿¡ \u00a0\u00ad№×")
"""What stands beside words; more of it than of the language's letters is no sign of a language."""

WORD = re.compile(r"[^\W\d_]+")


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


def alphabetic(sample: bytes) -> tuple[float, str]:
    """The best charset of an alphabet of its own, and how good it is: about 1 where it is the right one."""
    best, charset = -1.0, _SCRIPTS[0].charsets[0]
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
        said += math.log(1.0 if letter in LOOSE else shares.get(letter.lower(), _NO_SHARE))
    # In a wrong charset of the same script capitals stand within words.
    odd = len(re.findall(r"(?<=[^\W\d_a-zA-Z])(?:(?<=[а-яα-ωά-ώіїєё])[А-ЯΑ-ΩΆ-ΏІЇЄЁ])", text))
    if language.last:  # also letters that end words, within them
        odd += len(re.findall(f"[{language.last}](?=[^\\W\\d_])", text))
    found = WORD.findall(text)
    words = set(language.words.split())
    share = sum(word.lower() in words for word in found) / len(found) if found else 0.0
    return (said - 4 * odd) / max(1, len(beyond)) / 2 + 0.3 + min(share, 0.5) * 0.6


def east_asian(sample: bytes) -> tuple[float, str]:
    """The best charset of Japanese, Chinese and Korean, and how good it is, on the scale of `alphabetic`."""
    return max((_east_asian_score(sample, charset, name), charset) for charset, name in _EAST_ASIAN)


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
            if error.start >= len(sample) - 3 and len(sample) == SAMPLE_BYTES
            else None
        )
