"""What is done at the desk beside answering: requests made by hand, contacts merged, forms and quarantine kept."""

import re
from email.message import EmailMessage

import httpx2
import pytest
from guichet_local.testing.stack import Stack
from playwright.async_api import Locator, Page, Route, expect

from .axe import violations
from .conftest import People
from .pages import ConsolePage

NESTED = 150
"""Parts within parts, more than mailer follows."""


@pytest.fixture
async def boss(people: People, stack: Stack) -> ConsolePage:
    """An administrator, signed in."""
    return await ConsolePage(await people(False)).sign_in(stack.gateway, "admin@example.com")


async def new_request(page: Page) -> Locator:
    """The dialog of a new request, opened by its shortcut."""
    await expect(page.get_by_role("button", name="Nouvelle demande")).to_be_visible()
    await page.keyboard.press("c")
    return page.get_by_role("dialog", name="Nouvelle demande")


async def create_contact(within: Locator, first: str, last: str, email: str) -> None:
    """Look for somebody who is not there, and make them."""
    await within.get_by_label("Rechercher un contact").fill(email)
    await expect(within.get_by_text("Aucun contact ne correspond.")).to_be_visible()
    await within.get_by_role("button", name="Créer un contact").click()
    await expect(within.get_by_label("E-mail", exact=True)).to_have_value(email)
    await within.get_by_label("Prénom").fill(first)
    await within.get_by_label("Nom", exact=True).fill(last)
    await within.get_by_role("button", name="Créer le contact").click()


def card(agent: ConsolePage) -> Locator:
    """What is known of the open request."""
    return agent.page.get_by_role("complementary", name="Fiche de la demande")


class TestARequestMadeByHand:
    async def test_begins_with_a_note_and_all_that_was_chosen(self, caro: ConsolePage, mark: str) -> None:
        dialog = await new_request(caro.page)
        await create_contact(dialog, "Ada", mark, f"ada.{mark}@example.org")
        await dialog.get_by_label("Objet").fill(f"Lampe {mark}")
        await dialog.get_by_label("Première note").fill("A appelé ce matin.")
        await dialog.get_by_role("combobox", name="Conseiller").select_option("Caro Agent (vous)")
        await dialog.get_by_text("Haute").click()
        await dialog.get_by_role("button", name="Créer la demande").click()
        await expect(dialog).to_be_hidden()

        await expect(caro.log.get_by_text("A appelé ce matin.")).to_be_visible()
        await expect(caro.page.get_by_role("button", name="Attribuée à Caro Agent, CA")).to_be_visible()
        await expect(card(caro).get_by_text(f"Ada {mark}")).to_be_visible()
        await expect(card(caro).get_by_label("Objet")).to_have_value(f"Lampe {mark}")
        await expect(card(caro).get_by_role("radio", name="Haute")).to_be_checked()
        await expect(caro.row(f"Ada {mark}")).to_contain_text("Priorité Haute")

    async def test_begins_with_an_email_that_arrives_signed(self, caro: ConsolePage, stack: Stack, mark: str) -> None:
        await caro.page.get_by_role("button", name="Menu de").click()
        await caro.page.get_by_role("menuitem", name="Ma signature").click()
        signature = caro.page.get_by_role("dialog", name="Ma signature")
        await signature.get_by_label("Signature de vos e-mails").fill(f"Caro\nBoutique {mark}")
        await signature.get_by_role("button", name="Enregistrer").click()
        await expect(signature).to_be_hidden()

        address = f"ada.{mark}@example.org"
        dialog = await new_request(caro.page)
        await create_contact(dialog, "Ada", mark, address)
        await dialog.get_by_label("Objet").fill(f"Devis {mark}")
        await dialog.get_by_text("E-mail au client").click()
        await expect(dialog.get_by_text(f"Part à {address}")).to_be_visible()
        await dialog.get_by_label("Texte de l’e-mail").fill("Bonjour Ada, votre devis est prêt.")
        await dialog.get_by_role("button", name="Créer et envoyer").click()
        await expect(dialog).to_be_hidden()

        await expect(caro.log.get_by_text("Bonjour Ada, votre devis est prêt.")).to_be_visible()
        await expect(caro.log.get_by_text("Envoyé")).to_be_visible()
        with httpx2.Client(follow_redirects=True, timeout=20) as http:
            arrived = http.get(f"{stack.gateway}/demo/api/mail", params={"to": address}).json()["items"]
        assert [mail["subject"] for mail in arrived] == [f"Devis {mark}"]
        assert "votre devis est prêt." in arrived[0]["text"]
        assert f"Boutique {mark}" in arrived[0]["text"]

    async def test_is_one_though_the_answer_was_lost_and_it_was_sent_again(self, caro: ConsolePage, mark: str) -> None:
        async def lose_the_answer(route: Route) -> None:
            await route.fetch()
            await route.abort()

        dialog = await new_request(caro.page)
        await dialog.get_by_label("Objet").fill(f"Facture {mark}")
        await caro.page.route("**/api/v1/requests", lose_the_answer, times=1)
        await dialog.get_by_role("button", name="Créer la demande").click()
        await expect(dialog.get_by_role("alert")).to_contain_text("rien ne sera créé deux fois")
        await expect(dialog.get_by_label("Objet")).to_be_disabled()
        await dialog.get_by_role("button", name="Créer la demande").click()
        await expect(dialog).to_be_hidden()
        await expect(caro.page).to_have_url(re.compile("/requests/"))
        await caro.page.get_by_role("searchbox", name="Rechercher une demande").fill(mark)
        await expect(caro.rows).to_have_count(1)

    async def test_is_kept_when_the_dialog_is_left(self, caro: ConsolePage, mark: str) -> None:
        dialog = await new_request(caro.page)
        await dialog.get_by_label("Objet").fill(f"Retour {mark}")
        await caro.page.keyboard.press("Escape")
        await expect(dialog).to_be_hidden()
        await caro.page.reload()
        dialog = await new_request(caro.page)
        await expect(dialog.get_by_label("Objet")).to_have_value(f"Retour {mark}")
        await dialog.get_by_role("button", name="Effacer la saisie").click()
        dialog = await new_request(caro.page)
        await expect(dialog.get_by_label("Objet")).to_have_value("")


class TestMergingContacts:
    async def test_shows_what_stays_and_can_be_undone_from_the_card(self, boss: ConsolePage, mark: str) -> None:
        page = boss.page
        for first, subject in (("Augusta", "Avoir"), ("Ada", "Lampe")):
            dialog = await new_request(page)
            await create_contact(dialog, first, mark, f"{first.lower()}.{mark}@example.org")
            await dialog.get_by_label("Objet").fill(f"{subject} {mark}")
            await dialog.get_by_role("button", name="Créer la demande").click()
            await expect(dialog).to_be_hidden()
            await expect(boss.row(f"{first} {mark}")).to_be_visible()

        await card(boss).get_by_role("button", name="Fusionner…").click()
        dialog = page.get_by_role("dialog", name=f"Fusionner Ada {mark}")
        await dialog.get_by_label("Rechercher un contact").fill(mark)
        # Ada cannot be merged with herself.
        await expect(dialog.get_by_role("option")).to_have_count(1)
        await page.keyboard.press("Enter")
        others = dialog.get_by_role("row", name="Autres e-mails")
        await expect(others).to_contain_text(f"augusta.{mark}@example.org")
        await dialog.get_by_role("radio", name=f"Augusta {mark}").check()
        await expect(others).to_contain_text(f"ada.{mark}@example.org")
        await dialog.get_by_role("radio", name=f"Ada {mark}").check()
        await dialog.get_by_role("button", name="Fusionner les fiches").click()
        await expect(dialog).to_be_hidden()

        await expect(page.get_by_text(f"Augusta {mark} fait maintenant partie de Ada {mark}")).to_be_visible()
        await expect(boss.row(f"Ada {mark}")).to_have_count(2)
        other = card(boss).get_by_role("link", name=f"Avoir {mark}")
        await expect(other).to_be_visible()
        await page.reload()
        await card(boss).get_by_role("button", name=f"Séparer Augusta {mark}").click()
        await expect(boss.row(f"Augusta {mark}")).to_have_count(1)
        await expect(boss.row(f"Ada {mark}")).to_have_count(1)
        await expect(other).to_have_count(0)
        await expect(card(boss).get_by_role("button", name="Séparer")).to_have_count(0)

    async def test_is_not_offered_to_agents(self, caro: ConsolePage, mark: str) -> None:
        dialog = await new_request(caro.page)
        await create_contact(dialog, "Ada", mark, f"ada.{mark}@example.org")
        await dialog.get_by_label("Objet").fill(f"Lampe {mark}")
        await dialog.get_by_role("button", name="Créer la demande").click()
        await expect(card(caro).get_by_role("button", name="Délier le contact")).to_be_visible()
        await expect(card(caro).get_by_role("button", name="Fusionner…")).to_have_count(0)


class TestWebForms:
    async def test_are_made_changed_closed_and_deleted(self, boss: ConsolePage, stack: Stack, mark: str) -> None:
        page = boss.page
        await expect(boss.page.get_by_role("heading", name="Demandes")).to_be_visible()
        await page.goto(f"{stack.gateway}/settings/forms")
        await page.get_by_role("button", name="Créer un formulaire").click()
        form = page.get_by_role("form", name="Créer un formulaire")
        await form.get_by_label("Nom du formulaire").fill(f"Contact {mark}")
        await expect(form.get_by_label("Clé")).to_have_value(f"contact-{mark}")
        await form.get_by_role("button", name="Ajouter un champ").click()
        await page.keyboard.type("Boutique")
        await form.get_by_role("combobox", name="Réponse").select_option("Liste")
        await form.get_by_label("Choix proposés, un par ligne").fill("Lyon\nParis")
        await form.get_by_role("button", name="Ajouter un champ").click()
        await page.keyboard.type("N° de commande")
        await form.get_by_role("button", name="Monter N° de commande").click()
        await form.get_by_label("Sites qui peuvent l’intégrer").fill("https://www.example.com/contact")
        await form.get_by_role("button", name="Enregistrer").click()
        await expect(form).to_be_hidden()

        address = f"{stack.gateway}/forms/contact-{mark}"
        await expect(page.get_by_role("link", name=address)).to_be_visible()
        public = f"{stack.gateway}/api/v1/forms/contact-{mark}"
        shown = httpx2.get(public, timeout=20).json()
        assert [(field["name"], field["kind"]) for field in shown["fields"]] == [
            ("n_de_commande", "text"),
            ("boutique", "select"),
        ]

        await page.get_by_role("button", name=f"Modifier Contact {mark}").click()
        form = page.get_by_role("form", name=f"Contact {mark}")
        await form.get_by_role("button", name="Supprimer N° de commande").click()
        await form.get_by_label("Ouvert aux clients").uncheck()
        await form.get_by_role("button", name="Enregistrer").click()
        await expect(form).to_be_hidden()
        await expect(page.get_by_role("link", name=address)).to_be_hidden()
        assert httpx2.get(public, timeout=20).status_code == 404

        await page.get_by_role("button", name=f"Supprimer Contact {mark}").click()
        await page.get_by_role("dialog").get_by_role("button", name="Supprimer").click()
        await expect(page.get_by_text(f"Contact {mark}", exact=True)).to_be_hidden()


def too_deep(mark: str) -> bytes:
    """A mail that cannot be taken in."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"ada.{mark}@example.org", "support@example.com", f"Poupées {mark}"
    lines = [line for line in mail.as_string().splitlines() if line]
    for level in range(NESTED):
        lines += [f'Content-Type: multipart/mixed; boundary="b{level}"', "", f"--b{level}"]
    return "\r\n".join([*lines, "Content-Type: text/plain", "", mark, ""]).encode()


class TestTheQuarantine:
    async def test_tells_why_shows_the_mail_and_takes_it_up_again(
        self, boss: ConsolePage, stack: Stack, mark: str
    ) -> None:
        page = boss.page
        await expect(page.get_by_role("heading", name="Demandes")).to_be_visible()
        sent = httpx2.post(
            f"{stack.gateway}/api/v1/mail/inbound",
            content=too_deep(mark),
            headers={"Authorization": f"Bearer {stack.mail_inbound}", "Content-Type": "message/rfc822"},
            timeout=20,
        )
        assert sent.status_code == 202, sent.text
        await page.goto(f"{stack.gateway}/settings/quarantine")
        held = page.get_by_role("article").filter(has_text="emboîtées")
        while not await held.count():
            # The page does not move by itself under the eyes of who reads it.
            await page.reload()
            await expect(page.get_by_text("Chargement…")).to_be_hidden()
        await expect(page.get_by_role("button", name=re.compile("en quarantaine"))).to_be_visible()

        found = await violations(page)
        await held.get_by_role("button", name="Voir l’e-mail d’origine").click()
        raw = page.get_by_role("dialog", name="E-mail d’origine")
        await expect(raw.get_by_text("Subject: =?utf-8?")).to_be_visible()
        found += await violations(page)
        assert found == []
        async with page.expect_download() as download:
            await raw.get_by_role("button", name="Télécharger").click()
        assert (await download.value).suggested_filename.endswith(".eml")
        await raw.get_by_role("button", name="Fermer").click()

        await held.get_by_role("button", name="Reprendre").click()
        await expect(page.get_by_text("L’e-mail est resté en quarantaine.")).to_be_visible()
        await expect(held).to_be_visible()

    async def test_is_not_for_agents(self, caro: ConsolePage, stack: Stack) -> None:
        await expect(caro.page.get_by_role("heading", name="Demandes")).to_be_visible()
        await caro.page.goto(f"{stack.gateway}/settings/quarantine")
        await expect(caro.page.get_by_text("réservée aux superviseurs")).to_be_visible()
