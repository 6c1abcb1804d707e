"""What is folded in plain texts of our own making, and what only resembles a quote and is the writer's own."""

import pytest
from guichet_mailer.parsing import quotes

MARKED = "> Bonjour,\n> votre commande est partie.\n> Boutique"
BODY = "\n\nBonjour,\nvotre commande est partie.\nBoutique"

OWN = {
    "carrier wrote": "Bonjour,\n\nLe transporteur m'a écrit :\n\n« Votre colis est perdu. »\n\nQue faire ?",
    "said Monday": (
        "Bonjour,\n\nLe lundi 3 novembre, votre collègue a écrit :\nVous serez remboursée.\n\nOr je n'ai rien reçu."
    ),
    "lundi 14h": (
        "Le lundi 3 novembre 2026 à 14 h 30, votre vendeur a écrit sur le bon :\n"
        "« remise de 20 % »\n"
        "Je ne l'ai pas eue."
    ),
    "on date she wrote": "Hello,\n\nOn 3 November your agent wrote:\nYou will get a refund.\n\nI did not get it.",
    "on date time she wrote": (
        "Hello,\n\nOn 3 November 2026 at 14:30 your agent wrote to me:\nYou will get a refund.\n\nI did not get it."
    ),
    "de am": "Guten Tag,\n\nam 3.11.2026 um 14:30 Uhr schrieb mir Ihr Kollege:\nSie bekommen das Geld.\n\nNichts kam.",
    "es": (
        "Hola,\n\n"
        "El 3 de noviembre de 2026 a las 14:30 su compañero me escribió:\n"
        "Le devolveremos el dinero.\n\n"
        "No ha llegado."
    ),
    "it": "Buongiorno,\n\nIl 3 novembre il corriere ha scritto:\nPacco smarrito.\n\nE adesso?",
    "form": "De : Paris\nÀ : Lyon\nDate : 12/12/2026\nObjet : déménagement\n\nPouvez-vous me faire un devis ?",
    "form2": "From: Gare du Nord\nTo: King's Cross\nDate: 3 Dec 2026 10:30\nSubject: my lost bag\n\nDid you find it?",
    "form3": "Nom : Lea\nDe : 14 h\nÀ : 16 h\nDate : 12/12/2026\n\nJe suis là seulement à ces heures.",
    "dashes": "Bonjour,\n--\nVoici la suite :\nligne 1\nligne 2\n\nMerci",
    "listing": "Articles :\n- lampe\n-- ampoule\n--- abat-jour\nMerci",
    "rule": "Bonjour,\n________________\nLe numéro est 123.\n________________\nMerci",
    "rule2": "1. La lampe\n----------------------------\n2. Le pied\n----------------------------\nMerci de me dire.",
    "gt price": "Je cherche un modèle\n> 20 cm\nmerci",
    "gt first": "> 20 cm de haut\nC'est ce qu'il me faut.",
    "arrows": "Menu\n> Compte\n> Commandes\n> Retours\nJe ne trouve pas le bouton.",
    "phone": "Envoyé de mon mari, je ne sais pas écrire des mails.\nPouvez-vous m'appeler ?",
    "sent": "Sent from my old address you have nothing, please look again.\nRegards\nAnn",
    "envoye par": "Envoyé par erreur, ne tenez pas compte du premier message.\nMerci, Léa",
    "sentwith": "Sent via post last week, the parcel has not arrived.\nWhat now?",
    "confidential": (
        "Bonjour,\nCe message est confidentiel : mon patron ne doit rien savoir.\nPouvez-vous annuler la commande ?"
    ),
    "unsubscribe": "Pour vous désabonner j'ai tout essayé, rien ne marche.\nRetirez-moi de la liste.",
    "original msg words": "Le message original était :\n« livré »\nmais ce n'est pas vrai.",
    "begin forwarded": (
        "Je vous transfère le message du transporteur. Message transféré par SMS :\nColis retardé.\nMerci."
    ),
    "objet only": "Objet : réclamation\n\nBonjour,\nMa lampe est cassée.",
    "lettre": (
        "Lea Martin\n"
        "12 rue des Lilas\n"
        "75003 Paris\n\n"
        "À : Boutique Lumière\n"
        "Objet : résiliation\n"
        "Date : 3 novembre 2026\n\n"
        "Madame, Monsieur,\n"
        "je résilie."
    ),
    "lettre2": (
        "De : Lea Martin, 12 rue des Lilas, 75003 Paris\n"
        "À : Boutique Lumière\n"
        "Objet : résiliation\n"
        "Paris, le 3 novembre 2026\n\n"
        "Madame, Monsieur,\n"
        "je résilie mon contrat."
    ),
    "lettre3": (
        "De : Lea Martin <lea@example.net>\n"
        "À : Boutique Lumière\n"
        "Objet : résiliation\n"
        "Date : 3 novembre 2026\n\n"
        "Madame, Monsieur,\n"
        "je résilie mon contrat."
    ),
    "wrote short": "He wrote: no.\nShe wrote: yes.\nWho is right?",
    "mail addr": "Mon ami paul@example.org a écrit :\n« la lampe est top »\nJ'en veux une.",
    "sig only": "-- \nLea Martin",
    "pl": "Dzień dobry,\nkurier napisał:\nPaczka zaginęła.\nCo dalej?",
    "nl": "Hallo,\nop 3 november 2026 om 14:30 schreef uw collega mij:\nU krijgt uw geld terug.\nNiets gekregen.",
    "ja": "お世話になります。\n11月3日に担当者のメール:\n返金します\nまだです。",
    "ru": "Здравствуйте.\nКурьер написал:\nПосылка потеряна.\nЧто делать?",
    "tr": "Merhaba,\nkargocu yazdı:\nPaket kayıp.\nNe yapayım?",
    "inline": "> Quelle couleur ?\nRouge.\n\n> Quelle taille ?\n20 cm.",
    "inline2": "Bonjour,\n\n> Quelle couleur ?\n\nRouge.\n\n> Quelle taille ?\n\n20 cm.\n\nMerci\nLea",
    "inline attributed": (
        "Le mar. 3 nov. 2026 à 14:30, Boutique <support@desk.example> a écrit :\n"
        "> Quelle couleur ?\n\n"
        "Rouge.\n\n"
        "> Quelle taille ?\n\n"
        "20 cm."
    ),
    "top answer below quote": "> Bonjour, votre commande est partie.\n\nMerci, bien reçue, mais cassée.",
    "bottom posting": (
        "Le 3 nov. 2026 à 14:30, Boutique <support@desk.example> a écrit :\n"
        "> Bonjour, votre commande est partie.\n"
        "> Boutique\n\n"
        "Merci, bien reçue, mais cassée."
    ),
}
"""Shown whole, whatever stands in it."""

ATTRIBUTIONS = {
    "gmail fr": "Le mar. 3 nov. 2026 à 14:30, Boutique <support@desk.example> a écrit :",
    "gmail en": "On Tue, Nov 3, 2026 at 2:30 PM Boutique <support@desk.example> wrote:",
    "apple fr": "Le 3 nov. 2026 à 14:30, Boutique <support@desk.example> a écrit :",
    "apple de": "Am 03.11.2026 um 14:30 schrieb Boutique <support@desk.example>:",
    "tb de": "Am 03.11.26 um 14:30 schrieb Boutique:",
    "tb fr": "Le 03/11/2026 à 14:30, Boutique a écrit :",
    "gmail es": "El mar, 3 nov 2026 a las 14:30, Boutique (<support@desk.example>) escribió:",
    "gmail it": "Il giorno mar 3 nov 2026 alle ore 14:30 Boutique <support@desk.example> ha scritto:",
    "gmail pt": "Em ter., 3 de nov. de 2026 às 14:30, Boutique <support@desk.example> escreveu:",
    "gmail nl": "Op di 3 nov 2026 om 14:30 schreef Boutique <support@desk.example>:",
    "gmail sv": "Den tis 3 nov. 2026 kl 14:30 skrev Boutique <support@desk.example>:",
    "gmail da": "Den tirs. 3. nov. 2026 kl. 14.30 skrev Boutique <support@desk.example>:",
    "gmail no": "tir. 3. nov. 2026 kl. 14:30 skrev Boutique <support@desk.example>:",
    "gmail fi": "ti 3. marrask. 2026 klo 14.30 Boutique (support@desk.example) kirjoitti:",
    "gmail pl": "wt., 3 lis 2026 o 14:30 Boutique <support@desk.example> napisał(a):",
    "gmail cs": "út 3. 11. 2026 v 14:30 odesílatel Boutique <support@desk.example> napsal:",
    "gmail sk": "ut 3. 11. 2026 o 14:30 Boutique <support@desk.example> napísal(a):",
    "gmail hu": "Boutique <support@desk.example> ezt írta (időpont: 2026. nov. 3., K, 14:30):",
    "gmail ro": "Pe mar., 3 nov. 2026 la 14:30, Boutique <support@desk.example> a scris:",
    "gmail tr": "Boutique <support@desk.example>, 3 Kas 2026 Sal, 14:30 tarihinde şunu yazdı:",
    "gmail ru": "вт, 3 нояб. 2026 г. в 14:30, Boutique <support@desk.example>:",
    "gmail uk": "вт, 3 лист. 2026 р. о 14:30 Boutique <support@desk.example> пише:",
    "gmail el": "Στις Τρί 3 Νοε 2026 στις 2:30 μ.μ., ο χρήστης Boutique <support@desk.example> έγραψε:",
    "gmail ja": "2026年11月3日(火) 14:30 Boutique <support@desk.example>:",
    "gmail zh": "Boutique <support@desk.example> 于2026年11月3日周二 14:30写道：",
    "gmail ko": "2026년 11월 3일 (화) 오후 2:30, Boutique <support@desk.example>님이 작성:",
    "gmail he": (
        "\u202bבתאריך יום ג׳, 3 בנוב׳ 2026 ב-14:30 מאת \u202aBoutique\u202c\u200f "
        "<\u202asupport@desk.example\u202c\u200f>:\u202c"
    ),
    "gmail ar": "في الثلاثاء، 3 نوفمبر 2026 في 2:30 م تمت كتابة ما يلي بواسطة Boutique <support@desk.example>:",
    "gmail ca": "Missatge de Boutique <support@desk.example> del dia dt., 3 de nov. 2026 a les 14:30:",
    "gmail vi": "Vào Th 3, 3 thg 11, 2026 vào lúc 14:30 Boutique <support@desk.example> đã viết:",
    "gmail id": "Pada tanggal Sel, 3 Nov 2026 pukul 14.30 Boutique <support@desk.example> menulis:",
    "gmail bg": "На вт, 3.11.2026 г. в 14:30 ч. Boutique <support@desk.example> написа:",
    "gmail hr": "uto, 3. stu 2026. u 14:30 Boutique <support@desk.example> napisao je:",
    "gmail sl": "V V tor., 3. nov. 2026 ob 14:30 je oseba Boutique <support@desk.example> napisala:",
    "gmail lt": "2026-11-03, an, 14:30 Boutique <support@desk.example> rašė:",
    "gmail et": "Kuupäev T, 3. november 2026 kell 14:30 kirjutas Boutique <support@desk.example>:",
    "mutt": "On Tue, Nov 03, 2026 at 02:30:00PM +0100, Boutique wrote:",
    "quoting": "Quoting Boutique <support@desk.example>:",
    "horde fr": "Boutique <support@desk.example> a écrit :",
    "zitat": "Zitat von Boutique <support@desk.example>:",
    "two lines": "Le mar. 3 nov. 2026 à 14:30, Boutique Lumière et fils\n<support@desk.example> a écrit :",
    "three lines": "On Tue, Nov 3, 2026 at 2:30 PM Boutique Lumière et\nfils <support@desk.example>\nwrote:",
    "proton": (
        "------- Original Message -------\n"
        "On Tuesday, November 3rd, 2026 at 2:30 PM, Boutique <support@desk.example> wrote:"
    ),
    "proton2": "On Tuesday, November 3rd, 2026 at 14:30, Boutique <support@desk.example> wrote:",
    "proton fr": "Le mardi 3 novembre 2026 à 14:30, Boutique <support@desk.example> a écrit :",
    "yahoo fr": "Le mardi 3 novembre 2026 à 14:30:12 UTC+1, Boutique <support@desk.example> a écrit :",
}
"""Lines of programs above a marked quote."""

UNMARKED = sorted(
    ATTRIBUTIONS.keys() - {"mutt", "quoting", "horde fr", "zitat", "tb de", "gmail he", "gmail ar", "gmail ca"}
)
"""Those that say who and when, so that what is below need not be marked."""

BLOCKS = {
    "outlook fr": (
        "De : Boutique <support@desk.example>\n"
        "Envoyé : mardi 3 novembre 2026 14:30\n"
        "À : Lea Martin <lea@example.net>\n"
        "Objet : Votre commande"
    ),
    "outlook en": (
        "From: Boutique <support@desk.example>\nSent: Tuesday, November 3, 2026 2:30 PM\nTo: Lea\nSubject: Order"
    ),
    "outlook de": (
        "Von: Boutique <support@desk.example>\nGesendet: Dienstag, 3. November 2026 14:30\nAn: Lea\nBetreff: Bestellung"
    ),
    "orange": (
        "> Message du 03/11/26 14:30\n"
        '> De : "Boutique" <support@desk.example>\n'
        "> A : lea@example.net\n"
        "> Copie à : \n"
        "> Objet : Votre commande"
    ),
    "orange2": (
        'De : "Boutique" <support@desk.example>\n'
        "Envoyé : mardi 3 novembre 2026 14:30\n"
        "À : lea@example.net\n"
        "Sujet : Votre commande"
    ),
    "nl": (
        "Van: Boutique <support@desk.example>\n"
        "Verzonden: dinsdag 3 november 2026 14:30\n"
        "Aan: Lea\n"
        "Onderwerp: Bestelling"
    ),
    "es": (
        "De: Boutique <support@desk.example>\n"
        "Enviado el: martes, 3 de noviembre de 2026 14:30\n"
        "Para: Lea\n"
        "Asunto: Pedido"
    ),
    "it": "Da: Boutique <support@desk.example>\nInviato: martedì 3 novembre 2026 14:30\nA: Lea\nOggetto: Ordine",
    "pt": (
        "De: Boutique <support@desk.example>\n"
        "Enviada em: terça-feira, 3 de novembro de 2026 14:30\n"
        "Para: Lea\n"
        "Assunto: Pedido"
    ),
    "pl": "Od: Boutique <support@desk.example>\nWysłano: wtorek, 3 listopada 2026 14:30\nDo: Lea\nTemat: Zamówienie",
    "cs": (
        "Od: Boutique <support@desk.example>\nOdesláno: úterý 3. listopadu 2026 14:30\nKomu: Lea\nPředmět: Objednávka"
    ),
    "sv": "Från: Boutique <support@desk.example>\nSkickat: den 3 november 2026 14:30\nTill: Lea\nÄmne: Order",
    "da": "Fra: Boutique <support@desk.example>\nSendt: 3. november 2026 14:30\nTil: Lea\nEmne: Ordre",
    "ru": "От: Boutique <support@desk.example>\nОтправлено: 3 ноября 2026 г. 14:30\nКому: Lea\nТема: Заказ",
    "zh": "发件人: Boutique <support@desk.example>\n发送时间: 2026年11月3日 14:30\n收件人: Lea\n主题: 订单",
    "ja": "差出人: Boutique <support@desk.example>\n送信日時: 2026年11月3日 14:30\n宛先: Lea\n件名: 注文",
    "ko": "보낸 사람: Boutique <support@desk.example>\n보낸 날짜: 2026년 11월 3일 14:30\n받는 사람: Lea\n제목: 주문",
    "tr": "Kimden: Boutique <support@desk.example>\nGönderildi: 3 Kasım 2026 14:30\nKime: Lea\nKonu: Sipariş",
    "el": "Από: Boutique <support@desk.example>\nΣτάλθηκε: Τρίτη, 3 Νοεμβρίου 2026 14:30\nΠρος: Lea\nΘέμα: Παραγγελία",
    "bold": (
        "*De :* Boutique <support@desk.example>\n"
        "*Envoyé :* mardi 3 novembre 2026 14:30\n"
        "*À :* Lea\n"
        "*Objet :* Votre commande"
    ),
    "sep": "-----Message d'origine-----\nDe : Boutique\nEnvoyé : mardi 3 novembre 2026 14:30\nÀ : Lea\nObjet : x",
    "zoho": "---- On Tue, 03 Nov 2026 14:30:00 +0100 Boutique <support@desk.example> wrote ----",
    "zoho fr": "---- Le mar., 03 nov. 2026 14:30:00 +0100 Boutique <support@desk.example> a écrit ----",
    "samsung": (
        "-------- Message d'origine --------\n"
        "De : Boutique <support@desk.example>\n"
        "Date : 03/11/2026 14:30 (GMT+01:00)\n"
        "À : lea@example.net\n"
        "Objet : x"
    ),
    "samsung en": (
        "-------- Original message --------\n"
        "From: Boutique <support@desk.example>\n"
        "Date: 11/3/26 2:30 PM (GMT+01:00)\n"
        "To: lea@example.net\n"
        "Subject: x"
    ),
    "gmx": (
        "Gesendet: Dienstag, 03. November 2026 um 14:30 Uhr\n"
        'Von: "Boutique" <support@desk.example>\n'
        "An: lea@example.net\n"
        "Betreff: x"
    ),
    "lotus": "----- Original Message -----\nFrom: Boutique\nTo: Lea",
    "rule": (
        "________________________________\n"
        "De : Boutique <support@desk.example>\n"
        "Envoyé : mardi 3 novembre 2026 14:30\n"
        "À : Lea\n"
        "Objet : x"
    ),
    "apple fwd": (
        "Début du message réexpédié :\n\n"
        "De: Boutique <support@desk.example>\n"
        "Objet: x\n"
        "Date: 3 novembre 2026 à 14:30:00 UTC+1\n"
        "À: lea@example.net"
    ),
    "free zimbra": (
        'De: "Boutique" <support@desk.example>\n'
        'À: "Lea" <lea@example.net>\n'
        "Envoyé: Mardi 3 Novembre 2026 14:30:00\n"
        "Objet: x"
    ),
    "zimbra en": (
        'From: "Boutique" <support@desk.example>\n'
        'To: "Lea" <lea@example.net>\n'
        "Sent: Tuesday, November 3, 2026 2:30:00 PM\n"
        "Subject: x"
    ),
    "laposte": (
        'De : "Boutique" <support@desk.example>\n'
        'A : "Lea" <lea@example.net>\n'
        "Envoyé: mardi 3 Novembre 2026 14:30\n"
        "Objet : x"
    ),
    "sfr": (
        "========================================\n"
        "   Message du : 03/11/2026 14:30\n"
        '             De : "Boutique" <support@desk.example>\n'
        '              A : "Lea" <lea@example.net>\n'
        "       Copie à : \n"
        "           Sujet : x"
    ),
}
"""How programs quote a mail's headers."""

DEVICES = (
    "Envoyé de mon iPhone",
    "Sent from my iPhone",
    "Von meinem iPhone gesendet",
    "Envoyé depuis mon smartphone Samsung Galaxy.",
    "Télécharger Outlook pour Android",
    "Get Outlook for iOS",
    "Obtenez Outlook pour iOS<https://aka.ms/o0ukef>",
    "Enviado desde mi iPhone",
    "Inviato da iPhone",
    "Verstuurd vanaf mijn iPhone",
    "Envoyé à partir de Outlook pour Android",
    "Envoyé avec la messagerie sécurisée Proton Mail.",
    "Sent with Proton Mail secure email.",
    "Envoyé depuis Yahoo Mail pour iPhone",
    "Envoyé de mon appareil Android",
    "Gesendet mit der GMX Mail App",
    "Diese Nachricht wurde von meinem Android-Gerät mit GMX Mail gesendet.",
    "Wysłane z iPhone'a",
    "Skickat från min iPhone",
    "Envoyé de mon Galaxy",
    "Envoyé depuis l'application Mail pour Windows",
    "Provenance : Courrier pour Windows",
    "Sent from Mail for Windows",
    "Sent from Outlook",
    "Envoyé à partir d’Outlook",
    "Gesendet von Outlook für iOS",
    "Odesláno z iPhonu",
    "Отправлено с iPhone",
    "iPhoneから送信",
    "发自我的iPhone",
    "Envoyé de mon téléphone",
)


class TestTheWritersOwnWords:
    @pytest.mark.parametrize("name", OWN)
    def test_are_shown_whole(self, name: str) -> None:
        assert quotes.fold(OWN[name]).text == OWN[name].rstrip()


class TestQuotes:
    @pytest.mark.parametrize("name", ATTRIBUTIONS)
    def test_that_are_marked_are_folded_with_the_line_above_them(self, name: str) -> None:
        folded = quotes.fold(f"Merci beaucoup.\n{ATTRIBUTIONS[name]}\n{MARKED}")
        assert (folded.text, folded.quoted) == ("Merci beaucoup.", f"{ATTRIBUTIONS[name]}\n{MARKED}")

    @pytest.mark.parametrize("name", UNMARKED)
    def test_that_are_not_marked_are_folded_where_the_line_above_says_who_and_when(self, name: str) -> None:
        folded = quotes.fold(f"Merci beaucoup.\n\n{ATTRIBUTIONS[name]}{BODY}")
        assert (folded.text, folded.quoted) == ("Merci beaucoup.", f"{ATTRIBUTIONS[name]}{BODY}")

    @pytest.mark.parametrize("name", BLOCKS)
    def test_below_headers_are_folded_with_them(self, name: str) -> None:
        folded = quotes.fold(f"Merci beaucoup.\n\n{BLOCKS[name]}{BODY}")
        assert (folded.text, folded.quoted) == ("Merci beaucoup.", f"{BLOCKS[name]}{BODY}")


FORWARDS = (
    "---------- Forwarded message ---------\nDe : Max <max@example.org>\nDate: mar. 3 nov. 2026 à 14:30",
    "-------- Weitergeleitete Nachricht --------\nBetreff: \tx\nVon: \tMax <max@example.org>\nAn: \tlea@example.net",
    "---------- Przekazana wiadomość ---------\nOd: Max <max@example.org>",
    "---------- Vidarebefordrat meddelande ---------\nFrån: Max <max@example.org>",
    "---------- Videresendt melding ---------\nFra: Max <max@example.org>",
    "---------- Пересылаемое сообщение ----------\nОт: Max <max@example.org>",
    "---------- 転送メッセージ ---------\n差出人: Max <max@example.org>",
    "---------- 转发的邮件 ---------\n发件人： Max <max@example.org>",
    '----- Mail transféré -----\nDe: "Max" <max@example.org>\nÀ: "Lea" <lea@example.net>',
    "======== Forwarded message ========\nFrom : Max <max@example.org>",
    "Début du message transféré :\n\nDe: Max <max@example.org>\nObjet: x",
)


class TestForwardedMails:
    @pytest.mark.parametrize("block", FORWARDS)
    def test_tell_who_wrote_them(self, block: str) -> None:
        found = quotes.forwarded(quotes.fold(f"{block}\n\nBonjour\n"), "Votre commande")
        assert found is not None
        assert (found.email, found.name) == ("max@example.org", "Max")

    @pytest.mark.parametrize("name", ["outlook fr", "gmx", "samsung", "rule"])
    def test_are_told_from_answers(self, name: str) -> None:
        assert quotes.forwarded(quotes.fold(f"Merci.\n\n{BLOCKS[name]}{BODY}"), "Re: Votre commande") is None


class TestSignatures:
    @pytest.mark.parametrize("line", DEVICES)
    def test_of_devices_are_folded(self, line: str) -> None:
        folded = quotes.fold(f"Merci.\nLea\n\n{line}")
        assert (folded.text, folded.signature) == ("Merci.\nLea", line)

    @pytest.mark.parametrize("dashes", ["-- ", "--"])
    def test_below_two_dashes_are_folded(self, dashes: str) -> None:
        folded = quotes.fold(f"Merci,\n\n{dashes}\nLea Martin\nBoutique X\n01 02 03 04 05")
        assert (folded.text, folded.signature) == ("Merci,", f"{dashes}\nLea Martin\nBoutique X\n01 02 03 04 05")
