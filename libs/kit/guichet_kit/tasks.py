"""Ending what runs in the background."""

import asyncio

_AGAIN_SECONDS = 1.0


async def stop(*tasks: asyncio.Task[None]) -> None:
    """Cancel the tasks, and return when all have ended; whatever they raise stays with them.

    A cancellation that arrives just when a driver's own time-out does can get lost in it (measured with PyMongo 4.20
    on Python 3.11), and a loop would go on for ever: whoever still runs after a second is asked again.
    """
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=_AGAIN_SECONDS)
