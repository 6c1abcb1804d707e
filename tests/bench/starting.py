"""How long a second start takes, with its data there, and what everything holds in memory when nobody is there."""

import asyncio
import time

from guichet_local.testing.stack import Stack

from . import processes
from .figures import Figures, quantile
from .options import Options
from .path import say
from .rig import STACK

REST_SECONDS = 20.0

EXPLAINED = """\
**Second start.** Everything was stopped in an orderly way and started again, its data there: all was ready after
{median:.1f} s (median of {count}; {least:.1f} to {most:.1f} s).

**Memory at rest**, {rest:.0f} s after a start, each process with its children: what is its own and its share of the
rest (Pss); all of it {total:.0f} MiB.

| | MiB |
| --- | ---: |
{rows}
"""


async def measure(options: Options, stack: Stack) -> Figures:
    """Stop and start some times; then look at the memory."""
    starts: list[float] = []
    for _ in range(options.runs):
        await asyncio.to_thread(stack.halt)
        begun = time.perf_counter()
        await asyncio.to_thread(stack.start_all)
        starts.append(time.perf_counter() - begun)
        say(f"  second start: {starts[-1]:.1f} s")
    rest = options.seconds(REST_SECONDS)
    await asyncio.sleep(rest)
    trees = processes.tree({name: stack.pid(name) for name in STACK})
    memory = {name: processes.memory_kib(pids) / 1024 for name, pids in trees.items()}
    return {"starts": dict(enumerate(starts)), "rest": rest, "memory_mib": memory}


def section(found: Figures) -> str:
    """The text of this part."""
    starts, memory = list(found["starts"].values()), found["memory_mib"]
    return EXPLAINED.format(
        median=quantile(starts, 0.5),
        count=len(starts),
        least=min(starts),
        most=max(starts),
        rest=found["rest"],
        total=sum(memory.values()),
        rows="\n".join(f"| {name} | {mib:.0f} |" for name, mib in sorted(memory.items(), key=lambda one: -one[1])),
    )
