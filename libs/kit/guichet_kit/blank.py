"""Which text shows nothing to whoever reads it."""

import re

_INVISIBLE = (
    r"\s\x00-\x1f\x7f-\x9f"  # spaces and control characters
    # Default_Ignorable_Code_Point of Unicode (UAX 44): zero-width and joining characters, marks of direction, fillers
    # of Hangul, selectors of variants, tags.
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    r"\u2800"  # the Braille pattern without a dot
)
_VISIBLE = re.compile(f"[^{_INVISIBLE}]")


def is_blank(text: str) -> bool:
    """Whether there is nothing to see in it: no character, or only spaces, marks and fillers that have no shape."""
    return _VISIBLE.search(text) is None
