"""Turns: slow for everybody, fair, and never closed."""

import asyncio

import pytest
from guichet_kit.turns import NoTurn, Turns

FOR_EVER = 60.0


def last(many: int) -> int:
    """Draws whoever came last."""
    return many - 1


def first(_many: int) -> int:
    """Draws whoever came first."""
    return 0


async def taken(turns: Turns, key: str, name: str, said: list[str]) -> None:
    try:
        await turns.mine(key)
        said.append(name)
    except NoTurn:
        said.append(f"not {name}")


class TestTurns:
    async def test_each_is_given_to_one_who_is_drawn(self) -> None:
        turns, said = Turns(0.01, 10, FOR_EVER, last), list[str]()
        await asyncio.gather(*(taken(turns, "k", name, said) for name in "abc"))
        assert said == ["c", "b", "a"]

    async def test_whoever_comes_when_all_places_are_taken_gets_that_of_one_who_is_drawn(self) -> None:
        turns, said = Turns(0.01, 2, FOR_EVER, first), list[str]()
        await asyncio.gather(*(taken(turns, "k", name, said) for name in "abcd"))
        assert sorted(said) == ["c", "d", "not a", "not b"]

    async def test_patience_has_an_end(self) -> None:
        turns = Turns(FOR_EVER, 2, 0.01)
        with pytest.raises(NoTurn):
            await turns.mine("k")

    async def test_one_key_does_not_hold_up_another(self) -> None:
        turns, said = Turns(0.01, 1, FOR_EVER), list[str]()
        await asyncio.gather(*(taken(turns, key, key, said) for key in "abcdef"))
        assert sorted(said) == list("abcdef")

    async def test_nothing_is_kept_of_those_who_are_gone(self) -> None:
        turns, said = Turns(0.01, 3, FOR_EVER), list[str]()
        gone = asyncio.create_task(taken(turns, "k", "gone", said))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.wait([gone])
        await taken(turns, "k", "there", said)
        async with asyncio.timeout(30):
            while turns._waiting or turns._drawing:
                await asyncio.sleep(0.01)
        assert said == ["there"]
