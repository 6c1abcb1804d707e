"""The desk's mailbox is nobody's relay: a stranger's words reach no address whose reader has not asked for them."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from guichet_local.testing.stack import Stack

from .relay import Stranger

OFFICE = 36
"""People behind one address: more than may ask from there in an hour without some work."""


@pytest.fixture
async def client(stack: Stack) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=stack.gateway, timeout=60) as client:
        yield client


async def letters(stack: Stack, addresses: list[str]) -> list[Any]:
    """The first letter of each of these addresses, once all have come."""
    async with httpx2.AsyncClient(base_url=stack.demo_site, timeout=60) as mailbox, asyncio.timeout(180):
        found = []
        for address in addresses:
            while not (items := (await mailbox.get("/api/mail", params={"to": address})).json()["items"]):
                await asyncio.sleep(0.3)
            found += items
        return found


@pytest.mark.timeout(300)
async def test_none_of_their_words_leave_and_an_office_behind_one_address_is_served(
    stack: Stack, client: httpx2.AsyncClient
) -> None:
    mark = secrets.token_hex(4)
    words = f"pills{mark}"
    addresses = [f"{number}.{secrets.token_hex(4)}@example.org" for number in range(OFFICE)]
    for address in addresses:
        stranger = await Stranger.writing(
            client, stack, f"{words} https://evil.example/{mark}", name=f"Buy {words}", email=address
        )
        answer = await stranger.wants_it_at(address)
        assert answer.status_code == 202, answer.text
    came = await letters(stack, addresses)
    assert len(came) == OFFICE
    assert [letter["subject"] for letter in came if mark in str(letter)] == []
    assert [letter["text"] for letter in came if "evil.example" in str(letter)] == []


@pytest.mark.timeout(120)
async def test_one_victim_gets_three_mails_an_hour_from_however_many_strangers(
    stack: Stack, client: httpx2.AsyncClient
) -> None:
    victim = f"victim.{secrets.token_hex(4)}@example.org"
    statuses = []
    for _ in range(5):
        answer = await (await Stranger.writing(client, stack, "Bonjour")).wants_it_at(victim)
        statuses.append(answer.status_code)
    assert statuses == [202, 202, 202, 429, 429]
    assert 0 < int(answer.headers["retry-after"]) <= 3600
