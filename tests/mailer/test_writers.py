"""Whose mail it is, a person's or a machine's, and who wrote it: many headers of our own making, one at a time."""

import pytest
from guichet_mailer.parsing import headers, source

from .cases import judged

_USUAL = {
    "From": "Lea Martin <lea@example.net>",
    "To": "support@desk.example",
    "Subject": "Ma lampe",
    "Content-Type": "text/plain; charset=utf-8",
}


def _mail(head: str, body: str = "Bonjour, ma lampe est cassée. Léa") -> bytes:
    named = {line.partition(":")[0].lower() for line in head.split("\n")}
    usual = [f"{name}: {value}" for name, value in _USUAL.items() if name.lower() not in named]
    return "\n".join([*usual, head, "", body, ""]).encode()


SUBJECTS = (
    "Absence du produit en rayon",
    "Article absent du colis",
    "Re: Réponse automatique : Votre commande",
    "Absence de réponse depuis 3 semaines",
    "Out of office chair: wrong colour",
    "Vacation home lamp order",
    "Automatic gate is broken",
    "Auto : phare cassé",
    "Auto parts order",
    "Autoradio en panne",
    "Congés : êtes-vous ouverts ?",
    "Retour d'un article: mail delivery failed",
    "Undelivered parcel",
    "Delivery status of my parcel",
    "Delivery failed",
    "Colis non remis",
    "Message d'erreur au paiement",
    "Échec de livraison",
    "Livraison impossible",
    "Zustellung fehlgeschlagen: Paket 123",
    "Paquete no entregado",
    "Warning: lamp overheats",
    "Rejected: my payment",
    "AW: Automatische Antwort: Bestellung",
    "RE: Out of office",
    "Fwd: Automatic reply: order",
    "Réponse automatique de votre site : je ne comprends pas",
    "Notification d'absence de votre livreur",
    "Abwesend: Wann kommt der Fahrer?",
    "Auto-reply please?",
    "Return receipt missing",
    "ooo la belle lampe",
)
"""Of people: the words of machines stand in them, or an answer's sign before them."""

PEOPLE = (
    ("X-Auto-Response-Suppress: All",),
    ("X-Auto-Response-Suppress: OOF, AutoReply\nX-Mailer: x",),
    ("Auto-Submitted: no",),
    ("Auto-Submitted: No; x=1",),
    ("Auto-Submitted: ",),
    ("Return-Path: <>",),
    ("Feedback-ID: 1:2:3:AmazonSES",),
    ("Precedence: normal",),
    ("Precedence: first-class",),
    ("Precedence: bulk\nList-Id: Support <support.desk.example>\nList-Post: <mailto:support@desk.example>",),
    (
        (
            "Precedence: list\n"
            "Mailing-list: list support@desk.example; contact support+owners@desk.example\n"
            "List-ID: <support.desk.example>\n"
            "X-Google-Group-Id: 123\n"
            "List-Unsubscribe: <mailto:googlegroups-manage+123+unsubscribe@googlegroups.com>"
        ),
    ),
    ("X-BeenThere: support@desk.example\nPrecedence: list\nList-Id: support.desk.example",),
    ("List-Id: <support.desk.example.groups.io>\nList-Post: <mailto:support@desk.example>\nPrecedence: Bulk",),
    ("List-Id: <support.desk.example>\nPrecedence: list\nX-Loop: support@desk.example\nX-Sequence: 12",),
    ('precedence: LIST\nlist-id: "Le support" <SUPPORT.Desk.Example>',),
    ("X-Priority: 1\nImportance: high\nX-Spam-Flag: NO",),
    ("X-Loop: something",),
    ("Resent-From: boss@example.org\nResent-To: support@desk.example",),
    ("Subject: Q", "Bonjour, nous avons bien reçu votre mail mais pas la lampe."),
    ("Subject: Q", "I am out of office tomorrow, so please deliver on Friday."),
    ("Subject: Absence du bureau le 12 : livraison", "Bonjour, livrez plutôt le 13."),
    ("From: Lea via Form <noreply@forms.example>\nReply-To: lea@example.net",),
    ("X-Autoreply: no",),
    ("X-Mailer: AutoMailer 3",),
    ("From: Postmaster Paul <postmaster@example.net>\nSubject: Commande", "Bonjour, je voudrais commander 10 lampes."),
    ("List-Unsubscribe: NO",),
)
"""Headers, and the text where it matters."""

MACHINES = (
    ("Auto-Submitted: auto-replied",),
    ("Auto-Submitted: auto-generated (x)",),
    ('Auto-Submitted: auto-notified; owner-email="x"',),
    ("AUTO-SUBMITTED: Auto-Replied",),
    ("Precedence: auto_reply",),
    ("Precedence: Auto-Reply",),
    ("X-Auto-Response-Suppress: All\nAuto-Submitted: auto-generated\nSubject: Réponse automatique : Votre commande",),
    ("Return-Path: <>\nSubject: Réponse automatique : Votre commande", "Bonjour, merci."),
    (
        "Subject: Absence du bureau : votre demande",
        "Bonjour, je suis en congés jusqu'au 12, en cas d'urgence appelez Paul.",
    ),
    ("Subject: Out of Office: order", "I am currently out of the office with limited access to email."),
    ("Subject: Abwesenheitsnotiz: Bestellung", "Ich bin bis 12.11. nicht im Büro."),
    ("Subject: Respuesta automática: pedido", "Estaré fuera de la oficina hasta el 12."),
    ("Subject: Risposta automatica: ordine", "Sono fuori ufficio fino al 12."),
    ("Subject: Automatisch antwoord: bestelling", "Ik ben afwezig tot 12 november."),
    ("Subject: Resposta automática: pedido", "Estou de férias até 12."),
    ("Precedence: bulk\nSubject: Auto: Votre commande",),
    ("X-Autoreply: yes",),
    ("X-Autorespond: 1",),
    ("Subject: Autoodpowiedź: zamówienie", "Przebywam na urlopie do 12.11. Pozdrawiam"),
    ("Subject: Autosvar: order", "Jag är på semester till den 12."),
    ("Subject: 自動返信: 注文", "お問い合わせありがとうございます。このメールは自動送信です。"),
    ("Subject: Автоматический ответ: заказ", "Я в отпуске до 12 ноября."),
)

SENT_TO_MANY = (
    "List-Unsubscribe: <https://x.example/u>\nList-Id: <news.shop.example>",
    "Precedence: list\nList-Id: <dev.lists.example.org>",
    "Precedence: junk",
    "Precedence: bulk",
    "List-Id: <support.desk.example.org>\nPrecedence: list",
    "List-Id: <mysupport.desk.example>\nPrecedence: list",
)


class TestWhoseMailItIs:
    @pytest.mark.parametrize("subject", SUBJECTS)
    def test_is_a_persons_whatever_words_the_subject_has(self, subject: str) -> None:
        assert judged(_mail(f"Subject: {subject}")).kind == "message"

    @pytest.mark.parametrize("said", PEOPLE)
    def test_is_a_persons_where_one_weak_sign_or_none_speaks_against_it(self, said: tuple[str, ...]) -> None:
        assert judged(_mail(*said)).kind == "message"

    @pytest.mark.parametrize("said", MACHINES)
    def test_is_a_machines_by_one_strong_sign_or_two_weak_ones(self, said: tuple[str, ...]) -> None:
        assert judged(_mail(*said)).kind == "auto_reply"

    @pytest.mark.parametrize("head", SENT_TO_MANY)
    def test_is_sent_to_many_by_a_list_of_others(self, head: str) -> None:
        assert judged(_mail(head)).kind == "bulk"


WRITERS: tuple[tuple[str, list[tuple[str, str]]], ...] = (
    ("Lea Martin lea@example.net", [("lea@example.net", "Lea Martin")]),
    ("lea@example.netmax@example.org", [("lea@example.net", ""), ("max@example.org", "")]),
    ("lea@example.net;max@example.org", [("lea@example.net", ""), ("max@example.org", "")]),
    ("<lea@example.net><max@example.org>", [("lea@example.net", ""), ("max@example.org", "")]),
    ("lea@example.net max@example.org", [("lea@example.net", ""), ("max@example.org", "")]),
    ("lea@example.net/max@example.org", [("lea@example.net", ""), ("max@example.org", "")]),
    ('"lea martin"@example.net', [('"lea martin"@example.net', "")]),
    ('Lea <"lea martin"@example.net>', [('"lea martin"@example.net', "Lea")]),
    ("Lea <lea martin@example.net>", [("leamartin@example.net", "Lea")]),
    ("Lea <lea @example.net>", [("lea@example.net", "Lea")]),
    ("Lea <lea@ example.net>", [("lea@example.net", "Lea")]),
    ("Lea <lea@example .net>", [("lea@example.net", "Lea")]),
    ("Lea <mailto:lea@example.net>", [("lea@example.net", "Lea")]),
    ("Lea <<lea@example.net>>", [("lea@example.net", "Lea")]),
    ("Lea <lea@example.net", [("lea@example.net", "Lea")]),
    ("Lea lea@example.net>", [("lea@example.net", "Lea")]),
    ("lea@example.net (Lea Martin)", [("lea@example.net", "Lea Martin")]),
    ('"lea@example.net" <lea@example.net>', [("lea@example.net", "lea@example.net")]),
    ('"max@example.org" <lea@example.net>', [("lea@example.net", "max@example.org")]),
    ("max@example.org <lea@example.net>", [("lea@example.net", "max@example.org")]),
    ("Martin, Lea <lea@example.net>", [("lea@example.net", "Martin, Lea")]),
    ('"Martin, Lea" <lea@example.net>', [("lea@example.net", "Martin, Lea")]),
    ('"Lea \\"La Lampe\\" Martin" <lea@example.net>', [("lea@example.net", 'Lea "La Lampe" Martin')]),
    ("'Lea Martin' <'lea@example.net'>", [("lea@example.net", "Lea Martin")]),
    ("=?utf-8?q?Lea_Martin_=3Clea=40example=2Enet=3E?=", [("lea@example.net", "Lea Martin")]),
    ("=?utf-8?q?Martin=2C_L=C3=A9a?= <lea@example.net>", [("lea@example.net", "Martin, Léa")]),
    ("Famille: lea@example.net, max@example.org;", [("lea@example.net", ""), ("max@example.org", "")]),
    ("undisclosed-recipients:;", []),
    ('"Lea" <>', []),
    ("Léa <léa@exämple.net>", [("léa@exämple.net", "Léa")]),
    ("Lea <Lea@EXAMPLE.NET>", [("Lea@example.net", "Lea")]),
    ("Lea <@relay.example:lea@example.net>", [("lea@example.net", "Lea")]),
    ("Lea <lea@example.net.>", [("lea@example.net", "Lea")]),
    ("Lea <lea.@example.net>", [("lea.@example.net", "Lea")]),
    ("Lea <lea..m@example.net>", [("lea..m@example.net", "Lea")]),
    ("Lea <lea+shop@example.net>", [("lea+shop@example.net", "Lea")]),
    ("O'Neil <o'neil@example.net>", [("o'neil@example.net", "O'Neil")]),
    ("Lea <lea@[192.0.2.1]>", [("lea@[192.0.2.1]", "Lea")]),
    ('"Lea" <lea@example,net>', []),
    ("\tLea\t<lea@example.net>", [("lea@example.net", "Lea")]),
    ("Lea\n Martin\n <lea@example.net>", [("lea@example.net", "Lea Martin")]),
    ("Lea\u00a0Martin <lea@example.net>", [("lea@example.net", "Lea Martin")]),
    ("Lea <lea@example.net\u200b>", [("lea@example.net", "Lea")]),
    ("Lea <\u200blea@example.net>", [("lea@example.net", "Lea")]),
    ("\u202eaeL <lea@example.net>", [("lea@example.net", "aeL")]),
    ("💡 Lea <lea@example.net>", [("lea@example.net", "💡 Lea")]),
    ("Lea <lea@example.net>;", [("lea@example.net", "Lea")]),
    ("Lea <lea@example.net>, Max <max@example.org>", [("lea@example.net", "Lea"), ("max@example.org", "Max")]),
    ("Lea<lea@example.net>", [("lea@example.net", "Lea")]),
    ("<lea@example.net> Lea Martin", [("lea@example.net", "")]),
    ("lea@example.net <lea@example.net>", [("lea@example.net", "lea@example.net")]),
    ("Lea [lea@example.net]", [("lea@example.net", "Lea")]),
    ("'Lea Martin' via Support <support@desk.example>", [("support@desk.example", "Lea Martin via Support")]),
    ("lea@localhost", [("lea@localhost", "")]),
    ("Lea @ Boutique <lea@example.net>", [("lea@example.net", "Lea @ Boutique")]),
)
"""What stands in From, and whom it names."""


class TestWhoWrote:
    @pytest.mark.parametrize(("written", "people"), WRITERS)
    def test_is_found_in_whatever_form(self, written: str, people: list[tuple[str, str]]) -> None:
        mail = source.read_message(_mail(f"From: {written}"))
        assert [(one.email, one.name) for one in headers.addresses(mail, "from")] == people

    @pytest.mark.parametrize("written", [written for written, people in WRITERS if not people])
    def test_is_shown_as_it_stands_where_nobody_is_named(self, written: str) -> None:
        mail = judged(_mail(f"From: {written}"))
        assert (mail.sender, mail.raw_from) == (None, written)
