"""The client of the chaos run asks for nothing twice, so that what is shown to it twice is the server's doing."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from . import client
from .client import Person, Records


class Said:
    """A socket that keeps what is sent."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []

    def send(self, frame: dict[str, Any]) -> None:
        self.frames.append(frame)


class Caro(Person):
    """Follows two conversations."""

    def greeted(self, frame: dict[str, Any]) -> None:
        for conversation_id in ("a", "b"):
            self._ask("subscribe", conversation_id)


def entry(conversation_id: str, seq: int) -> dict[str, Any]:
    about = {"conversation_id": conversation_id, "seq": seq, "id": f"{conversation_id}{seq}"}
    return {"type": "entry", "kind": "message", "text": "Bonjour", **about}


def noted(file: Path, did: str) -> list[int]:
    records = [json.loads(line) for line in file.read_text().splitlines()]
    return [record["seq"] for record in records if record["did"] == did]


async def test_after_an_error_only_what_failed_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "AGAIN_SECONDS", 0)
    records: Any = Records(tmp_path / "records")
    socket: Any = Said()
    caro: Any = Caro("caro", "http://127.0.0.1", "127.0.0.1", records)
    caro._on_frame(socket, {"type": "ready"})
    caro._on_frame(socket, {"type": "error", "code": "unavailable"})
    for frame in (entry("b", 1), {"type": "synced", "conversation_id": "b", "last_seq": 1}, entry("b", 2)):
        caro._on_frame(socket, frame)
    await asyncio.sleep(0.05)
    asked = [(frame["type"], frame["conversation_id"]) for frame in socket.frames]
    assert asked == [("subscribe", "a"), ("subscribe", "b"), ("sync", "a")]

    # What is shown once more, unasked, is noted.
    caro._on_frame(socket, entry("b", 2))
    records._file.close()
    assert noted(tmp_path / "records", "fed_again") == [2]
    assert noted(tmp_path / "records", "shown") == [1, 2]
