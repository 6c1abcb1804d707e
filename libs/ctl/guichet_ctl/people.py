"""What a person may ask for: what is kept of them, and that it is forgotten (GDPR, articles 15, 17 and 20)."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from guichet_ctl.screen import Json, Yes, answer, ask_before, fail, table
from guichet_ctl.services import ask

Person = Annotated[str, typer.Argument(help="A contact's id, or an e-mail address of theirs.")]


def export(
    person: Person,
    folder: Annotated[Path, typer.Argument(help="Where to: a new folder, which only its owner can read.")],
    json: Json = False,
) -> None:
    """Write all that is kept of a person: who they are, requests, conversations, mails as they came, and files."""
    if folder.exists() and any(folder.iterdir()):
        fail(f"{folder} is not empty: an export gets a folder of its own")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    told = asyncio.run(_collect(person, folder.absolute()))
    answer(told, json, f"{told['requests']} requests and {told['files']} files of {told['contact_id']}, in {folder}")


async def _collect(person: str, folder: Path) -> dict[str, Any]:
    known = await ask("contacts", "export", person)
    people = [known["contact"], *known["merged"]]
    addresses = {one for who in people for one in (who["email"], *who["other_emails"]) if one}
    named = [argument for who in people for argument in ("--contact", who["id"])]
    named += [argument for address in sorted(addresses) for argument in ("--address", address)]
    told = await ask("requests", "export", *named)
    visitors = await ask("chat", "export", *told.pop("visitor_ids"))
    items = [item for request in told["requests"] for item in request["timeline"]] + told["written_elsewhere"]
    files = {file["id"]: file["name"] for item in items for file in item.get("attachments") or ()}
    mails = await ask("mailer", "export", "--folder", str(folder), *_of_mails(items, addresses))
    described = [{"id": file_id, "name": name} for file_id, name in files.items()]
    _write(folder, {"format": 1, **known, "visitors": visitors, **told, **mails, "files": described})
    kept = await ask("attachments", "export", "--folder", str(folder / "files"), *sorted(files))
    contact_id = known["contact"]["id"]
    await ask("requests", "audit-archive", contact_id)
    return {
        "contact_id": contact_id,
        "requests": len(told["requests"]),
        "files": len(kept),
        "mails": len(mails["mails"]),
        "folder": str(folder),
    }


def _of_mails(items: list[dict[str, Any]], addresses: set[str]) -> list[str]:
    emails = [item for item in items if item["kind"] == "email"]
    kinds = {"inbound": "--email", "outbound": "--item"}
    named = [part for item in emails for part in (kinds[item["direction"]], item["id"]) if item["direction"] in kinds]
    return named + [part for address in sorted(addresses) for part in ("--address", address)]


def _write(folder: Path, known: Any) -> None:
    (folder / "person.json").write_bytes(orjson.dumps(known, option=orjson.OPT_INDENT_2))


def audit(
    agent: Annotated[str | None, typer.Option(help="The id of who did it.")] = None,
    action: Annotated[str | None, typer.Option(help="What was done: agent.changed, or agent for all of it.")] = None,
    subject: Annotated[str | None, typer.Option(help="The id of what it was done to.")] = None,
    since: Annotated[str | None, typer.Option(help="From this day or moment on, as 2026-01-31.")] = None,
    until: Annotated[str | None, typer.Option(help="Before this day or moment.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    json: Json = False,
) -> None:
    """Tell who did what, when and from where: sign-ins, exports, erasures, rights and settings; the newest first."""
    asked = {"agent": agent, "action": action, "subject": subject, "since": since, "until": until}
    for name in ("since", "until"):
        if (given := asked[name]) is not None and not _is_moment(given):
            fail(f"--{name} must be a day or a moment, as 2026-01-31 or 2026-01-31T09:30:00Z", 2)
    named = [part for name, value in asked.items() if value is not None for part in (f"--{name}", value)]
    rows = asyncio.run(ask("requests", "audit", "--limit", str(limit), *named))
    shown = [row | {"by": row["actor"]["name"] or row["actor"]["kind"], "how": _how(row["detail"])} for row in rows]
    answer(rows, json, table(shown, "at", "action", "by", "address", "subject_id", "how", empty="nothing was done"))


def _how(detail: dict[str, str]) -> str:
    return ", ".join(f"{name.replace('_', ' ')}: {text}" for name, text in detail.items())


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def erase(person: Person, yes: Yes = False, json: Json = False) -> None:
    """Make a person anonymous for good, in every service. Backups still have them."""
    ask_before(f"{person} is forgotten for good, with names, addresses, mails and files. Go on?", yes)
    done = asyncio.run(ask("contacts", "erase", person))
    answer(done, json, f"{done['erased']} is erased; the other services follow within seconds, where they run")
