"""The texts of the pages, from their own translation files, so that a test can speak either language."""

import re
from functools import cache
from pathlib import Path

WEB = Path(__file__).parents[2] / "web"
_ENTRY = re.compile(r'^\s*"?([\w.]+)"?:\s*"([^"]*)"', re.MULTILINE)
_LANGUAGE = re.compile(r"^(?:export )?const (fr|en)\b", re.MULTILINE)


@cache
def console(language: str) -> dict[str, str]:
    """The console's texts by their key."""
    files = (WEB / "console" / "src" / "words").glob(f"*{language}.ts")
    return dict(entry for file in files for entry in _ENTRY.findall(file.read_text()))


@cache
def widget(part: str, language: str) -> dict[str, str]:
    """The texts of a part of the widget (``frame``, ``loader``) by their key."""
    text = (WEB / "widget" / part / "texts.ts").read_text()
    pieces = _LANGUAGE.split(text)
    return dict(_ENTRY.findall(pieces[pieces.index(language) + 1]))
