"""The section of docs/benchmarks.md on the path of a message."""

from pathlib import Path

from . import plots
from .figures import Figures, ms

EXPLAINED = """\
Customers write at a fixed rate over sockets through the gateway; {agents} agents are shown each their part of the
conversations. A message's time counts from when it was due, whatever became of those before it. *Acknowledged*: the
customer has the answer that it is durable. *Shown*: an agent has it. *Timeline*: how long after the answer it is on the
request's timeline. CPU and MongoDB's commands are those of the whole stack, the gateway, the broker and the database
included, the generator not, divided by the messages.

The *bare path* beside it is the least that the same servers allow, with the same libraries (tests/bench/bare): a socket
(uvicorn), a confirmed publish to a quorum queue (aio-pika), a worker that inserts it once with majority and journal
(PyMongo), the answer back over the socket; no gateway, no log, no order, no timeline, nobody to show it to. Both run
all the time, each on servers of its own, and are measured in turn; medians of the runs.
"""


def section(found: Figures, images: Path, agents: int) -> str:
    """The text; draws the plots into ``images``."""
    parts = [EXPLAINED.format(agents=agents)]
    for conversations, rows in found["latency"].items():
        parts.append(f"**{conversations} conversations**, milliseconds\n\n{_table(rows)}")
        _plot(rows, images, conversations)
        parts.append(
            f"![Latency with {conversations} conversations](images/bench/latency-{conversations}.svg)\n\n"
            f"![CPU with {conversations} conversations](images/bench/cpu-{conversations}.svg)"
        )
    parts += [_by_process(found), _commands(found), _held(found)]
    return "\n\n".join(part for part in parts if part) + "\n"


HEADS = (
    *("a second", "bare p50", "p99", "acknowledged p50", "p99", "shown p50", "p99", "timeline p50", "p99"),
    *("CPU bare", "CPU", "commands bare", "commands"),
)
NAMES = {"bare": "bare", "guichet": "Guichet"}


def _table(rows: list[Figures]) -> str:
    lines = [
        "| " + " | ".join(HEADS) + " |",
        "| ---: |" + " ---: |" * 12,
    ]
    for row in rows:
        bare, ours = row["bare"], row["guichet"]
        cells = [f"{row['rate']:g}"]
        for run, names in ((bare, ("taken_ms",)), (ours, ("taken_ms", "shown_ms", "behind_ms"))):
            cells += [ms(run[name][part]) for name in names for part in ("p50", "p99")]
        cells += [f"{run[name]:.2f}" for name in ("cpu_ms_total", "commands_total") for run in (bare, ours)]
        if ours["overloaded"]:
            cells[3] += " (overloaded)"
        if bare["overloaded"]:
            cells[1] += " (overloaded)"
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _plot(rows: list[Figures], images: Path, conversations: str) -> None:
    series = {
        f"{label} {part}": [(row["rate"], row[side]["taken_ms"][part]) for row in rows]
        for side, label in (("bare", "bare"), ("guichet", "Guichet"))
        for part in ("p50", "p99")
    }
    title = f"Milliseconds until acknowledged, {conversations} conversations"
    plots.lines(images / f"latency-{conversations}.svg", title, "messages a second", "ms", series, logarithmic=True)
    cpu = {
        f"{label} {row['rate']:g}/s": {n: v for n, v in row[side]["cpu_ms"].items() if v > 0}
        for row in rows
        if row["rate"] > 5
        for side, label in (("bare", "bare"), ("guichet", "Guichet"))
    }
    plots.bars(images / f"cpu-{conversations}.svg", f"CPU a message, {conversations} conversations", "ms", cpu)


def _by_process(found: Figures) -> str:
    rows = list(found["latency"].values())[-1]
    columns = [(row["rate"], side, row[side]["cpu_ms"]) for row in rows for side in ("bare", "guichet")]
    names = list(dict.fromkeys(name for *_, cpu in columns for name in cpu))
    names = [name for name in names if any(cpu.get(name, 0) >= 0.005 for *_, cpu in columns)]
    lines = [
        "**CPU milliseconds a message by process**\n",
        "| | " + " | ".join(f"{NAMES[side]} {rate:g}/s" for rate, side, _ in columns) + " |",
        "| --- |" + " ---: |" * len(columns),
    ]
    for name in names:
        cells = [f"{cpu[name]:.2f}" if name in cpu else "" for *_, cpu in columns]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    if idle := found.get("idle"):
        lines.append(
            f"\nWithout any message Guichet uses {idle['guichet']['cpu_ms']:.0f} ms of CPU and "
            f"{idle['guichet']['commands']:.1f} commands a second, the bare path {idle['bare']['cpu_ms']:.0f} ms and "
            f"{idle['bare']['commands']:.1f}."
        )
    return "\n".join(lines)


def _commands(found: Figures) -> str:
    rows = list(found["latency"].values())[-1]
    names = [name for name in rows[0]["guichet"]["commands"] if any(r["guichet"]["commands"][name] for r in rows)]
    lines = [
        "**MongoDB's commands a message**, those of an idle second included\n",
        "| a second | " + " | ".join(names) + " |",
        "| ---: |" + " ---: |" * len(names),
    ]
    for row in rows:
        cells = [f"{row['guichet']['commands'][name]:.3f}" for name in names]
        lines.append(f"| {row['rate']:g} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _held(found: Figures) -> str:
    if not found.get("held"):
        return ""
    lines = [
        "**Highest rate held** (acknowledged p99 under 250 ms, timeline p99 under 1 s behind, nothing lost)\n",
        "| | a second | p50 ms | p99 ms | timeline p99 ms |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, held in found["held"].items():
        run = held["run"]
        label = "bare path" if name == "bare" else "Guichet"
        if run:
            taken, behind = run["taken_ms"], run["behind_ms"]["p99"]
            cells = [f"{held['rate']:.0f}", ms(taken["p50"]), ms(taken["p99"]), ms(behind)]
            lines.append(f"| {label} | {' | '.join(cells)} |")
        else:
            lines.append(f"| {label} | none | | | |")
    return "\n".join(lines)
