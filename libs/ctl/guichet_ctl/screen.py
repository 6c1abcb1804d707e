"""What an operator sees: tables for people, JSON for programs, questions before what cannot be undone."""

import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NoReturn

import orjson
import typer

Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]

_WIDEST = 100


def answer(value: Any, as_json: bool, text: str) -> None:
    """Write ``value`` as JSON where that is asked for, and ``text`` otherwise."""
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        sys.stdout.buffer.flush()
    elif text:
        typer.echo(text)


def table(rows: Sequence[Mapping[str, Any]], *columns: str, empty: str = "nothing") -> str:
    """The rows in columns; ``empty`` where there is none."""
    if not rows:
        return empty
    cells = [[_cell(row.get(column)) for column in columns] for row in rows]
    heads = [column.replace("_", " ") for column in columns]
    widths = [max(len(line[at]) for line in [heads, *cells]) for at in range(len(columns))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in [heads, *cells]]
    return "\n".join(line.rstrip() for line in lines)


def ask_before(question: str, yes: bool) -> None:
    """End the command unless the operator agrees, or has with ``--yes``."""
    if yes:
        return
    if not sys.stdin.isatty():
        fail(f"{question} Nobody is there to answer: add --yes, if so.")
    typer.confirm(question, abort=True)


def fail(text: str, status: int = 1) -> NoReturn:
    """End the command with one line on standard error."""
    typer.echo(f"guichetctl: {text}", err=True)
    raise typer.Exit(status)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = " ".join(str(value).split())
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
