"""Which access tokens are good no more before their time: those of changed rights, and of ended sessions.

The service that gives tokens tells the whole of it again and again, on the live edge: a state, not a change. So what
one message did not carry the next one does, and a process that starts later knows it as soon as it has heard one.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from guichet_contracts.claims import SESSION, VERSION
from guichet_contracts.requests import AGENTS_REVOKED

from guichet_kit.broker import LiveEdge
from guichet_kit.ids import new_id
from guichet_kit.logs import get_logger
from guichet_kit.tokens import Claims

REMEMBERED_SECONDS = 20 * 60.0
"""Longer than any access token is good for: after it, what was refused has expired by itself."""

log = get_logger(__name__)


class Revocations:
    """What a process knows of them. It only ever learns more; what cannot matter any more is forgotten."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._versions: dict[str, tuple[int, float]] = {}
        self._sessions: dict[str, float] = {}
        self._when_heard: list[Callable[[], None]] = []

    def refuse(self, claims: Claims) -> bool:
        """Whether the token that says this is good no more. One that tells no version is as old as can be."""
        revoked = self._versions.get(claims.subject)
        if revoked is not None:
            version = claims.extra.get(VERSION)
            if not isinstance(version, int) or version < revoked[0]:
                return True
        return claims.extra.get(SESSION) in self._sessions

    def hear(self, versions: Mapping[str, int], sessions: Iterable[str]) -> None:
        """Tokens of these subjects that are older than the version, and those of these sessions, are good no more."""
        limit = self._clock() + REMEMBERED_SECONDS
        before = len(self._versions), len(self._sessions)
        news = False
        for subject, version in versions.items():
            known = self._versions.get(subject, (0, 0.0))[0]
            news = news or version > known
            self._versions[subject] = max(version, known), limit
        for session in sessions:
            self._sessions[session] = limit
        if news or before != (len(self._versions), len(self._sessions)):
            for call in self._when_heard:
                call()
        self._forget()

    def when_heard(self, call: Callable[[], None]) -> None:
        """Call ``call`` each time that more was learnt; it must not fail."""
        self._when_heard.append(call)

    def on_events(self, event_type: str, events: list[dict[str, Any]]) -> None:
        """What comes on the live edge."""
        if event_type == AGENTS_REVOKED:
            for event in events:
                self.hear(event["data"]["agents"], event["data"]["sessions"])

    def _forget(self) -> None:
        now = self._clock()
        self._versions = {subject: kept for subject, kept in self._versions.items() if kept[1] > now}
        self._sessions = {session: limit for session, limit in self._sessions.items() if limit > now}


def revocations_edge(url: str, service: str, revocations: Revocations) -> LiveEdge:
    """An end of the live edge that hears revocations alone, for a service that hears nothing else there."""
    edge = LiveEdge(url, service, new_id(), hears=(AGENTS_REVOKED,))
    edge.on_events(revocations.on_events)
    return edge
