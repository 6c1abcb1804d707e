"""Whether text in clean HTML can be told from what lies behind it: colours that lost their partner hide it.

A background may come from a style sheet that the cleaner cannot apply, and the letters' colour stand beside the text;
the reverse as well. Rather than one of a pair, none of the mail's colours are shown then.
"""

import colorsys
import re
from dataclasses import dataclass
from html.parser import HTMLParser

from guichet_mailer.parsing import styles

_Colour = tuple[float, float, float]

LEAST_CONTRAST = 1.3
"""Of text and background (WCAG 2, contrast ratio); people write as pale as 1.5."""

_PAPER, _INK, _LINK = (1.0, 1.0, 1.0), (0.1, 0.1, 0.1), (0.0, 0.0, 0.93)
_EMPTY = frozenset({"br", "hr", "img", "col", "wbr"})
_NUMBER = re.compile(r"-?\d{0,6}\.?\d{1,6}%?")
_NAMED = {
    "white": "ffffff", "snow": "fffafa", "ivory": "fffff0", "ghostwhite": "f8f8ff", "whitesmoke": "f5f5f5",
    "floralwhite": "fffaf0", "azure": "f0ffff", "mintcream": "f5fffa", "seashell": "fff5ee", "aliceblue": "f0f8ff",
    "linen": "faf0e6", "beige": "f5f5dc", "lightyellow": "ffffe0", "lavender": "e6e6fa", "gainsboro": "dcdcdc",
    "lightgray": "d3d3d3", "lightgrey": "d3d3d3", "silver": "c0c0c0", "yellow": "ffff00", "black": "000000",
    "navy": "000080", "darkblue": "00008b", "midnightblue": "191970", "blue": "0000ff", "maroon": "800000",
    "red": "ff0000", "green": "008000", "darkgreen": "006400", "purple": "800080", "indigo": "4b0082", "gray": "808080",
    "grey": "808080", "dimgray": "696969", "darkslategray": "2f4f4f", "teal": "008080", "olive": "808000",
    "orange": "ffa500", "windowtext": "1a1a1a", "window": "ffffff", "buttontext": "1a1a1a",
}  # fmt: skip
"""The names that mails use; of any other it is not known how light it is."""


@dataclass(frozen=True, slots=True)
class _Look:
    """The colours in an element; None where one is not known."""

    text: _Colour | None
    ground: _Colour | None


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[tuple[str, _Look]] = [("", _Look(_INK, _PAPER))]
        self.is_legible = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _EMPTY:
            return
        inherited = self._open[-1][1]
        given = {name: value or "" for name, value in attrs}
        style = dict(styles.declarations(given.get("style", "")))
        text, ground = inherited.text, inherited.ground
        if tag == "a" and "href" in given:
            text = _LINK
        if said := style.get("background-color") or given.get("bgcolor"):
            ground = colour(said, ground)
        if said := style.get("color") or given.get("color"):
            text = inherited.text if said.lower() in ("inherit", "currentcolor") else colour(said, ground)
        self._open.append((tag, _Look(text, ground)))

    def handle_endtag(self, tag: str) -> None:
        if len(self._open) > 1 and self._open[-1][0] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        look = self._open[-1][1]
        if self.is_legible and data.strip() and look.text is not None and look.ground is not None:
            self.is_legible = _contrast(look.text, look.ground) >= LEAST_CONTRAST


def is_legible(cleaned: str) -> bool:
    """Whether all text in clean HTML stands out from its background, as far as its colours are known."""
    if "color" not in cleaned:
        return True
    reader = _Reader()
    reader.feed(cleaned)
    reader.close()
    return reader.is_legible


def colour(said: str, behind: _Colour | None) -> _Colour | None:
    """Red, green and blue from 0 to 1 of a CSS colour over what is ``behind`` it; None where it cannot be told."""
    name = said.strip().lower()
    if name == "transparent":
        return behind
    parts = _parts(_NAMED.get(name, name.removeprefix("#")), name)
    if parts is None:
        return None
    solid, alpha = parts[:3], parts[3]
    if alpha >= 1:
        return solid[0], solid[1], solid[2]
    if behind is None:
        return None
    mixed = [alpha * one + (1 - alpha) * other for one, other in zip(solid, behind, strict=True)]
    return mixed[0], mixed[1], mixed[2]


def _parts(digits: str, name: str) -> tuple[float, float, float, float] | None:
    if re.fullmatch(r"[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8}", digits):
        long = digits if len(digits) > 4 else "".join(one * 2 for one in digits)
        values = [int(long[at : at + 2], 16) / 255 for at in range(0, len(long), 2)]
        return values[0], values[1], values[2], values[3] if len(values) > 3 else 1.0
    numbers = _NUMBER.findall(name)
    if len(numbers) < 3:
        return None
    alpha = min(1.0, _share(numbers[3], 1.0)) if len(numbers) > 3 else 1.0
    if name.startswith("rgb"):
        red, green, blue = (min(1.0, max(0.0, _share(one, 255.0))) for one in numbers[:3])
        return red, green, blue, alpha
    if name.startswith("hsl"):
        hue, saturation, lightness = _share(numbers[0], 360.0) % 1, _share(numbers[1], 100.0), _share(numbers[2], 100.0)
        red, green, blue = colorsys.hls_to_rgb(hue, min(1.0, max(0.0, lightness)), min(1.0, max(0.0, saturation)))
        return red, green, blue, alpha
    return None


def _share(number: str, whole: float) -> float:
    return float(number[:-1]) / 100 if number.endswith("%") else float(number) / whole


def _contrast(one: _Colour, other: _Colour) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: _Colour) -> float:
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
