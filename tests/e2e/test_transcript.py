"""A customer has the closed conversation sent by e-mail; it arrives, and an answer to it comes onto the request."""

import asyncio
import re
from typing import Any

import httpx2
from guichet_local.testing.stack import Stack
from playwright.async_api import expect

from .axe import violations
from .conftest import People
from .pages import ConsolePage, CustomerPage


async def mail_to(stack: Stack, address: str, subject: str = "") -> Any:
    """The first letter that arrives at the demo customer's address with a subject that begins so."""
    async with httpx2.AsyncClient(base_url=stack.demo_site) as client, asyncio.timeout(90):
        while True:
            for item in (await client.get("/api/mail", params={"to": address})).json()["items"]:
                if item["subject"].startswith(subject):
                    return item
            await asyncio.sleep(0.5)


class TestAConversationByEmail:
    async def test_the_customer_asks_for_it_under_the_closing_and_answers_it(
        self, ada: CustomerPage, caro: ConsolePage, people: People, stack: Stack, mark: str
    ) -> None:
        address = f"ada.{mark}@example.org"
        await ada.write(f"Bonjour {mark}")
        await caro.row(mark).click()
        await caro.write("Bonjour, que puis-je pour vous ?")
        await caro.close_conversation("Clôturée")

        await ada.widget.get_by_role("button", name="Recevoir par e-mail").click()
        field = ada.widget.get_by_label("Votre adresse e-mail", exact=True)
        await expect(field).to_be_focused()
        frame = next(one for one in ada.page.frames if "/widget/frame.html" in one.url)
        assert await violations(frame) == []
        await field.fill(address)
        await field.press("Enter")
        await expect(ada.widget.get_by_text(f"Un e-mail est envoyé à {address}")).to_be_visible()

        # Nobody has said that the address is hers: first comes a link, and none of her words.
        first = await mail_to(stack, address)
        assert mark not in f"{first['subject']} {first['text']}".replace(address, "")
        link = re.search(r"http://localhost:\d+/proofs#\S+", first["text"])
        assert link is not None
        page = await people(False)
        await page.goto(link[0])
        assert await violations(page) == []
        await page.get_by_role("button", name="Recevoir la conversation").click()
        await expect(page.get_by_role("status")).to_have_text("La conversation vous est envoyée par e-mail.")

        letter = await mail_to(stack, address, "Votre conversation avec nous")
        for said in (f"Bonjour {mark}", "Bonjour, que puis-je pour vous ?", "La conversation a été clôturée."):
            assert said in letter["text"]
        async with httpx2.AsyncClient(base_url=stack.demo_site) as client:
            await client.post(f"/api/mail/{letter['id']}/reply", json={"text": f"Encore une question {mark}"})
        await expect(caro.log.get_by_text(f"Encore une question {mark}")).to_be_visible(timeout=60_000)
