"""The smaller parts by themselves: the parser's process, signed addresses, DKIM."""

import asyncio
import base64
import signal
from collections.abc import AsyncIterator

import dkim  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from guichet_contracts.requests import EmailAddress, SubmittedEmail
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_mailer.mailbox import AddressTokens, Mailbox, Mailboxes
from guichet_mailer.outbound.compose import compose, now_for_date, with_signature
from guichet_mailer.parser import Parser, ParserFailed, Parsers
from guichet_mailer.parsing import Mail

from . import ugly

SECRET = b"x" * 48


class TestTheParsersProcess:
    async def test_answers_one_mail_after_the_other(self) -> None:
        parser = Parser(30)
        try:
            mails = await asyncio.gather(*(parser.parse(ugly.mail(b"n%d" % n), (), False) for n in range(5)))
            assert [one.text for one in mails] == [f"n{n}" for n in range(5)]
            (file,) = (await parser.parse(ugly.every()["uuencode"], (), False)).files
            assert file.content == b"hello world" * 9
        finally:
            await parser.close()

    async def test_that_does_not_answer_in_time_is_ended_and_the_next_mail_is_read(self) -> None:
        parser = Parser(0.001)
        try:
            with pytest.raises(ParserFailed):
                await parser.parse(ugly.mail(b"x" * 5_000_000), (), False)
            parser._seconds = 30
            assert (await parser.parse(ugly.mail(b"next"), (), False)).text == "next"
        finally:
            await parser.close()

    async def test_that_died_between_two_mails_is_started_again(self) -> None:
        parser = Parser(30)
        try:
            await parser.parse(ugly.mail(b"first"), (), False)
            assert parser._process is not None
            parser._process.kill()
            await parser._process.wait()
            assert (await parser.parse(ugly.mail(b"next"), (), False)).text == "next"
        finally:
            await parser.close()


class TestTwoParsers:
    async def test_a_mail_that_hangs_one_of_them_holds_nobody_up(self) -> None:
        parsers = Parsers(30, 2)
        try:
            await asyncio.gather(*(parsers.parse(ugly.mail(b"n%d" % n), (), False) for n in range(4)))
            (first, second) = parsers._all
            assert first._process is not None
            assert second._process is not None
            first._process.send_signal(signal.SIGSTOP)  # it answers nothing more
            waiting = [asyncio.create_task(parsers.parse(ugly.mail(b"x%d" % n), (), False)) for n in range(5)]
            done = [one async for one in _finished(waiting, 4)]
            assert len({one.text for one in done}) == 4
            first._process.send_signal(signal.SIGCONT)
            assert {(await one).text for one in waiting} == {f"x{n}" for n in range(5)}
        finally:
            await parsers.close()


async def _finished(tasks: list[asyncio.Task[Mail]], count: int) -> AsyncIterator[Mail]:
    for _, task in zip(range(count), asyncio.as_completed(tasks), strict=False):
        yield await task


class TestASignedAddress:
    def test_names_its_request_in_any_case(self) -> None:
        tokens, request_id = AddressTokens(SECRET, "reply"), new_id()
        token = tokens.issue(request_id)
        assert len(f"support+{token}") <= 64  # RFC 5321, 4.5.3.1.1
        assert tokens.verify(token) == tokens.verify(token.upper()) == request_id

    def test_with_any_one_character_changed_is_not_ours(self) -> None:
        tokens = AddressTokens(SECRET, "reply")
        token = tokens.issue(new_id())
        for at, letter in enumerate(token):
            for other in "abcdefghijklmnopqrstuvwxyz234567".replace(letter, ""):
                assert tokens.verify(token[:at] + other + token[at + 1 :]) is None

    def test_of_another_purpose_or_installation_is_not_ours(self) -> None:
        token = AddressTokens(SECRET, "reply").issue(new_id())
        assert AddressTokens(SECRET, "bounce").verify(token) is None
        assert AddressTokens(b"y" * 48, "reply").verify(token) is None

    def test_counts_only_at_our_own_addresses(self) -> None:
        boxes = Mailboxes([Mailbox(id="a", address="Help@desk.example", aliases=("aide@desk.example",))])
        token = AddressTokens(SECRET, "reply").issue(new_id())
        addresses = [f"HELP+{token}@Desk.example", f"aide+{token}@desk.example", f"help+{token}@elsewhere.example"]
        assert boxes.tokens(addresses) == [token, token]


class TestASignatureOfTheMailbox:
    QUOTE = "Le 3/2/2026 à 10:12 (UTC), Jeanne a écrit :\n> Où ?\n\nLe 4/2/2026 à 10:12 (UTC), Caro a écrit :\n> Là."

    def test_stands_above_all_that_is_quoted(self) -> None:
        text = with_signature(f"Bonjour.\n\n{self.QUOTE}", "The Desk", len("Bonjour.\n\n"))
        assert text == f"Bonjour.\n\n-- \nThe Desk\n\n{self.QUOTE}"
        assert with_signature("Bonjour.", "The Desk") == "Bonjour.\n\n-- \nThe Desk"

    @pytest.mark.parametrize(
        "own",
        [
            "Bonjour,\n\nLe transporteur m’a écrit :\n\nIl arrive demain.",
            "Hello,\n\nOn Monday, Paul wrote:\n> it is late\n\nWe will see.",
            "Bonjour,\n\nDe : Paris\nÀ : Lyon\nle colis est parti.",
        ],
    )
    def test_a_signature_goes_below_all_that_the_agent_wrote(self, own: str) -> None:
        quote = "Le 3 mars, Ada a écrit :\n> Bonjour\n> -- \n> Ada"
        assert with_signature(own, "The Desk") == f"{own}\n\n-- \nThe Desk"
        assert with_signature(f"{own}\n\n{quote}", "The Desk", len(own) + 2) == f"{own}\n\n-- \nThe Desk\n\n{quote}"

    def test_the_signature_of_a_mail_that_is_handed_on_is_not_the_agent_s(self) -> None:
        given = "---------- Message transféré ----------\n\nBonjour\n\n-- \nAda"
        assert with_signature(f"Voici.\n\n{given}", "The Desk", 8) == f"Voici.\n\n-- \nThe Desk\n\n{given}"

    def test_gives_way_to_the_writers_own(self) -> None:
        text = f"Bonjour.\n\n-- \nCaro\n\n{self.QUOTE * 20}"
        assert with_signature(text, "The Desk") == text
        assert with_signature("Bonjour.", "") == "Bonjour."


class TestDkim:
    def test_the_signature_verifies(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        file = tmp_path_factory.mktemp("dkim") / "key.pem"
        pem = (serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL)
        file.write_bytes(key.private_bytes(*pem, serialization.NoEncryption()))
        box = Mailbox(id="a", address="help@desk.example", dkim_selector="s1", dkim_key_file=str(file))
        email = SubmittedEmail(
            request_id=new_id(),
            request_number=1,
            item_id=new_id(),
            to=(EmailAddress(email="jeanne@exämple.net"),),
            subject="Été",
            text=".\nHello",
            message_id="a@desk.example",
            submitted_at=now(),
        )
        raw = compose(email, box, "help+x@desk.example", (), now_for_date())
        der = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(key.public_key().public_bytes(*der))
        assert dkim.verify(raw, dnsfunc=lambda *_a, **_k: record)
        assert not dkim.verify(raw.replace(b"Hello", b"Other"), dnsfunc=lambda *_a, **_k: record)
