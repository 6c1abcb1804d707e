"""Mail that we send, as a receiver's library reads it: subjects, names, and the HTML part."""

from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses
from typing import Any

import pytest
from guichet_contracts.requests import EmailAddress, SubmittedEmail
from guichet_kit.clock import now
from guichet_kit.ids import new_id
from guichet_mailer.mailbox import Mailbox
from guichet_mailer.outbound.compose import compose, now_for_date
from hypothesis import given, settings
from hypothesis import strategies as st

LETTERS = "abcdefghijkl éèàçœ'’,:()\"<>=?_-–€ñßøЖ日本語한🎉 \\"
LINES = st.text(LETTERS, min_size=1, max_size=220).map(lambda text: " ".join(text.split())).filter(bool)
LIMIT = 998
"""Characters of a line in a header (RFC 5322, 2.1.1)."""

BOX = Mailbox(id="a", address="help@desk.example", name="Boutique « Lumière »")


def sent(**more: Any) -> bytes:
    email = SubmittedEmail(
        **{
            "request_id": new_id(),
            "request_number": 1,
            "item_id": new_id(),
            "to": (EmailAddress(email="jeanne@example.net"),),
            "subject": "Question",
            "text": "Bonjour",
            "message_id": "a@desk.example",
            "submitted_at": now(),
        }
        | more
    )
    return compose(email, BOX, "help+x@desk.example", (), now_for_date())


def opened(raw: bytes) -> EmailMessage:
    """The mail as a receiver has it."""
    return message_from_bytes(raw, policy=default)


class TestASubject:
    @given(LINES)
    @settings(max_examples=200, deadline=None, derandomize=True)
    def test_arrives_as_it_was_written(self, subject: str) -> None:
        raw = sent(subject=subject)
        assert opened(raw)["Subject"] == subject
        head = raw.partition(b"\r\n\r\n")[0]
        assert head.isascii()
        assert max(map(len, head.split(b"\r\n"))) <= LIMIT

    @pytest.mark.parametrize(
        "subject",
        [
            "Réclamation : la pièce détachée commandée le 3 décembre à Besançon n'est pas arrivée à destination",
            "Re: Votre commande nº 4411 — « Lampe Élégance » (deuxième relance après réception d'un modèle abîmé)",
            "=?utf-8?Q?not_a_word?=",
            "a" * 300,
        ],
    )
    def test_that_is_long_or_odd_is_read_alike_by_an_older_library(self, subject: str) -> None:
        raw = sent(subject=subject)
        line = message_from_bytes(raw)["Subject"]
        assert str(make_header(decode_header(line.replace("\r\n", "")))) == subject


class TestAName:
    @given(LINES.map(lambda name: name[:150].strip()))
    @settings(max_examples=200, deadline=None, derandomize=True)
    def test_arrives_as_it_was_written(self, name: str) -> None:
        raw = sent(to=(EmailAddress(email="jeanne@example.net", name=name), EmailAddress(email="paul@example.net")))
        assert raw.isascii()
        # Not by the newer library: of a name in several encoded words it makes one with spaces between them.
        line = message_from_bytes(raw)["To"].replace("\r\n", "")
        found = [(str(make_header(decode_header(named))), email) for named, email in getaddresses([line])]
        assert found == [(name, "jeanne@example.net"), ("", "paul@example.net")]


def html_of(text: str) -> str:
    body = opened(sent(text=text)).get_body(("html",))
    assert isinstance(body, EmailMessage)
    return str(body.get_content())


class TestTheHtmlPart:
    def test_keeps_lines_and_spaces(self) -> None:
        html = html_of("Taille   prix\n  42    59 €\n\nMerci")
        said = "Taille&nbsp;&nbsp; prix<br>\n&nbsp; 42&nbsp;&nbsp;&nbsp; 59 €<br>\n<br>\nMerci"
        assert said in html.replace("\r\n", "\n")

    @pytest.mark.parametrize(
        ("text", "href"),
        [
            ("Voir https://desk.example/a_(b).", "https://desk.example/a_(b)"),
            ("(www.desk.example/aide)", "https://www.desk.example/aide"),
            ("Écrivez à paul@desk.example !", "mailto:paul@desk.example"),
            ("https://desk.example/?a=1&b=2, ou", "https://desk.example/?a=1&amp;b=2"),
        ],
    )
    def test_has_links(self, text: str, href: str) -> None:
        assert f'<a href="{href}">' in html_of(text)

    @pytest.mark.parametrize("text", ["version 2.5.1", "a@b", "javascript:alert(1)", "https://"])
    def test_makes_no_links_of_other_words(self, text: str) -> None:
        assert "<a " not in html_of(text)

    def test_has_quotes_as_such_and_escapes_what_looks_like_markup(self) -> None:
        html = html_of("<b>Oui</b>\n\nPaul a écrit :\n> Où ?\n> > Là.\n> Merci\nFin > 3")
        assert "&lt;b&gt;Oui" in html
        assert html.count("<blockquote") == html.count("</blockquote>") == 2
        inner = html.partition("<blockquote")[2]
        assert "Où ?" in inner
        assert "Fin &gt; 3" in html.rpartition("</blockquote>")[2]
