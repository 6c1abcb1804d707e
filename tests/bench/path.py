"""The path of a message: latency, CPU and commands at fixed rates, and the highest rate that is held."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from guichet_local.testing.background import Background
from guichet_local.testing.stack import Stack

from .figures import Figures, median
from .options import Options
from .rig import Bare, Generator, Meter, agent_token, stack_pids, until_drained

AGENTS = 10
WARM_SECONDS = 2.0
SLOWEST_RATE = 5.0
"""Up to this rate a run lasts longer, so that it has messages enough."""

P99_LIMIT_MS = 250.0
BEHIND_LIMIT_MS = 1000.0
FIRST_TRY = 40.0
STEP = 1.5
NEAR = 1.08
DOWN = 0.9
FEWEST = 5.0


@dataclass
class Side:
    """One of the two that are compared."""

    name: str
    meter: Meter
    amqp_url: str

    async def drained(self) -> None:
        """Return when nothing waits any more."""
        if self.name == "guichet":
            await until_drained(self.amqp_url)


@dataclass
class Path:
    """The part ``path`` of one run of the benchmarks."""

    options: Options
    generator: Generator
    sides: Mapping[str, Side]

    async def latencies(self) -> list[Figures]:
        """At each rate, for so many conversations (which are open), each side: the median of the runs."""
        rows: list[Figures] = []
        for rate in self.options.rates:
            runs: dict[str, list[Figures]] = {name: [] for name in self.sides}
            for _ in range(self.options.runs):
                for name, side in self.sides.items():
                    if runs[name] and runs[name][-1]["overloaded"]:
                        continue  # and would be again
                    runs[name].append(await self.measure(side, rate))
            rows.append({"rate": rate, **{name: median(found) for name, found in runs.items()}})
            for name in self.sides:
                say(f"  {rate:g}/s {name}: {told(rows[-1][name])}")
        return rows

    async def measure(self, side: Side, rate: float) -> Figures:
        """One run at one rate; what was used meanwhile, until all of it had come to the timelines."""
        whole = 40.0 if rate <= SLOWEST_RATE else 15.0
        await self.generator.tell("run", side.name, rate=rate, seconds=WARM_SECONDS)
        await side.drained()
        side.meter.begin()
        run = await self.generator.tell("run", side.name, rate=rate, seconds=self.options.seconds(whole))
        used = side.meter.end(run["probes"])
        await side.drained()
        sent = run["sent"]
        run["cpu_ms"] = {name: value / sent for name, value in used["cpu_ms"].items()}
        run["cpu_ms_total"] = sum(used["cpu_ms"].values()) / sent
        run["commands"] = {name: count / sent for name, count in used["commands"].items()}
        run["commands_total"] = sum(used["commands"].values()) / sent
        return run

    async def idle(self, seconds: float) -> Figures:
        """What each side uses when nobody writes, a second."""
        for side in self.sides.values():
            side.meter.begin()
        await asyncio.sleep(seconds)
        found = {}
        for name, side in self.sides.items():
            used = side.meter.end()
            found[name] = {
                "cpu_ms": sum(used["cpu_ms"].values()) / seconds,
                "commands": sum(used["commands"].values()) / seconds,
            }
        return found

    async def held(self, side: Side) -> Figures:
        """The highest rate that it holds: tried shortly up to where it fails, narrowed, then proven for long."""
        short, long = self.options.seconds(10), max(5.0, self.options.held_seconds)
        good, bad, rate = 0.0, 0.0, FIRST_TRY
        while not (good and bad and bad / good <= NEAR) and rate > FEWEST:
            # Twice, because others may use the machine for a moment.
            if await self._holds(side, rate, short) or await self._holds(side, rate, short):
                good, rate = rate, (rate * bad) ** 0.5 if bad else rate * STEP
            else:
                bad, rate = rate, (good * rate) ** 0.5 if good else rate / STEP
        rate = good
        while rate > FEWEST:
            for _ in range(2):
                run = await self._try(side, rate, long)
                if holds(run):
                    return {"rate": rate, "run": run}
            rate *= DOWN
        return {"rate": 0.0, "run": {}}

    async def _holds(self, side: Side, rate: float, seconds: float) -> bool:
        return holds(await self._try(side, rate, seconds))

    async def _try(self, side: Side, rate: float, seconds: float) -> Figures:
        run = await self.generator.tell("run", side.name, rate=rate, seconds=seconds)
        await side.drained()
        say(f"  {side.name} {rate:.0f}/s for {seconds:.0f} s {'held' if holds(run) else 'not held'}: {told(run)}")
        return run


def holds(run: Figures) -> bool:
    """Whether a rate was held: all acknowledged and shown, in time, and the timeline not far behind."""
    behind = run["behind_ms"]
    return (
        not run["overloaded"]
        and not run["unshown"]
        and not run["refused"]
        and run["taken_ms"]["p99"] < P99_LIMIT_MS
        and (not behind["count"] or behind["p99"] < BEHIND_LIMIT_MS)
    )


def told(run: Figures) -> str:
    """One line about a run."""
    taken, shown, behind = run["taken_ms"], run["shown_ms"], run["behind_ms"]
    parts = [f"p50 {taken['p50']:.1f} p99 {taken['p99']:.1f} ms"]
    if shown["count"]:
        parts.append(f"shown {shown['p50']:.1f}/{shown['p99']:.1f} ms")
    if behind["count"]:
        parts.append(f"timeline {behind['p50']:.0f}/{behind['p99']:.0f} ms behind")
    if "cpu_ms_total" in run:
        parts.append(f"cpu {run['cpu_ms_total']:.2f} ms, commands {run['commands_total']:.2f} a message")
    parts.append(f"generator {100 * run['generator_cpu']:.0f} %")
    if run["overloaded"]:
        parts.append(f"OVERLOADED ({run['unacknowledged']} of {run['sent']} unacknowledged)")
    if run["refused"]:
        parts.append(f"refused: {run['refused']}")
    if run["unshown"]:
        parts.append(f"{run['unshown']} not shown")
    return "; ".join(parts)


def say(line: str) -> None:
    """Progress."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def measure(options: Options, background: Background, stack: Stack) -> Figures:
    """The whole part."""
    bare = Bare(background)
    found: dict[str, Any] = {"latency": {}, "held": {}}
    try:
        await asyncio.to_thread(bare.start)
        token = await agent_token(stack)
        sides = {
            "bare": Side("bare", Meter(bare.pids(), bare.mongodb_url), bare.rabbitmq_url),
            "guichet": Side("guichet", Meter(stack_pids(stack), stack.mongodb_url), stack.rabbitmq_url),
        }
        for conversations in options.conversations:
            async with Generator.running() as generator:
                say(f"{conversations} conversations")
                await generator.tell("open", "bare", url=bare.url, conversations=conversations)
                await generator.tell(
                    *("open", "guichet"),
                    url=stack.gateway,
                    mongodb_url=stack.mongodb_url,
                    conversations=conversations,
                    agents=AGENTS,
                    agent_token=token,
                )
                path = Path(options, generator, sides)
                await sides["guichet"].drained()
                found["latency"][str(conversations)] = await path.latencies()
                if conversations == max(options.conversations):
                    found["idle"] = await path.idle(options.seconds(10))
                    if options.held:
                        for name, side in sides.items():
                            found["held"][name] = await path.held(side)
    finally:
        await asyncio.to_thread(bare.stop)
    return found
