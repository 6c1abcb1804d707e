"""Plots as SVG, drawn from plain figures: lines over a numeric axis, and bars."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

Points = Sequence[tuple[float, float]]

COLOURS = ("#1f6feb", "#c2352b", "#1a7f4b", "#9a6200", "#7a3fb8", "#55585e")
WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 56, 44
_TEXT = 'font-family="system-ui, sans-serif" font-size="12" fill="#1b1c1e"'


def lines(
    file: Path, title: str, x_name: str, y_name: str, series: Mapping[str, Points], *, logarithmic: bool = False
) -> None:
    """Each series as a line with its points. ``logarithmic``: the y axis."""
    points = [point for found in series.values() for point in found if point[1] == point[1]]
    if not points:
        return
    x_scale = _Scale(min(x for x, _ in points), max(x for x, _ in points), LEFT, WIDTH - RIGHT, False)
    low = min(y for _, y in points) if logarithmic else 0.0
    y_scale = _Scale(low, max(y for _, y in points), HEIGHT - BOTTOM, TOP, logarithmic)
    parts = _frame(title, x_name, y_name, x_scale, y_scale)
    for number, (name, found) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        drawn = [(x_scale(x), y_scale(y)) for x, y in found if y == y]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in drawn)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        if len(drawn) <= 20:
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in drawn]
        parts += _legend(number, name, colour)
    _write(file, parts)


def bars(file: Path, title: str, y_name: str, groups: Mapping[str, Mapping[str, float]]) -> None:
    """Stacked bars: each group is one, its parts on top of each other."""
    names = list(dict.fromkeys(name for parts in groups.values() for name in parts))
    highest = max((sum(parts.values()) for parts in groups.values()), default=0.0)
    if not highest:
        return
    y_scale = _Scale(0.0, highest, HEIGHT - BOTTOM, TOP, False)
    parts = _frame(title, "", y_name, None, y_scale)
    room = (WIDTH - LEFT - RIGHT - 150) / len(groups)
    for number, (group, values) in enumerate(groups.items()):
        x, below = LEFT + number * room + room * 0.2, 0.0
        for name, value in values.items():
            colour = COLOURS[names.index(name) % len(COLOURS)]
            top, bottom = y_scale(below + value), y_scale(below)
            parts.append(
                f'<rect x="{x:.1f}" y="{top:.1f}" width="{room * 0.6:.1f}" height="{bottom - top:.1f}" '
                f'fill="{colour}" fill-opacity="{1 - 0.45 * (names.index(name) // len(COLOURS)):.2f}" stroke="#fff"/>'
            )
            below += value
        middle = x + room * 0.3
        parts.append(f'<text x="{middle:.1f}" y="{HEIGHT - 22}" text-anchor="middle" {_TEXT}>{escape(group)}</text>')
    for number, name in enumerate(names):
        y = TOP + 14 + number * 18
        colour, opacity = COLOURS[number % len(COLOURS)], 1 - 0.45 * (number // len(COLOURS))
        parts.append(
            f'<rect x="{WIDTH - 156}" y="{y - 10}" width="12" height="12" fill="{colour}" fill-opacity="{opacity}"/>'
        )
        parts.append(f'<text x="{WIDTH - 138}" y="{y}" {_TEXT}>{escape(name)}</text>')
    _write(file, parts)


class _Scale:
    def __init__(self, low: float, high: float, begin: float, end: float, logarithmic: bool) -> None:
        self._logarithmic = logarithmic
        if logarithmic:
            low = 10 ** math.floor(math.log10(max(low, 1e-3)))
            high = 10 ** math.ceil(math.log10(max(high, low * 10)))
        elif high <= low:
            high = low + 1
        self._low, self._high, self._begin, self._end = low, high, begin, end

    def __call__(self, value: float) -> float:
        part = (self._of(value) - self._of(self._low)) / (self._of(self._high) - self._of(self._low))
        return self._begin + part * (self._end - self._begin)

    def _of(self, value: float) -> float:
        return math.log10(max(value, self._low)) if self._logarithmic else value

    def ticks(self) -> list[float]:
        if self._logarithmic:
            first, last = round(math.log10(self._low)), round(math.log10(self._high))
            return [10.0**power for power in range(first, last + 1)]
        step = 10 ** math.floor(math.log10((self._high - self._low) / 4))
        step *= next(factor for factor in (1, 2, 5, 10) if (self._high - self._low) / (step * factor) <= 6)
        first_tick = math.ceil(self._low / step)
        return [number * step for number in range(first_tick, math.floor(self._high / step) + 1)]


def _frame(title: str, x_name: str, y_name: str, x_scale: _Scale | None, y_scale: _Scale) -> list[str]:
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="20" {_TEXT} font-weight="600">{escape(title)}</text>',
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 8}" text-anchor="end" {_TEXT}>{escape(x_name)}</text>',
        f'<text x="8" y="{TOP - 10}" {_TEXT}>{escape(y_name)}</text>',
    ]
    for tick in y_scale.ticks():
        y = y_scale(tick)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#e4e4e0"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end" {_TEXT}>{tick:,g}</text>')
    for tick in x_scale.ticks() if x_scale else ():
        x = x_scale(tick) if x_scale else 0
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle" {_TEXT}>{tick:,g}</text>')
    return parts


def _legend(number: int, name: str, colour: str) -> list[str]:
    x = LEFT + 110 + number * 130
    return [
        f'<rect x="{x}" y="{TOP - 20}" width="12" height="4" fill="{colour}"/>',
        f'<text x="{x + 16}" y="{TOP - 13}" {_TEXT}>{escape(name)}</text>',
    ]


def _write(file: Path, parts: list[str]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([*parts, "</svg>"]) + "\n")
