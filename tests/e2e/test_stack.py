"""The whole system as the browser tests get it."""

import asyncio

import httpx2
import pytest
from guichet_local.demo import ACCOUNTS, PASSWORD, Account
from guichet_local.testing.stack import Stack
from playwright.async_api import Browser


class TestTheStack:
    @pytest.mark.parametrize("account", ACCOUNTS, ids=lambda account: account.email)
    async def test_each_agent_of_the_demo_can_sign_in(self, stack: Stack, account: Account) -> None:
        async with httpx2.AsyncClient(base_url=stack.gateway) as client:
            answer = await client.post("/api/v1/auth/login", json={"email": account.email, "password": PASSWORD})
        assert answer.status_code == 200
        assert answer.json()["agent"]["role"] == account.role

    async def test_the_demo_site_shows_the_widget_of_the_gateway(self, stack: Stack, browser: Browser) -> None:
        page = await browser.new_page()
        await page.goto(f"{stack.gateway}/demo")
        assert page.url.startswith(stack.demo_site)
        frame = page.locator("script[src$='/widget.js']")
        assert await frame.get_attribute("src") == f"{stack.gateway}/widget.js"
        await page.close()

    async def test_the_gateway_answers_while_one_chat_replica_after_the_other_is_killed(self, stack: Stack) -> None:
        for replica in ("chat-1", "chat-2"):
            killed = stack.pid(replica)
            stack.kill(replica)
            async with httpx2.AsyncClient(base_url=stack.gateway) as client:
                answers = [await client.post("/chat/v1/visitors", json={"widget_key": "demo"}) for _ in range(20)]
                await asyncio.wait_for(stack.ready(replica), timeout=30)
            assert {answer.status_code for answer in answers} == {200}
            assert stack.pid(replica) != killed
