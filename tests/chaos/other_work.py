"""What agents did beside the conversations, asked for when all is over: e-mails, letters, notes, assignments, files."""

import hashlib
from collections import Counter, defaultdict
from typing import Any

import httpx2
from guichet_local import demo
from guichet_local.testing.stack import Stack
from pymongo import MongoClient

from .comparing import Findings, Record, of

ARRIVED = frozenset({"sent", "uncertain"})


def compare(found: Findings, records: list[Record], stack: Stack, mongo: MongoClient[dict[str, Any]]) -> None:
    """Add what does not agree."""
    with httpx2.Client(base_url=stack.gateway, timeout=30) as http:
        account = {"email": demo.ACCOUNTS[0].email, "password": demo.PASSWORD}
        token = http.post("/api/v1/auth/login", json=account).raise_for_status().json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        _files(found, records, http)
        _assignments(found, records, http)
    _notes_and_mails(found, records, stack, mongo)
    _letters(found, records, mongo)


def _files(found: Findings, records: list[Record], http: httpx2.Client) -> None:
    """Every file of an acknowledged message; another is its uploader's, and goes after a while."""
    accepted = {record["id"] for record in of(records, "accepted")}
    sent = {record["id"] for record in of(records, "file_sent") if record["message"] in accepted}
    for record in of(records, "file_kept"):
        if record["id"] not in sent:
            continue
        answer = http.get(f"/api/v1/attachments/{record['id']}")
        if not answer.is_success or hashlib.sha256(answer.content).hexdigest() != record["sha256"]:
            found.add("lost: a file", f"{record['id']}: status {answer.status_code}")


def _assignments(found: Findings, records: list[Record], http: httpx2.Client) -> None:
    """The newest that was acknowledged holds, or one that was asked for without an answer and came later."""
    newest: dict[str, tuple[int, str]] = {}
    asked: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for record in of(records, "assigning"):
        asked[record["request"]][record["agent"]] += 1
    for record in of(records, "assigned"):
        asked[record["request"]][record["agent"]] -= 1
        newest[record["request"]] = max(newest.get(record["request"], (0, "")), (record["version"], record["agent"]))
    for request, (_, agent) in newest.items():
        holder = http.get(f"/api/v1/requests/{request}").raise_for_status().json()["assignee"]
        may_be = {agent} | {one for one, count in asked[request].items() if count > 0}
        if holder is None or holder["id"] not in may_be:
            found.add("lost: an assignment", f"{request} is {holder}, not {agent}")


def _notes_and_mails(found: Findings, records: list[Record], stack: Stack, mongo: MongoClient[dict[str, Any]]) -> None:
    timeline = mongo["guichet_requests"]["timeline"]
    for kind, did in (("note", "note_kept"), ("email", "mail_kept")):
        kept = {record["id"]: record for record in of(records, did)}
        items = list(timeline.find({"_id": {"$in": list(kept)}, "kind": kind}))
        for missing in kept.keys() - {item["_id"] for item in items}:
            found.add(f"lost: a {kind}", f"{missing} on {kept[missing]['request']}")
        for item in items:
            if item["request_id"] != kept[item["_id"]]["request"]:
                found.add(f"a {kind} on another request", f"{item['_id']}")
        if kind == "email":
            _delivered(found, items, stack)


def _delivered(found: Findings, items: list[dict[str, Any]], stack: Stack) -> None:
    """Each e-mail has gone to its customer, once; one of which the server's answer was lost, says so."""
    boxes: dict[str, Counter[str]] = {}
    with httpx2.Client(base_url=stack.demo_site, timeout=30) as http:
        for item in items:
            to = item["email"]["to"][0]["email"]
            if to not in boxes:
                answer = http.get("/api/mail", params={"to": to, "raw": False}).raise_for_status()
                lines = (letter["text"].splitlines()[0] for letter in answer.json()["items"])
                boxes[to] = Counter(line.strip() for line in lines)
            state, copies = item["delivery"]["state"], boxes[to][item["text"].strip()]
            if state not in ARRIVED:
                found.add("an e-mail was not sent", f"{item['_id']} is {state}")
            elif state == "sent" and copies != 1:
                found.add("lost: an e-mail" if not copies else "an e-mail came twice", f"{item['_id']}: {copies} came")
    states = Counter(item["delivery"]["state"] for item in items)
    found.counted |= {f"e-mails {state}": count for state, count in states.items()}


def _letters(found: Findings, records: list[Record], mongo: MongoClient[dict[str, Any]]) -> None:
    taken = [record["subject"] for record in of(records, "letter_taken")]
    requests = mongo["guichet_requests"]["requests"]
    times = Counter(one["subject"] for one in requests.find({"subject": {"$in": taken}}, {"subject": True}))
    for subject in taken:
        if times[subject] != 1:
            kind = "lost: a customer's letter" if not times[subject] else "a customer's letter made two requests"
            found.add(kind, f"{subject}: {times[subject]}")
