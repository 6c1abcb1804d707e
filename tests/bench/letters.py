"""Mails as customers send them: what the bench measures with."""

import quopri
from collections.abc import Iterator
from email.header import Header
from email.utils import formatdate

DESK = "support@desk.example"
THREAD = 5
"""Mails of one thread: each answers the one before."""

_QUESTION = "Bonjour,\r\n\r\nma commande n’est toujours pas arrivée – où est-elle ? J’ai payé 49,90 €.\r\n" * 4
_ANSWER = "Nous avons bien reçu votre message et regardons cela tout de suite.\r\n" * 12
_NAMES = ("Jeanne Client", "Ada Lovelace", "Zoé Müller", "Łukasz Nowak")


def letters(count: int) -> Iterator[bytes]:
    """``count`` mails, in turn by four kinds of mail programs, in threads; 2 to 8 kB each."""
    kinds = (_plain, _gmail, _outlook, _latin)
    for number in range(count):
        begun, step = divmod(number, THREAD)
        sender = f"customer-{begun}@example.net"
        head = [
            f"From: {_encoded(_NAMES[begun % 4])} <{sender}>",
            f"To: Support <{DESK}>",
            f"Subject: {_encoded(('Re: ' if step else '') + f'Où est ma commande n° {begun} ?')}",
            f"Message-ID: <{begun}.{step}@example.net>",
            f"Date: {formatdate(1_770_000_000 + number)}",
            "MIME-Version: 1.0",
            *(
                f"Received: from relay-{hop}.example.net by mx.desk.example with ESMTPS; {formatdate()}"
                for hop in range(3)
            ),
        ]
        if step:
            head += [f"In-Reply-To: <{begun}.{step - 1}@example.net>"]
            head += ["References: " + "\r\n ".join(f"<{begun}.{before}@example.net>" for before in range(step))]
        yield kinds[number % 4](head)


def _encoded(text: str) -> str:
    return Header(text, "utf-8").encode(linesep="\r\n")


def _quoted_printable(text: str, charset: str = "utf-8") -> bytes:
    return quopri.encodestring(text.replace("\r\n", "\n").encode(charset)).replace(b"\n", b"\r\n")


def _mail(head: list[str], kind: str, body: bytes, encoding: str = "quoted-printable") -> bytes:
    fields = [*head, f"Content-Type: {kind}", f"Content-Transfer-Encoding: {encoding}", "", ""]
    return "\r\n".join(fields).encode() + body


def _quote() -> str:
    lead = "Le mar. 3 févr. 2026 à 10:12, Support a écrit :\r\n> "
    return lead + _ANSWER.replace("\n", "\n> ")


def _plain(head: list[str]) -> bytes:
    text = f"{_QUESTION}\r\n-- \r\nJeanne Client\r\n\r\n{_quote()}"
    return _mail(head, "text/plain; charset=utf-8; format=flowed", text.encode(), "8bit")


def _latin(head: list[str]) -> bytes:
    return _mail(head, 'text/plain; charset="iso-8859-1"', _quoted_printable(_QUESTION + _quote(), "windows-1252"))


def _gmail(head: list[str]) -> bytes:
    quote = f'<div class="gmail_quote"><div class="gmail_attr">{_quote()[:70]}</div><blockquote>{_ANSWER}</blockquote>'
    return _alternative(head, f'<div dir="ltr">{_QUESTION}</div><br>{quote}</div>')


def _outlook(head: list[str]) -> bytes:
    style = "<style><!-- p.MsoNormal {margin:0cm; font-size:11.0pt; font-family:Calibri} --></style>" * 6
    line = '<p class="MsoNormal"><span lang="FR">{}<o:p></o:p></span></p>'
    lines = "".join(line.format(one) for one in _QUESTION.split("\n"))
    border = '<div style="border:none;border-top:solid #E1E1E1 1.0pt"><p><b>De :</b> Support</p></div>'
    return _alternative(head, f"<html><head>{style}</head><body>{lines}{border}<p>{_ANSWER}</p></body></html>")


def _alternative(head: list[str], html: str) -> bytes:
    def part(kind: str, text: str) -> bytes:
        fields = f"--=_b\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable"
        return fields.encode() + b"\r\n\r\n" + _quoted_printable(text) + b"\r\n"

    parts = part("plain", _QUESTION + _quote()) + part("html", html)
    return _mail(head, 'multipart/alternative; boundary="=_b"', parts + b"--=_b--\r\n", "7bit")
