"""News of requests for consoles: each is told of what it can show, four times a second at most, and how many others."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import orjson

from guichet_chat.sockets.connection import Connection
from guichet_chat.sockets.frames import Watch, WatchedView, encode

AT_MOST_EVERY_SECONDS = 0.25

LATELY_SECONDS, LATELY_MOST = 10.0, 2000
"""For so long, and of so many requests, the last state is kept for a console that says only now that it shows one: it
may have read it before that state."""

_EQUALS = ("channel", "status", "priority", "reason_id", "assignee_id", "contact_id")


@dataclass(slots=True)
class _Console:
    connection: Connection
    agent_id: str
    watch: Watch | None = None
    ids: frozenset[str] = frozenset()
    waiting: dict[str, tuple[int, str]] = field(default_factory=dict)
    """By its id, each request that is to be told: its version, and itself as JSON."""
    others: set[str] = field(default_factory=set)
    told_at: float = 0.0
    timer: asyncio.TimerHandle | None = None


class RequestNews:
    """The consoles of this process, and what each is still to be told."""

    def __init__(self) -> None:
        self._consoles: dict[Connection, _Console] = {}
        self._lately: OrderedDict[str, tuple[float, dict[str, Any]]] = OrderedDict()

    def join(self, connection: Connection, agent_id: str) -> None:
        """A console that is told of everything, until it says what it shows."""
        self._consoles[connection] = _Console(connection, agent_id)

    def leave(self, connection: Connection) -> None:
        """Tell it no more."""
        console = self._consoles.pop(connection, None)
        if console is not None and console.timer is not None:
            console.timer.cancel()

    def watch(self, connection: Connection, watch: Watch) -> None:
        """From now on the console shows this. It is told what changed a moment ago of what it did not show before."""
        console = self._consoles.get(connection)
        if console is None:
            return
        self._forget()
        lately = [request for _, request in self._lately.values()]
        unseen = [request for request in lately if not _shows(console, request)]
        console.watch, console.ids = watch, frozenset(watch.request_ids)
        for request in unseen:
            if _shows(console, request):
                _add(console, request, orjson.dumps(request).decode())
        self._tell_soon(console)

    def changed(self, requests: list[dict[str, Any]]) -> None:
        """These requests changed. A console drops a version that is not newer than what it shows."""
        for request in requests:
            self._keep(request)
            text: str | None = None
            for console in self._consoles.values():
                if _shows(console, request):
                    text = text or orjson.dumps(request).decode()
                    _add(console, request, text)
                elif request["id"] not in console.waiting:
                    console.others.add(request["id"])
        for console in self._consoles.values():
            self._tell_soon(console)

    def _keep(self, request: dict[str, Any]) -> None:
        known = self._lately.get(request["id"])
        if known is None or known[1]["version"] < request["version"]:
            self._lately[request["id"]] = asyncio.get_running_loop().time(), request
            self._lately.move_to_end(request["id"])
        if len(self._lately) > LATELY_MOST:
            self._lately.popitem(last=False)

    def _forget(self) -> None:
        limit = asyncio.get_running_loop().time() - LATELY_SECONDS
        while self._lately and next(iter(self._lately.values()))[0] < limit:
            self._lately.popitem(last=False)

    def _tell_soon(self, console: _Console) -> None:
        if console.timer is None and (console.waiting or console.others):
            loop = asyncio.get_running_loop()
            pause = console.told_at + AT_MOST_EVERY_SECONDS - loop.time()
            console.timer = loop.call_later(max(0.0, pause), self._tell, console)

    def _tell(self, console: _Console) -> None:
        console.timer, console.told_at = None, asyncio.get_running_loop().time()
        waiting, console.waiting = console.waiting, {}
        others, console.others = console.others, set()
        texts = [text for _, text in waiting.values()]
        if texts and console.watch is not None and console.watch.bundled:
            console.connection.offer(f'{{"type":"requests","requests":[{",".join(texts)}]}}')
        else:
            for text in texts:
                console.connection.offer(f'{{"type":"request","request":{text}}}')
        if others:
            console.connection.offer(encode("requests_changed", count=len(others)))


def _add(console: _Console, request: dict[str, Any], text: str) -> None:
    waiting = console.waiting.get(request["id"])
    if waiting is None or waiting[0] < request["version"]:
        console.waiting[request["id"]] = (request["version"], text)
    console.others.discard(request["id"])


def _shows(console: _Console, request: dict[str, Any]) -> bool:
    watch = console.watch
    if watch is None or request["id"] in console.ids:
        return True
    contact_id = (request.get("contact") or {}).get("id")
    if watch.contact_id is not None and watch.contact_id == contact_id:
        return True
    if watch.view is not None and _belongs(request, watch.view, console.agent_id):
        return True
    return any(_is_in(request, view, console.agent_id) for view in watch.also)


def _belongs(request: dict[str, Any], view: WatchedView, agent_id: str) -> bool:
    """As the console decides it for what comes live (`requests/list.ts`)."""
    assignee_id = (request.get("assignee") or {}).get("id")
    values = request | {"assignee_id": assignee_id, "contact_id": (request.get("contact") or {}).get("id")}
    if any(getattr(view, name) not in (None, values.get(name)) for name in _EQUALS):
        return False
    return _is_in(request, view.view, agent_id)


def _is_in(request: dict[str, Any], view: str, agent_id: str) -> bool:
    if view in ("all", "closed"):
        return view == "all" or request["status"] == "closed"
    assignee_id = (request.get("assignee") or {}).get("id")
    mine = {"open": True, "mine": assignee_id == agent_id, "unassigned": assignee_id is None}
    return request["status"] != "closed" and mine[view]
