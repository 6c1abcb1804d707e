"""A customer fills in a web form in a real browser; the desk has the request, the customer its number."""

import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
from guichet_local.demo import PASSWORD
from guichet_local.testing.stack import Stack
from playwright.async_api import Page, expect

from .axe import violations
from .conftest import People
from .network import Network
from .pages import ConsolePage

FIELDS = [
    {"name": "order", "kind": "text", "label": "N° de commande", "required": True},
    {"name": "about", "kind": "select", "label": "Votre demande concerne", "options": ["Une livraison", "Un retour"]},
    {"name": "phone", "kind": "tel", "label": "Téléphone"},
]
INTO_A_FRAME = """address => {
    const frame = document.createElement("iframe");
    frame.src = address;
    frame.title = "Formulaire";
    document.body.replaceChildren(frame);
}"""


@pytest.fixture
async def form(stack: Stack, mark: str) -> Any:
    """A form that the demo site may show."""
    async with httpx2.AsyncClient(base_url=stack.gateway) as client:
        account = {"email": "admin@example.com", "password": PASSWORD}
        token = (await client.post("/api/v1/auth/login", json=account)).json()["access_token"]
        body = {
            "key": f"form-{mark}",
            "name": "Nous écrire",
            "language": "fr",
            "fields": FIELDS,
            "origins": [stack.demo_site],
            "color": "#1f4d3a",
        }
        answer = await client.post("/api/v1/forms", json=body, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 201, answer.text
        return answer.json()


async def fill_in(page: Page, mark: str) -> None:
    """What a customer types, but for the files."""
    await page.get_by_label("Votre nom").fill(f"Ada {mark}")
    await page.get_by_label("Votre adresse e-mail").fill(f"ada.{mark}@example.org")
    await page.get_by_label("Objet").fill(f"Colis {mark}")
    await page.get_by_label("Votre message").fill("Bonjour,\nle carton est abîmé.")
    await page.get_by_label("N° de commande").fill("A-17")


class TestAFormInASitesFrame:
    async def test_is_filled_in_by_the_keyboard_alone_and_arrives_with_its_file(
        self, people: People, stack: Stack, form: Any, caro: ConsolePage, mark: str, tmp_path: Path
    ) -> None:
        photo = tmp_path / "photo.txt"
        photo.write_text("le carton, de près")
        page = await people(False)
        await page.goto(stack.demo_site)
        await page.evaluate(INTO_A_FRAME, f"{stack.gateway}/forms/{form['key']}")
        frame = page.frame_locator("iframe")
        await expect(frame.get_by_role("heading", name="Nous écrire")).to_be_visible()

        # Waited for from the first key on: the browser must know that the test answers for the system's dialog.
        async with page.expect_file_chooser() as chooser:
            await frame.get_by_label("Votre nom").focus()
            answers = (f"Ada {mark}", f"ada.{mark}@example.org", f"Colis {mark}", "Bonjour", "A-17", "Un ret", "01 23")
            for typed in answers:
                await page.keyboard.type(typed)
                await page.keyboard.press("Tab")
            await expect(frame.get_by_label("Joindre des fichiers")).to_be_focused()
            await page.keyboard.press("Enter")
        await (await chooser.value).set_files(photo)
        await page.keyboard.press("Tab")  # its own button, to take it away
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")

        receipt = frame.get_by_role("heading", name="Votre demande nous est parvenue")
        await expect(receipt).to_be_focused()
        told = await frame.get_by_text("Elle porte le numéro").inner_text()
        number = re.findall(r"\d+", told)[0]
        await expect(frame.get_by_text(f"ada.{mark}@example.org")).to_be_visible()

        await caro.row(f"Ada {mark}").click()
        await expect(caro.page.get_by_role("heading", name=f"Colis {mark}")).to_be_visible()
        await expect(caro.page.get_by_text(number).first).to_be_visible()
        await expect(caro.log.get_by_text("Votre demande concerne : Un retour")).to_be_visible()
        await expect(caro.log.get_by_text("photo.txt")).to_be_visible()


class TestAFormByItself:
    async def test_keeps_what_was_typed_when_the_network_fails_and_is_one_request(
        self, people: People, stack: Stack, network: Network, form: Any, caro: ConsolePage, mark: str
    ) -> None:
        page = await people(True)
        await page.goto(f"{stack.gateway}/forms/{form['key']}")
        await fill_in(page, mark)
        network.cut()
        await page.get_by_role("button", name="Envoyer la demande").click()
        await expect(page.get_by_role("alert")).to_contain_text("Ce que vous avez écrit est gardé")
        await expect(page.get_by_label("Votre message")).to_have_value("Bonjour,\nle carton est abîmé.")
        network.mend()
        await page.get_by_role("button", name="Envoyer la demande").click()
        await expect(page.get_by_text("Elle porte le numéro")).to_be_visible()
        await expect(caro.row(f"Ada {mark}")).to_have_count(1)

    async def test_says_at_each_field_what_is_wrong_and_goes_there(
        self, people: People, stack: Stack, form: Any
    ) -> None:
        page = await people(False)
        await page.goto(f"{stack.gateway}/forms/{form['key']}")
        await fill_in(page, "x")
        await page.get_by_label("Votre adresse e-mail").fill("ada@")
        await page.get_by_label("N° de commande").fill("")
        await page.get_by_role("button", name="Envoyer la demande").click()
        email = page.get_by_label("Votre adresse e-mail")
        await expect(email).to_be_focused()
        await expect(email).to_have_accessible_description(re.compile("n’est pas complète"))
        await expect(page.get_by_label("N° de commande")).to_have_accessible_description("Ce champ est à remplir.")

    @pytest.mark.parametrize("theme", ["light", "dark"])
    async def test_is_readable_by_everybody_from_320_px_on(
        self, people: People, stack: Stack, form: Any, mark: str, theme: str, tmp_path: Path
    ) -> None:
        photo = tmp_path / "une-photo-dont-le-nom-est-particulierement-long-pour-un-telephone.txt"
        photo.write_text("le carton, de près")
        page = await people(False)
        await page.set_viewport_size({"width": 320, "height": 640})
        await page.goto(f"{stack.gateway}/forms/{form['key']}?theme={theme}")
        send = page.get_by_role("button", name="Envoyer la demande")
        await page.locator("input[type=file]").set_input_files(photo)
        await expect(page.get_by_text("Prêt")).to_be_visible()
        await send.click()
        await expect(page.get_by_text("Ce champ est à remplir.").first).to_be_visible()
        assert await violations(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320
        await page.screenshot(path=tmp_path / f"form-{theme}.png", full_page=True)
        await fill_in(page, mark)
        await send.click()
        await expect(page.get_by_role("heading", name="Votre demande nous est parvenue")).to_be_visible()
        assert await violations(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320
        await page.screenshot(path=tmp_path / f"received-{theme}.png")
