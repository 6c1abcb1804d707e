"""How many mails one process of mailer takes in, against Python's own `email` parser alone: `make bench`."""

import asyncio
import json
import secrets
import smtplib
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import aio_pika
import pytest
from guichet_kit.broker import EVENTS_EXCHANGE
from guichet_local.ports import free_port
from guichet_local.testing import S3
from guichet_local.testing.events import events_of
from guichet_local.testing.service import ServiceProcess
from guichet_mailer.parsing import parse

from .letters import DESK, letters
from .page import write_section

MAILS = 2_000
SESSIONS = 4
"""LMTP sessions at the same time, as a mail server has."""

EXPLAINED = """\
{mails} mails as Gmail, Outlook, Thunderbird and a plain program send them, 2 to 6 kB, in threads of five. *Taken in* is
all that one process of `mailer` does: it takes the mail by LMTP, stores it raw in the object store and notes it in
MongoDB before the 250, parses it in its confined parser, cleans its HTML, folds its quotes, threads it by Message-ID,
saves it with its event, and publishes that with a confirm. `email` alone is Python's own parser in a bare loop: it
parses the same bytes, reads the usual headers and decodes the texts, and keeps nothing.

| | mails a second | of `email` alone |
| --- | ---: | ---: |
{rows}
"""


def python_alone(raw: bytes) -> int:
    """What the standard library takes to read a mail."""
    mail = message_from_bytes(raw, policy=default)
    headers = [str(mail[name]) for name in ("from", "to", "subject", "date", "message-id", "references")]
    texts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    return len(headers) + len(texts)


def our_parser(raw: bytes) -> int:
    """What ours takes, in this very process."""
    return len(parse(raw).text)


def rate(read: Callable[[bytes], int], mails: list[bytes]) -> float:
    """Mails a second on one processor: the median of five rounds."""
    rounds = []
    for _ in range(5):
        began = time.perf_counter()
        assert all(read(raw) for raw in mails)
        rounds.append(len(mails) / (time.perf_counter() - began))
    return statistics.median(rounds)


@pytest.fixture
def mailer(rabbitmq_url: str, mongodb_url: str, s3: S3, tmp_path: Path) -> Iterator[ServiceProcess]:
    key = tmp_path / "secret.key"
    key.write_bytes(secrets.token_bytes(48))
    mark = secrets.token_hex(4)
    settings = {
        "GUICHET_RABBITMQ_URL": rabbitmq_url,
        "GUICHET_MONGODB_URL": mongodb_url,
        "GUICHET_DATABASE_PREFIX": f"bench_{mark}_",
        "GUICHET_S3_ENDPOINT": s3.endpoint,
        "GUICHET_S3_ACCESS_KEY": s3.access_key,
        "GUICHET_S3_SECRET_KEY": s3.secret_key,
        "GUICHET_MAIL_BUCKET": f"bench-{mark}",
        "GUICHET_SECRET_KEY_FILE": str(key),
        "GUICHET_MAILBOXES": json.dumps([{"id": "support", "address": DESK}]),
        "GUICHET_SMTP_PORT": "0",
        "GUICHET_LMTP_PORT": str(free_port()),
        "GUICHET_LOG_LEVEL": "WARNING",
    }
    service = ServiceProcess("guichet_mailer", settings, tmp_path / "log").start()
    yield service
    service.stop()


def post(port: int, mails: list[bytes]) -> None:
    """Hand mails over in one LMTP session."""
    with smtplib.LMTP("127.0.0.1", port) as server:
        for raw in mails:
            server.sendmail("customer@example.net", [DESK], raw)


async def taken_in(mailer: ServiceProcess, rabbitmq_url: str, mails: list[bytes]) -> tuple[float, float]:
    """Mails a second: until the last 250, and until the last event."""
    heard: set[str] = set()
    async with await aio_pika.connect(rabbitmq_url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(await channel.get_exchange(EVENTS_EXCHANGE), "mailer.email.received.v1")

        async def hear(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            heard.update(event["subject"] for event in events_of(message.body))

        await queue.consume(hear, no_ack=True)
        port, began = int(mailer.environment["GUICHET_LMTP_PORT"]), time.perf_counter()
        with ThreadPoolExecutor(SESSIONS) as pool:
            posts = [asyncio.wrap_future(pool.submit(post, port, mails[n::SESSIONS])) for n in range(SESSIONS)]
            await asyncio.gather(*posts)
        stored = time.perf_counter() - began
        while len(heard) < len(mails):
            await asyncio.sleep(0.02)
        return len(mails) / stored, len(mails) / (time.perf_counter() - began)


@pytest.mark.timeout(600)
async def test_mails_taken_in_against_the_standard_parser(mailer: ServiceProcess, rabbitmq_url: str) -> None:
    mails = list(letters(MAILS))
    alone, ours = rate(python_alone, mails[:500]), rate(our_parser, mails[:500])
    await taken_in(mailer, rabbitmq_url, [raw.replace(b"@example.net>", b"@warm.example>") for raw in mails[:100]])
    stored, whole = await taken_in(mailer, rabbitmq_url, mails)
    measured = {
        "`email` alone": alone,
        "our parser alone: text, clean HTML, quotes folded, kind": ours,
        "stored raw and acknowledged, while the rest goes on": stored,
        "**taken in: stored, parsed, threaded, saved and published**": whole,
    }
    rows = "\n".join(f"| {what} | {value:,.0f} | {value / alone:.2f} |" for what, value in measured.items())
    write_section("Mail", EXPLAINED.format(mails=f"{MAILS:,}", rows=rows))
