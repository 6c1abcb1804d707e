"""Who comes back asks where their conversation stands: what is asked at one moment is one query.

After a replica is lost its customers come back together, and each question alone would cost more than the socket.
"""

import asyncio

from guichet_chat.conversation import Conversation, Entry, VisitorErased
from guichet_chat.store import Store

MOST = 200
ON_THEIR_WAY = 2

Latest = tuple[Conversation, Entry | None] | None


class Greeter:
    """Answers where visitors' conversations stand. One for each process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[str, asyncio.Future[Latest]] = {}
        self._flying: set[asyncio.Task[None]] = set()

    async def latest(self, visitor_id: str) -> Latest:
        """The visitor's last opened conversation and the last entry of its log.

        Raises `VisitorErased`, or one of ``OUTAGES``.
        """
        answer = self._waiting.get(visitor_id)
        if answer is None:
            answer = self._waiting[visitor_id] = asyncio.get_running_loop().create_future()
            if len(self._waiting) == 1:
                asyncio.get_running_loop().call_soon(self._pump)
        return await asyncio.shield(answer)

    def _pump(self) -> None:
        while self._waiting and len(self._flying) < ON_THEIR_WAY:
            some = {visitor_id: self._waiting.pop(visitor_id) for visitor_id in list(self._waiting)[:MOST]}
            task = asyncio.create_task(self._answer(some))
            self._flying.add(task)
            task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        self._pump()

    async def _answer(self, some: dict[str, asyncio.Future[Latest]]) -> None:
        try:
            found = await self._store.latest_of(list(some))
            erased = await self._store.erased_among(some)
        except Exception as error:  # noqa: BLE001  told to whoever asked
            for answer in some.values():
                answer.set_exception(error)
                answer.exception()  # whoever asked may have left
            return
        for visitor_id, answer in some.items():
            if visitor_id in erased:
                answer.set_exception(VisitorErased(visitor_id))
                answer.exception()
            else:
                answer.set_result(found.get(visitor_id))
