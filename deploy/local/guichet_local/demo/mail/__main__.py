"""``python -m guichet_local.demo.mail FOLDER SMTP_PORT HTTP_PORT DESK [HOST]`` serves until it is told to stop.

DESK is where customers' mail goes: a port of the loopback, or HOST:PORT. It listens on the loopback, or on HOST.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from guichet_kit.health import Health
from guichet_kit.http import create_app

from guichet_local.demo.mail.api import routes
from guichet_local.demo.mail.mailbox import Mailbox
from guichet_local.demo.mail.smtp import SIZE_LIMIT, listening


def build(folder: Path, smtp_port: int, desk: tuple[str, int], host: str) -> FastAPI:
    """The API; its lifespan takes mail."""
    mailbox = Mailbox(folder)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with listening(mailbox, smtp_port, host):
            yield

    app = create_app("The mail of the demo's customers", health=Health(), lifespan=lifespan, body_limit=SIZE_LIMIT)
    app.include_router(routes(mailbox, desk))
    return app


if __name__ == "__main__":
    folder, smtp_port, http_port, desk, *rest = sys.argv[1:]
    desk_host, _, desk_port = desk.rpartition(":")
    host = rest[0] if rest else "127.0.0.1"
    app = build(Path(folder), int(smtp_port), (desk_host or "127.0.0.1", int(desk_port)), host)
    uvicorn.run(app, host=host, port=int(http_port), access_log=False, timeout_graceful_shutdown=2)
