"""What axe-core finds in a page: https://github.com/dequelabs/axe-core."""

from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import Frame, Page

_SCRIPT = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
_GRAVE = ("serious", "critical")
# Frames of other origins cannot be looked into from a page: each is handed to `violations` by itself.
_OPTIONS = {"iframes": False, "resultTypes": ["violations"]}
_COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
# Colours on their way are nobody's; a spinner's never arrive.
_AT_REST = """async () => {
  const passing = document.getAnimations().filter(({ effect }) => effect.getComputedTiming().endTime < Infinity);
  await Promise.allSettled(passing.map(({ finished }) => finished));
}"""
_LOADED = "() => 'axe' in window"
_RUN = "(options) => axe.run(document, options)"


async def violations(page_or_frame: Page | Frame, *, colours_only: bool = False) -> list[str]:
    """The serious and critical violations, one line each: the rule, what it asks for, and where it is broken."""
    if not await page_or_frame.evaluate(_LOADED):
        # Evaluated, not added as a script element, which the pages' own policies forbid.
        await page_or_frame.evaluate(_script())
    await page_or_frame.evaluate(_AT_REST)
    options = _OPTIONS | (_COLOURS if colours_only else {})
    found: dict[str, Any] = await page_or_frame.evaluate(_RUN, options)
    return [_told(rule) for rule in found["violations"] if rule["impact"] in _GRAVE]


def _told(rule: dict[str, Any]) -> str:
    places = ", ".join(str(node["target"][0]) for node in rule["nodes"])
    return f"{rule['id']} ({rule['impact']}): {rule['help']}: {places}"


@cache
def _script() -> str:
    return _SCRIPT.read_text(encoding="utf-8")
