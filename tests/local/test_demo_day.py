"""The demo's day is whole: what its cases name is there, and every kind of request is among them."""

from guichet_local import demo
from guichet_local.demo.day import CASES, CONTACTS, FORM, REASONS, TEMPLATES


class TestTheDay:
    def test_it_has_twelve_contacts_and_thirty_requests_of_every_status_and_priority(self) -> None:
        assert (len(CONTACTS), len(CASES)) == (12, 30)
        assert {case.status for case in CASES} == {"new", "in_progress", "pending", "closed"}
        assert {case.priority for case in CASES} == {"low", "medium", "high"}

    def test_its_requests_come_by_every_channel(self) -> None:
        assert {case.channel for case in CASES} == {"chat", "email", "web_form", "manual"}
        for case in CASES:
            assert bool(case.lines) == (case.channel != "manual"), case
            assert bool(case.subject) == (case.channel != "chat"), case
            if case.channel in ("email", "web_form"):
                assert case.contact is not None, "whoever writes has an address"
            assert set(case.fields) <= {field["name"] for field in FORM["fields"]}, case

    def test_cases_name_contacts_reasons_and_agents_that_are_there(self) -> None:
        holders = {account.email.partition("@")[0] for account in demo.ACCOUNTS}
        for case in CASES:
            assert case.held is None or case.held in holders, case
            assert case.reason is None or case.reason in REASONS, case
            if case.contact is not None:
                contact = CONTACTS[case.contact]
                assert case.customer == f"{contact['first_name']} {contact['last_name']}"

    def test_templates_and_reasons_are_in_both_languages(self) -> None:
        assert {template["language"] for template in TEMPLATES} == {"fr", "en"}
        assert all(set(label) == {"fr", "en"} for label in REASONS.values())

    def test_no_two_chats_are_of_one_customer_and_no_two_others_of_one_subject(self) -> None:
        names = [case.subject or case.customer for case in CASES]
        assert all(names)
        assert len(set(names)) == len(names)
