"""What `make chaos` can be told, from the environment."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MINUTES, SHORT_MINUTES = 10.0, 1.5
RATE, SHORT_RATE = 260.0, 40.0
PAUSE, SHORT_PAUSE = 7.0, 6.0
"""Seconds between the beginnings of two faults, on average."""


class BadOption(ValueError):
    """A setting is not usable; the text names it."""


@dataclass(frozen=True)
class Options:
    """One run."""

    seed: int
    minutes: float
    rate: float
    customers: int
    agents: int
    pause: float
    report: Path
    without: frozenset[str] = frozenset()
    planted: str = ""
    settle: float = 240.0
    """How many seconds it is waited at the end, so that what is only late is not taken for lost."""

    @property
    def short(self) -> bool:
        """Whether holes are held open more briefly than in a whole run."""
        return self.minutes < 3

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Options":
        """Reads CHAOS_SEED, CHAOS_MINUTES, CHAOS_RATE, CHAOS_CUSTOMERS, CHAOS_REPORT, CHAOS_WITHOUT, CHAOS_PLANTED.

        The rate is messages of customers a second; CHAOS_WITHOUT leaves kinds of faults out. Raises `BadOption`.
        """

        def number(name: str, default: float) -> float:
            text = environment.get(name) or str(default)
            try:
                value = float(text)
            except ValueError:
                value = 0.0
            if not value > 0:
                raise BadOption(f"{name}={text}: give a number above 0")
            return value

        minutes = number("CHAOS_MINUTES", MINUTES)
        short = minutes <= SHORT_MINUTES
        return cls(
            seed=int(number("CHAOS_SEED", 1 + secrets.randbelow(1 << 31))),
            minutes=minutes,
            rate=number("CHAOS_RATE", SHORT_RATE if short else RATE),
            customers=int(number("CHAOS_CUSTOMERS", 30 if short else 80)),
            agents=6,
            pause=SHORT_PAUSE if short else PAUSE,
            report=Path(environment.get("CHAOS_REPORT") or ".cache/chaos").absolute(),
            without=frozenset(kind for kind in environment.get("CHAOS_WITHOUT", "").split(",") if kind),
            planted=environment.get("CHAOS_PLANTED", ""),
        )
