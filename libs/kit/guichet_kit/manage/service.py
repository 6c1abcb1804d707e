"""A service as operators see it."""

import argparse
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from guichet_contracts.subscriptions import SUBSCRIPTIONS
from pydantic_settings import BaseSettings

from guichet_kit.mongo import Collection, Database, Document, MongoClient
from guichet_kit.objects import ObjectStore
from guichet_kit.retention import Rule
from guichet_kit.settings import ServiceSettings


class CommandRefused(Exception):
    """The command cannot be done; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. ``state`` is ``ok``, ``warning`` or ``failing``; ``advice`` says what to do."""

    check: str
    state: str
    detail: str
    advice: str = ""


class LeftToTheSweep:
    """A relay that publishes nothing: a running service finds the events in the outbox."""

    def offer(self, collection: Collection, document_id: Any, entries: Sequence[Document]) -> None:
        """Leave them there."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A service's settings and its database, while a command runs."""

    settings: Any
    mongo: MongoClient
    database: Database


Handler = Callable[[Opened, argparse.Namespace], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Command:
    """A command of one service. ``arguments`` adds its options; ``run`` returns what is to be written as JSON.

    ``settings`` are those that it needs, where it needs fewer than the service.
    """

    name: str
    help: str
    run: Handler
    arguments: Callable[[argparse.ArgumentParser], object] = lambda _parser: None
    settings: type[BaseSettings] | None = None


Untold = Callable[[Database], Awaitable[tuple[str, int, datetime | None]]]
"""Looks for events that wait elsewhere than in an outbox: where, how many, and since when the oldest does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Managed:
    """A service as operators see it.

    ``prepare`` makes its indexes and changes its data to the present form, any number of times; ``outboxes`` are the
    collections whose documents carry events, ``untold`` looks elsewhere for them; ``bucket`` opens the object store's
    bucket that it owns; ``checks`` are what only this service can look after; ``retention`` is what goes by age.
    """

    service: str
    settings: type[ServiceSettings]
    prepare: Callable[[Database], Awaitable[None]]
    outboxes: Sequence[str]
    untold: Sequence[Untold] = ()
    bucket: Callable[[Any], ObjectStore] | None = None
    checks: Sequence[Callable[[Opened], Awaitable[Finding]]] = ()
    commands: Sequence[Command] = ()
    retention: Callable[[Opened], Sequence[Rule]] = lambda _opened: ()

    def database(self, settings: Any) -> str:
        """The name of the service's own database."""
        return f"{settings.database_prefix}{self.service}"

    @property
    def queues(self) -> list[str]:
        """The durable queues that the service consumes."""
        return [queue for queue in SUBSCRIPTIONS if queue.startswith(f"{self.service}.")]
