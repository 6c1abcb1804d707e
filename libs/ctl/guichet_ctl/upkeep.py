"""What is looked after now and then: indexes, outboxes, settings, retention."""

import asyncio
from typing import Annotated, Any

import orjson
import typer

from guichet_ctl.screen import Json, Yes, answer, ask_before, fail, table
from guichet_ctl.services import Answer, ask, ask_all, installed

_SHOWN = 20


def migrate(json: Json = False) -> None:
    """Make missing indexes and bring the data to the present form. May be repeated, also while services run."""
    done = _all("migrate")
    rows = [
        {
            "service": one.service,
            "database": one.value["database"],
            "made": ", ".join(one.value["indexes_made"]) or "none",
        }
        for one in done
    ]
    answer([one.value | {"service": one.service} for one in done], json, table(rows, "service", "database", "made"))


def outbox(json: Json = False) -> None:
    """Tell which events wait to be published, and since when."""
    rows = [{"service": one.service, **row} for one in _all("outbox") for row in one.value]
    answer(rows, json, table(rows, "service", "collection", "documents", "oldest_at", "oldest_seconds"))


def reconcile(json: Json = False) -> None:
    """Compare every conversation's log with what the requests heard of it; what is missing is asked for.

    No conversation differs as a rule. What does is shown within a minute, where the services run; another run tells.
    """
    told = asyncio.run(_reconcile())
    first = "".join(f"\n  {one}" for one in told["first"])
    answer(told, json, f"{told['differ']} of {told['conversations']} conversations differ{first}")


async def _reconcile() -> dict[str, Any]:
    after, total = "", {"conversations": 0, "differ": 0, "first": list[str]()}
    while after is not None:
        page = await ask("chat", "tails", "--after", after)
        told = await ask("requests", "reconcile", stdin=orjson.dumps(page["tails"]))
        total = {name: total[name] + told[name] for name in total}
        after = page["after"]
    return total | {"first": total["first"][:_SHOWN]}


def settings(
    json: Json = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="As the tables of docs/operations.md.")] = False,
) -> None:
    """List every setting of every service, as the code declares it."""
    rows = every_setting()
    columns = ("services", "name", "type", "default", "description")
    answer(rows, json, as_markdown(rows) if markdown else table(rows, *columns))


def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell how many are due, and the oldest.")] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Let go of what is older than the settings say. Running services do so by themselves, every six hours."""
    if not dry_run:
        ask_before("What is older than the settings say goes for good (look first: --dry-run). Go on?", yes)
    told = _all("retention", *(["--dry-run"] if dry_run else []))
    rows = [{"service": one.service, **row} for one in told for row in one.value]
    removed = [f"{row['kind']}={row['removed']}" for row in rows if row["removed"]]
    if removed and "requests" in installed():
        asyncio.run(ask("requests", "audit-retention", *removed))
    shown = [row | {"days": row["days"] or "for good"} for row in rows]
    answer(rows, json, table(shown, "service", "kind", "setting", "days", "due", "oldest_at", "removed"))


def every_setting() -> list[dict[str, Any]]:
    """Each setting once, with the services that read it."""
    known: dict[str, dict[str, Any]] = {}
    for told in _all("settings"):
        for row in told.value:
            kept = known.setdefault(row["name"], row | {"services": []})
            kept["services"].append(told.service)
    everyone = len(_all_services(known))
    return [
        row | {"services": "all" if len(row["services"]) == everyone else ", ".join(row["services"])}
        for row in known.values()
    ]


def as_markdown(rows: list[dict[str, Any]]) -> str:
    """The settings as tables: those of all services first."""
    parts = []
    for services in sorted({row["services"] for row in rows}, key=lambda name: (name != "all", name)):
        of_these = [row for row in rows if row["services"] == services]
        heading = "Every service" if services == "all" else f"`{services.replace(', ', '`, `')}`"
        lines = [f"**{heading}**", "", "| Setting | Type | Default | What |", "| --- | --- | --- | --- |"]
        for row in of_these:
            default = "required" if row["required"] else f"`{row['default']}`" if row["default"] else "none"
            what = row["description"].replace("|", "\\|")
            lines.append(f"| `{row['name']}` | {row['type']} | {default} | {what} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _all_services(known: dict[str, dict[str, Any]]) -> set[str]:
    return {service for row in known.values() for service in row["services"]}


def _all(*arguments: str) -> list[Answer]:
    told = asyncio.run(ask_all(*arguments))
    if failed := [str(one.failure) for one in told if one.failure is not None]:
        fail("; ".join(failed))
    return told
