"""`guichetctl retention` and `guichetctl audit`: looked at first, then done, and written down."""

import io
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_kit.objects import ObjectMissing

from .conftest import Installation

RAW = b"From: ada@example.com\r\n\r\nHallo"
OLD, YOUNG = timedelta(days=31), timedelta(days=29)
ALL_30 = {
    f"GUICHET_{name}_DAYS": "30"
    for name in ("REQUESTS_RETENTION", "RETENTION", "RAW_MAIL_RETENTION", "AUDIT_RETENTION", "VISITORS_RETENTION",
                 "IMPORTS_RETENTION", "QUARANTINE_RETENTION")
}  # fmt: skip


def id_of(moment: datetime) -> str:
    """A UUIDv7 of that moment (RFC 9562, section 5.7)."""
    milliseconds = int(moment.timestamp() * 1000)
    return str(UUID(int=(milliseconds << 80) | (0x7 << 76) | (0b10 << 62) | (uuid4().int & ((1 << 62) - 1))))


async def fill(installation: Installation, age: timedelta) -> dict[str, str]:
    """One thing of each kind that commands alone can let go of, of that age; their ids."""
    at, prefix = now() - age, new_id()
    await installation.database("contacts")["imports"].insert_one(
        {"_id": f"{prefix}-done", "state": "done", "created_at": at, "finished_at": at}
    )
    await installation.database("contacts")["imports"].insert_one(
        {"_id": f"{prefix}-live", "state": "writing", "created_at": at, "finished_at": None}
    )
    visitors = {name: id_of(at) for name in ("silent", "spoke", "erased")}
    for name, visitor_id in visitors.items():
        document = {"_id": visitor_id, "site": "shop", "name": "Ada", "email": None, "verified": False}
        gone = {"erased": True} if name == "erased" else {}
        await installation.database("chat")["visitors"].insert_one(document | gone)
    await installation.database("chat")["conversations"].insert_one(
        {"_id": new_id(), "visitor": {"id": visitors["spoke"]}, "state": "closed", "opened_at": at}
    )
    await installation.database("requests")["audit"].insert_one(entry(f"{prefix}-audit", at))
    for state in ("quarantined", "processed"):
        await hold(installation, f"{prefix}-{state}", state, at)
    return visitors | {"prefix": prefix}


def entry(entry_id: str, at: datetime) -> dict[str, Any]:
    actor = {"kind": "agent", "id": "ida", "name": "Ida", "address": "192.0.2.7"}
    return {"_id": entry_id, "at": at, "action": "agent.added", "actor": actor, "subject_id": "bob", "detail": []}


async def hold(installation: Installation, mail_id: str, state: str, at: datetime) -> None:
    bucket = installation.bucket("mail")
    await bucket.wait_until_ready(60)
    await bucket.put(f"raw/{mail_id}", io.BytesIO(RAW), len(RAW), "message/rfc822")
    bucket.close()
    document: dict[str, Any] = {"_id": mail_id, "content": mail_id, "state": state, "source": "http", "recipients": []}
    document |= {"null_sender": False, "mailbox": None, "size": len(RAW), "object": f"raw/{mail_id}", "received_at": at}
    document |= {"attempts": 1, "reason": "parser_failed", "detail": "x", "sender": "ada@example.com"}
    await installation.database("mailer")["received"].insert_one(document | {"subject": "Hallo", "duplicate_of": None})


async def has_bytes(installation: Installation, mail_id: str) -> bool:
    bucket = installation.bucket("mail")
    try:
        await bucket.size(f"raw/{mail_id}")
    except ObjectMissing:
        return False
    finally:
        bucket.close()
    return True


async def ids(installation: Installation, service: str, collection: str) -> set[str]:
    return {one["_id"] async for one in installation.database(service)[collection].find({}, {"_id": True})}


def shown(rows: list[dict[str, Any]]) -> dict[str, tuple[int, int, int]]:
    """Of each kind: the days, how many are due, how many went."""
    return {row["kind"]: (row["days"], row["due"], row["removed"]) for row in rows}


class TestRetention:
    async def test_nothing_goes_while_nothing_is_set(self, installation: Installation) -> None:
        old = await fill(installation, timedelta(days=4000))
        rows = await installation.told("retention", "--yes")
        assert {kind: told for kind, told in shown(rows).items() if told != (0, 0, 0)} == {}
        assert f"{old['prefix']}-done" in await ids(installation, "contacts", "imports")

    async def test_it_is_looked_at_first_then_done_and_what_is_younger_stays(self, installation: Installation) -> None:
        old, young = await fill(installation, OLD), await fill(installation, YOUNG)
        installation.environment |= ALL_30
        dry = await installation.told("retention", "--dry-run")
        due = {"visitors": 1, "import reports": 1, "quarantine": 1, "audit": 1}
        expected = {kind: (30, due.get(kind, 0), 0) for kind in (*due, "requests", "files", "raw mail")}
        assert shown(dry) == expected
        oldest = {row["kind"]: row["oldest_at"] for row in dry if row["due"]}
        assert {kind: now() - datetime.fromisoformat(at) >= OLD for kind, at in oldest.items()} == dict.fromkeys(
            due, True
        )
        assert await ids(installation, "contacts", "imports") >= {f"{old['prefix']}-done"}  # it only looked

        asked = await installation.ctl("retention")
        assert (asked.returncode, "--yes" in asked.stderr) == (1, True)
        done = await installation.told("retention", "--yes")
        assert shown(done) == {kind: (30, count, count) for kind, (_, count, _) in expected.items()}

        prefixes = old["prefix"], young["prefix"]
        reports = {f"{prefixes[0]}-live", *(f"{prefixes[1]}-{state}" for state in ("done", "live"))}
        assert await ids(installation, "contacts", "imports") == reports
        visitors = {old["spoke"], old["erased"], young["silent"], young["spoke"], young["erased"]}
        assert await ids(installation, "chat", "visitors") == visitors
        mails = {f"{prefix}-{state}": (prefix, state) for prefix in prefixes for state in ("quarantined", "processed")}
        kept = {mail for mail in mails if await has_bytes(installation, mail)}
        assert kept == {
            mail for mail, (prefix, state) in mails.items() if (prefix, state) != (prefixes[0], "quarantined")
        }
        gone = await installation.database("mailer")["received"].find_one({"_id": f"{prefixes[0]}-quarantined"})
        assert gone is not None
        assert (gone["state"], gone["sender"], gone["subject"]) == ("erased", None, None)

        (run, stays) = await installation.told("audit")
        assert stays["id"] == f"{young['prefix']}-audit"
        assert (run["action"], run["actor"]["kind"]) == ("retention.run", "operator")
        assert run["detail"] == dict.fromkeys(due, "1")
        again = await installation.told("retention", "--yes")
        assert all(row["removed"] == 0 for row in again)


class TestAudit:
    async def test_what_operators_do_is_in_it_newest_first(self, installation: Installation) -> None:
        made = await installation.told("agents", "create", "--email", "bob@example.com", "--name", "Bob")
        await installation.told("agents", "deactivate", "bob@example.com", "--yes")
        rows = await installation.told("audit", "--subject", made["id"])
        assert [row["action"] for row in rows] == ["agent.changed", "agent.added"]
        assert rows[0]["detail"] == {"name": "Bob", "active": "true → false"}
        assert {row["actor"]["kind"] for row in rows} == {"operator"}
        table = (await installation.ctl("audit", "--action", "agent")).stdout
        assert "agent.added" in table
        assert (await installation.ctl("audit", "--action", "session")).stdout.strip() == "nothing was done"

    @pytest.mark.parametrize("option", ["--since", "--until"])
    async def test_a_moment_that_is_none_is_refused_by_its_name(self, installation: Installation, option: str) -> None:
        done = await installation.ctl("audit", option, "yesterday")
        assert (done.returncode, option in done.stderr) == (2, True)
