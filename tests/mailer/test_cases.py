"""Kinds of mail that real programs send, each by several inputs of our own; see `cases`."""

from collections import Counter

import pytest
from guichet_mailer.parsing import parse

from .cases import Case, cases, judged, wrong

EVERY = cases()
REPORTS = cases("dsn")
SHARE = 0.95
"""Of the reports must be known as such (issue 11)."""


def _named(case: Case) -> str:
    return f"{case.kind}-{case.name}"


class TestEveryCase:
    @pytest.mark.parametrize("case", [one for one in EVERY if one.kind != "dsn"], ids=_named)
    def test_ends_as_it_was_meant(self, case: Case) -> None:
        assert wrong(case) == {}

    @pytest.mark.parametrize("case", EVERY, ids=_named)
    def test_has_nothing_that_could_not_be_stored(self, case: Case) -> None:
        mail = judged(case.raw)
        for value in (mail.text, mail.subject, mail.html or "", mail.text_quoted, *(file.name for file in mail.files)):
            value.encode()  # no half characters
            assert "\x00" not in value

    def test_every_kind_has_three_and_one_that_only_resembles_them(self) -> None:
        whole, near = Counter[str](), Counter[str]()
        for case in EVERY:
            (near if "near" in case.name or case.kind == "dsn-near" else whole)[case.kind.removesuffix("-near")] += 1
        assert {kind for kind, count in whole.items() if count < 3} == set()
        assert set(whole) == set(near)


class TestTextBelowSomethingLarge:
    @pytest.mark.parametrize(
        "large",
        [
            "<style>" + ".a{margin:0}\n" * 100_000 + "</style>",
            "<!--[if gte mso 9]>" + '<w:LsdException Locked="false"/>\n' * 40_000 + "<![endif]-->",
            '<img src="data:image/png;base64,' + "iVBORw0K" * 200_000 + '">',
            "<p>&nbsp;</p>\n" * 2_000,
        ],
        ids=["a-style", "comments-of-word", "a-picture", "blank-lines"],
    )
    def test_is_kept(self, large: str) -> None:
        head = b"From: lea@example.net\nTo: support@desk.example\nContent-Type: text/html; charset=utf-8\n\n"
        mail = judged(head + f"<html><body>{large}<p>Le pied est fendu.</p></body></html>".encode())
        assert mail.text == "Le pied est fendu."
        assert "Le pied est fendu." in (mail.html or "")


class TestReportsOfEveryDialect:
    def test_there_are_forty_forms_of_them(self) -> None:
        assert len(REPORTS) >= 40

    def test_are_known_as_such_with_whom_and_what_they_are_about(self) -> None:
        unknown = {case.name: wrong(case) for case in REPORTS if wrong(case)}
        assert len(unknown) <= (1 - SHARE) * len(REPORTS), unknown
        assert unknown == {}, f"known as such are {1 - len(unknown) / len(REPORTS):.0%}, but for these"


class TestTwoMailsWithOneMessageId:
    @pytest.mark.parametrize("name", ["other-date", "other-author", "other-body"])
    def test_are_two(self, name: str) -> None:
        first, second = (parse(_of("same-message-id", one)) for one in ("first", name))
        assert first.message_id == second.message_id
        assert first.fingerprint != second.fingerprint

    @pytest.mark.parametrize("name", ["near-came-by-another-way", "near-came-through-a-list"])
    def test_are_one_where_only_the_way_differs(self, name: str) -> None:
        first, again = (parse(_of("same-message-id", one)) for one in ("first", name))
        assert (first.message_id, first.fingerprint) == (again.message_id, again.fingerprint)


def _of(kind: str, name: str) -> bytes:
    return next(case.raw for case in EVERY if (case.kind, case.name) == (kind, name))
