"""Four times the characters take about four times the work, in whatever looks closely at what strangers write.

`tests/mailer/test_linear.py` has the same of mail.
"""

import io
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest
from guichet_attachments import containers, examiner, names, textual
from guichet_contacts.contact import folding as contacts_folding
from guichet_contacts.contact import naming
from guichet_contacts.exchange import columns, csv_file
from guichet_kit import blank, normal, redact
from guichet_requests import folding as requests_folding
from guichet_requests.email import people
from guichet_requests.template import template

from ..mailer.test_linear import PIECES, grows_with

MORE = [
    *(
        "\u0327\u0301",
        "e\u0301",
        "½",
        "ﬃ",
        "İ",
        "\u200b",
        "\r",
        "\r\n",
        ";",
        ",",
        '""',
        "1",
        "-",
        "0 1",
        "+33 6",
        "06 ",
    ),
    *("{{", "}}", "{{a", "%41", "&#65;", "&a", "[a", "(required", "default_", " via ", "Léa "),
    *("<!---->", "<?a?>", "<a>", "<a x='", "&lt;", "\\objupdat", "50616", "a:", "a: b\n", " a\n"),
]
KEY = b"k" * 32
TOLD = (["Lea Martin"], ["lea@example.net"], ["+33611223344"])
REDACTION = redact.Redaction(*TOLD)
TRACED = redact.TracedRedaction(KEY, redact.word_traces(KEY, *TOLD))


def _imported(text: str) -> None:
    with suppress(csv_file.Unreadable):
        csv_file.read(text.encode("utf-8", "replace"))


def _examined(text: str) -> None:
    file = io.BytesIO(text.encode("utf-8", "replace"))
    with suppress(examiner.Refused, containers.CouldRun):
        examiner.check(file, examiner.media_type_of(file))
        containers.refuse_packages(file.getvalue())


def _in_a_line(text: str) -> str:
    return text.replace("\n", " ").replace("\r", " ")


LOOKS: dict[str, Callable[[str], object]] = {
    "whether a text is blank": blank.is_blank,
    "a normal form": partial(normal.normalized, "NFKD"),
    "an erased person": REDACTION.of,
    "an erased person's traces": TRACED.of,
    "a file's name": names.clean,
    "a file's name in a form": lambda text: names.from_form(text.encode("utf-8", "replace")),
    "a file's extension": names.extension,
    "a file": _examined,
    "a file of XML": lambda text: _examined(f"<a>{text}"),
    "a page": lambda text: textual.is_page(f"<!--{text}"),
    "a mail": lambda text: textual.is_mail(text.encode("utf-8", "replace")),
    "a contact's name": naming.split_name,
    "the words of a contact": contacts_folding.words_of,
    "what contacts are looked for": contacts_folding.query_words,
    "the words of a request": requests_folding.words_of,
    "who wrote a mail": people.is_no_person,
    "a name in a group's mail": lambda text: people._VIA.sub("", text),
    "a template": lambda text: template._PLACEHOLDER.sub("", text),
    "a column": lambda text: columns.propose([text]),
    "a file of contacts": _imported,
    "its header": lambda text: _imported(f"Nom;Mail;{_in_a_line(text)}\na;b@c.example;x\n"),
    "its cells": lambda text: _imported(f"Nom complet;Mail\n{_in_a_line(text)};b@c.example\n"),
}


@pytest.mark.parametrize("name", LOOKS)
def test_looking_closely_at(name: str) -> None:
    look = LOOKS[name]

    def of(piece: str) -> Callable[[int], Callable[[], object]]:
        return lambda size: partial(look, (piece * (size // len(piece) + 1))[:size])

    assert [piece for piece in (*PIECES, *MORE) if not grows_with(of(piece))] == []


class TestNormalForms:
    @pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
    @pytest.mark.parametrize(
        "text", ["", "Léa", "e\u0301", "Việt Nam", "ﬃ½", "한국어", "שָׁלוֹם", "ก็ดี", "\u0327\u0301" * 10]
    )
    def test_are_those_of_unicode(self, form: normal.Form, text: str) -> None:
        assert normal.normalized(form, text) == unicodedata.normalize(form, text)

    def test_keep_the_first_marks_of_a_letter_that_has_more_than_any_language_needs(self) -> None:
        assert normal.normalized("NFC", "a" + "\u0327\u0301" * 500 + "b").startswith("á")
        assert len(normal.normalized("NFD", "a" + "\u0327\u0301" * 500 + "b")) == 2 + normal.MOST_MARKS
