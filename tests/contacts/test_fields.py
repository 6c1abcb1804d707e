"""What may be written about a contact."""

import pytest
from guichet_contacts.contact.fields import FIELDS, InvalidFields, clean, email_key, phone_forms
from hypothesis import assume, given
from hypothesis import strategies as st


def _clean(field: str, value: str | None) -> str | None:
    return clean({field: value}, "FR")[field]


def _code(field: str, value: str) -> str:
    with pytest.raises(InvalidFields) as refused:
        clean({field: value}, "FR")
    (error,) = refused.value.errors
    assert error.field == field
    return error.code


class TestEmail:
    def test_the_domain_is_lowered_and_the_local_part_kept(self) -> None:
        assert _clean("email", " Ada.Lovelace@EXAMPLE.Com ") == "Ada.Lovelace@example.com"

    def test_a_domain_in_punycode_is_shown_in_letters(self) -> None:
        assert _clean("email", "ada@xn--bcher-kva.example") == "ada@bücher.example"

    @pytest.mark.parametrize(
        "same", ["ADA@bücher.example", "ada@BÜCHER.example", "Ada@xn--bcher-kva.example", "ada@xn--BCHER-KVA.EXAMPLE"]
    )
    def test_spellings_of_one_address_have_one_key(self, same: str) -> None:
        cleaned = _clean("email", same)
        assert cleaned is not None
        assert email_key(cleaned) == "ada@xn--bcher-kva.example"

    @pytest.mark.parametrize(
        "bad", ["ada", "ada@", "@example.com", "a da@example.com", "ada@exa mple.com", "ada@localhost", "a@b@c.fr",
                "ada@example.com\nbcc: x@example.com", f"{'a' * 65}@example.com", f"a@{'b' * 260}.com"],
    )  # fmt: skip
    def test_what_is_no_address_is_refused(self, bad: str) -> None:
        assert _code("email", bad) == "invalid_email"


class TestPhone:
    @pytest.mark.parametrize(
        "written", ["06 39 98 12 34", "0639981234", "+33 6 39 98 12 34", "0033639981234", "06.39.98.12.34"]
    )  # fmt: skip
    def test_a_number_is_kept_as_e164(self, written: str) -> None:
        assert _clean("phone", written) == "+33639981234"

    def test_the_region_decides_only_where_there_is_no_plus(self) -> None:
        assert clean({"phone": "020 7946 0958"}, "GB")["phone"] == "+442079460958"
        assert clean({"phone": "+33639981234"}, "GB")["phone"] == "+33639981234"

    @pytest.mark.parametrize("bad", ["12", "abc", "+999123456789", "06 39 98 12 34 56", "0639981234 ext. 5", "+"])
    def test_what_is_no_number_is_refused(self, bad: str) -> None:
        assert _code("phone", bad) == "invalid_phone"

    def test_it_is_looked_for_as_it_is_dialled_at_home_and_from_abroad(self) -> None:
        assert phone_forms("+33639981234") == {"33639981234", "0033639981234", "0639981234", "639981234"}


class TestTexts:
    def test_spaces_are_brought_together_and_blank_is_nothing(self) -> None:
        assert _clean("last_name", "  de   la\u00a0Tour ") == "de la Tour"
        assert _clean("company", " \t ") is None
        assert _clean("company", None) is None
        assert _clean("first_name", "\u200b\u3164\u202e") is None
        assert _clean("notes", "\u2060\n\u2800") is None
        assert _clean("first_name", "\u200bאדה") == "\u200bאדה"

    def test_notes_keep_their_lines(self) -> None:
        assert _clean("notes", "one\r\ntwo\rthree") == "one\ntwo\nthree"

    @pytest.mark.parametrize("field", ["first_name", "last_name", "company", "notes"])
    def test_control_characters_and_too_many_characters_are_refused(self, field: str) -> None:
        assert _code(field, "a\x00b") == "control_characters"
        assert _code(field, "a\x1bb") == "control_characters"
        assert _code(field, "a" * 10_001) == "too_long"
        assert _code(field, "a" * 1_000_000) == "too_long"

    def test_all_bad_fields_are_named_at_once(self) -> None:
        with pytest.raises(InvalidFields) as refused:
            clean({"first_name": "\x00", "email": "x", "phone": "y", "company": "fine"}, "FR")
        assert [error.field for error in refused.value.errors] == ["first_name", "email", "phone"]

    @given(st.sampled_from(FIELDS), st.text(max_size=200))
    def test_cleaning_what_is_clean_changes_nothing(self, field: str, text: str) -> None:
        try:
            once = _clean(field, text)
        except InvalidFields:
            assume(False)
        else:
            assert _clean(field, once) == once

    @given(st.emails())
    def test_an_address_and_its_clean_form_have_one_key(self, address: str) -> None:
        try:
            cleaned = _clean("email", address)
        except InvalidFields:
            assume(False)
        else:
            assert cleaned is not None
            assert email_key(cleaned.swapcase()) == email_key(cleaned)
