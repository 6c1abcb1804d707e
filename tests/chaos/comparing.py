"""The records compared: what was acknowledged, the log of `chat`, timelines of `requests`, what sockets were shown."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from .client import digest

Record = Mapping[str, Any]
Place = tuple[str, int]
EXAMPLES = 5


@dataclass
class Findings:
    """What does not agree, by kind, with examples; and what was counted."""

    wrong: Counter[str] = field(default_factory=Counter)
    examples: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    counted: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, example: str) -> None:
        """One more of a kind."""
        self.wrong[kind] += 1
        if len(self.examples[kind]) < EXAMPLES:
            self.examples[kind].append(example)


@dataclass(frozen=True)
class Entry:
    """An entry of the log."""

    place: Place
    client_id: str
    kind: str
    text: str
    at: Any


def read(files: Iterable[Path]) -> list[Record]:
    """All records, by time."""
    # What is being written just now may end within a line.
    whole = (file.read_text().rpartition("\n")[0] for file in files)
    found = [json.loads(line) for text in whole for line in text.splitlines()]
    return sorted(found, key=lambda record: float(record["t"]))


def log_of(mongo: MongoClient[dict[str, Any]]) -> list[Entry]:
    """`chat`'s log, in order."""
    found = mongo["guichet_chat"]["entries"].find(
        {}, {"conversation_id": 1, "seq": 1, "client_id": 1, "kind": 1, "text": 1, "at": 1}
    )
    entries = [
        Entry((one["conversation_id"], one["seq"]), one["client_id"], one["kind"], digest(one["text"]), one["at"])
        for one in found
    ]
    return sorted(entries, key=lambda entry: entry.place)


def timeline_of(mongo: MongoClient[dict[str, Any]]) -> list[tuple[Place, str]]:
    """What came to the timelines from conversations: place and text."""
    found = mongo["guichet_requests"]["timeline"].find(
        {"seq": {"$type": "number"}}, {"conversation_id": 1, "seq": 1, "text": 1}
    )
    return [((one["conversation_id"], one["seq"]), digest(one["text"] or "")) for one in found]


def compare(records: list[Record], log: list[Entry], timeline: list[tuple[Place, str]]) -> Findings:
    """Everything that must agree of messages; `Findings.wrong` is empty when it does."""
    found = Findings()
    _log_is_whole(found, log)
    by_place = {entry.place: entry for entry in log}
    _acknowledged_is_stored(found, records, by_place, log)
    _orders_hold(found, records)
    _timeline_agrees(found, by_place, timeline)
    _shown_is_stored(found, records, by_place)
    _all_was_shown(found, records, by_place)
    found.counted |= {
        "stored": len(log),
        "on timelines": len(timeline),
        **Counter(name for record in records if (name := NAMES.get(record["did"]))),
    }
    return found


def waited_for(records: list[Record], log: list[Entry]) -> int:
    """How many answers and conversations somebody still waits for."""
    found = Findings()
    by_place = {entry.place: entry for entry in log}
    _all_was_answered(found, records)
    _all_was_shown(found, records, by_place)
    return found.wrong.total()


NAMES = {
    "sent": "sent",
    "accepted": "acknowledged",
    "shown": "shown",
    "ahead": "gaps that a client filled",
    "refused": "refused",
    "troubled": "told to try again",
    "came": "sockets opened",
    "closed": "closings",
    "assigned": "assignments",
    "note_kept": "notes",
    "mail_kept": "e-mails",
    "letter_taken": "letters taken in",
    "file_kept": "files",
}


def of(records: Iterable[Record], did: str) -> Iterator[Record]:
    """The records of one kind."""
    return (record for record in records if record["did"] == did)


def _log_is_whole(found: Findings, log: list[Entry]) -> None:
    last: dict[str, Entry] = {}
    ids: set[tuple[str, str]] = set()
    for entry in log:
        conversation, seq = entry.place
        before = last.get(conversation)
        if seq != (before.place[1] if before else 0) + 1:
            found.add("log: hole or double number", f"{conversation} goes on with {seq}")
        if before and before.kind == "closed":
            found.add("log: something after the closing", f"{entry.place}")
        if before and entry.at < before.at:
            found.add("log: time goes back", f"{entry.place}")
        if (conversation, entry.client_id) in ids:
            found.add("doubled in the log", f"{entry.place} {entry.client_id}")
        ids.add((conversation, entry.client_id))
        last[conversation] = entry


def _acknowledged_is_stored(
    found: Findings, records: list[Record], by_place: Mapping[Place, Entry], log: list[Entry]
) -> None:
    texts = {record["id"]: record["text"] for record in of(records, "sent")}
    times = Counter(entry.client_id for entry in log if entry.kind == "message")
    for client_id, count in times.items():
        if count > 1:
            found.add("doubled in the log", f"message {client_id} is there {count} times")
    for record in of(records, "accepted"):
        entry = by_place.get((record["conversation"], record["seq"]))
        if not times[record["id"]]:
            found.add("lost: acknowledged, not in the log", f"{record['who']} {record['id']}")
        elif entry is None or entry.client_id != record["id"]:
            found.add("acknowledged at another place", f"{record['who']} {record['id']} at {record['seq']}")
        elif entry.text != texts[record["id"]]:
            found.add("another text than was sent", f"{entry.place}")
    for record in of(records, "refused"):
        if times[record["id"]]:
            found.add("refused, and in the log", f"{record['who']} {record['id']} ({record['code']})")
    _all_was_answered(found, records)
    for record in of(records, "closed"):
        entry = by_place.get((record["conversation"], record["seq"]))
        if entry is None or entry.kind != "closed":
            found.add("lost: a closing", f"{record['conversation']} {record['seq']}")


def _all_was_answered(found: Findings, records: list[Record]) -> None:
    answered = {record["id"] for did in ("accepted", "refused") for record in of(records, did)}
    for record in of(records, "sent"):
        if record["id"] not in answered:
            found.add("never answered", f"{record['who']} {record['id']}")


def _orders_hold(found: Findings, records: list[Record]) -> None:
    """What one sender wrote in an order stands so; what was told to try again, came later by its own request."""
    troubled = {record["id"] for record in of(records, "troubled")}
    accepted = {record["id"]: record for record in of(records, "accepted")}
    last: dict[tuple[str, str], tuple[int, str]] = {}
    for record in of(records, "sent"):
        answer = accepted.get(record["id"])
        if answer is None or record["id"] in troubled:
            continue
        key = (record["who"], answer["conversation"])
        before, its_id = last.get(key, (0, ""))
        if answer["seq"] < before:
            found.add("out of order", f"{record['who']}: {record['id']} is {answer['seq']}, after {its_id} at {before}")
        last[key] = (answer["seq"], record["id"])


def _timeline_agrees(found: Findings, by_place: Mapping[Place, Entry], timeline: list[tuple[Place, str]]) -> None:
    times = Counter(place for place, _ in timeline)
    for place, count in times.items():
        if count > 1:
            found.add("doubled on a timeline", f"{place} is there {count} times")
    for place, text in timeline:
        entry = by_place.get(place)
        if entry is None:
            found.add("on a timeline, not in the log", f"{place}")
        elif entry.kind == "message" and entry.text != text:
            found.add("another text on the timeline", f"{place}")
    for place in by_place:
        if place not in times:
            found.add("lost: in the log, not on a timeline", f"{place}")


def _shown_is_stored(found: Findings, records: list[Record], by_place: Mapping[Place, Entry]) -> None:
    for did in ("shown", "ahead", "fed_again"):
        for record in of(records, did):
            entry = by_place.get((record["conversation"], record["seq"]))
            if entry is None or entry.client_id != record["id"]:
                found.add("shown, not in the log", f"{record['who']} {record['conversation']} {record['seq']}")
            elif entry.text != record["text"]:
                found.add("another text was shown", f"{record['who']} {entry.place}")
    for record in of(records, "fed_again"):
        found.add("doubled or out of order on a socket", f"{record['who']} {record['conversation']} {record['seq']}")


def _all_was_shown(found: Findings, records: list[Record], by_place: Mapping[Place, Entry]) -> None:
    """Who follows a conversation has been shown all of it in the end, in its order."""
    tails: Counter[str] = Counter()
    for conversation, seq in by_place:
        tails[conversation] = max(tails[conversation], seq)
    cursors: dict[tuple[str, str], int] = {}
    for record in of(records, "shown"):
        key = (record["who"], record["conversation"])
        if record["seq"] != cursors.get(key, 0) + 1:
            found.add("shown out of order", f"{key}: {record['seq']} after {cursors.get(key, 0)}")
        cursors[key] = record["seq"]
    for (who, conversation), cursor in cursors.items():
        if cursor < tails[conversation]:
            found.add("stored, never shown", f"{who} saw {cursor} of {tails[conversation]} of {conversation}")
