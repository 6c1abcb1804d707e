"""A day of the demo's shop, as ``day.json`` tells it: its customers, what they asked, and what became of it."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True)
class Case:
    """One request of the day. A line that begins with ``>`` is the agent's; ``contact`` counts from 0.

    Those by mail and by form have both ``lines`` and ``subject``; ``fields`` are the form's own. ``attachment`` is a
    file beside this one. ``held`` is the holder's address before the @.
    """

    customer: str
    channel: Literal["chat", "email", "web_form", "manual"] = "chat"
    lines: tuple[str, ...] = ()
    subject: str = ""
    status: str = "new"
    priority: str = "low"
    reason: str | None = None
    contact: int | None = None
    held: str | None = None
    conversation_closed: bool = False
    fields: dict[str, str] = field(default_factory=dict)
    attachment: str | None = None


_TOLD: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))

REASONS: dict[str, dict[str, str]] = _TOLD["reasons"]
FORM: dict[str, Any] = _TOLD["form"]
TEMPLATES: list[dict[str, str]] = _TOLD["templates"]
CONTACTS: list[dict[str, str]] = _TOLD["contacts"]
CASES = [Case(**case | {"lines": tuple(case.get("lines", ()))}) for case in _TOLD["cases"]]
