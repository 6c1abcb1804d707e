"""Who works in the console."""

import asyncio
from typing import Annotated, Any

import typer

from guichet_ctl.screen import Json, Yes, answer, ask_before, table
from guichet_ctl.services import ask

app = typer.Typer(no_args_is_help=True, help="Who works in the console.")

Email = Annotated[str, typer.Option(help="The address that they sign in with.")]
Address = Annotated[str, typer.Argument(help="The address that they sign in with.")]
Name = Annotated[str, typer.Option(help="First and last name.")]
SecondFactor = Annotated[bool, typer.Option("--second-factor", help="Take their second factor away as well.")]
Role = Annotated[str, typer.Option(help="agent, supervisor or admin.")]


@app.command("list")
def list_agents(json: Json = False) -> None:
    """List the agents."""
    agents = asyncio.run(ask("requests", "agents-list"))
    answer(agents, json, table(agents, "name", "email", "role", "active", "has_password", empty="no agents yet"))


@app.command()
def create(email: Email, name: Name, role: Role = "agent", json: Json = False) -> None:
    """Add an agent, and give the link by which they set their password, once."""
    _invite("agents-create", "--email", email, "--name", name, "--role", role, json=json)


@app.command()
def first(email: Email, name: Name = "Administrator", json: Json = False) -> None:
    """Give the first administrator's link, while nobody has a password yet."""
    _invite("agents-first", "--email", email, "--name", name, json=json)


@app.command()
def reset(email: Address, second_factor: SecondFactor = False, yes: Yes = False, json: Json = False) -> None:
    """Take an agent's password and sessions away, and give a link to set a new one."""
    ask_before(f"{email} is signed out everywhere, and cannot sign in before the link is used. Go on?", yes)
    also = ["--second-factor"] if second_factor else []
    _invite("agents-reset", "--email", email, *also, json=json)


@app.command()
def deactivate(email: Address, yes: Yes = False, json: Json = False) -> None:
    """Take an agent's access away. What they did stays."""
    ask_before(f"{email} is signed out everywhere, and cannot sign in again. Go on?", yes)
    agent = asyncio.run(ask("requests", "agents-deactivate", "--email", email))
    answer(agent, json, f"{agent['name']} <{agent['email']}> has no access any more")


@app.command()
def activate(email: Address, json: Json = False) -> None:
    """Give an agent's access back."""
    agent = asyncio.run(ask("requests", "agents-activate", "--email", email))
    answer(agent, json, f"{agent['name']} <{agent['email']}> has access again")


def _invite(*arguments: str, json: bool) -> None:
    made: dict[str, Any] | None = asyncio.run(ask("requests", *arguments))
    if made is None:
        answer(None, json, "there is an agent with a password already: `guichetctl agents create` adds others")
        return
    hours = made["good_for_seconds"] // 3600
    text = f"{made['name']} <{made['email']}> ({made['role']}) sets a password here, once, within {hours} hours:"
    answer(made, json, f"{text}\n\n  {made['link']}")
