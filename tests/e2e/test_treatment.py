"""The treatment of a chat request: every step of it, in real browsers, and the guide from that very run."""

import re
import uuid
from io import BytesIO
from pathlib import Path

import httpx2
import pytest
from guichet_local.testing.stack import Stack
from PIL import Image, ImageDraw
from playwright.async_api import FilePayload, expect

from .chapters import CHAT
from .conftest import People
from .guide import LANGUAGES, LOCALES, Guide
from .pages import PASSWORD, ConsolePage, CustomerPage


def lamp() -> bytes:
    """A picture of a lamp, as a customer might take one."""
    image = Image.new("RGB", (480, 320), "#2b2a28")
    draw = ImageDraw.Draw(image)
    for radius, colour in ((140, "#4a4232"), (100, "#7d6a3a"), (64, "#f5cf6b"), (34, "#fff4cf")):
        draw.ellipse((240 - radius, 130 - radius, 240 + radius, 130 + radius), fill=colour)
    draw.rectangle((232, 164, 248, 290), fill="#c8b99a")
    draw.rectangle((180, 286, 300, 298), fill="#c8b99a")
    file = BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


PNG = lamp()
NOTICE = "Mode d’emploi de la lampe Aube\n".encode()


TEMPLATES = (
    ("fr", "Accueil", "Bonjour {{contact.name}}, ici {{agent.name}}. Comment puis-je vous aider ?"),
    ("fr", "Délai de livraison", "Votre commande arrive sous trois à cinq jours ouvrés."),
    ("en", "Welcome", "Hello {{contact.name}}, {{agent.name}} here. How can I help you?"),
    ("en", "Time of delivery", "Your order arrives within three to five working days."),
)
SAID = {
    "fr": {
        "hello": "Bonjour, ma lampe Aube clignote.",
        "template": "Accueil",
        "filled": "ici Caro Agent. Comment puis-je vous aider",
        "completed": "Bonjour, ici Caro Agent. Je regarde cela tout de suite.",
        "question": "Depuis quand clignote-t-elle ?",
        "more": "Et avec quelle ampoule ?",
        "notice": "mode d’emploi.txt",
        "here": "Voici le mode d’emploi.",
        "photo": "Voici une photo.",
        "reason": "Panne",
    },
    "en": {
        "hello": "Hello, my Aube lamp flickers.",
        "template": "Welcome",
        "filled": "Caro Agent here. How can I help you",
        "completed": "Hello, Caro Agent here. I am looking into it.",
        "question": "Since when has it been flickering?",
        "more": "And with which bulb?",
        "notice": "instructions.txt",
        "here": "Here are the instructions.",
        "photo": "Here is a photo.",
        "reason": "Fault",
    },
}


@pytest.fixture(scope="module")
def prepared(stack: Stack) -> None:
    """What administrators keep: templates and reasons."""
    with httpx2.Client(base_url=f"{stack.gateway}/api/v1", timeout=20, headers={"Origin": stack.gateway}) as http:
        answer = http.post("/auth/login", json={"email": "admin@example.com", "password": PASSWORD})
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        for language, name, body in TEMPLATES:
            template = {"id": str(uuid.uuid4()), "name": name, "language": language, "body": body}
            answer = http.post("/templates", json=template)
            assert answer.status_code == 201, answer.text
        for fr, en in (("Livraison", "Delivery"), ("Panne", "Fault")):
            answer = http.post("/reasons", json={"id": str(uuid.uuid4()), "label": {"fr": fr, "en": en}})
            assert answer.status_code == 201, answer.text


@pytest.mark.usefixtures("prepared")
@pytest.mark.timeout(240)
class TestTheTreatment:
    @pytest.mark.parametrize("language", LANGUAGES)
    async def test_every_step_from_finding_the_request_to_continuing_it(
        self, language: str, people: People, stack: Stack, mark: str, tmp_path: Path
    ) -> None:
        guide, locale = Guide(CHAT, language), LOCALES[language]
        site = f"{stack.demo_site}/en/" if language == "en" else f"{stack.gateway}/demo"
        ada = await CustomerPage(await people(True, locale), language).visit(site)
        caro = await ConsolePage(await people(False, locale), language).sign_in(stack.gateway)
        alex = await ConsolePage(await people(False, locale), language).sign_in(stack.gateway, "alex@example.com")
        page, words, say = caro.page, caro.words, SAID[language]

        # 1. Find
        await ada.write(f"{say['hello']} ({mark})")
        await caro.view(words["requests.view.all"])
        await expect(caro.row(mark)).to_be_visible()
        await caro.view(words["requests.view.open"])
        await expect(caro.row(mark)).to_be_visible()
        await guide.picture("find", page)
        await caro.row(mark).click()

        # 2. Answer with a template
        await page.get_by_role("button", name=words["templates.title"]).click()
        await page.get_by_label(words["templates.search"]).fill(say["template"].lower())
        options = page.get_by_role("listbox", name=words["templates.title"]).get_by_role("option")
        await expect(options).to_have_count(1)
        await guide.picture("template", page)
        await options.click()
        await expect(caro.box).to_have_value(re.compile(say["filled"]))
        await caro.box.fill(say["completed"])
        await caro.box.press("Enter")
        await expect(ada.log.get_by_text(say["completed"])).to_be_visible()

        # 3. Answer in free text; the draft survives a reload
        await caro.box.fill(say["question"])
        await page.reload()
        await expect(caro.box).to_have_value(say["question"])
        await caro.box.press("Shift+Enter")
        await caro.box.press_sequentially(say["more"])
        await guide.picture("answer", page)
        send = page.get_by_role("button", name=words["composer.send"], exact=True)
        await send.click()
        await expect(ada.log.get_by_text(say["more"])).to_be_visible()

        # 4. Files, both ways
        await page.get_by_label(words["file.field"]).set_input_files(
            [
                FilePayload(name="aube.png", mimeType="image/png", buffer=PNG),
                FilePayload(name=say["notice"], mimeType="text/plain", buffer=NOTICE),
            ]
        )
        attached = page.get_by_role("list", name=words["file.attached"]).get_by_role("listitem")
        await expect(attached).to_have_count(2)
        await caro.box.fill(say["here"])
        await expect(page.get_by_role("progressbar")).to_have_count(0)
        await guide.picture("file", page)
        await send.click()
        notice = ada.log.get_by_role("button", name=re.compile(say["notice"]))
        await expect(notice).to_be_visible()
        async with ada.page.expect_download() as download:
            await notice.click()
        saved = tmp_path / "notice.txt"
        await (await download.value).save_as(saved)
        assert saved.read_bytes() == NOTICE
        await ada.widget.locator("input[type=file]").set_input_files(
            [FilePayload(name="photo.png", mimeType="image/png", buffer=PNG)]
        )
        await ada.write(say["photo"])
        await expect(caro.log.get_by_text("photo.png")).to_be_visible()
        await guide.side_by_side(page, ada.page)

        # 5. Assign
        await page.get_by_role("button", name=words["assign.toMe"], exact=True).click()
        await expect(alex.row(say["photo"]).first).to_contain_text("CA")
        mine = words["assign.assigned"].format(name="Caro Agent", initials="CA")
        await expect(page.get_by_role("button", name=mine)).to_be_visible()
        await guide.picture("assign", page)

        # 6. Link the contact
        await page.get_by_role("button", name=words["contact.new"]).click()
        await page.get_by_label(words["contact.first_name"]).fill("Ada")
        await page.get_by_label(words["contact.last_name"], exact=True).fill(f"Lovelace {mark}")
        await page.get_by_label(words["contact.email"]).last.fill(f"ada.{mark}@example.com")
        await page.get_by_label(words["contact.phone"]).fill("01 23 45 67 89")
        await guide.picture("contact", page)
        await page.get_by_role("button", name=words["contact.create"]).click()
        await expect(caro.row(f"Lovelace {mark}")).to_be_visible()

        # 7. Qualify
        card = page.get_by_role("complementary", name=words["request.card"])
        await card.get_by_label(words["card.reason"]).select_option(label=say["reason"])
        await card.get_by_text(words["priority.high"], exact=True).click()
        changed = words["event.priority_changed"].format(
            **{"from": words["priority.low"], "to": words["priority.high"], "by": "Caro Agent"}
        )
        await expect(caro.log.get_by_text(changed)).to_be_visible()
        await guide.picture("qualify", page)

        # 8. Close
        await page.get_by_role("button", name=words["close.action"]).click()
        dialog = page.get_by_role("dialog", name=words["close.action"])
        await expect(dialog.get_by_role("radio", name=words["status.closed"])).to_be_checked()
        await dialog.get_by_role("radio", name=words["status.in_progress"]).check()
        await guide.picture("close", page)
        await dialog.get_by_role("button", name=words["close.action"]).click()
        await expect(ada.log.get_by_text(ada.inside["closedBy"].format(name="Caro Agent"))).to_be_visible()
        await caro.view(words["requests.view.open"])
        await expect(caro.row(f"Lovelace {mark}")).to_contain_text(words["status.in_progress"])

        # 9. Continue: everything is still there, for both, and the files too
        await expect(caro.log.get_by_text(say["photo"])).to_be_visible()
        await expect(page.get_by_text(re.compile(rf"ada\.{mark}@example\.com")).first).to_be_visible()
        await guide.picture("continue", page)
        async with ada.page.expect_download() as download:
            await notice.click()
        assert await (await download.value).path()
        guide.write()
