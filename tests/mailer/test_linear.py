"""Four times the bytes take about four times the work, whatever they are: no stranger's mail holds the parser."""

import time
from collections.abc import Callable

import pytest
from guichet_mailer.parsing import calendars, html, parse
from guichet_mailer.parsing.tags import tokens

SMALL, TIMES = 6 << 10, 4
GROWTH = 10
"""What is squared grows sixteen times, what is linear four."""

UNMEASURABLE = 0.15
"""Seconds of processor time below which growth says nothing; what is squared passes it at a megabyte a hundredfold."""

PIECES = [
    *(
        " ",
        "\t",
        "\n",
        " \n",
        "\xa0",
        "a",
        "a ",
        "1.",
        "<",
        "<p ",
        "<!--",
        "<style>",
        "&",
        "&nbsp;",
        "(",
        "[",
        '"',
        "'",
    ),
    *("=?utf-8?q?a?=", "=?", "a@", "a@b.c ", "<a@b", "> ", ">", "--\n", "_", "From: a\n", "On a wrote:\n", "é", "Ă©"),
    *(
        "5.1.1 ",
        "550 ",
        "Message-ID: <a",
        "Action: failed\n",
        "begin 644 a\n",
        "http://a ",
        "{",
        "url(",
        ".a{color:red}",
    ),
    *("mail cannot ", "adresse ", "On ", "Le 1 a écrit :\n", "BEGIN:VEVENT\n", "%", "あ"),
]


def work(call: Callable[[], object]) -> float:
    """Seconds of this process's own time."""
    begun = time.process_time()
    call()
    return time.process_time() - begun


def grows_with(make: Callable[[int], Callable[[], object]]) -> bool:
    """Whether the work grows with the input and not with its square; what looks so by chance is measured again."""
    for _ in range(3):
        large = work(make(SMALL * TIMES))
        if large < UNMEASURABLE or large < GROWTH * work(make(SMALL)):
            return True
    return False


def whole(piece: str, size: int) -> bytes:
    """A mail that has it in its headers, its text, its HTML and a report."""
    text = (piece * (size // len(piece) + 1))[:size]
    line = " ".join(text.split("\n")).replace("\r", " ")
    head = [f"{name}: {line}x" for name in ("Subject", "References", "List-Id", "Authentication-Results", "Reply-To")]
    html_part = f"<p>x{text}</p><p {line}>y</p><div style='{line}'>z</div>"
    parts = [
        f"Content-Type: text/plain; charset=utf-8\n\nx{text}x",
        f"Content-Type: text/html; charset=utf-8\n\n{html_part}",
        f'Content-Type: text/plain; name="{line}"\nContent-Disposition: attachment; filename="{line}"\n\n{text}',
        f"Content-Type: message/delivery-status\n\n{text}\nFinal-Recipient: rfc822; {line}\nDiagnostic-Code: {line}\n",
    ]
    body = "".join(f"--q\n{part}\n" for part in parts) + "--q--\n"
    top = [
        "From: MAILER-DAEMON@mx.example.net",
        "To: support@desk.example",
        'Content-Type: multipart/mixed; boundary="q"',
    ]
    return "\n".join([*top, *head, "", body]).encode("utf-8", "replace")


class TestTheWorkOnAMail:
    @pytest.mark.parametrize("piece", PIECES, ids=repr)
    def test_grows_with_its_size(self, piece: str) -> None:
        def of(size: int) -> Callable[[], object]:
            raw = whole(piece, size)
            return lambda: parse(raw)

        assert grows_with(of)


class TestTheWorkOnATag:
    @pytest.mark.parametrize(
        ("begin", "between", "end"),
        [
            ("<p ", " ", ">x</p>"),
            ("<p/", "/", ">x</p>"),
            ('<p x=">" ', " ", ">x</p>"),
            ("<p>x</p ", " ", ">"),
            ("<p ", "< ", ">x</p>"),
            ('<!-- <p x=" --><p ', " ", ">x</p>"),
            ("<p>x</p><o:p ", "=1 ", ">"),
        ],
    )
    def test_of_a_hundred_thousand_attributes_is_done_before_the_cleaner_sees_it(
        self, begin: str, between: str, end: str
    ) -> None:
        markup = begin + between.join(f"a{number}" for number in range(100_000)) + end
        assert len("".join(map(str, tokens(markup)))) < 100
        assert html.clean(markup) == "<p>x</p>"

    def test_keeps_what_counts_as_browsers_read_it(self) -> None:
        markup = (
            "<A hReF='http://x/?a=1&amp;b=\"2\"'/title=a>b</a  x='>'>1 < 2<br/><img/src=cid:1 alt=c><p title=a title=b>"
        )
        found = html.clean(markup)
        assert found.startswith('<a href="http://x/?a=1&amp;b=&quot;2&quot;" title="a" ')
        assert found.endswith('b</a>1 &lt; 2<br><img src="cid:1" alt="c"><p title="a"></p>')

    def test_leaves_a_comment_and_nothing_else_out(self) -> None:
        assert html.clean("<p>a<!-- b > c --!>d<!-->e<!--->f<![if !x]>g<![endif]><?xml b?></p>") == "<p>adefg</p>"

    @pytest.mark.parametrize("open_for_ever", ["<!--", "<style>", "<script>", "<p x='", "<!", "<title>"])
    def test_that_never_ends_grows_with_its_size(self, open_for_ever: str) -> None:
        assert grows_with(lambda size: lambda: html.clean(f"<p>a</p>{open_for_ever * size}"))


class TestTheWorkOnACalendar:
    def test_whose_events_never_end_grows_with_its_size(self) -> None:
        assert grows_with(
            lambda size: lambda: calendars.invitation("BEGIN:VCALENDAR\n" + "BEGIN:VEVENT\n" * (size // 4))
        )
