"""Commands for operators: ``python -m guichet_requests.manage COMMAND``."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, get_args

from email_validator import EmailNotValidError, validate_email
from guichet_kit.blank import is_blank
from guichet_kit.manage import Command, CommandRefused, Finding, LeftToTheSweep, Managed, Opened, main
from guichet_kit.mongo import Database
from guichet_kit.retention import Rule
from pydantic import TypeAdapter, ValidationError

from guichet_requests.agent import usecases
from guichet_requests.agent.agent import WELCOME_LIFETIME, Agent, Role, welcome_link
from guichet_requests.agent.store import AgentStore
from guichet_requests.agent.usecases import AgentChanges
from guichet_requests.archive.person import known_here
from guichet_requests.audit.audit import OPERATOR
from guichet_requests.audit.commands import COMMANDS as AUDIT_COMMANDS
from guichet_requests.audit.commands import trail_of
from guichet_requests.audit.store import AuditStore
from guichet_requests.contact.store import ContactStore
from guichet_requests.email.store import COLLECTION as FILINGS
from guichet_requests.email.store import FilingStore
from guichet_requests.erasure.store import COLLECTION as ERASURES
from guichet_requests.erasure.store import ErasureStore
from guichet_requests.errors import Refused
from guichet_requests.file.store import FileStore
from guichet_requests.form.store import FormStore
from guichet_requests.reason.store import reason_store
from guichet_requests.request.missing import GRACE, MissingStore, hear_of_tails, lacking
from guichet_requests.request.request import Request
from guichet_requests.request.spans import Spans
from guichet_requests.request.store import COLLECTION, RequestStore
from guichet_requests.retention.store import COLLECTION as EXPIRED
from guichet_requests.retention.store import ExpiredStore
from guichet_requests.retention.usecases import rules
from guichet_requests.settings import DatabaseSettings, LinkSettings, RequestsSettings
from guichet_requests.template.store import COLLECTION as TEMPLATES
from guichet_requests.template.store import TemplateStore
from guichet_requests.timeline.store import TimelineStore

_PAGE = 200
_SHOWN = 20


class _LeftToTheSweep(LeftToTheSweep):
    """A running service finds the marks of changed requests too."""

    def tell(self, request: Request) -> None:
        """Leave its mark."""

    def moved_mark(self, request_id: str) -> None:
        """A mark that is there stays."""


async def _prepare(database: Database) -> None:
    relay, items = _LeftToTheSweep(), TimelineStore(database)
    for store in (
        AgentStore(database),
        items,
        ContactStore(database),
        reason_store(database),
        TemplateStore(database, relay),
        FormStore(database),
        RequestStore(database, items, relay, relay),
        ErasureStore(database, relay, b""),  # it is only prepared
        FilingStore(database, relay),
        FileStore(database),
        MissingStore(database),
        AuditStore(database),
        ExpiredStore(database, relay),
    ):
        await store.prepare()


async def _untold(database: Database) -> tuple[str, int, datetime | None]:
    count, since = await _requests(database).untold()
    return "requests, marked as changed", count, since


async def _list(opened: Opened, _given: argparse.Namespace) -> Any:
    agents = AgentStore(opened.database)
    waiting = await agents.without_password()
    return [_shown(agent, agent.id not in waiting) for agent in await usecases.directory(agents)]


async def _create(opened: Opened, given: argparse.Namespace) -> Any:
    agents = await _agents(opened)
    agent, token = await usecases.invite(agents, name=given.name, email=given.email, role=given.role)
    await trail_of(opened).record("agent.added", OPERATOR, agent.id, {"name": agent.name, "role": agent.role})
    return _invited(opened, agent, token)


async def _first(opened: Opened, given: argparse.Namespace) -> Any:
    made = await usecases.first_administrator(await _agents(opened), name=given.name, email=given.email)
    if made:
        await trail_of(opened).record("password.link_given", OPERATOR, made[0].id, {"name": made[0].name})
    return _invited(opened, *made) if made else None


async def _reset(opened: Opened, given: argparse.Namespace) -> Any:
    agents = await _agents(opened)
    agent, token = await usecases.invite_again(agents, given.email)
    if given.second_factor:
        await agents.remove_factor(agent.id)
        await trail_of(opened).record("second_factor.removed", OPERATOR, agent.id, {"name": agent.name})
    await trail_of(opened).record("password.link_given", OPERATOR, agent.id, {"name": agent.name})
    return _invited(opened, agent, token)


def _switch(active: bool) -> Callable[[Opened, argparse.Namespace], Any]:
    async def switch(opened: Opened, given: argparse.Namespace) -> Any:
        agents = await _agents(opened)
        agent = await usecases.with_email(agents, given.email)
        changes = AgentChanges(active=active)
        changed = await usecases.edit(agents, _requests(opened.database), agent.id, changes, by_id=None)
        if told := usecases.told_changes(agent, changed):
            await trail_of(opened).record("agent.changed", OPERATOR, agent.id, {"name": agent.name, **told})
        return _shown(changed, changed.id not in await agents.without_password())

    return switch


async def _export(opened: Opened, given: argparse.Namespace) -> Any:
    requests, items = _requests(opened.database), TimelineStore(opened.database)
    here = await known_here(requests, items, given.contact, given.address)
    return {
        "visitor_ids": here.visitor_ids,
        "requests": here.requests,
        "written_elsewhere": here.written_elsewhere,
    }


async def _reconcile(opened: Opened, given: argparse.Namespace) -> Any:
    requests, missing = _requests(opened.database), MissingStore(opened.database)
    await missing.prepare()
    try:
        told = TypeAdapter(dict[str, int]).validate_json(sys.stdin.buffer.read())
    except ValidationError as error:
        problem = error.errors()[0]["msg"]
        raise CommandRefused(f"Standard input must be what chat's `tails` tells: {problem}") from None
    lack: dict[str, Spans] = {}
    for page in _pages(list(told.items()), given.at_once):
        lack |= await hear_of_tails(requests, missing, dict(page))
    if lack:
        # What was written a moment ago may be on its way.
        await asyncio.sleep(given.patience)
        lack = await lacking(requests, {one: told[one] for one in lack})
    return {"conversations": len(told), "differ": len(lack), "first": sorted(lack)[:_SHOWN]}


def _pages(rows: Sequence[tuple[str, int]], size: int) -> Iterator[Sequence[tuple[str, int]]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _retention(opened: Opened) -> list[Rule]:
    expired = ExpiredStore(opened.database, _LeftToTheSweep())
    return rules(opened.settings, expired, AuditStore(opened.database))


async def _administrator(opened: Opened) -> Finding:
    agents = AgentStore(opened.database)
    waiting = await agents.without_password()
    able = [one for one in await usecases.directory(agents) if one.role == "admin" and one.active]
    if not any(one.id not in waiting for one in able):
        advice = "`guichetctl agents create --role admin --email … --name …` gives a link by which they set a password."
        return Finding("administrator", "failing", "no active administrator has a password", advice)
    return Finding("administrator", "ok", f"{len(able)} active")


async def _agents(opened: Opened) -> AgentStore:
    agents = AgentStore(opened.database)
    await agents.prepare()
    return agents


def _requests(database: Database) -> RequestStore:
    left = _LeftToTheSweep()
    return RequestStore(database, TimelineStore(database), left, left)


def _shown(agent: Agent, has_password: bool) -> dict[str, Any]:
    return {
        "id": agent.id,
        "name": agent.name,
        "email": agent.email,
        "role": agent.role,
        "active": agent.active,
        "has_password": has_password,
    }


def _invited(opened: Opened, agent: Agent, token: str | None) -> dict[str, Any]:
    return {
        **_shown(agent, has_password=False),
        "link": welcome_link(opened.settings.public_url, token or ""),
        "good_for_seconds": int(WELCOME_LIFETIME.total_seconds()),
    }


def _refusing(run: Callable[[Opened, argparse.Namespace], Any]) -> Callable[[Opened, argparse.Namespace], Any]:
    async def refusing(opened: Opened, given: argparse.Namespace) -> Any:
        try:
            return await run(opened, given)
        except Refused as refusal:
            raise CommandRefused(str(refusal)) from None

    return refusing


def _email(text: str) -> str:
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _name(text: str) -> str:
    if is_blank(text):
        raise argparse.ArgumentTypeError("a name has at least one letter")
    return text.strip()


def _new(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--email", required=True, type=_email)
    parser.add_argument("--name", required=True, type=_name)
    parser.add_argument("--role", choices=get_args(Role), default="agent")


def _first_one(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--email", required=True)  # the machine's own name is good enough for a first start
    parser.add_argument("--name", required=True, type=_name)


def _which(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--email", required=True)


def _reset_what(parser: argparse.ArgumentParser) -> None:
    _which(parser)
    parser.add_argument("--second-factor", action="store_true", help="take their second factor away as well")


def _whose(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--contact", action="append", default=[], help="a contact's id; may be given several times")
    parser.add_argument("--address", action="append", default=[], help="an address of theirs; likewise")


def _how_patient(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--patience", type=float, default=GRACE.total_seconds(), help="seconds that news may take")
    parser.add_argument("--at-once", type=int, default=1000, help="conversations of one look into the database")


REQUESTS = Managed(
    service="requests",
    settings=RequestsSettings,
    prepare=_prepare,
    outboxes=(COLLECTION, ERASURES, TEMPLATES, FILINGS, EXPIRED),
    untold=(_untold,),
    checks=(_administrator,),
    retention=_retention,
    commands=(
        *AUDIT_COMMANDS,
        Command("agents-list", "list the agents", _list, settings=DatabaseSettings),
        Command("agents-create", "add an agent, and give a link by which they set a password", _refusing(_create), _new,
                settings=LinkSettings),
        Command("agents-first", "give the first administrator's link, while nobody has a password", _refusing(_first),
                _first_one, settings=LinkSettings),
        Command("agents-reset", "take an agent's password away, and give a link to set a new one", _refusing(_reset),
                _reset_what, settings=LinkSettings),
        Command("agents-deactivate", "take an agent's access away", _refusing(_switch(False)), _which,
                settings=DatabaseSettings),
        Command("agents-activate", "give an agent's access back", _refusing(_switch(True)), _which,
                settings=DatabaseSettings),
        Command("reconcile", "compare with how far the logs go, as chat's `tails` tells on standard input; what is "
                "missing is asked for by the running service", _reconcile, _how_patient, settings=DatabaseSettings),
        Command("export", "tell the requests of a contact, each with its timeline", _export, _whose,
                settings=DatabaseSettings),
    ),
)  # fmt: skip

if __name__ == "__main__":
    main(REQUESTS)
