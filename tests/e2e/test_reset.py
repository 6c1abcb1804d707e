"""`Guichet.reset()`, which a site calls when somebody signs out: the next person at the computer finds nothing."""

from guichet_local.testing.stack import Stack
from playwright.async_api import FilePayload, expect

from .conftest import People
from .pages import ConsolePage, CustomerPage


async def sign_out(ada: CustomerPage) -> None:
    await ada.page.evaluate("Guichet.reset()")
    await expect(ada.box).to_be_hidden()


async def nothing_is_left(ada: CustomerPage) -> None:
    await ada.open()
    await expect(ada.box).to_have_value("")
    await expect(ada.widget.get_by_role("list", name="Fichiers à envoyer")).to_be_hidden()
    assert await ada.texts() == []


async def test_conversation_draft_and_chosen_file_are_gone_and_who_writes_next_is_somebody_else(
    people: People, stack: Stack, mark: str
) -> None:
    ada = await CustomerPage(await people(False)).visit(stack.demo_site)
    caro = await ConsolePage(await people(False)).sign_in(stack.gateway)
    await ada.write(f"Bonjour {mark}")
    await expect(caro.row(mark)).to_be_visible()
    file = FilePayload(name=f"reçu {mark}.txt", mimeType="text/plain", buffer=b"12 euros")
    await ada.widget.locator("input[type=file]").set_input_files(file)
    await expect(ada.widget.get_by_text(f"reçu {mark}.txt")).to_be_visible()
    await ada.box.fill("Un brouillon")

    await sign_out(ada)
    await nothing_is_left(ada)
    await ada.reload()
    assert await ada.texts() == []
    await ada.write(f"Une autre {mark}2")
    await expect(caro.row(f"{mark}2")).to_be_visible()
    # Another person's request, beside that of the first one.
    await expect(caro.row(f"Bonjour {mark}")).to_be_visible()


async def test_a_draft_goes_also_where_the_chat_was_not_opened_on_the_page(people: People, stack: Stack) -> None:
    ada = await CustomerPage(await people(False)).visit(stack.demo_site)
    await ada.box.fill("Un brouillon")
    await ada.page.reload()
    await expect(ada.launcher).to_be_visible()
    await sign_out(ada)
    await nothing_is_left(ada)


async def test_a_message_that_could_not_leave_is_never_sent(people: People, stack: Stack, mark: str) -> None:
    ada = await CustomerPage(await people(False)).visit(stack.demo_site)
    caro = await ConsolePage(await people(False)).sign_in(stack.gateway)
    await ada.page.context.set_offline(True)
    await ada.write(f"Jamais parti {mark}")
    await expect(ada.widget.get_by_text(f"Jamais parti {mark}")).to_be_visible()
    # The page goes before the chat could be told.
    await ada.page.evaluate("Guichet.reset()")
    await ada.page.context.set_offline(False)
    await ada.page.reload()
    await nothing_is_left(ada)
    await ada.write(f"Suivant {mark}")
    await expect(caro.row(f"Suivant {mark}")).to_be_visible()
    await expect(caro.row(f"Jamais parti {mark}")).to_have_count(0)
