"""The same kinds of mail through the running services: by LMTP in, and looked at where agents see them."""

import asyncio
import smtplib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import aio_pika
import httpx2
import pytest
from guichet_kit.broker import EVENTS_EXCHANGE
from guichet_kit.ids import new_id
from guichet_local.testing.events import events_of
from guichet_local.testing.service import ServiceProcess
from guichet_local.testing.signing import SIGNING

from .cases import SENT_ID, Case, cases, differences, others
from .conftest import ADDRESS, INBOUND_SECRET, Desk, Mailer, MailServer, eventually

CASES = [*cases(), *others()]
DUPLICATE = "same-message-id"
ANSWERED = 12
"""E-mails that reports are about."""

START_SECONDS = 300.0
SECONDS = 240.0
"""For the services to be ready, and for what was sent to be filed, on a slow machine."""

Ask = Callable[[str], Awaitable[Any]]

pytestmark = pytest.mark.timeout(900)
"""The first of them starts five programs and sends them all."""


@pytest.fixture(scope="module")
async def beside(
    servers: dict[str, str], mailer: Mailer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, ServiceProcess]]:
    """`requests` and `contacts`, which hear of what the mailer reads."""
    settings = servers | {"GUICHET_MAIL_DOMAIN": "desk.example"}
    services = {
        name: ServiceProcess(f"guichet_{name}", settings, tmp_path_factory.mktemp(name) / "log")
        for name in ("requests", "contacts")
    }
    try:
        for service in services.values():
            service.launch()
        async with asyncio.timeout(START_SECONDS):
            for service in services.values():
                while await asyncio.to_thread(service.readiness) != httpx2.codes.OK:
                    await asyncio.sleep(0.5)
        yield services
    finally:
        for service in services.values():
            service.kill()


@pytest.fixture(scope="module")
async def filed(rabbitmq_url: str, beside: dict[str, ServiceProcess]) -> AsyncIterator[dict[str, str]]:
    """On which request each e-mail was put, as `requests` tells it."""
    connection = await aio_pika.connect(rabbitmq_url)
    async with connection:
        channel = await connection.channel()
        found: dict[str, str] = {}

        async def take(message: Any) -> None:
            async with message.process():
                for event in events_of(message.body):
                    found[event["data"]["email_id"]] = event["data"]["request_id"]

        queue = await channel.declare_queue(exclusive=True)
        await queue.bind(await channel.get_exchange(EVENTS_EXCHANGE), "requests.email.filed.v1")
        await queue.consume(take)
        yield found


@dataclass(frozen=True)
class Sent:
    """The e-mail that reports are about: its id, its Message-ID and its request."""

    item_id: str
    message_id: str
    request_id: str


@dataclass(frozen=True)
class Arrived:
    """Where a case ended: its mail, and where it was put on a request, that and how it stands there."""

    case: Case
    mail_id: str
    request: dict[str, Any] | None = None
    item: dict[str, Any] | None = None


@pytest.fixture(scope="module")
async def ask(beside: dict[str, ServiceProcess]) -> AsyncIterator[Ask]:
    """Reads from `requests` as an agent; the limit of an agent's calls is waited for."""
    tokens = SIGNING.tokens("agents")
    async with httpx2.AsyncClient(base_url=beside["requests"].url, timeout=60) as http:

        async def get(path: str) -> Any:
            headers = {"Authorization": f"Bearer {tokens.issue('caro', 900, name='Caro', role='agent')}"}
            while (answer := await http.get(path, headers=headers)).status_code == httpx2.codes.TOO_MANY_REQUESTS:
                await asyncio.sleep(1)
            assert answer.status_code == 200, answer.text
            return answer.json()

        yield get


@pytest.fixture(scope="module")
async def sent(
    mailer: Mailer, mail_server: MailServer, beside: dict[str, ServiceProcess], filed: dict[str, str]
) -> list[Sent]:
    """Some wrote, and were answered. Reports are spread over these: on one request they would wait for each other."""
    found = []
    asked = [
        f"From: Client <client{number}@example.com>\nTo: {ADDRESS}\nSubject: Commande {number}\n"
        f"Message-ID: <asked-{number}@example.com>\n\nOù est-elle ?"
        for number in range(ANSWERED)
    ]
    mail_ids = await asyncio.to_thread(_give, mailer, [one.encode() for one in asked])
    await eventually(lambda: all(one in filed for one in mail_ids), SECONDS)
    token = SIGNING.tokens("agents").issue("caro", 900, name="Caro", role="agent")
    async with httpx2.AsyncClient(base_url=beside["requests"].url, timeout=60) as http:
        for mail_id in mail_ids:
            item_id = new_id()
            answer = await http.post(
                f"/api/v1/requests/{filed[mail_id]}/emails",
                json={"id": item_id, "text": "Elle part demain.", "to": ["client@example.com"]},
                headers={"Authorization": f"Bearer {token}"},
            )
            assert answer.status_code == 201, answer.text
            found.append(Sent(item_id, answer.json()["email"]["message_id"], filed[mail_id]))
    await eventually(
        lambda: len([one for one in mail_server.mails if "client@example.com" in one.rcpt_tos]) >= ANSWERED, SECONDS
    )
    return found


@pytest.fixture(scope="module")
async def arrived(
    desk_of_all: Desk,
    filed: dict[str, str],
    ask: Ask,
    sent: list[Sent],
) -> list[Arrived]:
    """All of them, half by LMTP and half by HTTP, each looked up where it ended.

    What lists send comes first: later its sender is a known contact.
    """
    listed = [one for one in CASES if one.wanted.get("kind") == "bulk"]
    rest = [one for one in CASES if one not in listed]
    mail_ids: dict[str, Case] = {}
    for some in (listed, rest):
        ours = [sent[number % ANSWERED].message_id.encode() for number in range(len(some))]
        raw = [one.raw.replace(SENT_ID.encode(), about) for one, about in zip(some, ours, strict=True)]
        new: dict[str, Case] = {}
        for nth, way in enumerate((_give, _post)):
            ids = await asyncio.to_thread(way, desk_of_all.service, raw[nth::2])
            new |= dict(zip(ids, some[nth::2], strict=True))
        assert len(new) == len(some)
        mail_ids |= new
        # What came before is told to nobody. What never comes is told by the first test.
        told = [one for one, case in new.items() if not (case.kind == DUPLICATE and "near" in case.name)]
        with suppress(TimeoutError):
            await eventually(partial(filed.keys().__ge__, {*told}), SECONDS)
    timelines = {one: await _timeline(ask, one) for one in {filed[one] for one in mail_ids if one in filed}}
    found = [Arrived(case, mail_id) for mail_id, case in mail_ids.items()]
    return [
        replace(one, request=timelines[filed[one.mail_id]][0], item=timelines[filed[one.mail_id]][1][one.mail_id])
        if one.mail_id in filed
        else one
        for one in found
    ]


@pytest.fixture(scope="module")
async def desk_of_all(mailer: Mailer, ear: Any) -> AsyncIterator[Desk]:
    async with httpx2.AsyncClient(base_url=mailer.url, timeout=60) as http:
        yield Desk(mailer, http, ear)


def _give(mailer: Mailer, mails: Sequence[bytes]) -> list[str]:
    """Hand mails over by LMTP on one connection, as a mail server writes them; the ids under which they are stored."""
    found = []
    with smtplib.LMTP("127.0.0.1", int(mailer.environment["GUICHET_LMTP_PORT"])) as server:
        server.ehlo()
        for raw in mails:
            server.mail("bounces+1@mx.example.net")
            server.rcpt(ADDRESS)
            code, said = server.data(raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
            assert code == 250, said
            found.append(said.decode().rpartition(" ")[2])
    return found


def _post(mailer: Mailer, mails: Sequence[bytes]) -> list[str]:
    """Hand mails over by HTTP, as another program does that has them; as `_give`."""
    headers = {"Authorization": f"Bearer {INBOUND_SECRET}", "Content-Type": "message/rfc822"}
    with httpx2.Client(base_url=mailer.url, headers=headers, timeout=60) as http:
        answers = [http.post("/api/v1/mail/inbound", content=raw) for raw in mails]
    assert {answer.status_code for answer in answers} <= {202}
    return [answer.json()["id"] for answer in answers]


async def _timeline(ask: Ask, request_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The request, and what stands on it by its id."""
    items: dict[str, Any] = {}
    cursor = ""
    while True:
        page = await ask(f"/api/v1/requests/{request_id}/timeline?limit=200{cursor}")
        items |= {one["id"]: one for one in page["items"]}
        if page["next_cursor"] is None:
            return await ask(f"/api/v1/requests/{request_id}"), items
        cursor = f"&cursor={page['next_cursor']}"


def seen(one: Arrived, sent: list[Sent]) -> dict[str, Any]:
    """What an agent sees of it, by the names that cases have."""
    assert one.item is not None
    email = one.item["email"]
    bounce, person, event = email["bounce"], email["from"], email["invitation"]
    is_about_ours = email["placed"]["by"] == "bounce" and _is_on(one, sent)
    return {
        "kind": email["kind"],
        "reason": email.get("reason"),
        "sender": [person["email"], person["name"]] if person else None,
        "raw_from": email.get("raw_from"),
        "reply_to": [each["email"] for each in email.get("reply_to", [])],
        "forwarded_from": email["forwarded_from"]["email"] if email.get("forwarded_from") else None,
        "subject": email["subject"],
        "text": one.item["text"],
        "text_quoted": email["text_quoted"],
        "text_signature": email["text_signature"],
        "html": one.item.get("html"),
        "html_quoted": email["html_quoted"],
        "files": [file["name"] for file in one.item["attachments"]],
        "recipients": [[each["email"], each["fate"]] for each in bounce["recipients"]] if bounce else None,
        "about": [SENT_ID] if is_about_ours else [],
        "invitation": event and event | {name: _as_written(event[name]) for name in ("starts_at", "ends_at")},
    }


def _is_on(one: Arrived, sent: list[Sent]) -> bool:
    """Whether it is on the request of one of these."""
    return one.request is not None and one.request["id"] in {each.request_id for each in sent}


def _as_written(moment: str | None) -> str | None:
    return datetime.fromisoformat(moment).isoformat() if moment else None


def wanted(case: Case) -> Case:
    """The case, with its files by name alone: what they are is for `attachments` to say.

    What it is about is left out where the Message-ID is written in a way in which ours could not be put in its place.
    """
    files = {"files": [name for name, _ in case.wanted["files"]]} if "files" in case.wanted else {}
    kept = case.wanted | files
    if SENT_ID.encode() not in case.raw:
        kept.pop("about", None)
    return replace(case, wanted=kept)


def is_person_s(one: Arrived) -> bool:
    assert one.item is not None
    return bool(one.item["email"]["kind"] == "message")


class TestEveryCase:
    async def test_is_on_a_request_unless_it_came_before(self, arrived: list[Arrived], desk_of_all: Desk) -> None:
        again = [one.name for one in CASES if one.kind == DUPLICATE and "near" in one.name]
        missing = [one for one in arrived if one.item is None]
        # Mails are processed side by side: of the same mail twice, either may be the one that came before.
        assert {one.case.kind for one in missing} == {DUPLICATE}
        assert len(missing) == len(again)
        for one in missing:
            await desk_of_all.ends(one.mail_id, "duplicate", SECONDS)

    async def test_is_shown_as_it_was_meant(self, arrived: list[Arrived], sent: list[Sent]) -> None:
        shown = [one for one in arrived if one.item is not None]
        wrong = {
            f"{one.case.kind}/{one.case.name}": found
            for one in shown
            if (found := differences(wanted(one.case), seen(one, sent)))
        }
        assert wrong == {}

    async def test_of_a_person_counts_as_unread_and_has_a_preview(self, arrived: list[Arrived]) -> None:
        persons = [one for one in arrived if one.item is not None and is_person_s(one)]
        assert len(persons) > 100
        for one in persons:
            assert one.request is not None
            assert one.item is not None
            assert (one.request["unread"] > 0, one.request["automatic"]) == (True, False), one.case.name
            if one.item["text"].strip():
                assert one.request["preview"], one.case.name

    async def test_of_a_machine_is_read_already_marked_as_automatic_and_has_a_preview_all_the_same(
        self, arrived: list[Arrived], sent: list[Sent]
    ) -> None:
        machines = [one for one in arrived if one.item is not None and not is_person_s(one)]
        alone = [one for one in machines if not _is_on(one, sent)]
        assert len(machines) > 70
        for one in alone:
            assert one.request is not None
            assert (one.request["unread"], one.request["automatic"]) == (0, True), one.case.name
            assert one.request["preview"], one.case.name
            daemon = one.item is not None and one.item["email"]["kind"] == "bounce"
            assert not (daemon and one.request["contact"]), one.case.name

    async def test_that_reports_on_an_e_mail_is_noted_on_its_delivery(
        self, arrived: list[Arrived], sent: list[Sent], ask: Ask
    ) -> None:
        assert sum(bool(one.case.wanted.get("about")) for one in arrived) > ANSWERED
        for one in sent:
            request, items = await _timeline(ask, one.request_id)
            assert items[one.item_id]["delivery"]["state"] == "bounced"
            # The answer had read what was there, and no report counts as unread: only what a person wrote since.
            written = [each for each in arrived if _is_on(each, [one]) and is_person_s(each)]
            assert (request["unread"] > 0) == bool(written), [each.case.name for each in written]
