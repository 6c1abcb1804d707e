"""What a person may ask for: what is kept of them, and that it is forgotten (GDPR, articles 15, 17 and 20)."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from guichet_ctl.screen import Json, Yes, answer, ask_before, fail
from guichet_ctl.services import ask

Person = Annotated[str, typer.Argument(help="A contact's id, or an e-mail address of theirs.")]


def export(
    person: Person,
    folder: Annotated[Path, typer.Argument(help="Where to: a new folder, which only its owner can read.")],
    json: Json = False,
) -> None:
    """Write all that is kept of a person: who they are, their requests with what was said, and the files."""
    if folder.exists() and any(folder.iterdir()):
        fail(f"{folder} is not empty: an export gets a folder of its own")
    told = asyncio.run(_collect(person, folder.absolute()))
    answer(told, json, f"{told['requests']} requests and {told['files']} files of {told['contact_id']}, in {folder}")


async def _collect(person: str, folder: Path) -> dict[str, Any]:
    known = await ask("contacts", "export", person)
    people = [known["contact"], *known["merged"]]
    addresses = {one for who in people for one in (who["email"], *who["other_emails"]) if one}
    named = [argument for who in people for argument in ("--contact", who["id"])]
    named += [argument for address in sorted(addresses) for argument in ("--address", address)]
    requests = await ask("requests", "export", *named)
    items = [item for request in requests for item in request["timeline"]]
    files = sorted({file["id"] for item in items for file in item.get("attachments") or ()})
    _write(folder, {**known, "requests": requests})
    kept = await ask("attachments", "export", "--folder", str(folder / "files"), *files)
    return {"contact_id": known["contact"]["id"], "requests": len(requests), "files": len(kept), "folder": str(folder)}


def _write(folder: Path, known: Any) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "person.json").write_bytes(orjson.dumps(known, option=orjson.OPT_INDENT_2))


def erase(person: Person, yes: Yes = False, json: Json = False) -> None:
    """Make a person anonymous for good, in every service. Backups still have them."""
    ask_before(f"{person} is forgotten for good, with names, addresses, mails and files. Go on?", yes)
    done = asyncio.run(ask("contacts", "erase", person))
    answer(done, json, f"{done['erased']} is erased; the other services follow within seconds, where they run")
