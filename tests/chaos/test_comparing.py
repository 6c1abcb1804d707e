"""The comparison of records finds what is wrong, and nothing in a run that is right."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .client import digest
from .comparing import Entry, Record, compare, waited_for

BEGIN = datetime(2026, 11, 29, tzinfo=UTC)


def entry(seq: int, client_id: str, kind: str = "message") -> Entry:
    return Entry(("c", seq), client_id, kind, digest(client_id), BEGIN + timedelta(seconds=seq))


def record(did: str, seq: int, who: str = "ada", **about: Any) -> Record:
    made = {"t": 10.0 * seq, "who": who, "did": did, "conversation": "c", "seq": seq, "id": f"m{seq}"}
    return {**made, "text": digest(f"m{seq}"), **about}


class Run:
    """Three messages of one customer, which an agent is shown too."""

    def __init__(self) -> None:
        self.log = [entry(seq, f"m{seq}") for seq in (1, 2, 3)]
        self.timeline = [(one.place, one.text) for one in self.log]
        self.records = [record(did, seq) for seq in (1, 2, 3) for did in ("sent", "accepted", "shown")]
        self.records += [record("shown", seq, "caro") for seq in (1, 2, 3)]

    def without(self, did: str, seq: int, who: str = "ada") -> None:
        self.records = [r for r in self.records if (r["did"], r["seq"], r["who"]) != (did, seq, who)]

    def wrong(self) -> set[str]:
        return set(compare(self.records, self.log, self.timeline).wrong)


def lose_an_entry(run: Run) -> None:
    del run.log[2], run.timeline[2]


def leave_a_hole(run: Run) -> None:
    run.log[2] = replace(run.log[2], place=("c", 4))


def double_an_entry(run: Run) -> None:
    run.log.append(entry(4, "m3"))
    run.timeline.append((("c", 4), digest("m3")))


def lose_a_line(run: Run) -> None:
    del run.timeline[1]


def double_a_line(run: Run) -> None:
    run.timeline.append(run.timeline[1])


def turn_the_order_round(run: Run) -> None:
    run.log[1:] = [entry(2, "m3"), entry(3, "m2")]
    for at, one in enumerate(run.records):
        if one["did"] == "accepted" and one["seq"] > 1:
            run.records[at] = record("accepted", 5 - one["seq"], id=one["id"])


def show_what_is_not_stored(run: Run) -> None:
    run.records.append(record("shown", 4))


def show_another_text(run: Run) -> None:
    run.records[2] = record("shown", 1, text=digest("another"))


def never_show_the_last(run: Run) -> None:
    run.without("shown", 3, "caro")


def never_answer(run: Run) -> None:
    run.without("accepted", 3)


def write_after_the_closing(run: Run) -> None:
    run.log[1] = replace(run.log[1], kind="closed")


def feed_twice(run: Run) -> None:
    run.records.append(record("fed_again", 2))


class TestTheComparison:
    def test_finds_nothing_wrong_in_a_run_that_is_right(self) -> None:
        run = Run()
        assert run.wrong() == set()
        assert waited_for(run.records, run.log) == 0

    @pytest.mark.parametrize(
        ("spoil", "kind"),
        [
            (lose_an_entry, "lost: acknowledged, not in the log"),
            (leave_a_hole, "log: hole or double number"),
            (double_an_entry, "doubled in the log"),
            (lose_a_line, "lost: in the log, not on a timeline"),
            (double_a_line, "doubled on a timeline"),
            (turn_the_order_round, "out of order"),
            (show_what_is_not_stored, "shown, not in the log"),
            (show_another_text, "another text was shown"),
            (never_show_the_last, "stored, never shown"),
            (never_answer, "never answered"),
            (write_after_the_closing, "log: something after the closing"),
            (feed_twice, "doubled or out of order on a socket"),
        ],
    )
    def test_finds_what_was_spoilt(self, spoil: Callable[[Run], None], kind: str) -> None:
        run = Run()
        spoil(run)
        assert kind in run.wrong()

    def test_lets_what_was_told_to_try_again_come_later_than_what_was_written_after_it(self) -> None:
        run = Run()
        turn_the_order_round(run)
        run.records.append(record("troubled", 2))
        assert "out of order" not in run.wrong()

    def test_waits_for_answers_and_for_what_was_not_shown_yet(self) -> None:
        run = Run()
        never_show_the_last(run)
        never_answer(run)
        assert waited_for(run.records, run.log) == 2
