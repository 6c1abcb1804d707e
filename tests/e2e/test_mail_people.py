"""Who wrote a mail, and whom the answer goes to: customers of a mail group, machines that are none, copies."""

import re
from email.message import EmailMessage

from guichet_local.testing.stack import Stack
from playwright.async_api import Locator, Page, expect

from .axe import violations
from .letters import letter
from .test_emails import SUPPORT, Emails, Post, caro, from_zoe, looked_at, post

__all__ = ["caro", "looked_at", "post"]

ATELIER = "atelier@example.net"


def through_a_group(written: EmailMessage) -> EmailMessage:
    """As a Google group hands it on whose address is our own mailbox."""
    local, _, domain = SUPPORT.partition("@")
    written["Precedence"] = "list"
    written["Mailing-list"] = f"list {SUPPORT}; contact {local}+owners@{domain}"
    written["List-ID"] = f"<{local}.{domain}>"
    written["X-Google-Group-Id"] = "1234567890"
    written["List-Post"] = f"<mailto:{SUPPORT}>"
    written["List-Unsubscribe"] = "<mailto:googlegroups-manage+1234567890+unsubscribe@googlegroups.com>"
    return written


def from_a_list(mark: str, text: str) -> EmailMessage:
    """A mail that a list of somebody else's hands on."""
    written = from_zoe(mark, text)
    written["List-Id"], written["Precedence"] = "<lampes.example.org>", "list"
    return written


async def answered(caro: Emails, text: str) -> None:
    """Write and send an e-mail; returns when it is said to be sent."""
    await caro.box.fill(text)
    await caro.box.press("Control+Enter")
    await expect(caro.email(text).get_by_text(caro.words["email.state.sent"])).to_be_visible()


def field(caro: Emails, name: str) -> Locator:
    return caro.page.get_by_role("textbox", name=caro.words[f"composer.email.{name}"], exact=True)


class TestACustomerWhoWritesThroughOurGroup:
    async def test_is_shown_as_a_person_and_answered(self, caro: Emails, post: Post, mark: str) -> None:
        post(through_a_group(from_zoe(mark, "Le pied de ma lampe est cassé.")))
        row = caro.row(f"Zoé {mark}")
        await expect(row).to_contain_text("Le pied de ma lampe est cassé.")
        await expect(row.get_by_text("non lu")).to_have_count(1)
        await row.click()
        await expect(caro.email("Le pied").get_by_text(caro.words["email.kind.bulk"])).to_have_count(0)
        await expect(caro.log.locator(".group").filter(has_text="Le pied").locator("time")).to_have_count(1)
        await expect(caro.email("Le pied").get_by_text(caro.words["email.placed.new_request"])).to_have_count(0)
        await answered(caro, "Nous vous envoyons un nouveau pied.")
        sent = caro.email("Nous vous envoyons un nouveau pied.")
        await expect(sent.get_by_text(f"zoe.{mark}@example.org")).to_be_visible()


class TestAMailWronglyCalledAutomatic:
    async def test_has_a_preview_is_found_by_the_filter_and_set_right_by_one_click(
        self, caro: Emails, post: Post, mark: str
    ) -> None:
        post(from_a_list(mark, "Ma lampe ne s’allume plus."))
        row = caro.row(f"Zoé {mark}")
        await expect(row).to_contain_text("Ma lampe ne s’allume plus.")
        await expect(row.get_by_text(caro.words["requests.automatic"])).to_be_visible()
        await expect(row.get_by_text("non lu")).to_have_count(0)
        await caro.page.get_by_role("button", name=caro.words["requests.filter.more"]).click()
        choice = caro.page.get_by_label(caro.words["requests.filter.automatic"])
        await choice.select_option(caro.words["requests.filter.automatic.true"])
        await expect(row).to_be_visible()
        await choice.select_option(caro.words["requests.filter.automatic.false"])
        await expect(row).to_have_count(0)
        await choice.select_option(caro.words["requests.filter.anyAutomatic"])
        await caro.page.keyboard.press("Escape")

        await row.click()
        email = caro.email("Ma lampe ne s’allume plus.")
        await email.get_by_role("button", name=caro.words["email.judge.person"], exact=True).click()

        await expect(email.get_by_text(caro.words["email.writtenBy.person"])).to_be_visible()
        await expect(row.get_by_text(caro.words["requests.automatic"])).to_have_count(0)
        await expect(caro.log.get_by_text("a indiqué qu’une personne a écrit l’e-mail")).to_be_visible()
        await expect(caro.log.get_by_text(re.compile("contact"))).to_be_visible()
        await caro.act(email, "email.judge.machine")
        await expect(row.get_by_text(caro.words["requests.automatic"])).to_be_visible()


class TestRecipients:
    async def test_a_blind_copy_a_forwarded_mail_and_a_colleague_in_copy_who_answers(
        self, caro: Emails, post: Post, mark: str
    ) -> None:
        bea = f"bea.{mark}@example.org"
        first = from_zoe(mark, "Voici ma commande.")
        first["Cc"] = f"Béa {mark} <{bea}>"
        post(first)
        await caro.row(f"Zoé {mark}").click()
        email = caro.email("Voici ma commande.")
        await caro.box.fill("Nous regardons.")
        await expect(field(caro, "to")).to_have_value(f"zoe.{mark}@example.org")
        await expect(field(caro, "cc")).to_have_value(bea)
        await caro.page.get_by_role("button", name=caro.words["composer.email.addBcc"], exact=True).click()
        await field(caro, "bcc").fill("chef@example.org, personne")
        await expect(caro.page.get_by_text("Ce n’est pas une adresse e-mail : personne")).to_be_visible()
        await field(caro, "bcc").fill("chef@example.org")
        await answered(caro, "Nous regardons.")
        blind = caro.email("Nous regardons.").locator("dl div").filter(has_text=caro.words["email.bcc"])
        await expect(blind).to_contain_text("chef@example.org")

        await caro.act(email, "email.forward")
        send = caro.page.get_by_role("button", name=caro.words["composer.send"], exact=True)
        await expect(send).to_be_disabled()
        await field(caro, "to").fill(ATELIER)
        await expect(send).to_be_enabled()
        await answered(caro, "Pouvez-vous la réparer ?")
        forwarded = caro.email("Pouvez-vous la réparer ?")
        await expect(forwarded.get_by_text(caro.words["email.purpose.forward"], exact=True)).to_be_visible()
        await expect(forwarded.get_by_text(f"Fwd: Lampe {mark}")).to_be_visible()

        reply = letter(f"Béa {mark} <{bea}>", SUPPORT, f"Re: Lampe {mark}", "Merci de me tenir informée.")
        reply["In-Reply-To"] = first["Message-ID"]
        post(reply)
        await expect(caro.email("Merci de me tenir informée.")).to_be_visible()
        await caro.box.fill("Bien sûr.")
        await expect(field(caro, "to")).to_have_value(f"zoe.{mark}@example.org")
        await expect(field(caro, "cc")).to_have_value(bea)

    async def test_a_form_s_mail_is_answered_where_it_says_and_kept_as_it_came(
        self, caro: Emails, post: Post, mark: str
    ) -> None:
        written = letter("Formulaire <noreply@site.example.org>", SUPPORT, f"Formulaire {mark}", "Le pied est cassé.")
        written["Reply-To"] = f"Léa {mark} <lea.{mark}@example.net>"
        post(written)
        await caro.row(f"Léa {mark}").click()
        email = caro.email("Le pied est cassé.")
        await expect(email.get_by_text("noreply@site.example.org")).to_be_visible()
        await expect(email.locator("dl div").filter(has_text=caro.words["email.replyTo"])).to_contain_text(
            f"lea.{mark}@example.net"
        )
        await caro.box.fill("Bonjour")
        await expect(field(caro, "to")).to_have_value(f"lea.{mark}@example.net")
        async with caro.page.expect_download() as downloading:
            await caro.act(email, "email.download")
        download = await downloading.value
        assert download.suggested_filename.endswith(".eml")
        assert f"Subject: Formulaire {mark}" in (await download.path()).read_text()


class TestTextThatRunsTheOtherWay:
    async def test_a_wide_mail_can_be_read_to_its_end_and_a_blocked_picture_takes_a_line(
        self, caro: Emails, post: Post, mark: str
    ) -> None:
        written = from_zoe(mark, "שלום")
        picture = '<img src="https://images.example/a.png" width="600" height="900" alt="La vitrine">'
        table = '<table width="2400"><tr><td>סוף</td></tr></table>'
        html = f'<html dir="rtl"><body dir="rtl"><p>שלום</p>{picture}{table}</body></html>'
        written.add_alternative(html, subtype="html")
        post(written)
        await caro.row(f"Zoé {mark}").click()
        body = caro.page.frame_locator(f"iframe[title='Texte de l’e-mail de Zoé {mark}']")
        await expect(body.get_by_text("שלום")).to_be_visible()
        await expect(body.get_by_alt_text("La vitrine")).to_have_count(0)
        picture_box = await body.get_by_text("La vitrine").bounding_box()
        assert picture_box is not None
        assert picture_box["height"] < 32
        reach = await body.locator("body").evaluate(
            "body => { body.scrollLeft = -99999; return [getComputedStyle(body).direction, body.scrollLeft < 0,"
            " document.querySelector('table').getBoundingClientRect().left >= -1] }"
        )
        assert reach == ["rtl", True, True]

    async def test_braces_can_be_sent_as_they_are(self, caro: Emails, post: Post, mark: str) -> None:
        post(from_zoe(mark, "Quel code ?"))
        await caro.row(f"Zoé {mark}").click()
        await caro.box.fill("Écrivez {{ shop.name }} et {{ … }} dans www.boutique.example/a_(b)")
        await caro.box.press("Control+Enter")
        await caro.page.get_by_role("button", name=caro.words["composer.unfilled.keep"]).click()
        await caro.box.press("Control+Enter")
        sent = caro.email("Écrivez {{ shop.name }} et {{ … }}")
        await expect(sent.get_by_text(caro.words["email.state.sent"])).to_be_visible()
        await expect(sent.get_by_role("link")).to_have_attribute("href", "https://www.boutique.example/a_(b)")


class TestNothingGraveIsFoundByAxe:
    async def test_in_an_automatic_mail_and_one_that_is_forwarded(
        self, looked_at: Page, stack: Stack, post: Post, mark: str
    ) -> None:
        caro = Emails(looked_at)
        await caro.sign_in(stack.gateway)
        post(from_a_list(mark, "Ma lampe ne s’allume plus."))
        await caro.row(f"Zoé {mark}").click()
        await caro.act(caro.email("Ma lampe"), "email.forward")
        await field(caro, "to").fill("personne")
        await caro.page.get_by_role("button", name=caro.words["composer.email.addBcc"], exact=True).click()
        assert await violations(caro.page) == []
        await caro.page.set_viewport_size({"width": 390, "height": 780})
        assert await violations(caro.page) == []
