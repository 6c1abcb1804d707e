"""What is done to the system, and when: drawn from a seed, so that a run can be repeated as far as chance allows."""

import asyncio
import random
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import aio_pika
from aio_pika.exceptions import AMQPError

from .system import LINES, SERVERS, SERVICES, ChaosStack

QUEUES = ("requests.conversations", "attachments.links", "mailer.submissions", "requests.mail")
HEARTBEAT_SECONDS = 15.0
"""As in `guichet_kit.broker`: the broker takes a client for dead after two."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong; ``seconds`` until it is mended, 0 for what mends itself."""

    kind: str
    targets: tuple[str, ...]
    seconds: float = 0.0

    def __str__(self) -> str:
        lasting = f" for {self.seconds:.0f} s" if self.seconds else ""
        return f"{self.kind} {' and '.join(self.targets)}{lasting}"


@dataclass
class Happened:
    """A fault with its times (seconds since 1970)."""

    fault: Fault
    began: float
    ended: float = 0.0
    trouble: str = ""


@dataclass
class Faults:
    """Does them."""

    stack: ChaosStack
    done: list[Happened] = field(default_factory=list)

    async def happen(self, fault: Fault) -> None:
        """Do it, and mend it after its time. A trouble that the fault itself meets is noted: it proves less then."""
        happened = Happened(fault, time.time())
        self.done.append(happened)
        act: Callable[[Fault], Awaitable[None]] = getattr(self, f"_{fault.kind.replace(' ', '_')}")
        try:
            await act(fault)
        except (RuntimeError, OSError) as error:
            happened.trouble = str(error)[:200]
        happened.ended = time.time()

    async def _kill(self, fault: Fault) -> None:
        for name in fault.targets:
            self.stack.signal(name, signal.SIGKILL)

    async def _kill_pair(self, fault: Fault) -> None:
        await self._kill(fault)

    async def _kill_everything(self, fault: Fault) -> None:
        await self._kill(fault)

    async def _end(self, fault: Fault) -> None:
        for name in fault.targets:
            self.stack.signal(name, signal.SIGTERM)

    async def _freeze(self, fault: Fault) -> None:
        try:
            for name in fault.targets:
                self.stack.signal(name, signal.SIGSTOP)
            await asyncio.sleep(fault.seconds)
        finally:
            for name in fault.targets:
                self.stack.signal(name, signal.SIGCONT)

    async def _freeze_pair(self, fault: Fault) -> None:
        await self._freeze(fault)

    async def _line(self, fault: Fault, mode: str) -> None:
        try:
            for name in fault.targets:
                self.stack.line(name, mode)
            await asyncio.sleep(fault.seconds)
        finally:
            for name in fault.targets:
                self.stack.line(name, "flow")

    async def _cut(self, fault: Fault) -> None:
        await self._line(fault, "cut")

    async def _accept_and_close(self, fault: Fault) -> None:
        await self._line(fault, "half")

    async def _delay(self, fault: Fault) -> None:
        await self._line(fault, "slow")

    async def _swallow(self, fault: Fault) -> None:
        await self._line(fault, "hold")

    async def _memory_alarm(self, fault: Fault) -> None:
        try:
            await self.stack.control("set_vm_memory_high_watermark", "0.00001")
            await asyncio.sleep(fault.seconds)
        finally:
            await self._end_alarm()

    async def _end_alarm(self) -> None:
        for _ in range(30):  # the broker itself may be down for another fault
            try:
                await self.stack.control("set_vm_memory_high_watermark", "0.4")
            except RuntimeError:
                await asyncio.sleep(1)
            else:
                return

    async def _delete_queue(self, fault: Fault) -> None:
        try:
            async with await aio_pika.connect(self.stack.rabbitmq_url, timeout=10) as connection:
                channel = await connection.channel()
                for name in fault.targets:
                    await channel.queue_delete(name)
        except (AMQPError, TimeoutError) as error:
            raise RuntimeError(str(error)) from error


def drawn(chance: random.Random, short: bool, without: frozenset[str]) -> Iterator[Fault]:
    """Faults without end: every kind once, in an order of chance, then again with other targets."""
    programs = [*SERVICES, *SERVERS]

    def hole(least: float, most: float) -> float:
        return chance.uniform(least, most) * (0.5 if short else 1.0)

    while True:
        freezable = [name for name in programs if name != "objects"]
        service = chance.choice(SERVICES)
        round_of = [
            *(Fault("kill", (name,)) for name in ("chat-1", "mongodb", "rabbitmq", "requests")),
            *(Fault("kill", (name,)) for name in chance.sample([*SERVICES, "gateway", "objects"], 2)),
            Fault("kill pair", tuple(chance.sample(programs, 2))),
            Fault("kill everything", tuple(programs if chance.random() < 0.5 else SERVICES)),
            *(Fault("end", (name,)) for name in chance.sample(programs, 2)),
            Fault("freeze", (chance.choice(freezable),), hole(5, 12)),
            Fault("freeze", (service,), hole(2.2, 3.5) * HEARTBEAT_SECONDS),
            Fault("freeze pair", tuple(chance.sample(freezable, 2)), hole(4, 10)),
            Fault("cut", (chance.choice(LINES),), hole(3, 10)),
            Fault("cut", tuple(chance.sample(LINES, 2)), hole(3, 8)),
            Fault("accept and close", (chance.choice(LINES),), hole(3, 10)),
            Fault("delay", (chance.choice(LINES),), hole(5, 15)),
            Fault("swallow", (chance.choice(LINES),), hole(5, 30)),
            Fault("memory alarm", ("rabbitmq",), hole(5, 15)),
            Fault("delete queue", (chance.choice(QUEUES),)),
        ]
        # All kinds come in the first part of a round, so that a short run has them too.
        chance.shuffle(round_of)
        seen: set[str] = set()
        first = [fault for fault in round_of if not (fault.kind in seen or seen.add(fault.kind))]  # type: ignore[func-returns-value]
        rest = [fault for fault in round_of if fault not in first]
        yield from (fault for fault in (*first, *rest) if fault.kind not in without)
