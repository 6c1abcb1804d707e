"""The audit trail, as an administrator reads it in the console: by keyboard, in both languages."""

from guichet_local.testing.stack import Stack
from playwright.async_api import expect

from .axe import violations
from .conftest import People
from .pages import ConsolePage


class TestTheAuditTrail:
    async def test_shows_who_did_what_and_is_narrowed_by_keyboard(
        self, people: People, stack: Stack, mark: str
    ) -> None:
        page = (
            await ConsolePage(await people(False)).sign_in(f"{stack.gateway}/settings/reasons", "admin@example.com")
        ).page
        await page.get_by_role("button", name="Créer un motif").click()
        await page.get_by_label("Libellé en français").fill(f"Motif {mark}")
        await page.get_by_label("Libellé en anglais").fill(f"Reason {mark}")
        await page.get_by_role("button", name="Enregistrer").click()
        await expect(page.get_by_text("Enregistré", exact=True)).to_be_visible()

        await page.get_by_role("link", name="Journal d’audit").press("Enter")
        lines = page.get_by_role("list", name="Journal d’audit").get_by_role("article")
        newest = lines.first
        await expect(newest).to_contain_text("Motif créé")
        await expect(newest).to_contain_text(f"« Motif {mark} »")
        await expect(lines.filter(has_text="Connexion").first).to_be_visible()
        assert await violations(page) == []

        kind = page.get_by_role("combobox", name="Action")
        await kind.focus()
        await page.keyboard.type("Connexions")
        await expect(kind).to_have_value("session")
        await expect(lines.filter(has_text="Motif créé")).to_have_count(0)
        await expect(lines.first).to_contain_text("Connexion")
        await page.get_by_label("Du", exact=True).fill("2099-01-01")
        await expect(page.get_by_text("Aucune action ne correspond.")).to_be_visible()

    async def test_is_not_for_agents_and_speaks_english(self, people: People, stack: Stack) -> None:
        window = await people(False, "en-GB")
        page = (await ConsolePage(window, "en").sign_in(f"{stack.gateway}/settings/audit", "admin@example.com")).page
        await expect(page.get_by_role("list", name="Audit trail").get_by_text("Sign-in").first).to_be_visible()
        caro = await ConsolePage(await people(False)).sign_in(f"{stack.gateway}/settings/audit")
        await expect(caro.page.get_by_text("réservée aux administrateurs")).to_be_visible()
