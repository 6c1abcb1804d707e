"""The end of the work on a request: closed from anywhere, with the answer itself, and on to the next."""

import uuid

import httpx2
from guichet_local.testing.stack import Stack
from playwright.async_api import expect

from .axe import violations
from .conftest import People
from .pages import PASSWORD, ConsolePage, CustomerPage


def make_requests(stack: Stack, *subjects: str) -> None:
    """Requests made by hand, the last one the newest."""
    with httpx2.Client(base_url=f"{stack.gateway}/api/v1", timeout=20, headers={"Origin": stack.gateway}) as http:
        answer = http.post("/auth/login", json={"email": "alex@example.com", "password": PASSWORD})
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        for subject in subjects:
            made = {"id": str(uuid.uuid4()), "subject": subject, "text": f"À rappeler : {subject}"}
            answer = http.post("/requests", json=made)
            assert answer.status_code == 201, answer.text


class TestARequest:
    async def test_is_closed_by_a_key_or_with_the_answer_and_the_next_one_opens(
        self, people: People, caro: ConsolePage, stack: Stack, mark: str
    ) -> None:
        page, words = caro.page, caro.words
        make_requests(stack, f"Prise {mark}", f"Ampoule {mark}")
        await page.get_by_role("searchbox", name=words["requests.search"]).fill(mark)
        await expect(caro.rows).to_have_count(2)
        await caro.row(f"Ampoule {mark}").click()

        # She likes to go on to the next one.
        circle = page.get_by_role("button", name=words["close.request"])
        await expect(circle).to_be_visible()
        more = page.get_by_role("button", name=words["composer.then"])
        await more.click()
        await expect(page.get_by_role("menuitem", name=words["composer.then.closed"])).to_be_disabled()
        assert await violations(page) == []
        await page.get_by_role("menuitemcheckbox", name=words["finish.moveOn"]).click()
        await page.keyboard.press("Escape")
        await expect(more).to_be_focused()

        await page.keyboard.press("e")
        await expect(page.get_by_role("complementary").get_by_label(words["card.subject"])).to_have_value(
            f"Prise {mark}"
        )
        await expect(caro.rows).to_have_count(1)
        await circle.click()
        await expect(page.get_by_text(words["request.none"])).to_be_visible()
        await expect(caro.rows).to_have_count(0)

        # A chat: the answer is read before the closing, and the request is closed.
        ada = await CustomerPage(await people(True)).visit(f"{stack.gateway}/demo")
        await ada.write(f"Merci, tout marche {mark}")
        await page.get_by_role("searchbox", name=words["requests.search"]).fill("")
        await caro.row(mark).click()
        await caro.box.fill(f"Bonne journée {mark}")
        await more.click()
        await page.get_by_role("menuitem", name=words["composer.then.closed"]).click()
        await expect(ada.log.get_by_text(ada.inside["closedBy"].format(name="Caro Agent"))).to_be_visible()
        assert await ada.texts() == [f"Merci, tout marche {mark}", f"Bonne journée {mark}"]
        await expect(caro.row(mark)).to_have_count(0)
