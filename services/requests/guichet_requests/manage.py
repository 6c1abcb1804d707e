"""Commands for operators: ``python -m guichet_requests.manage add-agent --email E --name N --role R``."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from typing import Any, get_args

from email_validator import EmailNotValidError, validate_email
from guichet_kit.blank import is_blank
from guichet_kit.mongo import Collection, Database, Document, open_client
from guichet_kit.settings import load_settings

from guichet_requests.agent import usecases
from guichet_requests.agent.agent import Agent, Role
from guichet_requests.agent.passwords import MAX_LENGTH, MIN_LENGTH, Passwords
from guichet_requests.agent.store import AgentStore
from guichet_requests.agent.usecases import AgentChanges
from guichet_requests.request.store import RequestStore
from guichet_requests.settings import DatabaseSettings
from guichet_requests.timeline.store import TimelineStore


class LeftToTheSweep:
    """A relay that publishes nothing: a running service finds the events in the outbox."""

    def offer(self, collection: Collection, document_id: Any, entries: Sequence[Document]) -> None:
        """Leave them there."""


async def put_agent(database: Database, email: str, name: str, role: Role, password: str) -> Agent:
    """Add the agent of that address, or give the one who has it the name, role, password and access."""
    agents, passwords = AgentStore(database), Passwords()
    requests = RequestStore(database, TimelineStore(database), LeftToTheSweep())
    await agents.prepare()
    found = await agents.credentials(email)
    if found is None:
        return await usecases.add(
            agents, passwords, agent_id=None, name=name, email=email, role=role, password=password
        )
    changes = AgentChanges(name=name, role=role, active=True, password=password)
    return await usecases.edit(agents, requests, passwords, found[0].id, changes, by_id=None)


async def _add_agent(settings: DatabaseSettings, arguments: argparse.Namespace) -> None:
    mongo = open_client(settings.mongodb_url, settings.mongo_driver, "guichet-requests-manage")
    database = mongo.database(f"{settings.database_prefix}requests")
    password = sys.stdin.readline().rstrip("\r\n")
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise SystemExit(f"The password, read from standard input, must have {MIN_LENGTH} to {MAX_LENGTH} characters.")
    agent = await put_agent(database, arguments.email, arguments.name, arguments.role, password)
    await mongo.close()
    sys.stdout.write(f"{agent.id}\n")


def _email(text: str) -> str:
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _name(text: str) -> str:
    if is_blank(text):
        raise argparse.ArgumentTypeError("a name has at least one letter")
    return text.strip()


def main() -> None:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m guichet_requests.manage")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add = commands.add_parser("add-agent", help="add an agent, or update the one of that address")
    add.add_argument("--email", required=True, type=_email)
    add.add_argument("--name", required=True, type=_name)
    add.add_argument("--role", choices=get_args(Role), default="agent")
    asyncio.run(_add_agent(load_settings(DatabaseSettings), parser.parse_args()))


if __name__ == "__main__":
    main()
