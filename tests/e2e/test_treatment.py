"""The treatment of a chat request: every step of it, in real browsers, and the guide from that very run."""

import os
import re
import uuid
from io import BytesIO
from pathlib import Path

import httpx2
import pytest
from guichet_local.testing.stack import Stack
from PIL import Image, ImageDraw
from playwright.async_api import FilePayload, expect

from .conftest import People
from .guide import Guide
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


@pytest.fixture(scope="module")
def prepared(stack: Stack) -> None:
    """What administrators keep: templates and reasons."""
    with httpx2.Client(base_url=f"{stack.gateway}/api/v1", timeout=20, headers={"Origin": stack.gateway}) as http:
        answer = http.post("/auth/login", json={"email": "admin@example.com", "password": PASSWORD})
        http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        for name, body in (
            ("Accueil", "Bonjour {{contact.name}}, ici {{agent.name}}. Comment puis-je vous aider ?"),
            ("Délai de livraison", "Votre commande arrive sous trois à cinq jours ouvrés."),
        ):
            answer = http.post(
                "/templates", json={"id": str(uuid.uuid4()), "name": name, "language": "fr", "body": body}
            )
            assert answer.status_code == 201, answer.text
        for fr, en in (("Livraison", "Delivery"), ("Panne", "Fault")):
            answer = http.post("/reasons", json={"id": str(uuid.uuid4()), "label": {"fr": fr, "en": en}})
            assert answer.status_code == 201, answer.text


@pytest.mark.usefixtures("prepared")
@pytest.mark.timeout(240)
class TestTheTreatment:
    async def test_every_step_from_finding_the_request_to_continuing_it(
        self, ada: CustomerPage, caro: ConsolePage, people: People, stack: Stack, mark: str, tmp_path: Path
    ) -> None:
        folder = os.environ.get("GUICHET_GUIDE_DIR")
        guide = Guide(Path(folder) if folder else None, "fr")
        page = caro.page
        alex = await ConsolePage(await people(False)).sign_in(stack.gateway, "alex@example.com")

        # 1. Find
        await ada.write(f"Bonjour, ma lampe Aube clignote. ({mark})")
        await caro.view("Toutes les demandes")
        await expect(caro.row(mark)).to_be_visible()
        await caro.view("Demandes ouvertes")
        await expect(caro.row(mark)).to_be_visible()
        await guide.picture("find", page)
        await caro.row(mark).click()

        # 2. Answer with a template
        await page.get_by_role("button", name="Modèles de réponse").click()
        await page.get_by_label("Rechercher un modèle").fill("accueil")
        await expect(page.get_by_role("listbox", name="Modèles de réponse").get_by_role("option")).to_have_count(1)
        await guide.picture("template", page)
        await page.get_by_role("option", name=re.compile("Accueil")).click()
        await expect(caro.box).to_have_value(re.compile("ici Caro Agent. Comment puis-je vous aider"))
        await caro.box.fill("Bonjour, ici Caro Agent. Je regarde cela tout de suite.")
        await caro.box.press("Enter")
        await expect(ada.log.get_by_text("Je regarde cela tout de suite.")).to_be_visible()

        # 3. Answer in free text; the draft survives a reload
        await caro.box.fill("Depuis quand clignote-t-elle ?")
        await page.reload()
        await expect(caro.box).to_have_value("Depuis quand clignote-t-elle ?")
        await caro.box.press("Shift+Enter")
        await caro.box.press_sequentially("Et avec quelle ampoule ?")
        await guide.picture("answer", page)
        await page.get_by_role("button", name="Envoyer").click()
        await expect(ada.log.get_by_text("Et avec quelle ampoule ?")).to_be_visible()

        # 4. Files, both ways
        await page.get_by_label("Fichiers à joindre").set_input_files(
            [
                FilePayload(name="lampe aube.png", mimeType="image/png", buffer=PNG),
                FilePayload(name="mode d’emploi.txt", mimeType="text/plain", buffer=NOTICE),
            ]
        )
        await expect(page.get_by_role("list", name="Fichiers joints").get_by_role("listitem")).to_have_count(2)
        await caro.box.fill("Voici le mode d’emploi.")
        await expect(page.get_by_role("progressbar")).to_have_count(0)
        await guide.picture("file", page)
        await page.get_by_role("button", name="Envoyer").click()
        notice = ada.log.get_by_role("button", name=re.compile("mode d’emploi.txt"))
        await expect(notice).to_be_visible()
        async with ada.page.expect_download() as download:
            await notice.click()
        saved = tmp_path / "mode.txt"
        await (await download.value).save_as(saved)
        assert saved.read_bytes() == NOTICE
        await ada.widget.locator("input[type=file]").set_input_files(
            [FilePayload(name="photo.png", mimeType="image/png", buffer=PNG)]
        )
        await ada.write("Voici une photo.")
        await expect(caro.log.get_by_text("photo.png")).to_be_visible()

        await guide.side_by_side(page, ada.page)

        # 5. Assign
        await page.get_by_role("button", name="Me l’attribuer").click()
        await expect(alex.row(mark).or_(alex.row("photo"))).to_contain_text("CA", timeout=5_000)
        await expect(page.get_by_role("button", name="Attribuée à Caro Agent, CA")).to_be_visible()
        await guide.picture("assign", page)

        # 6. Link the contact
        await page.get_by_role("button", name="Créer un contact").click()
        await page.get_by_label("Prénom").fill("Ada")
        await page.get_by_label("Nom", exact=True).fill(f"Lovelace {mark}")
        await page.get_by_label("E-mail").last.fill(f"ada.{mark}@example.com")
        await page.get_by_label("Téléphone").fill("01 23 45 67 89")
        await guide.picture("contact", page)
        await page.get_by_role("button", name="Créer le contact").click()
        await expect(caro.row(f"Lovelace {mark}")).to_be_visible()

        # 7. Qualify
        card = page.get_by_role("complementary", name="Fiche de la demande")
        await card.get_by_label("Motif").select_option(label="Panne")
        await card.get_by_text("Haute", exact=True).click()
        await expect(caro.log.get_by_text(re.compile("Priorité : Basse → Haute"))).to_be_visible()
        await guide.picture("qualify", page)

        # 8. Close
        await page.get_by_role("button", name="Clôturer la conversation").click()
        dialog = page.get_by_role("dialog", name="Clôturer la conversation")
        await expect(dialog.get_by_role("radio", name="Clôturée")).to_be_checked()
        await dialog.get_by_role("radio", name="En cours").check()
        await guide.picture("close", page)
        await dialog.get_by_role("button", name="Clôturer la conversation").click()
        await expect(ada.log.get_by_text("Caro Agent a clôturé la conversation.")).to_be_visible()
        await caro.view("Demandes ouvertes")
        await expect(caro.row(f"Lovelace {mark}")).to_contain_text("En cours")

        # 9. Continue: everything is still there, for both, and the files too
        await expect(caro.log.get_by_text("Voici une photo.")).to_be_visible()
        await expect(page.get_by_text(re.compile(rf"ada\.{mark}@example\.com")).first).to_be_visible()
        await guide.picture("continue", page)
        async with ada.page.expect_download() as download:
            await notice.click()
        assert await (await download.value).path()
        guide.write()
