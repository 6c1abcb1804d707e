"""Whose turn it is: who spoke last, and since when the customer waits."""

import itertools
from datetime import timedelta
from typing import Any

import pytest
from guichet_requests.request.events import snapshot
from guichet_requests.request.request import Request, edit
from guichet_requests.request.turn import MOST, Turn
from guichet_requests.timeline.item import Author

from .conftest import NOON, Visitor, World

CARO = Author("agent", "caro", "Caro Agent")


def key(minute: int, name: str = "c") -> tuple[Any, str, int]:
    return NOON + timedelta(minutes=minute), name, minute


class TestTheCustomer:
    def test_waits_since_the_first_word_that_nobody_answered(self) -> None:
        turn = Turn().ask(key(1)).ask(key(2))
        assert turn.since == key(1)[0]
        assert turn.answer(key(3)).since is None
        assert turn.answer(key(3)).ask(key(4)).ask(key(5)).since == key(4)[0]

    def test_waits_since_the_same_moment_in_whatever_order_all_is_heard(self) -> None:
        said = [("ask", 1), ("answer", 2), ("ask", 3), ("ask", 4), ("answer", 5), ("ask", 6)]
        for order in itertools.permutations(said):
            turn = Turn()
            for what, minute in order:
                turn = getattr(turn, what)(key(minute))
            assert turn == Turn(key(5), (key(6),)), order

    def test_waits_for_no_less_when_the_same_is_heard_again(self) -> None:
        turn = Turn().ask(key(1)).answer(key(2)).ask(key(3))
        assert turn.ask(key(1)).answer(key(2)).ask(key(3)) == turn

    def test_who_writes_without_end_makes_the_request_no_greater(self) -> None:
        turn = Turn()
        for minute in sorted(range(10 * MOST), key=lambda minute: minute * 7 % 11):
            turn = turn.ask(key(minute))
        assert (len(turn.asked), turn.since) == (MOST, key(0)[0])
        assert turn.answer(key(10 * MOST - 2)).since == key(10 * MOST - 1)[0]

    def test_does_not_wait_for_what_went_to_another_request(self) -> None:
        turn = Turn().ask(key(1, "a")).ask(key(2, "b"))
        assert turn.withdraw("a").since == key(2)[0]
        assert turn.withdraw("elsewhere") == turn


class TestARequest:
    @pytest.mark.parametrize(("status", "waits"), [("in_progress", True), ("pending", False), ("closed", False)])
    def test_that_was_set_aside_does_not_wait(self, status: Any, waits: bool) -> None:
        request = Request(
            id="r", number=1, channel="chat", status_at=NOON, created_at=NOON, last_activity_at=NOON,
            turn=Turn().ask(key(1)),
        )  # fmt: skip
        assert request.waiting_since == key(1)[0]
        changed = edit(request, by=CARO, at=NOON + timedelta(minutes=2), status=status)
        assert changed is not None
        assert (changed.request.waiting_since is not None) is waits
        assert (changed.request.turn.since is not None) is waits, "nor when it is taken up again"

    async def test_says_who_spoke_last_and_since_when_the_customer_waits(self, world: World) -> None:
        ada = Visitor("Ada")
        await world.hear(ada.writes("Un"), ada.writes("Deux"))
        request = await world.the_request()
        assert request.preview_by is None
        assert request.waiting_since is not None
        assert request.created_at <= request.waiting_since < request.last_activity_at

        await world.hear(ada.is_answered("Bonjour"))
        answered = snapshot(await world.the_request())
        assert answered.preview_by is not None
        assert (answered.preview, answered.preview_by.name, answered.waiting_since) == ("Bonjour", "Caro Agent", None)

        await world.hear(ada.writes("Encore"))
        asked = snapshot(await world.the_request())
        assert (asked.preview, asked.preview_by) == ("Encore", None)
        assert asked.waiting_since == asked.last_activity_at

        await world.hear(ada.is_closed("in_progress"))
        assert (await world.the_request()).waiting_since is None
