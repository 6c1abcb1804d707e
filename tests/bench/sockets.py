"""Idle sockets and what they cost, their return after a kill, one conversation that many are shown."""

import asyncio
from collections.abc import Mapping

from guichet_local.testing.stack import Stack

from . import processes
from .figures import Figures, ms
from .options import Options
from .path import say
from .rig import STACK, Generator, Meter, agent_token, stack_pids

IDLE, RETURNING, AGENTS = 10_000, 2_500, 100
RATE = 5.0
"""Messages a second of the conversation that many agents are shown; each is so many frames."""

FOR = ("chat-1", "gateway")

EXPLAINED = """\
**Idle sockets.** {there:,} customers on one replica of `chat` through the gateway, who came in {seconds:.0f} s; their
memory is what the processes grew by, resident, divided by them. Of {asked:,} that were asked for.

| | KiB before | KiB with them | KiB a socket |
| --- | ---: | ---: | ---: |
{rows}

While they are there and do nothing, the whole system uses {idle:.0f} ms of CPU a second.

**Return.** Two replicas with {crowd:,} customers; one is killed (SIGKILL) and started again by its supervisor. Of the
{lost:,} who lost their socket, each tries again within 0.3 s, then every 0.2 s: half were back after {half} ms,
99 % after {most} ms, the last after {last} ms; {missing} were not back after a minute.

**One conversation, {agents} agents.** A customer writes {rate:g} messages a second, each of which all of them are
shown: {shown:,} of {expected:,} frames came. An agent has a message after {each50} ms (99 %: {each99} ms), the last of
the agents after {last50} ms (99 %: {last99} ms); CPU of the whole system {cpu:.1f} ms a message.
"""


async def measure(options: Options, stack: Stack) -> Figures:
    """The three, one after the other."""
    found: Figures = {}
    token = await agent_token(stack)
    meter = Meter(stack_pids(stack), stack.mongodb_url)
    async with Generator.running("crowd") as crowd:
        meter.begin()
        found["audience"] = await crowd.tell(
            *("audience", stack.gateway), agents=AGENTS, token=token, rate=RATE, seconds=options.seconds(20)
        )
        found["audience"]["cpu_ms"] = sum(meter.end()["cpu_ms"].values()) / found["audience"]["sent"]
        say(f"  shown to {AGENTS}: {found['audience']}")
    async with Generator.running("crowd") as crowd:
        found["return"] = await _returning(stack, crowd, max(50, int(RETURNING * options.scale)))
        say(f"  return: {found['return']}")
    await stack.stop("chat-2")
    try:
        async with Generator.running("crowd") as crowd:
            found["idle"] = await _idle(stack, crowd, max(100, int(IDLE * options.scale)), options)
            say(f"  idle: {found['idle']}")
    finally:
        await stack.start("chat-2")
        meter.close()
    return found


async def _returning(stack: Stack, crowd: Generator, count: int) -> Figures:
    came = await crowd.tell("come", stack.gateway, count=count)
    await asyncio.sleep(2)
    await crowd.tell("expect", stack.gateway)
    stack.kill("chat-1")
    returned = await crowd.tell("returned", stack.gateway)
    await stack.ready("chat-1")
    return {"crowd": came["there"], **returned}


async def _idle(stack: Stack, crowd: Generator, count: int, options: Options) -> Figures:
    await crowd.tell("come", stack.gateway, count=20)  # what the first ones cost is the process's own
    trees = processes.tree({name: stack.pid(name) for name in FOR})
    before = {name: processes.resident_kib(pids) for name, pids in trees.items()}
    came = await crowd.tell("come", stack.gateway, count=count)
    await asyncio.sleep(options.seconds(5, 2))
    after = {name: processes.resident_kib(pids) for name, pids in trees.items()}
    pids = _others(stack, "chat-2")
    cpu = processes.cpu_ms(pids)
    seconds = options.seconds(10)
    await asyncio.sleep(seconds)
    used = sum(value - cpu[name] for name, value in processes.cpu_ms(pids).items())
    return {
        "asked": count,
        "there": came["there"] - 20,
        "seconds": came["seconds"],
        "refused": came["refused"],
        "before_kib": before,
        "after_kib": after,
        "cpu_ms_a_second": used / seconds,
    }


def _others(stack: Stack, without: str) -> Mapping[str, int]:
    """The processes of the stack but one, which is stopped."""
    return {name: stack.pid(name) for name in STACK if name != without}


def section(found: Figures) -> str:
    """The text of this part."""
    idle, back, audience = found["idle"], found["return"], found["audience"]
    there = max(1, idle["there"])
    rows = []
    for name in FOR:
        before, after = idle["before_kib"][name], idle["after_kib"][name]
        rows.append(f"| {name} | {before:,} | {after:,} | {(after - before) / there:.1f} |")
    return EXPLAINED.format(
        there=idle["there"],
        seconds=idle["seconds"],
        asked=idle["asked"],
        rows="\n".join(rows),
        idle=idle["cpu_ms_a_second"],
        crowd=back["crowd"],
        lost=back["lost"],
        half=ms(1000 * back["seconds"]["p50"]),
        most=ms(1000 * back["seconds"]["p99"]),
        last=ms(1000 * back["seconds"]["max"]),
        missing=back["lost"] - back["back"],
        agents=audience["agents"],
        rate=audience["rate"],
        shown=audience["shown"],
        expected=audience["sent"] * audience["agents"],
        each50=ms(audience["each_ms"]["p50"]),
        each99=ms(audience["each_ms"]["p99"]),
        last50=ms(audience["last_ms"]["p50"]),
        last99=ms(audience["last_ms"]["p99"]),
        cpu=audience["cpu_ms"],
    )
