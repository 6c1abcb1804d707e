"""Whose file is examined when: no person, address or kind of file holds up the others."""

import asyncio
from collections.abc import Iterator

import pytest
from guichet_attachments import lanes as module
from guichet_attachments.lanes import Claim, ClientGone, LaneFull, Lanes

ADA = Claim(keys=("visitor:ada", "address:1"))
BOB = Claim(keys=("visitor:bob", "address:2"))
CID = Claim(keys=("visitor:cid", "address:3"))
CARO = Claim(of_staff=True, keys=("agent:caro",))


class Desk:
    """Files that are examined for as long as the test lets them."""

    def __init__(self, places: int = 1) -> None:
        self.lanes = Lanes(places)
        self.begun: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def bring(self, name: str, claim: Claim, *, picture: bool = True) -> None:
        """Ask for a turn."""
        self._ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._examine(name, claim, picture=picture))
        await self.settle()

    async def end(self, name: str) -> None:
        """Let an examination end."""
        self._ends[name].set()
        await self.settle()

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    def stop(self) -> None:
        for task in self.tasks.values():
            task.cancel()

    async def _examine(self, name: str, claim: Claim, *, picture: bool) -> None:
        async with self.lanes.turn(claim, picture=picture):
            self.begun.append(name)
            await self._ends[name].wait()


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.stop()


class TestFairness:
    async def test_a_text_of_another_begins_at_once_while_24_pictures_wait(self, desk: Desk) -> None:
        for number in range(24):
            await desk.bring(f"picture {number}", ADA)
        await desk.bring("text", BOB, picture=False)
        assert desk.begun == ["picture 0", "text"]

    async def test_so_does_a_text_of_the_same_visitor_when_their_picture_has_ended(self, desk: Desk) -> None:
        for number in range(24):
            await desk.bring(f"picture {number}", ADA)
        await desk.bring("text", ADA, picture=False)
        assert "text" in desk.begun

    async def test_a_picture_of_another_is_next_however_many_came_before_it(self, desk: Desk) -> None:
        for number in range(24):
            await desk.bring(f"picture {number}", ADA)
        await desk.bring("Bob's", BOB)
        await desk.end("picture 0")
        assert desk.begun == ["picture 0", "Bob's"]

    async def test_whoever_was_served_longest_ago_is_next(self, desk: Desk) -> None:
        names = [f"{who} {number}" for who in ("ada", "bob", "cid") for number in range(3)]
        claims = {"ada": ADA, "bob": BOB, "cid": CID}
        for name in names:
            await desk.bring(name, claims[name[:3]])
        for _ in names:
            await desk.end(desk.begun[-1])
        assert desk.begun == [f"{who} {number}" for number in range(3) for who in ("ada", "bob", "cid")]

    async def test_agents_and_mails_have_a_lane_of_their_own(self, desk: Desk) -> None:
        for number in range(24):
            await desk.bring(f"picture {number}", ADA)
        await desk.bring("Caro's", CARO)
        assert desk.begun == ["picture 0", "Caro's"]

    async def test_one_file_of_a_person_at_a_time_also_where_there_are_places(self) -> None:
        desk = Desk(places=4)
        for number in range(3):
            await desk.bring(f"picture {number}", ADA)
        same_address = Claim(keys=("visitor:eve", "address:1"))
        await desk.bring("Eve's", same_address)
        await desk.bring("Bob's", BOB)
        assert desk.begun == ["picture 0", "Bob's"]
        await desk.end("picture 0")
        assert len(desk.begun) == 3
        desk.stop()

    async def test_colleagues_behind_one_address_take_turns(self, desk: Desk) -> None:
        for number in range(5):
            await desk.bring(f"picture {number}", ADA)
        await desk.bring("Eve's", Claim(keys=("visitor:eve", "address:1")))
        await desk.end("picture 0")
        assert desk.begun == ["picture 0", "Eve's"]

    async def test_many_visitors_from_one_address_are_no_more_than_one(self, desk: Desk) -> None:
        for number in range(5):
            await desk.bring(f"visitor {number}", Claim(keys=(f"visitor:{number}", "address:1")))
        await desk.bring("Bob's", BOB)
        await desk.bring("Cid's", CID)
        for name in ("visitor 0", "Bob's", "Cid's"):
            await desk.end(name)
        assert desk.begun == ["visitor 0", "Bob's", "Cid's", "visitor 1"]


class TestLongQueues:
    async def test_one_person_may_wait_with_so_many_and_the_next_is_told_when_to_come_back(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "MOST_WAITING_OF_ONE", 5)
        for number in range(6):
            await desk.bring(f"picture {number}", ADA)
        await desk.bring("one more", ADA)
        with pytest.raises(LaneFull) as refusal:
            await desk.tasks["one more"]
        assert refusal.value.retry_after >= 1
        await desk.bring("Bob's", BOB)
        await desk.end("picture 0")
        assert desk.begun[-1] == "Bob's"

    async def test_a_full_lane_refuses_everybody_but_not_the_other_lanes(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "MOST_WAITING", 3)
        for number in range(4):
            await desk.bring(f"picture {number}", Claim(keys=(f"visitor:{number}",)))
        await desk.bring("one more", BOB)
        with pytest.raises(LaneFull):
            await desk.tasks["one more"]
        desk.lanes.require_room(BOB)  # a text would still be examined
        await desk.bring("text", BOB, picture=False)
        await desk.bring("Caro's", CARO)
        assert desk.begun[1:] == ["text", "Caro's"]

    async def test_before_a_file_is_received_it_is_refused_only_where_no_lane_would_take_it(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "MOST_WAITING", 1)
        for number in range(2):
            await desk.bring(f"picture {number}", Claim(keys=(f"visitor:{number}",)))
            await desk.bring(f"text {number}", Claim(keys=(f"visitor:{number}",)), picture=False)
        with pytest.raises(LaneFull):
            desk.lanes.require_room(BOB)
        desk.lanes.require_room(CARO)


class TestLeaving:
    async def test_one_that_waits_is_dropped_when_its_client_has_gone(self, desk: Desk) -> None:
        hung_up = asyncio.Event()

        async def gone() -> None:
            await hung_up.wait()

        await desk.bring("Ada's", ADA)
        await desk.bring("Bob's", Claim(keys=BOB.keys, gone=gone))
        await desk.bring("Cid's", CID)
        hung_up.set()
        with pytest.raises(ClientGone):
            await desk.tasks["Bob's"]
        await desk.end("Ada's")
        assert desk.begun == ["Ada's", "Cid's"]

    async def test_one_that_is_being_examined_goes_on(self, desk: Desk) -> None:
        async def gone() -> None:
            return

        await desk.bring("Ada's", Claim(keys=ADA.keys, gone=gone))
        assert desk.begun == ["Ada's"]
        await desk.end("Ada's")
        assert desk.tasks["Ada's"].exception() is None

    async def test_one_that_is_cancelled_leaves_its_place_to_the_next(self, desk: Desk) -> None:
        for name, claim in (("Ada's", ADA), ("Bob's", BOB), ("Cid's", CID)):
            await desk.bring(name, claim)
        desk.tasks["Bob's"].cancel()
        desk.tasks["Ada's"].cancel()
        await desk.settle()
        assert desk.begun == ["Ada's", "Cid's"]

    async def test_one_that_is_called_and_cancelled_in_the_same_moment_leaves_its_place(self, desk: Desk) -> None:
        for name, claim in (("Ada's", ADA), ("Bob's", BOB), ("Cid's", CID)):
            await desk.bring(name, claim)
        desk.tasks["Ada's"].cancel()
        await asyncio.sleep(0)
        desk.tasks["Bob's"].cancel()
        await desk.settle()
        assert desk.begun[-1] == "Cid's"
