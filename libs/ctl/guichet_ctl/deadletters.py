"""Parked messages of all services."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import orjson
import typer
from guichet_contracts.subscriptions import SUBSCRIPTIONS
from guichet_kit.broker.deadletters import DeadLetters, Parked, dead_letters
from guichet_kit.clock import to_wire
from guichet_kit.settings import AmqpUrl, EnvironmentSettings, load_settings

from guichet_ctl.screen import Json, Yes, answer, ask_before, fail, table

app = typer.Typer(no_args_is_help=True, help="Messages that no attempt could handle.")

T = TypeVar("T")
Queue = Annotated[str, typer.Argument(help=f"One of: {', '.join(SUBSCRIPTIONS)}.")]
Ids = Annotated[list[str] | None, typer.Argument(help="The ids of messages; none: all of the queue.")]


@app.command("list")
def list_parked(
    queue: Annotated[str | None, typer.Argument(help="One queue; none: all.")] = None, json: Json = False
) -> None:
    """List what is parked, with the reason, the number of attempts and the trace that the logs know it by."""
    queues = [_known(queue)] if queue else list(SUBSCRIPTIONS)

    async def look(letters: DeadLetters) -> list[Parked]:
        there = [
            one.queue for one in await letters.depths([f"{name}.dlq" for name in queues]) if one.messages is not None
        ]
        return [parked for name in there for parked in await letters.list(name.removesuffix(".dlq"))]

    rows = [_row(parked) for parked in _with_letters(look)]
    answer(rows, json, table(rows, "queue", "id", "type", "attempts", "error", "trace", empty="nothing is parked"))


@app.command()
def show(queue: Queue, message_id: Annotated[str, typer.Argument()], json: Json = False) -> None:
    """Show one message whole: the reason, the traceback where its consumer noted one, and what it says.

    It may tell of persons.
    """
    found = [one for one in _with_letters(lambda letters: letters.list(_known(queue))) if one.id == message_id]
    if not found:
        fail(f"no message {message_id} is parked in {queue}")
    row = _row(found[0]) | {"traceback": found[0].traceback, "content": found[0].content}
    lines = [
        f"{name.replace('_', ' '):16} {value}" for name, value in row.items() if name not in ("traceback", "content")
    ]
    if found[0].traceback:
        lines += ["", found[0].traceback]
    answer(row, json, "\n".join([*lines, "", _pretty(found[0].content)]))


@app.command()
def replay(queue: Queue, ids: Ids = None, yes: Yes = False, json: Json = False) -> None:
    """Send messages to their consumer again, as if for the first time. Mend the cause before."""
    _known(queue)
    if not ids:
        ask_before(f"All that is parked in {queue} is handled again. Go on?", yes)
    count = _with_letters(lambda letters: letters.replay(queue, set(ids) if ids else None))
    answer({"queue": queue, "replayed": count}, json, f"{count} messages of {queue} are on their way again")


@app.command()
def drop(queue: Queue, ids: Ids = None, yes: Yes = False, json: Json = False) -> None:
    """Remove messages for good."""
    _known(queue)
    what = f"{len(ids)} messages" if ids else "All messages"
    ask_before(f"{what} that are parked in {queue} are gone for good. Go on?", yes)
    count = _with_letters(lambda letters: letters.drop(queue, set(ids) if ids else None))
    answer({"queue": queue, "dropped": count}, json, f"{count} messages of {queue} are gone")


class _Broker(EnvironmentSettings):
    rabbitmq_url: AmqpUrl


def _known(queue: str) -> str:
    if queue not in SUBSCRIPTIONS:
        fail(f"there is no queue {queue}; there are {', '.join(SUBSCRIPTIONS)}", 2)
    return queue


def _with_letters(work: Callable[[DeadLetters], Awaitable[T]]) -> T:
    url = load_settings(_Broker).rabbitmq_url

    async def run() -> T:
        async with dead_letters(url) as letters:
            return await work(letters)

    return asyncio.run(run())


def _row(parked: Parked) -> dict[str, Any]:
    return {
        "queue": parked.queue,
        "id": parked.id,
        "type": parked.type,
        "attempts": parked.attempts,
        "error": parked.error,
        "trace": parked.trace,
        "correlation_id": parked.correlation_id,
        "published_at": to_wire(parked.published_at) if parked.published_at else None,
        "size": parked.size,
    }


def _pretty(content: Any) -> str:
    return content if isinstance(content, str) else orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()
