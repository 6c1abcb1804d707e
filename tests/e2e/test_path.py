"""A customer and an agent talk: the whole path, in two real browsers, through the gateway."""

import asyncio
import time

from guichet_local.testing.stack import Stack
from playwright.async_api import expect

from .conftest import People
from .network import Network
from .pages import ConsolePage, CustomerPage


async def begin(ada: CustomerPage, caro: ConsolePage, mark: str) -> None:
    """The customer writes, and the agent opens the request."""
    await ada.write(f"Bonjour {mark}")
    await caro.row(mark).click()
    await expect(caro.log.get_by_text(f"Bonjour {mark}")).to_be_visible()


class TestTheFirstExchange:
    async def test_it_shows_within_a_second_is_answered_and_both_see_the_same_after_a_reload(
        self, ada: CustomerPage, caro: ConsolePage, mark: str
    ) -> None:
        await expect(caro.page.get_by_role("link", name="Demandes ouvertes")).to_be_visible()
        await caro.page.wait_for_timeout(1000)
        sent = time.monotonic()
        await ada.write(f"Bonjour {mark}")
        await expect(caro.row(mark)).to_be_visible(timeout=1000)
        assert time.monotonic() - sent < 1.5  # the browser's own typing included
        await caro.row(mark).click()
        await caro.write("Bonjour, Caro à votre écoute.")
        await expect(ada.log.get_by_text("Caro à votre écoute.")).to_be_visible()
        said = [f"Bonjour {mark}", "Bonjour, Caro à votre écoute."]
        for page in (ada, caro):
            assert await page.texts() == said
        await ada.reload()
        await caro.page.reload()
        await expect(ada.log.get_by_text("Caro à votre écoute.")).to_be_visible()
        await expect(caro.log.get_by_text("Caro à votre écoute.")).to_be_visible()
        for page in (ada, caro):
            assert await page.texts() == said

    async def test_each_side_sees_the_other_type_and_read(
        self, ada: CustomerPage, caro: ConsolePage, mark: str
    ) -> None:
        await begin(ada, caro, mark)
        await expect(ada.log.get_by_text("Lu")).to_be_visible()
        await ada.box.press_sequentially("J’ai une question")
        await expect(caro.page.get_by_text("écrit…")).to_be_visible()
        await caro.box.press_sequentially("Je vous écoute")
        await expect(ada.widget.get_by_text("Caro Agent écrit…")).to_be_visible()

    async def test_a_closed_widget_counts_what_was_not_read(
        self, ada: CustomerPage, caro: ConsolePage, mark: str
    ) -> None:
        await begin(ada, caro, mark)
        await ada.widget.get_by_role("button", name="Fermer le chat").click()
        await caro.write("Êtes-vous là ?")
        await expect(ada.page.get_by_role("button", name="Ouvrir le chat, 1 message non lu")).to_be_visible()
        await ada.open()
        await expect(ada.log.get_by_text("Êtes-vous là ?")).to_be_visible()

    async def test_a_message_of_many_lines_and_markup_is_shown_as_it_was_written(
        self, ada: CustomerPage, caro: ConsolePage, mark: str
    ) -> None:
        text = f"{mark} <img src=x onerror=alert(1)>\n<b>gras</b> & « é » 漢字 🙂"
        await ada.write(text)
        await caro.row(mark).click()
        await expect(caro.log.locator("article .bubble")).to_have_count(1)
        assert await caro.texts() == [text] == await ada.texts()


async def both_write_five(ada: CustomerPage, caro: ConsolePage, over: float) -> set[str]:
    """Each side writes five messages within ``over`` seconds; what was written."""
    written = set()
    for number in range(5):
        await ada.write(f"cliente {number}")
        await caro.write(f"agent {number}")
        written |= {f"cliente {number}", f"agent {number}"}
        await asyncio.sleep(over / 5)
    return written


async def both_show(ada: CustomerPage, caro: ConsolePage, count: int) -> list[str]:
    """The messages on both screens, once both show ``count`` of them and none waits any more; they must be the same."""
    await expect(ada.log.locator(".bubble")).to_have_count(count, timeout=45_000)
    await expect(caro.log.locator("article .bubble")).to_have_count(count, timeout=45_000)
    await expect(ada.widget.get_by_text("Envoi…")).to_have_count(0, timeout=45_000)
    await expect(ada.widget.get_by_text("Gardé, partira")).to_have_count(0, timeout=45_000)
    await expect(caro.log.locator("[data-state=sending], [data-state=waiting]")).to_have_count(0, timeout=45_000)
    # Own messages that were shown before they were accepted now stand where the log has them.
    for _ in range(200):
        if await ada.texts() == await caro.texts():
            break
        await asyncio.sleep(0.1)
    assert await ada.texts() == await caro.texts()
    return await ada.texts()


def in_order(texts: list[str], who: str) -> bool:
    """Whether what one side wrote stands in the order it was written in."""
    theirs = [text for text in texts if text.startswith(who)]
    return theirs == sorted(theirs)


class TestAChatThatDoesNotOpen:
    async def test_is_told_and_tried_again_by_itself(self, people: People, stack: Stack) -> None:
        customer = CustomerPage(await people(True))
        await customer.page.clock.install()
        await customer.page.route("**/widget/frame.html*", lambda route: route.fulfill(status=503), times=2)
        await customer.page.goto(f"{stack.gateway}/demo")
        await customer.launcher.click()
        for said in ("loading", "unavailable"):
            await expect(customer.page.get_by_text(customer.outside[said])).to_be_visible()
            await customer.page.clock.fast_forward("00:11")
        await expect(customer.box).to_be_visible()


class TestNothingIsLostDoubledOrReordered:
    async def settled(self, ada: CustomerPage, caro: ConsolePage, mark: str, written: set[str]) -> None:
        shown = await both_show(ada, caro, 11)
        assert shown[0] == f"Bonjour {mark}"
        assert set(shown[1:]) == written
        assert in_order(shown, "cliente")
        assert in_order(shown, "agent")
        await ada.reload()
        await caro.page.reload()
        assert await both_show(ada, caro, 11) == shown

    async def test_when_the_customers_network_is_cut_for_ten_seconds(
        self, ada: CustomerPage, caro: ConsolePage, mark: str, network: Network
    ) -> None:
        await begin(ada, caro, mark)
        network.cut()
        written = await both_write_five(ada, caro, over=10)
        await expect(ada.widget.get_by_text("Vos messages sont gardés")).to_be_visible()
        network.mend()
        await self.settled(ada, caro, mark, written)

    async def test_when_the_customers_connection_dies_without_a_word(
        self, ada: CustomerPage, caro: ConsolePage, mark: str, network: Network
    ) -> None:
        await begin(ada, caro, mark)
        network.silence()
        written = await both_write_five(ada, caro, over=2)
        await both_show(ada, caro, 11)
        network.cut()  # what is silent for good is broken at last, or the browser would go on waiting for its files
        network.mend()
        await self.settled(ada, caro, mark, written)

    async def test_when_a_chat_replica_is_killed_in_the_middle(
        self, ada: CustomerPage, caro: ConsolePage, mark: str, stack: Stack
    ) -> None:
        await begin(ada, caro, mark)
        writing = asyncio.create_task(both_write_five(ada, caro, over=6))
        for replica in ("chat-1", "chat-2"):  # whichever holds the sockets, it dies once
            await asyncio.sleep(1.5)
            stack.kill(replica)
            await stack.ready(replica)
        await self.settled(ada, caro, mark, await writing)

    async def test_when_rabbitmq_is_restarted_in_the_middle(
        self, ada: CustomerPage, caro: ConsolePage, mark: str, stack: Stack
    ) -> None:
        await begin(ada, caro, mark)
        restarting = asyncio.create_task(stack.restart_rabbitmq())
        written = await both_write_five(ada, caro, over=8)
        await restarting
        await self.settled(ada, caro, mark, written)
        # The lists live again too.
        await ada.write(f"après {mark}")
        await expect(caro.row(f"après {mark}")).to_be_visible(timeout=20_000)


class TestClosing:
    async def test_in_progress_keeps_the_request_open_and_the_next_message_continues_it(
        self, ada: CustomerPage, caro: ConsolePage, mark: str
    ) -> None:
        await begin(ada, caro, mark)
        number = await caro.row(mark).get_attribute("data-request-id")
        await caro.close_conversation("En cours")
        await expect(ada.log.get_by_text("Caro Agent a clôturé la conversation")).to_be_visible()
        await caro.view("Demandes ouvertes")
        await expect(caro.row(mark)).to_contain_text("En cours")

        await ada.write_again(f"Encore moi {mark}")
        await expect(caro.row(f"Encore moi {mark}")).to_be_visible()
        assert await caro.row(f"Encore moi {mark}").get_attribute("data-request-id") == number
        await expect(caro.log.get_by_text(f"Encore moi {mark}")).to_be_visible()
        assert await caro.texts() == [f"Bonjour {mark}", f"Encore moi {mark}"]

    async def test_who_was_away_sees_the_closing_and_a_late_message_is_refused_visibly(
        self, ada: CustomerPage, caro: ConsolePage, mark: str, network: Network
    ) -> None:
        await begin(ada, caro, mark)
        network.cut()
        await ada.write("trop tard")
        await caro.close_conversation("En cours")
        network.mend()
        await expect(ada.log.get_by_text("Caro Agent a clôturé la conversation")).to_be_visible(timeout=20_000)
        await expect(ada.widget.get_by_text("Non envoyé : la conversation a été clôturée.")).to_be_visible()
        await ada.widget.get_by_role("button", name="Écrire de nouveau").first.click()
        await expect(caro.log.get_by_text("trop tard")).to_be_visible(timeout=20_000)
        assert await caro.texts() == [f"Bonjour {mark}", "trop tard"]

    async def test_closed_takes_the_request_out_of_the_open_ones_and_the_next_message_makes_another(
        self, ada: CustomerPage, caro: ConsolePage, mark: str
    ) -> None:
        await begin(ada, caro, mark)
        number = await caro.row(mark).get_attribute("data-request-id")
        await caro.close_conversation("Clôturée")
        await caro.view("Demandes ouvertes")
        await expect(caro.row(mark)).to_have_count(0)
        await ada.write_again(f"Une autre question {mark}")
        await expect(caro.row(f"Une autre question {mark}")).to_be_visible()
        assert await caro.row(f"Une autre question {mark}").get_attribute("data-request-id") != number


class TestSignIn:
    async def test_a_wrong_password_is_told_in_words(self, people: People, stack: Stack) -> None:
        console = await ConsolePage(await people(False)).sign_in(stack.gateway, password="wrong")
        await expect(console.page.get_by_text("Adresse e-mail ou mot de passe incorrect.")).to_be_visible()
        await expect(console.page.get_by_role("button", name="Se connecter")).to_be_enabled()

    async def test_two_agents_see_each_others_work_live(
        self,
        ada: CustomerPage,
        caro: ConsolePage,
        people: People,
        stack: Stack,
        mark: str,
    ) -> None:
        alex = await ConsolePage(await people(False)).sign_in(stack.gateway, "alex@example.com")
        await begin(ada, caro, mark)
        await caro.page.get_by_role("button", name="Me l’attribuer").click()
        await expect(alex.row(mark)).to_contain_text("CA")
        await alex.row(mark).click()
        await caro.write("Je m’en occupe.")
        await expect(alex.log.get_by_text("Je m’en occupe.")).to_be_visible()
