"""An import: a file on its way into the customer base, whole or not at all. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

REPORTED = 1_000
"""Refused fields that the report names; all are counted."""


GONE = "contact_gone"
"""Code of a line whose contact was erased while the import went on."""


class State(StrEnum):
    """Where an import stands. The step to ``writing`` is the decision: before it nothing counts, after it all does."""

    QUEUED = "queued"
    CHECKING = "checking"
    WRITING = "writing"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


_STEPS: Mapping[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.CHECKING}),
    State.CHECKING: frozenset({State.CHECKING, State.WRITING, State.REFUSED, State.FAILED}),
    State.WRITING: frozenset({State.WRITING, State.DONE}),
}

LIVE = frozenset(_STEPS)
"""States from which an import goes on."""


class IllegalStep(Exception):
    """An import does not go from the one state to the other."""


@dataclass(frozen=True, slots=True)
class LineError:
    """Why a line was refused; never with what was in it. ``contact_id``: who has the address already."""

    line: int
    field: str
    code: str
    message: str
    contact_id: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the file as a whole could not be read."""

    code: str
    detail: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class ImportJob:
    """One import. Counts are of records; ``partial``: good lines are taken in though others are refused.

    ``mapping`` is what somebody said that the columns are, a field or None for each; ``left_out`` are the headers of
    those that are not taken in. With ``update_known`` a line whose address a contact has changes that contact;
    ``updated`` of the ``updates`` that there are to make are made.
    """

    id: str
    file_id: str
    by: str
    partial: bool
    created_at: datetime
    state: State = State.QUEUED
    finished_at: datetime | None = None
    total: int | None = None
    checked: int = 0
    refused: int = 0
    written: int = 0
    errors: tuple[LineError, ...] = ()
    failure: Failure | None = None
    mapping: tuple[str | None, ...] | None = None
    update_known: bool = False
    left_out: tuple[str, ...] = ()
    updates: int = 0
    updated: int = 0

    @property
    def progress(self) -> float:
        """How much is done, from 0 to 1: checking is the first half, writing the other."""
        if self.state not in LIVE:
            return 1.0
        accepted = (self.total or 0) - self.refused
        if self.state is State.WRITING:
            return 0.5 + 0.5 * (self.written / accepted if accepted else 1.0)
        return 0.5 * self.checked / self.total if self.total else 0.0

    def checking(self, total: int, left_out: Sequence[str] = ()) -> "ImportJob":
        """Begin to check ``total`` lines, from the first one, whatever was checked before."""
        return replace(self._to(State.CHECKING), total=total, checked=0, refused=0, errors=(), left_out=tuple(left_out))

    def with_checked(self, lines: int, errors: Sequence[LineError]) -> "ImportJob":
        """``lines`` more were checked; ``errors`` of some of them."""
        return replace(
            self._to(State.CHECKING),
            checked=self.checked + lines,
            refused=self.refused + len({error.line for error in errors}),
            errors=(*self.errors, *errors)[:REPORTED],
        )

    def decided(self, at: datetime) -> "ImportJob":
        """All lines are checked: refused as a whole, or to be written."""
        nothing_good = self.refused == self.checked
        if nothing_good or (self.refused and not self.partial):
            return replace(self._to(State.REFUSED), finished_at=at)
        return self._to(State.WRITING)

    def with_written(self, lines: int) -> "ImportJob":
        """``lines`` in all are contacts now."""
        return replace(self._to(State.WRITING), written=lines)

    def with_kept_updates(self, count: int) -> "ImportJob":
        """So many lines are to change contacts that are there."""
        return replace(self, updates=count)

    def with_updates(self, left: int, error: LineError | None) -> "ImportJob":
        """``left`` lines have not changed their contact yet; one that could not (``error``) counts as refused."""
        job = replace(self._to(State.WRITING))
        if error is not None:
            job = replace(job, refused=job.refused + 1, errors=(*job.errors, error)[:REPORTED])
        return replace(job, updated=job.updates - left - job._gone)

    def done(self, at: datetime) -> "ImportJob":
        """Every good line is a contact now."""
        written, updated = self.checked - self.refused, self.updates - self._gone
        return replace(self._to(State.DONE), written=written, updated=updated, finished_at=at)

    @property
    def _gone(self) -> int:
        return sum(error.code == GONE for error in self.errors)

    def failed(self, failure: Failure, at: datetime) -> "ImportJob":
        """The file cannot be taken in."""
        return replace(self._to(State.FAILED), failure=failure, finished_at=at)

    def _to(self, state: State) -> "ImportJob":
        if state not in _STEPS.get(self.state, frozenset()):
            raise IllegalStep(f"{self.state} to {state}")
        return replace(self, state=state)
