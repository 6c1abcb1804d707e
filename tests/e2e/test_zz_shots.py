from guichet_local.testing.stack import Stack
from playwright.async_api import expect

from .conftest import People
from .pages import ConsolePage, CustomerPage
from .test_contacts import Base
from .test_imports import choose, csv


async def test_shots(people: People, stack: Stack, ada: CustomerPage) -> None:
    base = Base(stack.gateway)
    boss = await ConsolePage(await people(False)).sign_in(stack.gateway, "admin@example.com")
    page = boss.page
    await expect(page.get_by_role("heading", name="Demandes")).to_be_visible()
    for i, (f, l, c) in enumerate([("Ada","Lovelace","Analytical Engines"),("Grace","Hopper","Navy"),("Zoé","Lefèvre",""),("Marie-Antoinette","de Habsbourg-Lorraine","Château de Versailles"),("Luc","Martin","Lumière & Fils")]):
        one = base.add(first_name=f, last_name=l, email=f"{f.lower().replace('é','e')}.{l.split()[0].lower().replace('è','e')}{i}@quelque-part.example.org", phone=f"061234567{i}", **({"company": c} if c else {}))
    await ada.write("Bonjour, ma lampe ne marche plus depuis hier soir.")
    await boss.row("ma lampe").click()
    card = page.get_by_role("complementary", name="Fiche de la demande")
    await card.get_by_label("Rechercher un contact").fill("ada")
    await card.get_by_role("option").first.click()
    await card.get_by_role("button", name="Ajouter un contact").click()
    await expect(card.get_by_role("link", name="Ouvrir la fiche")).to_be_visible()
    await page.screenshot(path="/tmp/shot_desk_1280.png")
    await card.get_by_role("link", name="Ouvrir la fiche").click()
    await page.wait_for_timeout(800)
    for width in (320, 760, 1280):
        await page.set_viewport_size({"width": width, "height": 800})
        await page.screenshot(path=f"/tmp/shot_contact_{width}.png")
    await page.goto(f"{stack.gateway}/contacts")
    await page.wait_for_timeout(800)
    for width in (320, 760, 1440):
        await page.set_viewport_size({"width": width, "height": 800})
        await page.screenshot(path=f"/tmp/shot_contacts_{width}.png")
    await page.goto(f"{stack.gateway}/contacts/import")
    await choose(page, csv("Base clients 2026.csv", "Code;Bénéficiaire;Adresse mail;Portable;Société;Fidélité",
        "A1;ROUX Ada;ada.roux@quelque-part.example.org;06 98 76 54 32;Éclat;or", "A2;LE ROUX Berthe;berthe@example.org;;;argent"))
    for width in (320, 760, 1440):
        await page.set_viewport_size({"width": width, "height": 1000})
        await page.screenshot(path=f"/tmp/shot_import_{width}.png")
    await page.emulate_media(color_scheme="dark")
    await page.screenshot(path="/tmp/shot_import_dark.png")
