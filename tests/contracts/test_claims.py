"""What tokens say, and what is made of one that says something odd."""

from typing import Any

import pytest
from guichet_contracts.claims import (
    SIGNERS,
    SIGNING,
    AgentClaims,
    Receipt,
    ServiceClaims,
    VisitorClaims,
    calls_of,
    may_sign,
    may_speak_for,
)

RECEIPT = Receipt("f1", "facture.pdf", "application/pdf", 7, "conversation:c1", "v1")


class TestWhatIsSaidComesBack:
    def test_of_an_agent(self) -> None:
        agent = AgentClaims("a1", "Caro Agent", "supervisor", "CA", 4, "s1")
        assert AgentClaims.told_by("a1", agent.claims()) == agent

    def test_of_a_visitor(self) -> None:
        visitor = VisitorClaims("v1", "shop", "Ada", "ada@example.com")
        assert VisitorClaims.told_by("v1", visitor.claims()) == visitor

    def test_of_a_service(self) -> None:
        service = ServiceClaims("mailer", frozenset({"files:give", "files:read"}), "m1")
        assert ServiceClaims.told_by(service.subject, service.claims()) == service

    def test_of_a_file(self) -> None:
        assert Receipt.told_by("f1", RECEIPT.claims()) == RECEIPT


class TestOddOnes:
    @pytest.mark.parametrize("role", [None, "", "root", "Admin", 7, ["admin"], {"admin": True}])
    def test_a_role_that_is_not_known_has_the_least_rights(self, role: Any) -> None:
        assert AgentClaims.told_by("a1", {"role": role}).role == "agent"

    @pytest.mark.parametrize("said", [{}, {"scope": None}, {"scope": ""}, {"scope": "files:givefiles:read"}])
    def test_a_service_has_no_scope_but_those_that_are_named(self, said: dict[str, Any]) -> None:
        assert not ServiceClaims.told_by("service:mailer", said).scopes & {"files:give", "files:read"}

    @pytest.mark.parametrize("missing", ["name", "media_type", "size", "scope", "owner"])
    def test_a_receipt_that_leaves_something_out_is_none(self, missing: str) -> None:
        with pytest.raises(ValueError, match="not a receipt"):
            Receipt.told_by("f1", {name: value for name, value in RECEIPT.claims().items() if name != missing})

    @pytest.mark.parametrize("size", [None, "many", [], {}])
    def test_a_receipt_of_an_odd_size_is_none(self, size: Any) -> None:
        with pytest.raises(ValueError, match="not a receipt"):
            Receipt.told_by("f1", RECEIPT.claims() | {"size": size})


class TestReceipts:
    def test_are_for_their_owner_and_one_place(self) -> None:
        assert RECEIPT.is_for("v1", ["visitor", "conversation:c1"])
        assert not RECEIPT.is_for("v2", ["conversation:c1"])
        assert not RECEIPT.is_for("v1", ["conversation:c2", "visitor", "request:c1"])
        assert not RECEIPT.is_for("v1", [])


class TestWhoSigns:
    @pytest.mark.parametrize("audience", SIGNERS)
    def test_one_service_signs_for_an_audience_whoever_verifies(self, audience: str) -> None:
        for verifier in (*SIGNING, "contacts"):
            assert [signer for signer in SIGNING if may_sign(signer, audience, verifier)] == [SIGNERS[audience]]

    def test_what_is_nobody_s_audience_each_signs_for_itself(self) -> None:
        for verifier in SIGNING:
            assert [signer for signer in SIGNING if may_sign(signer, "refresh", verifier)] == [verifier]

    def test_every_service_calls_and_speaks_for_itself_alone(self) -> None:
        called = calls_of("attachments")
        assert all(may_sign(signer, called, "attachments") for signer in SIGNING)
        assert not any(may_sign(signer, called, "requests") for signer in SIGNING)
        for signer in SIGNING:
            speaks_for = [other for other in SIGNING if may_speak_for(signer, called, f"service:{other}")]
            assert speaks_for == [signer]
            assert not may_speak_for(signer, called, signer)
