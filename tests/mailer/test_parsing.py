"""The parser, on ugly mails and on what it must understand of them."""

import time

import pytest
from guichet_mailer.parsing import Mail, Unreadable, parse
from guichet_mailer.parsing.body import TEXT_LIMIT
from guichet_mailer.parsing.quotes import fold

from . import ugly

UGLY = ugly.every()
SECONDS = 10.0
BEYOND = {"empty", "blank", "nested-too-deep", "nested-mails-beyond-recursion", "ten-thousand-parts"}


def read(name: str) -> Mail:
    return parse(UGLY[name])


class TestEveryUglyMail:
    def test_there_are_two_hundred_of_them(self) -> None:
        assert len(UGLY) >= 200

    @pytest.mark.parametrize("name", UGLY)
    def test_is_parsed_in_bounded_time_unless_it_says_nothing_or_has_no_end(self, name: str) -> None:
        begun = time.process_time()
        if name in BEYOND:
            with pytest.raises(Unreadable):
                read(name)
        else:
            mail = read(name)
            for value in (mail.text, mail.subject, mail.html or "", mail.text_quoted, *(f.name for f in mail.files)):
                value.encode()  # no half characters
                assert "\x00" not in value
        assert time.process_time() - begun < SECONDS


class TestCharsets:
    @pytest.mark.parametrize("charset", ugly.TEXTS)
    def test_a_body_and_a_subject_in_any_charset_are_read(self, charset: str) -> None:
        assert read(f"charset-{charset}").text == ugly.TEXTS[charset]
        assert read(f"subject-{charset}").subject == ugly.TEXTS[charset]

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("windows-1252-named-latin-1", "L’œuvre coûte 10 €"),
            ("utf-8-named-ascii", "où"),
            ("latin-1-named-utf-8", "déjà payée"),
            ("raw-8bit-unnamed-utf-8", ugly.TEXTS["utf-8"] * 3),
        ],
    )
    def test_a_wrong_or_missing_charset_is_seen_through(self, name: str, text: str) -> None:
        assert read(name).text == text


class TestHeaders:
    @pytest.mark.parametrize(
        ("name", "subject"),
        [
            ("subject-split-character", "éé"),
            ("subject-half-character", "é"),
            ("subject-language", "été"),
            ("subject-within-a-word", "abcédef"),
            ("subject-new-line-hidden", "a Bcc: x@y.z"),
            ("subject-bidi-override", "agnp.exe"),
            ("subject-tabs-folded", "a b c"),
        ],
    )
    def test_a_subject_is_one_readable_line(self, name: str, subject: str) -> None:
        assert read(name).subject == subject

    @pytest.mark.parametrize(
        ("name", "email"),
        [
            ("from-quoted-comma", "jeanne@example.net"),
            ("from-group", "a@example.net"),
            ("from-comment", "jeanne@example.net"),
            ("from-two", "a@example.net"),
            ("from-unicode-local", "jeänne@example.net"),
            ("from-none", None),
            ("from-no-at", None),
        ],
    )
    def test_the_sender_is_found_where_there_is_one(self, name: str, email: str | None) -> None:
        sender = read(name).sender
        assert (sender.email if sender else None) == email

    def test_the_first_of_two_ids_counts(self) -> None:
        assert read("id-double").message_id == "one@example.net"

    def test_an_id_may_lack_its_angle_brackets_or_be_missing(self) -> None:
        assert read("id-without-angles").message_id == "three@example.net"
        assert read("id-missing").message_id is None

    def test_ids_are_found_in_broken_references(self) -> None:
        mail = read("references-broken")
        assert "b@x" in mail.references
        assert mail.in_reply_to == ("d@x",)


class TestText:
    @pytest.mark.parametrize("name", ugly.QUOTES)
    def test_the_quote_is_folded_away_and_kept(self, name: str) -> None:
        mail = read(f"quote-{name}")
        assert mail.text == "Oui merci."
        assert "Bonjour" in mail.text_quoted or name == "apple-forward"

    def test_answers_between_the_lines_of_a_quote_are_not_folded(self) -> None:
        mail = read("quote-interleaved")
        assert "Verte." in mail.text
        assert "Grande." in mail.text

    @pytest.mark.parametrize("line", ["> a\nLe b\n", "Le a\n", "From: a\n", "__________\n", "On On\n", ">\n"])
    def test_a_text_made_to_take_long_is_folded_in_no_time(self, line: str) -> None:
        begun = time.process_time()
        fold(line * (TEXT_LIMIT // len(line)))
        assert time.process_time() - begun < SECONDS

    @pytest.mark.parametrize(
        "piece",
        [
            "\n",
            " ",
            "\t\n",
            ">>> ",
            "a@b.c ",
            "<",
            "5.1.1 ",
            "550 ",
            "<a@b>:\n",
            "mail ",
            "- ",
            "Received:\n",
            "=?a?q?",
        ],
    )
    def test_a_mail_made_to_take_long_is_judged_in_no_time(self, piece: str) -> None:
        raw = ugly.mail(piece.encode() * (TEXT_LIMIT // 4 // len(piece)), b"From: postmaster@desk.example")
        begun = time.process_time()
        parse(raw, null_sender=True)
        assert time.process_time() - begun < SECONDS

    def test_several_quotes_below_each_other_are_folded_together(self) -> None:
        folded = fold("Oui.\n\nLe 3/2/2026 à 10:12, A a écrit :\n> Un\n\nLe 4/2/2026 à 10:12, B\na écrit :\n> Deux\n")
        assert (folded.text, folded.quoted.count("> ")) == ("Oui.", 2)

    @pytest.mark.parametrize("name", ["quote-html-gmail", "quote-html-outlook"])
    def test_the_quote_of_an_html_mail_is_folded_too(self, name: str) -> None:
        mail = read(name)
        assert mail.html is not None
        assert "Oui merci." in mail.html
        assert "Bonjour" not in mail.html
        assert "Bonjour" in mail.html_quoted

    def test_nothing_is_lost_by_folding(self) -> None:
        for text in ugly.QUOTES.values():
            folded = fold(text)
            put_together = f"{folded.text}{folded.signature}{folded.quoted}"
            assert "".join(put_together.split()) == "".join(text.split())

    def test_a_signature_is_folded(self) -> None:
        folded = fold("Merci\n\n-- \nJeanne\n06 12")
        assert (folded.text, folded.signature) == ("Merci", "-- \nJeanne\n06 12")
        assert fold("Merci\n\nEnvoyé de mon iPhone").signature == "Envoyé de mon iPhone"

    def test_flowed_lines_are_joined(self) -> None:
        mail = read("format-flowed")
        assert mail.text.startswith("Bonjour, ceci est une ligne.")
        assert mail.text_signature.endswith("Jeanne")


class TestHtml:
    @pytest.mark.parametrize("name", [name for name in UGLY if name.startswith("html-")])
    def test_nothing_in_it_acts_or_loads(self, name: str) -> None:
        shown = (read(name).html or "").lower()
        acting = ("<script", "<form", "<input", "<style", "<base", "<meta", "<svg", "onerror", "javascript:")
        for word in (*acting, "position", 'src="http', "srcset"):
            assert word not in shown
        assert "bonjour" in shown

    @pytest.mark.parametrize(
        "markup",
        [
            "<p " + "a=b " * 100_000 + ">",
            "<p" + " a" * 100_000 + ">",
            "<b>" * 100_000,
            '<p style="' + "a:b;" * 100_000 + '">',
        ],
        ids=["attributes", "attributes-without-values", "tags", "declarations"],
    )
    def test_made_to_take_long_is_cleaned_in_no_time_and_its_text_is_kept(self, markup: str) -> None:
        begun = time.process_time()
        mail = parse(ugly.mail(f"{markup}Bonjour".encode(), b"Content-Type: text/html"))
        assert time.process_time() - begun < SECONDS
        assert mail.text == "Bonjour"

    def test_a_remote_image_waits_until_it_is_asked_for(self) -> None:
        assert 'src="remote:https://t.example/pixel.gif"' in (read("html-remote").html or "")

    def test_it_is_also_readable_as_text(self) -> None:
        assert read("html-only").text == "Bonjour vous"


class TestEnclosedFormats:
    def test_uuencoded_files_are_taken_out_of_the_text(self) -> None:
        mail = read("uuencode")
        assert mail.text == "Voici\nFin"
        assert [(file.name, file.content) for file in mail.files] == [("a.txt", b"hello world" * 9)]

    def test_winmail_is_opened_or_kept_whole(self) -> None:
        assert read("winmail").text == "Bonjour de winmail"
        broken = read("winmail-broken")
        assert [file.name for file in broken.files] == ["winmail.dat"]
        assert broken.notes

    @pytest.mark.parametrize(
        ("name", "signed"),
        [("smime-detached", "smime"), ("smime-opaque", "smime"), ("pgp-mime", "pgp"), ("pgp-clear", "pgp")],
    )
    def test_signed_mail_is_readable(self, name: str, signed: str) -> None:
        mail = read(name)
        assert "Bonjour" in mail.text + mail.text_signature
        assert mail.signed == signed

    @pytest.mark.parametrize("name", ["smime-encrypted", "pgp-encrypted"])
    def test_encrypted_mail_is_known_as_such(self, name: str) -> None:
        assert read(name).encrypted

    @pytest.mark.parametrize("name", ["invitation", "invitation-alone"])
    def test_an_invitation_says_what_and_when(self, name: str) -> None:
        event = read(name).invitation
        assert event is not None
        assert (event.method, event.summary, event.start) == ("REQUEST", "Point hebdo", "20260203T100000Z")

    @pytest.mark.parametrize("name", ["rfc2231", "encoded-word", "8-bit"])
    def test_a_file_name_is_read_however_it_is_written(self, name: str) -> None:
        assert read(f"filename-{name}").files[0].name == "déjà.pdf"

    def test_an_inline_image_keeps_the_id_that_the_html_names(self) -> None:
        (image,) = read("related").files
        assert (image.inline, image.content_id) == (True, "logo@x")

    def test_a_text_between_images_is_whole(self) -> None:
        assert read("apple-text-image-text").text == "Bonjour\n\nBonjour"


class TestKind:
    @pytest.mark.parametrize(
        ("name", "fate"),
        [
            ("dsn-postfix", "failed"),
            ("dsn-delayed", "delayed"),
            ("dsn-delivered", "delivered"),
            ("dsn-sendmail", "failed"),
            ("dsn-gmail", "failed"),
            ("dsn-exchange-online", "failed"),
            ("dsn-exim", "failed"),
            ("bounce-qmail", "failed"),
            ("bounce-exim", "failed"),
            ("bounce-exchange", "failed"),
        ],
    )
    def test_a_bounce_says_what_became_of_whose_mail(self, name: str, fate: str) -> None:
        mail = read(name)
        assert mail.kind == "bounce"
        assert mail.bounce is not None
        assert [(one.email.lower(), one.fate) for one in mail.bounce.recipients] == [("gone@example.net", fate)]
        if name != "bounce-exchange":  # it returns nothing of the mail
            assert "sent-1@desk.example" in mail.bounce.message_ids

    def test_a_bounce_gives_the_servers_reason(self) -> None:
        bounce = read("dsn-gmail").bounce
        assert bounce is not None
        assert bounce.recipients[0].status == "5.1.1"
        assert "does not exist" in bounce.recipients[0].diagnostic

    @pytest.mark.parametrize("name", [name for name in UGLY if name.startswith("auto-")])
    def test_automatic_mail_is_recognised(self, name: str) -> None:
        assert read(name).kind == "auto_reply"

    @pytest.mark.parametrize("name", [name for name in UGLY if name.startswith("bulk-")])
    def test_mass_mail_is_recognised(self, name: str) -> None:
        assert read(name).kind == "bulk"

    @pytest.mark.parametrize("name", ["loop-hops", "loop-own"])
    def test_mail_that_goes_in_circles_is_recognised(self, name: str) -> None:
        assert read(name).kind == "loop"

    def test_mail_of_a_person_is_a_message(self) -> None:
        assert {read(f"quote-{name}").kind for name in ugly.QUOTES} == {"message"}

    def test_a_null_sender_is_one_sign_and_takes_another(self) -> None:
        assert parse(ugly.mail(b"x"), null_sender=True).kind == "message"
        assert parse(ugly.mail(b"Je suis absente"), null_sender=True).kind == "auto_reply"
