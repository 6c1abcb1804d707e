"""Two hundred ugly mails, by the RFCs' own corner cases and by what mail programs send in spite of them."""

import base64
import binascii
import quopri
import struct
from collections.abc import Iterator

CRLF = b"\r\n"
TEXTS = {
    "utf-8": "Bonjour, où est ma commande ? Œuvre à 10 €",
    "iso-8859-1": "Bonjour, où est ma commande ? Déjà payée",
    "iso-8859-15": "Bonjour, œuvre à 10 €",
    "windows-1252": "L’œuvre coûte 10 € – déjà payée…",
    "windows-1251": "Здравствуйте, где мой заказ?",
    "koi8-r": "Здравствуйте, где мой заказ?",
    "iso-8859-2": "Dzień dobry, gdzie jest moje zamówienie?",
    "gb18030": "你好，我的订单在哪里？",
    "gb2312": "你好，我的订单在哪里？",
    "big5": "您好，我的訂單在哪裡？",
    "iso-2022-jp": "こんにちは、注文はどこですか。",
    "shift_jis": "こんにちは、注文はどこですか。",
    "euc-jp": "こんにちは、注文はどこですか。",
    "euc-kr": "안녕하세요, 주문은 어디에 있습니까?",
    "windows-1255": "שלום, איפה ההזמנה שלי?",
    "windows-1256": "مرحبا، أين طلبي؟",
    "tis-620": "สวัสดี สินค้าของฉันอยู่ที่ไหน",
    "utf-16": "Bonjour, où est ma commande ?",
}


def mail(body: bytes = b"Bonjour", *headers: bytes, number: int = 0, end: bytes = CRLF) -> bytes:
    """A mail with a sender, an id and a date of its own, ``headers`` and ``body``."""
    usual = (
        b"From: Jeanne Client <jeanne@example.net>",
        b"To: support@desk.example",
        b"Message-ID: <ugly-%d@example.net>" % (number or binascii.crc32(body + b"".join(headers))),
        b"Date: Tue, 3 Feb 2026 10:12:00 +0100",
    )
    names = {one.partition(b":")[0].lower() for one in headers}
    kept = [one for one in usual if one.partition(b":")[0].lower() not in names]
    return end.join([*kept, *headers, b"", body])


def multipart(kind: str, *parts: bytes, boundary: str = "=_b") -> bytes:
    """A body part of several: ``parts`` are whole, headers and all."""
    mark = boundary.encode()
    inner = b"".join(b"--" + mark + CRLF + one + CRLF for one in parts)
    return (
        b'Content-Type: multipart/%s; boundary="%s"' % (kind.encode(), mark)
        + CRLF
        + CRLF
        + inner
        + b"--"
        + mark
        + b"--"
    )


def part(kind: str, body: bytes, *headers: str) -> bytes:
    """One leaf of a multipart."""
    return CRLF.join([f"Content-Type: {kind}".encode(), *(h.encode() for h in headers), b"", body])


def attached(part_of_mail: bytes, *headers: bytes) -> bytes:
    """A mail whose top is this part."""
    head, _, body = part_of_mail.partition(CRLF + CRLF)
    return mail(body, *headers, b"MIME-Version: 1.0", head)


def dsn(fields: str, original: bytes, human: str = "Your message could not be delivered.") -> bytes:
    """A delivery status notification (RFC 3464)."""
    report = multipart(
        "report; report-type=delivery-status",
        part("text/plain", human.encode()),
        part("message/delivery-status", f"Reporting-MTA: dns; mx.example\r\n\r\n{fields}".encode()),
        part("message/rfc822", original),
    )
    return attached(report, b"From: MAILER-DAEMON@mx.example", b"Subject: Undelivered Mail Returned to Sender")


FAILED = (
    "Final-Recipient: rfc822; gone@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    "Diagnostic-Code: smtp; 550 5.1.1 No such user\r\n"
)
SENT = mail(b"hello", b"Message-ID: <sent-1@desk.example>", b"From: support@desk.example")
IMAGE = base64.encodebytes(b"\x89PNG\r\n\x1a\n" + bytes(300))

QUOTES = {
    "apple-fr": "Oui merci.\n\n> Le 3 févr. 2026 à 10:12, Support <s@d.example> a écrit :\n> \n> Bonjour\n",
    "gmail-fr": "Oui merci.\n\nLe mar. 3 févr. 2026 à 10:12, Support <s@d.example> a\nécrit :\n\n> Bonjour\n",
    "gmail-en": "Oui merci.\n\nOn Tue, Feb 3, 2026 at 10:12 AM Support <s@d.example>\nwrote:\n\n> Bonjour\n",
    "gmail-de": "Oui merci.\n\nAm Di., 3. Feb. 2026 um 10:12 Uhr schrieb Support <s@d.example>:\n\n> Bonjour\n",
    "thunderbird-fr": "Oui merci.\n\nLe 03/02/2026 à 10:12, Support a écrit :\n> Bonjour\n> Où ?\n",
    "thunderbird-en": "Oui merci.\n\nOn 2/3/26 10:12, Support wrote:\n> Bonjour\n",
    "thunderbird-de": "Oui merci.\n\nAm 03.02.2026 um 10:12 schrieb Support:\n> Bonjour\n",
    "outlook-fr": "Oui merci.\n\n________________________________\nDe : Support <s@d.example>\nEnvoyé : mardi 3\n"
    "À : Jeanne\nObjet : RE: Commande\n\nBonjour\n",
    "outlook-en": "Oui merci.\n\nFrom: S <s@d.example>\nSent: Tuesday\nTo: Jeanne\nSubject: RE: Order\n\nBonjour\n",
    "outlook-de": "Oui merci.\n\nVon: Support <s@d.example>\nGesendet: Dienstag\nAn: J\nBetreff: AW: x\n\nBonjour\n",
    "outlook-old": "Oui merci.\n\n-----Message d'origine-----\nDe : Support\nEnvoyé : mardi\n\nBonjour\n",
    "forward": "Oui merci.\n\n---------- Forwarded message ---------\nFrom: S <s@d.example>\n\nBonjour\n",
    "apple-forward": "Oui merci.\n\nDébut du message réexpédié :\n\nDe: S\n\nBonjour\n",
    "bare": "Oui merci.\n\n> Bonjour\n> Où ?\n",
}
INTERLEAVED = "Le 03/02/2026 à 10:12, Support a écrit :\n> Couleur ?\nVerte.\n> Taille ?\nGrande.\n"


def charsets() -> Iterator[tuple[str, bytes]]:
    for charset, text in TEXTS.items():
        body = text.encode(charset)
        kind = b"Content-Type: text/plain; charset=%s" % charset.encode()
        yield f"charset-{charset}", mail(base64.encodebytes(body), kind, b"Content-Transfer-Encoding: base64")
        word = base64.b64encode(body)
        yield f"subject-{charset}", mail(b"x", b"Subject: =?%s?B?%s?=" % (charset.encode(), word))
        if charset not in ("utf-16", "iso-2022-jp"):
            yield f"raw-8bit-unnamed-{charset}", mail(body * 3)
            yield f"raw-8bit-subject-{charset}", mail(b"x", b"Subject: " + body.replace(b"\n", b" "))
    euro = "L’œuvre coûte 10 €".encode("cp1252")
    yield "windows-1252-named-latin-1", mail(euro, b"Content-Type: text/plain; charset=iso-8859-1")
    yield "utf-8-named-ascii", mail("où".encode(), b"Content-Type: text/plain; charset=us-ascii")
    yield "latin-1-named-utf-8", mail("déjà payée".encode("latin-1"), b"Content-Type: text/plain; charset=utf-8")
    for name in (
        b"utf-8;",
        b"x-nonsense",
        b'"',
        b"base64",
        b"rot13",
        b"utf-7",
        b"\xff\xfe",
        b"unicode_escape",
        b"idna",
    ):
        label = name.decode("latin-1")
        yield f"charset-named-{label!r}", mail("où +ADw-".encode(), b"Content-Type: text/plain; charset=" + name)


def headers() -> Iterator[tuple[str, bytes]]:
    words = {
        "split-character": b"=?utf-8?B?w6k=?= =?utf-8?B?w6k=?=",
        "half-character": b"=?utf-8?B?ww==?= =?utf-8?B?qQ==?=",
        "bad-base64": b"=?utf-8?B?w6k?= rest",
        "bad-q": b"=?utf-8?Q?=ZZ=C3?=",
        "unknown-charset": b"=?x-none?Q?abc?=",
        "language": b"=?utf-8*fr?Q?=C3=A9t=C3=A9?=",
        "within-a-word": b"abc=?utf-8?Q?=C3=A9?=def",
        "in-quotes": b'"=?utf-8?Q?=C3=A9?="',
        "never-closed": b"=?utf-8?Q?abc",
        "new-line-hidden": b"=?utf-8?Q?a=0D=0ABcc:_x@y.z?=",
        "bidi-override": "a\u202egnp.exe".encode(),
        "nul": b"a\x00b",
        "tabs-folded": b"a\r\n\tb\r\n  c",
        "folded-empty-line": b"a\r\n \r\n b",
        "very-long": b"a" * 100_000,
    }
    for name, value in words.items():
        yield f"subject-{name}", mail(b"x", b"Subject: " + value)
    senders = {
        "none": b"From:",
        "quoted-comma": b'From: "Client, Jeanne" <jeanne@example.net>',
        "group": b"From: Team: a@example.net, b@example.net;",
        "comment": b"From: jeanne@example.net (Jeanne (Client))",
        "no-at": b"From: jeanne",
        "two": b"From: a@example.net, b@example.net",
        "route": b"From: <@relay.example:jeanne@example.net>",
        "encoded-address": b"From: =?utf-8?Q?jeanne=40example.net?=",
        "unicode-domain": "From: jeanne@exämple.net".encode(),
        "unicode-local": "From: jeänne@example.net".encode(),
        "unclosed-quote": b'From: "Jeanne <jeanne@example.net>',
        "empty-angles": b"From: <>",
        "literal": b"From: jeanne@[192.0.2.1]",
        "many-parens": b"From: " + b"(" * 5000,
        "many-quotes": b"From: " + b'"' * 5000,
    }
    for name, value in senders.items():
        yield f"from-{name}", mail(b"x", value)
    dates = (
        b"",
        b"tomorrow",
        b"Tue, 31 Feb 2026 10:12:00 +0100",
        b"Tue, 3 Feb 99999 10:12:00 +9999",
        b"0",
        b"3 Feb 26 10:12 CET",
    )
    for value in dates:
        yield f"date-{value.decode()!r}", mail(b"x", b"Date: " + value, number=700 + len(value))
    yield "date-double", mail(b"x", b"Date: Tue, 3 Feb 2026 10:12:00 +0100", b"Date: Wed, 4 Feb 2026 10:12:00 +0100")
    yield "id-double", mail(b"x", b"Message-ID: <one@example.net>", b"Message-ID: <two@example.net>")
    yield "id-missing", mail(b"no id", b"Message-ID:")
    yield "id-without-angles", mail(b"x", b"Message-ID: three@example.net")
    yield "id-long", mail(b"x", b"Message-ID: <" + b"a" * 2000 + b"@x>")
    yield "references-many", mail(b"x", b"References: " + b" ".join(b"<%d@x>" % i for i in range(5000)))
    yield "references-broken", mail(b"x", b"References: <a@x <b@x> c@x> <", b"In-Reply-To: your mail of Tuesday <d@x>")
    yield "ten-thousand-recipients", mail(b"x", b"To: " + b",\r\n ".join(b"p%d@example.net" % i for i in range(10_000)))
    yield "header-of-1-mb", mail(b"x", b"X-Big: " + b"a" * (1 << 20))
    yield "header-of-1-mb-folded", mail(b"x", b"X-Big: " + b"\r\n ".join([b"a" * 70] * 15_000))
    yield "thousands-of-headers", mail(b"x", *(b"X-%d: y" % i for i in range(5000)))
    yield "header-without-colon", mail(b"x", b"This is no header", b"Subject: after it")
    yield "space-before-colon", mail(b"x", b"Subject : hello")
    yield "8-bit-header-name", mail(b"x", "Sübject: x".encode())
    yield "leading-space", b" Subject: x\r\nFrom: a@b.example\r\n\r\nx"
    yield "mbox-envelope-line", b"From jeanne@example.net Tue Feb  3 10:12:00 2026\r\n" + mail(b"x")
    yield "bare-lf", mail(b"one\ntwo", end=b"\n")
    yield "bare-cr", mail(b"one\rtwo", end=b"\r")
    yield "mixed-line-ends", mail(b"one\r\ntwo\nthree\rfour", b"Subject: a\n b")
    yield "nul-bytes", mail(b"a\x00b" * 100)
    yield "no-header", b"\r\nonly a body"
    yield "no-body", mail(b"")
    yield "headers-only", b"From: a@b.example\r\nSubject: x"
    yield "empty", b""
    yield "blank", b"\r\n\r\n\r\n"
    yield "random-bytes", bytes(range(256)) * 40


def structures() -> Iterator[tuple[str, bytes]]:
    text, markup = part("text/plain", b"Bonjour"), part("text/html", b"<p>Bonjour <b>vous</b></p>")
    picture = part("image/png", IMAGE, "Content-Transfer-Encoding: base64", "Content-ID: <logo@x>")
    yield "alternative", attached(multipart("alternative", text, markup))
    yield "related", attached(multipart("alternative", text, multipart("related", markup, picture, boundary="r")))
    yield "apple-text-image-text", attached(multipart("mixed", text, picture, text))
    yield "html-only", attached(markup)
    yield "html-without-end", attached(part("text/html", b"<div><table><tr><td>Bonjour"))
    nested = text
    for level in range(50):
        nested = multipart("mixed", nested, boundary=f"n{level}")
    yield "fifty-nested", attached(nested)
    for level in range(50, 150):
        nested = multipart("mixed", nested, boundary=f"n{level}")
    yield "nested-too-deep", attached(nested)
    deep = mail(b"x")
    for _ in range(60):
        deep = attached(part("message/rfc822", deep))
    yield "sixty-mails-in-mails", deep
    yield "nested-mails-beyond-recursion", b"Content-Type: message/rfc822\r\n\r\n" * 3000 + mail(b"x")
    yield "ten-thousand-parts", attached(multipart("mixed", *[text] * 10_000))
    yield "boundary-missing", mail(b"--x\r\n\r\nhello\r\n--x--", b"Content-Type: multipart/mixed")
    yield "boundary-never-used", mail(b"hello", b"Content-Type: multipart/mixed; boundary=zzz")
    yield "boundary-not-closed", mail(b"--zz\r\n\r\nhello", b"Content-Type: multipart/mixed; boundary=zz")
    yield "boundary-of-regex-signs", attached(multipart("mixed", text, boundary="a(.*)+?[b]\\"))
    yield "type-empty", mail(b"hello", b"Content-Type:")
    yield "type-broken", mail(b"hello", b"Content-Type: text/plain; charset=; =x; name*0*=utf-8''%E9")
    yield "transfer-encoding-unknown", mail(b"hello", b"Content-Transfer-Encoding: x-nothing")
    yield "base64-broken", mail(b"Qm9uam91cg=\r\n!!!!\r\nQ", b"Content-Transfer-Encoding: base64")
    yield "base64-of-one-letter", mail(b"Q", b"Content-Transfer-Encoding: base64")
    yield "quoted-printable-broken", mail(b"a=ZZ=\r\nb=C3=A9=", b"Content-Transfer-Encoding: quoted-printable")
    yield (
        "attachments-of-30-mb",
        attached(
            multipart(
                "mixed",
                text,
                part(
                    "application/pdf",
                    b"%PDF-1.4" + b"x" * (30 << 20),
                    "Content-Disposition: attachment; filename=big.pdf",
                ),
            )
        ),
    )
    names = {
        "rfc2231": "filename*=utf-8''d%C3%A9j%C3%A0.pdf",
        "rfc2231-parts": "filename*0*=utf-8''d%C3%A9; filename*1=ja.pdf",
        "encoded-word": 'filename="=?utf-8?Q?d=C3=A9j=C3=A0.pdf?="',
        "8-bit": "filename=déjà.pdf",
        "path": 'filename="../../etc/passwd"',
        "newline": 'filename="=?utf-8?Q?a=0D=0Ab.pdf?="',
        "bad-charset": "filename*=x-none''%E9.pdf",
        "none": "",
        "long": f"filename={'a' * 5000}.pdf",
    }
    for name, parameter in names.items():
        disposition = f"Content-Disposition: attachment; {parameter}"
        yield f"filename-{name}", attached(multipart("mixed", text, part("application/pdf", b"%PDF", disposition)))
    flowed = b"Bonjour, ceci \r\nest une ligne.\r\n> cite \r\n> suite\r\n-- \r\nJeanne"
    yield "format-flowed", mail(flowed, b"Content-Type: text/plain; charset=utf-8; format=flowed")
    yield "format-flowed-delsp", mail(flowed, b"Content-Type: text/plain; format=flowed; delsp=yes")
    uu = b"".join(binascii.b2a_uu(b"hello world" * 3) for _ in range(3))
    yield "uuencode", mail(b"Voici\r\nbegin 644 a.txt\r\n" + uu.replace(b"\n", b"\r\n") + b"`\r\nend\r\nFin")
    yield "uuencode-broken", mail(b"begin 644 a.txt\r\n\xff\xff\r\nend")
    tnef = "Content-Disposition: attachment; filename=winmail.dat"
    body = b"Bonjour de winmail\x00"
    inner = (
        struct.pack("<IH", 0x223E9F78, 1)
        + struct.pack("<BHHI", 1, 0x800C, 2, len(body))
        + body
        + struct.pack("<H", sum(body) & 0xFFFF)
        + bytes(20)
    )
    yield (
        "winmail",
        attached(
            multipart(
                "mixed",
                part("application/ms-tnef", base64.encodebytes(inner), "Content-Transfer-Encoding: base64", tnef),
            )
        ),
    )
    yield "winmail-broken", attached(multipart("mixed", text, part("application/ms-tnef", inner[:9], tnef)))
    yield (
        "smime-detached",
        attached(multipart("signed", text, part("application/pkcs7-signature; name=smime.p7s", b"MIIB"))),
    )
    yield (
        "smime-opaque",
        attached(
            part(
                "application/pkcs7-mime; smime-type=signed-data",
                base64.encodebytes(cms(text)),
                "Content-Transfer-Encoding: base64",
            )
        ),
    )
    yield "smime-encrypted", attached(part("application/pkcs7-mime; smime-type=enveloped-data", bytes(200)))
    yield "pgp-mime", attached(multipart("signed", text, part("application/pgp-signature", b"-----BEGIN")))
    clear = (
        b"-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\n- -- Bonjour\r\n"
        b"-----BEGIN PGP SIGNATURE-----\r\nx\r\n-----END PGP SIGNATURE-----\r\n"
    )
    yield "pgp-clear", mail(clear)
    yield "pgp-encrypted", mail(b"-----BEGIN PGP MESSAGE-----\r\n\r\nhQ\r\n-----END PGP MESSAGE-----")
    ics = (
        b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Point\r\n  hebdo\r\n"
        b"DTSTART:20260203T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR"
    )
    yield "invitation", attached(multipart("alternative", text, part("text/calendar; method=REQUEST", ics)))
    yield "invitation-alone", attached(part("text/calendar", ics))
    evil = {
        "script": b"<p>Bonjour<script>alert(1)</script><img src=x onerror=alert(1)></p>",
        "form": b"<form action=https://e.example><input name=password><button>ok</button></form>Bonjour",
        "css": b"<style>body{position:fixed}</style><div style='position:fixed;top:0;color:red'>Bonjour</div>",
        "remote": b"<p>Bonjour<img src=https://t.example/pixel.gif><img srcset='https://t.example/a 2x'></p>",
        "mutation": b"<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>Bonjour",
        "javascript-link": b"<a href='java&#x0A;script:alert(1)'>Bonjour</a>",
        "deep": b"<div>" * 50_000 + b"Bonjour",
        "ends-of-others": b"<b>x</i>" * 60_000 + b"Bonjour",
        "base": b"<base href=https://e.example/><a href=x>Bonjour</a><meta http-equiv=refresh content=0>",
        "outlook-conditional": b"<!--[if mso]><p>mso</p><![endif]--><o:p>Bonjour</o:p>",
    }
    for name, value in evil.items():
        yield f"html-{name}", attached(part("text/html; charset=utf-8", value))
    for name, quote in QUOTES.items():
        encoded = quopri.encodestring(quote.encode()).replace(b"\n", CRLF)
        kind = (b"Content-Type: text/plain; charset=utf-8", b"Content-Transfer-Encoding: quoted-printable")
        yield f"quote-{name}", mail(encoded, *kind)
    yield "quote-interleaved", mail(INTERLEAVED.encode(), b"Content-Type: text/plain; charset=utf-8")
    gmail = b'<div>Oui merci.</div><div class="gmail_quote">Le 3 a &eacute;crit<blockquote>Bonjour</blockquote></div>'
    yield "quote-html-gmail", attached(part("text/html", gmail))
    yield (
        "quote-html-outlook",
        attached(part("text/html", b'<p>Oui merci.</p><hr><div id="divRplyFwdMsg">De : S</div>Bonjour')),
    )


def dialects() -> Iterator[tuple[str, bytes]]:
    """Status notifications as the servers of the world write them."""
    head = SENT.partition(CRLF + CRLF)[0]
    sendmail = (
        "Original-Recipient: rfc822;gone@example.net\r\nFinal-Recipient: RFC822; gone@example.net\r\nAction: failed\r\n"
        "Status: 5.1.1\r\nRemote-MTA: DNS; mx.example.net\r\n"
        "Diagnostic-Code: SMTP; 550 5.1.1 <gone@example.net>... User unknown\r\nLast-Attempt-Date: Tue, 3 Feb 2026\r\n"
    )
    yield (
        "dsn-sendmail",
        attached(
            multipart(
                "report; report-type=delivery-status",
                part("text/plain", b"   ----- The following addresses had permanent fatal errors -----"),
                part("message/delivery-status", b"Reporting-MTA: dns; mx.example\r\n\r\n" + sendmail.encode()),
                part("text/rfc822-headers", head),
                boundary="q1A2B3/mx.example",
            ),
            b"From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example>",
            b"Subject: Returned mail: see transcript for details",
            b"Auto-Submitted: auto-generated (failure)",
        ),
    )
    gmail = (
        "Final-Recipient: rfc822; gone@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Remote-MTA: dns; mx.example.net. (192.0.2.1, the server for the domain example.net.)\r\n"
        "Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.\r\n"
        " 550 5.1.1 https://support.example/ - gsmtp\r\n"
    )
    icon = part("image/png", IMAGE, "Content-Transfer-Encoding: base64", "Content-ID: <icon.png>")
    shown = multipart("related", part("text/html", b"<p>Address not found</p>"), icon, boundary="r")
    yield (
        "dsn-gmail",
        attached(
            multipart(
                "report; report-type=delivery-status",
                multipart("alternative", part("text/plain", b"** Address not found **"), shown, boundary="a"),
                part("message/delivery-status", b"Reporting-MTA: dns; googlemail.com\r\n\r\n" + gmail.encode()),
                part("message/rfc822", SENT),
            ),
            b"From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
            b"Auto-Submitted: auto-replied",
            b"X-Failed-Recipients: gone@example.net",
        ),
    )
    exchange = (
        "Final-Recipient: rfc822;gone@example.net\r\nAction: failed\r\nStatus: 5.1.10\r\n"
        "Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found\r\n"
    )
    yield (
        "dsn-exchange-online",
        attached(
            multipart(
                "report; report-type=delivery-status",
                multipart("alternative", part("text/plain", b"Diagnose"), part("text/html", b"<p>x</p>"), boundary="a"),
                part("message/delivery-status", b"Reporting-MTA: dns;mx.example\r\n\r\n" + exchange.encode()),
                part("message/rfc822", SENT),
            ),
            b"From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@desk.example>",
            b"Subject: =?utf-8?Q?Non_remis=C2=A0:_Votre_commande?=",
            b"X-MS-Exchange-Message-Is-Ndr:",
        ),
    )
    exim = "Action: failed\r\nFinal-Recipient: rfc822;gone@example.net\r\nStatus: 5.0.0\r\n"
    yield (
        "dsn-exim",
        attached(
            multipart(
                "report; report-type=delivery-status",
                part("text/plain", b"This message was created automatically by mail delivery software."),
                part("message/delivery-status", b"Reporting-MTA: dns; mx.example\r\n\r\n" + exim.encode()),
                part("message/rfc822", head),
                boundary="1700000000-eximdsn-1",
            ),
            b"From: Mail Delivery System <Mailer-Daemon@mx.example>",
            b"X-Failed-Recipients: gone@example.net",
        ),
    )


def machines() -> Iterator[tuple[str, bytes]]:
    yield "dsn-postfix", dsn(FAILED, SENT)
    yield "dsn-delayed", dsn(FAILED.replace("failed", "delayed").replace("5.1.1", "4.4.1"), SENT)
    yield "dsn-delivered", dsn(FAILED.replace("failed", "delivered").replace("5.1.1", "2.0.0"), SENT)
    yield "dsn-original-recipient", dsn("Original-Recipient: rfc822;Gone@Example.net\r\n" + FAILED, SENT)
    yield "dsn-two-recipients", dsn(FAILED + "\r\n" + FAILED.replace("gone@", "also@"), SENT)
    yield from dialects()
    yield "dsn-broken-fields", dsn("Action failed\r\nFinal-Recipient\r\n", SENT)
    daemon = b"From: MAILER-DAEMON@mx.example"
    qmail = (
        b"Hi. This is the qmail-send program at mx.example.\r\n"
        b"I'm afraid I wasn't able to deliver your message to the following addresses.\r\n\r\n"
        b"<gone@example.net>:\r\nno such user\r\n\r\n--- Below this line is a copy of the message.\r\n\r\n"
    ) + SENT
    yield "bounce-qmail", mail(qmail, daemon, b"Subject: failure notice")
    exim = (
        b"This message was created automatically by mail delivery software.\r\n\r\n  gone@example.net\r\n"
        b"    no such user\r\n\r\n------ This is a copy of the message ------\r\n\r\n"
    ) + SENT
    yield "bounce-exim", mail(exim, daemon, b"X-Failed-Recipients: gone@example.net")
    exchange = (
        b"Your message did not reach some or all of the intended recipients.\r\n\r\n"
        b"did not reach the following recipient(s):\r\n\r\n      gone@example.net on 2/3/2026\r\n"
    )
    yield "bounce-exchange", mail(exchange, daemon)
    yield "bounce-unknown-to-all", mail(b"something went wrong", daemon)
    yield "report-truncated", dsn(FAILED, SENT)[:600]
    autos = (
        b"Auto-Submitted: auto-replied",
        b"Auto-Submitted: auto-generated (by me)",
        b"X-Autoreply: yes",
        b"Precedence: auto_reply",
        b"Subject: =?utf-8?Q?R=C3=A9ponse_automatique?= : absente",
        b"Subject: Out of Office: x",
        b"Return-Path: <>",
    )
    for index, header in enumerate(autos):
        yield f"auto-{index}", mail(b"Je suis absente", header)
    for index, header in enumerate(
        (b"List-Id: <l.example>", b"Precedence: bulk", b"List-Unsubscribe: <https://x.example>")
    ):
        yield f"bulk-{index}", mail(b"News", header)
    yield "loop-hops", mail(b"x", *[b"Received: from a by b"] * 60)
    yield "loop-own", mail(b"x", b"X-Guichet-Delivery: 0190")


def cms(content: bytes) -> bytes:
    """An S/MIME signature around ``content``, without certificates (RFC 5652)."""

    def tlv(tag: int, value: bytes) -> bytes:
        size = len(value)
        length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
        return bytes([tag]) + length + value

    data = tlv(0x06, bytes.fromhex("2a864886f70d010701")) + tlv(0xA0, tlv(0x04, content))
    signed = tlv(0x30, tlv(0x02, b"\x01") + tlv(0x31, b"") + tlv(0x30, data) + tlv(0x31, b""))
    return tlv(0x30, tlv(0x06, bytes.fromhex("2a864886f70d010702")) + tlv(0xA0, signed))


def every() -> dict[str, bytes]:
    """All of them, by name."""
    found = [one for some in (charsets, headers, structures, machines) for one in some()]
    assert len({name for name, _ in found}) == len(found)
    return dict(found)


UGLY_BEYOND = b"Content-Type: message/rfc822\r\n\r\n" * 3000
