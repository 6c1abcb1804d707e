"""Mail that could not be taken in."""

import asyncio
from typing import Annotated

import typer

from guichet_ctl.screen import Json, Yes, answer, ask_before, table
from guichet_ctl.services import ask

app = typer.Typer(no_args_is_help=True, help="Mail that could not be taken in.")

MailId = Annotated[str, typer.Argument(help="The mail's id, as `list` tells it.")]


@app.command("list")
def list_held(limit: Annotated[int, typer.Option(min=1, max=200)] = 50, json: Json = False) -> None:
    """List mails in quarantine, the newest first."""
    held = asyncio.run(ask("mailer", "quarantine-list", "--limit", str(limit)))
    columns = ("id", "received_at", "reason", "sender", "subject", "size")
    answer(held, json, table(held, *columns, empty="the quarantine is empty"))


@app.command()
def replay(mail: MailId, json: Json = False) -> None:
    """Send one mail through it all again."""
    done = asyncio.run(ask("mailer", "quarantine-replay", mail))
    answer(done, json, f"{mail} is read again within a second, where mailer runs")


@app.command()
def drop(mail: MailId, yes: Yes = False, json: Json = False) -> None:
    """Forget one mail for good, and its bytes."""
    ask_before(f"The mail {mail} and its bytes are gone for good. Go on?", yes)
    done = asyncio.run(ask("mailer", "quarantine-drop", mail))
    answer(done, json, f"{mail} is gone")
