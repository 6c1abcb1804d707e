"""The report of a run: a table, and a page with a plot of what was acknowledged, stored and shown, and of faults."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape
from itertools import accumulate

from .comparing import of
from .run import Outcome

WIDTH, HEIGHT, LEFT, TOP, PLOT, ROW = 960, 0, 64, 40, 300, 14
COLOURS = {"acknowledged": "#1f6feb", "stored": "#1a7f4b", "shown": "#c2352b"}
STYLE = (
    "body{font:14px/1.5 system-ui,sans-serif;max-width:1000px;margin:2rem auto;padding:0 1rem;color:#1b1c1e}"
    "table{border-collapse:collapse}td,th{border-bottom:1px solid #e4e4e0;padding:2px 12px 2px 0;text-align:left}"
    "td.n{text-align:right;font-variant-numeric:tabular-nums}.bad{color:#c2352b;font-weight:600}.ok{color:#1a7f4b;font-weight:600}"
)


def verdict(outcome: Outcome) -> str:
    """One line."""
    counted, faults = outcome.findings.counted, outcome.faults
    kinds = len({happened.fault.kind for happened in faults})
    head = "The promise held" if outcome.held else "The promise did NOT hold"
    return (
        f"{head}: {counted.get('acknowledged', 0):,} messages acknowledged in {outcome.options.minutes:g} minutes, "
        f"{len(faults)} faults of {kinds} kinds, seed {outcome.options.seed}."
    )


def rows(outcome: Outcome) -> list[tuple[str, str]]:
    """What was counted, and what was wrong."""
    counted = [(name, f"{count:,}") for name, count in outcome.findings.counted.items()]
    settled = "never" if outcome.settled is None else f"{outcome.settled:.0f} s"
    counted.append(("from the last fault until nothing was left", settled))
    return counted


def markdown(outcome: Outcome) -> str:
    """The report as Markdown."""
    day = datetime.fromtimestamp(outcome.began, UTC).isoformat(timespec="minutes")
    command = f"CHAOS_SEED={outcome.options.seed} CHAOS_MINUTES={outcome.options.minutes:g} make chaos"
    parts = [
        "# Chaos",
        f"{verdict(outcome)} Begun {day}; `{command}` at {outcome.options.rate:g} messages a second.",
        _table(("Counted", ""), rows(outcome)),
    ]
    wrong = outcome.findings.wrong
    kinds = [(kind, f"{count:,}", "; ".join(outcome.findings.examples[kind])) for kind, count in wrong.items()]
    parts.append(_table(("Wrong", "", "For example"), kinds or [("nothing", "0", "")]))
    times = Counter(happened.fault.kind for happened in outcome.faults)
    parts.append(_table(("Faults", ""), [(kind, str(count)) for kind, count in times.items()]))
    faults = [
        (f"{happened.began - outcome.began:.0f}", f"{happened.ended - happened.began:.0f}", str(happened.fault))
        for happened in outcome.faults
    ]
    parts.append(_table(("At, s", "Lasted, s", "Fault"), faults))
    return "\n\n".join(parts) + "\n"


def page(outcome: Outcome) -> str:
    """The report as a page of HTML, whole in itself."""
    wrong = outcome.findings.wrong
    found = [(kind, f"{count:,}", "; ".join(outcome.findings.examples[kind])) for kind, count in wrong.items()]
    colour = "ok" if outcome.held else "bad"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Chaos</title><style>{STYLE}</style>'
        f'<h1>Chaos</h1><p class="{colour}">{escape(verdict(outcome))}</p>{plot(outcome)}'
        f"<h2>Counted</h2>{_html(rows(outcome))}<h2>Wrong</h2>{_html(found or [('nothing', '0', '')])}"
        "</html>\n"
    )


def plot(outcome: Outcome) -> str:
    """Acknowledged, stored and shown together, and the faults below, over time."""
    counted = {
        "acknowledged": [record["t"] for record in of(outcome.records, "accepted")],
        "stored": outcome.stored,
        "shown": _first_shown(outcome),
    }
    ends = [times[-1] for times in counted.values() if times] + [happened.ended for happened in outcome.faults]
    whole = max(max(ends, default=outcome.began + 1) - outcome.began, 1.0)
    highest = max((len(times) for times in counted.values()), default=1) or 1

    def x(moment: float) -> float:
        return LEFT + (moment - outcome.began) / whole * (WIDTH - LEFT - 20)

    def y(count: float) -> float:
        return TOP + PLOT - count / highest * PLOT

    height = TOP + PLOT + 40 + ROW * len(outcome.faults)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-size="11" role="img">']
    parts.append("<title>Messages acknowledged, stored and shown, and faults, over time</title>")
    for step in range(5):
        level = highest * step / 4
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{y(level):.0f}" y2="{y(level):.0f}" stroke="#e4e4e0"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y(level) + 4:.0f}" text-anchor="end">{level:,.0f}</text>')
        moment = outcome.began + whole * step / 4
        parts.append(
            f'<text x="{x(moment):.0f}" y="{TOP + PLOT + 16}" text-anchor="middle">{whole * step / 4:.0f} s</text>'
        )
    for number, (name, times) in enumerate(counted.items()):
        points = " ".join(f"{x(moment):.1f},{y(count):.1f}" for moment, count in _stairs(times, outcome.began, whole))
        width = 3 - number
        parts.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS[name]}" stroke-width="{width}"/>')
        parts.append(f'<text x="{LEFT + number * 130}" y="20" fill="{COLOURS[name]}">{name} {len(times):,}</text>')
    for number, happened in enumerate(outcome.faults):
        top = TOP + PLOT + 30 + number * ROW
        begin, end = x(happened.began), max(x(happened.ended), x(happened.began) + 3)
        parts.append(f'<rect x="{begin:.1f}" y="{top}" width="{end - begin:.1f}" height="{ROW - 4}" fill="#9a6200"/>')
        anchor, at = ("start", end + 4) if begin < WIDTH * 0.6 else ("end", begin - 4)
        parts.append(f'<text x="{at:.1f}" y="{top + 9}" text-anchor="{anchor}">{escape(str(happened.fault))}</text>')
        parts.append(f'<line x1="{begin:.1f}" x2="{begin:.1f}" y1="{TOP}" y2="{top}" stroke="#9a6200" opacity="0.2"/>')
    return "\n".join([*parts, "</svg>"])


def _first_shown(outcome: Outcome) -> list[float]:
    first: dict[tuple[str, int], float] = {}
    for record in of(outcome.records, "shown"):
        first.setdefault((record["conversation"], record["seq"]), record["t"])
    return sorted(first.values())


def _stairs(times: list[float], began: float, whole: float) -> Iterable[tuple[float, float]]:
    """How many there were by each of two hundred moments."""
    slots = [0] * 201
    for moment in times:
        slots[min(200, max(0, round((moment - began) / whole * 200)))] += 1
    return ((began + whole * number / 200, count) for number, count in enumerate(accumulate(slots)))


def _table(heads: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    rule = " | ".join("---" for _ in heads)
    body = [f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines]
    return "\n".join([f"| {' | '.join(heads)} |", f"| {rule} |", *body])


def _html(lines: Iterable[tuple[str, ...]]) -> str:
    def cell(number: int, text: str) -> str:
        return f'<td class="n">{escape(text)}</td>' if number == 1 else f"<td>{escape(text)}</td>"

    body = "".join(f"<tr>{''.join(cell(n, text) for n, text in enumerate(line))}</tr>" for line in lines)
    return f"<table>{body}</table>"
