"""What `make bench` can be told, from the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

PARTS = ("path", "sockets", "lists", "start", "mail", "console")


class BadOption(ValueError):
    """A setting is not usable; the text names it."""


@dataclass(frozen=True)
class Options:
    """One run of the benchmarks. ``scale`` shortens or lengthens every measured time and size."""

    only: tuple[str, ...] = PARTS
    scale: float = 1.0
    runs: int = 5
    rates: tuple[float, ...] = (1, 50, 200, 500)
    conversations: tuple[int, ...] = (50, 500)
    requests: int = 1_000_000
    held_seconds: float = 60.0
    held: bool = True

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Options":
        """Reads BENCH_ONLY, BENCH_SCALE, BENCH_RUNS, BENCH_RATES, BENCH_CONVERSATIONS, BENCH_REQUESTS, BENCH_HELD."""

        def numbers(name: str, default: tuple[float, ...]) -> tuple[float, ...]:
            text = environment.get(name)
            if not text:
                return default
            try:
                found = tuple(float(part) for part in text.split(","))
            except ValueError:
                found = ()
            if not found or min(found) <= 0:
                raise BadOption(f"{name}={text}: give numbers above 0, with commas between")
            return found

        only = tuple(part for part in environment.get("BENCH_ONLY", "").split(",") if part) or PARTS
        if unknown := set(only) - set(PARTS):
            raise BadOption(f"BENCH_ONLY: there is no {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
        scale = numbers("BENCH_SCALE", (1.0,))[0]
        return cls(
            only=only,
            scale=scale,
            runs=int(numbers("BENCH_RUNS", (5,))[0]),
            rates=numbers("BENCH_RATES", (1, 50, 200, 500)),
            conversations=tuple(int(n) for n in numbers("BENCH_CONVERSATIONS", (50, 500))),
            requests=int(numbers("BENCH_REQUESTS", (1_000_000 * scale,))[0]),
            held_seconds=60.0 * scale,
            held=environment.get("BENCH_HELD", "1") == "1",
        )

    def seconds(self, whole: float, least: float = 4.0) -> float:
        """A measured time, scaled."""
        return max(least, whole * self.scale)
