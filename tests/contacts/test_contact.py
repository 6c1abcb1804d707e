"""The rules of changing, merging and parting contacts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from guichet_contacts.contact.contact import Contact, Details, State
from guichet_contacts.contact.fields import InvalidFields
from hypothesis import given
from hypothesis import strategies as st

THEN = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
LATER = THEN + timedelta(days=1)


def _contact(contact_id: str, others: tuple[str, ...] = (), **details: str) -> Contact:
    return Contact(contact_id, THEN, THEN, details=Details(**details), other_emails=others)


def contacts(contact_id: str) -> st.SearchStrategy[Contact]:
    """Any contact; its addresses are its own, and the main one is there if any is."""
    text = st.none() | st.sampled_from(["one", "two", "three"])
    details = st.builds(Details, first_name=text, last_name=text, phone=text, company=text, notes=text)
    emails = st.lists(st.integers(0, 9).map(lambda i: f"{contact_id}{i}@example.com"), unique=True, max_size=3)

    def whole(details: Details, emails: list[str]) -> Contact:
        main = replace(details, email=next(iter(emails), None))
        return Contact(contact_id, THEN, THEN, details=main, other_emails=tuple(emails[1:]))

    return st.builds(whole, details, emails)


class TestName:
    def test_is_the_persons_or_the_best_there_is_instead(self) -> None:
        assert Details(first_name="Ada", last_name="Lovelace", company="Analytical").name == "Ada Lovelace"
        assert Details(last_name="Lovelace").name == "Lovelace"
        assert Details(company="Analytical", email="a@example.com").name == "Analytical"
        assert Details(email="a@example.com", phone="+33639981234").name == "a@example.com"

    def test_a_contact_of_which_nothing_is_known_is_refused(self) -> None:
        with pytest.raises(InvalidFields):
            Details(notes="somebody").require_something()


class TestChange:
    def test_the_same_details_are_no_change(self) -> None:
        ada = _contact("a", first_name="Ada")
        assert ada.changed(Details(first_name="Ada"), LATER) is ada

    def test_another_address_that_becomes_the_main_one_trades_places(self) -> None:
        ada = _contact("a", email="ada@example.com", others=("lovelace@example.com", "x@example.com"))
        changed = ada.changed(Details(email="Lovelace@example.com"), LATER)
        assert changed.emails == ("Lovelace@example.com", "ada@example.com", "x@example.com")
        assert (changed.version, changed.updated_at) == (2, LATER)

    def test_the_next_address_takes_the_place_of_a_main_one_that_is_taken_off(self) -> None:
        ada = _contact("a", email="ada@example.com", others=("lovelace@example.com",))
        once = ada.changed(Details(first_name="Ada"), LATER)
        assert once.emails == ("lovelace@example.com",)
        assert once.changed(Details(first_name="Ada"), LATER).emails == ()


class TestMerge:
    def test_the_target_keeps_its_own_and_takes_what_it_lacks(self) -> None:
        source = _contact("s", first_name="A.", email="a@example.com", phone="+33639981234", notes="Likes tea.")
        target = _contact("t", first_name="Ada", email="ada@example.com", notes="Likes trains.")
        source, target = source.merged_into(target, "agent", LATER)
        assert source.state is State.MERGED
        assert target.details == Details(
            "Ada", None, "ada@example.com", "+33639981234", None, "Likes trains.\n\nLikes tea."
        )
        assert target.other_emails == ("a@example.com",)

    @pytest.mark.parametrize(
        ("ours", "theirs"),
        [
            ({"email": "s@example.com"}, {"email": "t@example.com"}),
            ({"email": "s@example.com", "notes": "ours"}, {"first_name": "T", "notes": "theirs"}),
            ({"last_name": "S"}, {"email": "t@example.com", "company": "T"}),
            ({"first_name": "S", "phone": "+33639981234"}, {"first_name": "T"}),
        ],
    )
    def test_parting_gives_both_back_what_they_had(self, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
        source, target = _contact("s", **ours), _contact("t", **theirs)
        merged, grown = source.merged_into(target, "agent", LATER)
        parted, left = merged.parted_from(grown, LATER)
        assert parted == replace(source, version=3, updated_at=LATER)
        assert left == replace(target, version=3, updated_at=LATER)

    @given(contacts("s"), contacts("t"))
    def test_parting_at_once_undoes_any_merge_and_no_address_is_lost(self, source: Contact, target: Contact) -> None:
        merged, grown = source.merged_into(target, "agent", LATER)
        assert sorted(grown.emails) == sorted((*source.emails, *target.emails))
        parted, left = merged.parted_from(grown, LATER)
        assert parted == replace(source, version=3, updated_at=LATER)
        assert left == replace(target, version=3, updated_at=LATER)

    def test_what_the_target_was_given_since_stays_with_it(self) -> None:
        merged, grown = _contact("s", phone="+33639981234").merged_into(_contact("t", first_name="T"), "agent", LATER)
        corrected = grown.changed(replace(grown.details, phone="+33639985678"), LATER)
        _, left = merged.parted_from(corrected, LATER)
        assert left.details == Details(first_name="T", phone="+33639985678")

    def test_an_address_that_was_taken_off_the_target_does_not_come_back(self) -> None:
        merged, grown = _contact("s", email="s@example.com").merged_into(_contact("t", first_name="T"), "agent", LATER)
        without = grown.changed(replace(grown.details, email=None), LATER)
        parted, left = merged.parted_from(without, LATER)
        assert (parted.emails, left.emails) == ((), ())

    def test_the_targets_own_address_is_its_main_one_again(self) -> None:
        source, target = _contact("s", email="s@example.com"), _contact("t", email="t@example.com")
        merged, grown = source.merged_into(target, "agent", LATER)
        promoted = grown.changed(replace(grown.details, email="s@example.com"), LATER)
        parted, left = merged.parted_from(promoted, LATER)
        assert (parted.emails, left.emails) == (("s@example.com",), ("t@example.com",))

    def test_an_erased_contact_says_nothing(self) -> None:
        gone = _contact("s", first_name="S", email="s@example.com").erased(LATER)
        assert gone == Contact("s", LATER, LATER, version=2, state=State.ERASED)
