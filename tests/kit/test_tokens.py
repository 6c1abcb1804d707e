"""Tokens: only ours, for this purpose, in time, signed by who signs for it."""

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from guichet_contracts.claims import SIGNERS, calls_of
from guichet_kit.keys import BadKey
from guichet_kit.tokens import Claims, InvalidToken, OfBefore, Tokens
from guichet_local.testing.signing import SIGNING, Signing
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

REQUESTS = SIGNING.keys("requests")
AGENTS = Tokens(REQUESTS, "agents")
OURS = {"iss": "guichet", "aud": "agents", "sub": "a", "exp": int(time.time()) + 9000}


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def refused(token: str, tokens: Tokens = AGENTS) -> None:
    with pytest.raises(InvalidToken):
        tokens.verify(token)


def signed(claims: dict[str, Any], service: str = "requests", **header: Any) -> str:
    """Claims of whatever kind, with the private key of the service."""
    kid, key = SIGNING.keys(service).signing()
    return jwt.encode({"alg": "Ed25519", "kid": kid} | header, claims, key, algorithms=["Ed25519"])


class TestARoundTrip:
    def test_the_claims_come_back(self) -> None:
        claims = AGENTS.verify(AGENTS.issue("agent-1", 900, name="Caro", role="agent"))
        assert claims == Claims("agent-1", claims.expires_at, {"name": "Caro", "role": "agent"})

    def test_the_lifetime_is_counted_in_seconds_from_now(self) -> None:
        expires_in = AGENTS.verify(AGENTS.issue("agent-1", 900)).expires_at - time.time()
        assert 890 < expires_in <= 900

    def test_what_is_added_cannot_take_the_place_of_a_standard_claim(self) -> None:
        claims = AGENTS.verify(AGENTS.issue("agent-1", 900, sub="agent-2", aud="visitors", iss="me"))
        assert claims.subject == "agent-1"

    @pytest.mark.parametrize("service", ["chat", "requests", "contacts", "attachments", "mailer"])
    @pytest.mark.parametrize("audience", SIGNERS)
    def test_every_service_verifies_with_public_keys_alone(self, service: str, audience: str) -> None:
        token = SIGNING.tokens(audience).issue("somebody", 900)
        assert Tokens(SIGNING.keys(service), audience).verify(token).subject == "somebody"

    def test_the_header_names_algorithm_and_key_by_its_thumbprint(self) -> None:
        head = AGENTS.issue("agent-1", 900).split(".")[0]
        told = json.loads(base64.urlsafe_b64decode(head + "=="))
        assert (told["alg"], told["kid"]) == ("Ed25519", REQUESTS.signing()[1].thumbprint())


class TestTokensThatAreRemembered:
    def test_are_verified_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tokens, verified = Tokens(REQUESTS, "agents", remembered=10), list[str]()
        verify = tokens._verify

        def noted(token: str) -> Claims:
            verified.append(token)
            return verify(token)

        monkeypatch.setattr(tokens, "_verify", noted)
        one, other = tokens.issue("agent-1", 900), tokens.issue("agent-2", 900)
        for token in (one, other, one, other):
            assert tokens.verify(token).subject == ("agent-1" if token == one else "agent-2")
        assert verified == [one, other]

    def test_are_refused_as_soon_as_they_have_expired(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tokens = Tokens(REQUESTS, "agents", remembered=10)
        token = tokens.issue("agent-1", 60)
        tokens.verify(token)
        later = time.time() + 66
        monkeypatch.setattr(time, "time", lambda: later)
        refused(token, tokens)
        refused(token, tokens)

    def test_are_so_many_at_most(self) -> None:
        tokens = Tokens(REQUESTS, "agents", remembered=3)
        for n in range(10):
            tokens.verify(tokens.issue(f"agent-{n}", 900))
        assert len(tokens._verified) == 3

    def test_are_none_of_those_that_were_refused(self) -> None:
        tokens = Tokens(REQUESTS, "agents", remembered=3)
        for token in ("x.y.z", "\ud800", "", SIGNING.tokens("visitors").issue("v", 900)):
            refused(token, tokens)
            refused(token, tokens)
        assert len(tokens._verified) == 0


class TestRefusedTokens:
    def test_one_for_another_purpose(self) -> None:
        refused(SIGNING.tokens("visitors").issue("visitor-1", 900))
        refused(SIGNING.tokens("forms").issue("form-1", 900))  # by the same service

    def test_one_by_another_issuer_or_without_a_claim(self) -> None:
        assert AGENTS.verify(signed(OURS)).subject == "a"
        for changed in ({"aud": "visitors"}, {"aud": ["visitors"]}, {"iss": "other"}):
            refused(signed(OURS | changed))
        for missing in OURS:
            refused(signed({k: v for k, v in OURS.items() if k != missing}))

    @pytest.mark.parametrize("service", ["chat", "attachments", "mailer"])
    def test_an_agents_one_that_another_service_signed(self, service: str) -> None:
        token = Tokens(SIGNING.keys(service), "agents").issue("agent-1", 900, role="admin")
        for verifier in ("chat", "requests", "contacts", "attachments", "mailer"):
            refused(token, Tokens(SIGNING.keys(verifier), "agents"))

    @pytest.mark.parametrize("audience", ["forms", "visitors", "receipts"])
    def test_any_other_that_another_service_signed_than_the_one_whose_it_is(self, audience: str) -> None:
        for service in {"chat", "requests", "attachments", "mailer"} - {SIGNERS[audience]}:
            refused(Tokens(SIGNING.keys(service), audience).issue("a", 900), Tokens(SIGNING.keys("contacts"), audience))

    def test_one_that_a_service_makes_for_itself_alone_and_another_made(self) -> None:
        own = Tokens(REQUESTS, "refresh")
        assert own.verify(own.issue("session-1", 900)).subject == "session-1"
        refused(Tokens(SIGNING.keys("chat"), "refresh").issue("session-1", 900), own)

    def test_a_call_of_a_service_that_another_made_or_that_is_meant_for_another(self) -> None:
        called = Tokens(SIGNING.keys("attachments"), calls_of("attachments"))
        mailer = Tokens(SIGNING.keys("mailer"), calls_of("attachments"))
        assert called.verify(mailer.issue("service:mailer", 900)).subject == "service:mailer"
        refused(mailer.issue("service:chat", 900), called)
        refused(mailer.issue("mailer", 900), called)
        refused(Tokens(SIGNING.keys("chat"), calls_of("attachments")).issue("service:mailer", 900), called)
        refused(Tokens(SIGNING.keys("mailer"), calls_of("contacts")).issue("service:mailer", 900), called)

    def test_one_of_another_installation(self, tmp_path: Path) -> None:
        refused(Signing(tmp_path).tokens("agents").issue("agent-1", 900))

    def test_one_that_carries_its_own_key_or_says_where_it_is(self) -> None:
        key = OKPKey.generate_key("Ed25519")
        for header in ({"jwk": key.as_dict(private=False)}, {"jku": "https://keys.example/"}, {"kid": "../../etc"}):
            whole = {"alg": "Ed25519", "kid": REQUESTS.signing()[0]} | header
            refused(jwt.encode(whole, OURS, key, algorithms=["Ed25519"]))

    def test_one_whose_key_is_not_named_or_is_of_another(self) -> None:
        kid, key = REQUESTS.signing()
        other = SIGNING.keys("chat").signing()[0]
        for header in ({}, {"kid": other}, {"kid": kid[:-1]}, {"kid": ""}):
            refused(jwt.encode({"alg": "Ed25519"} | header, OURS, key, algorithms=["Ed25519"]))

    def test_one_that_expired(self) -> None:
        refused(AGENTS.issue("agent-1", -6))

    def test_a_clock_may_be_a_few_seconds_off(self) -> None:
        assert AGENTS.verify(AGENTS.issue("agent-1", -2)).subject == "agent-1"

    def test_one_whose_claims_were_changed(self) -> None:
        head, body, signature = AGENTS.issue("agent-1", 900, role="agent").split(".")
        claims = json.loads(base64.urlsafe_b64decode(body + "=="))
        refused(".".join((head, part(claims | {"role": "admin"}), signature)))

    @pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "HS512", "RS256", "EdDSA", "Ed448", "dir"])
    def test_one_that_names_another_algorithm(self, algorithm: str) -> None:
        _, body, signature = AGENTS.issue("agent-1", 900).split(".")
        for header in ({"alg": algorithm}, {"alg": algorithm, "kid": REQUESTS.signing()[0]}):
            refused(".".join((part(header), body, signature)))
            refused(".".join((part(header), body, "")))

    @pytest.mark.parametrize("of_before", [None, OfBefore(b"k" * 48, datetime.now(UTC).date() + timedelta(2))])
    def test_one_that_takes_the_public_key_for_a_secret(self, of_before: OfBefore | None) -> None:
        kid, private = REQUESTS.signing()
        told = private.as_dict(private=False)
        raw = base64.urlsafe_b64decode(f"{told['x']}=")
        whole = SIGNING.folder.public_file.read_bytes()
        pem = private.as_pem(private=False)
        tokens = Tokens(REQUESTS, "agents", of_before=of_before)
        for secret in (raw, str(told["x"]).encode(), json.dumps(told).encode(), whole, pem, pem.strip()):
            for algorithm in ("HS256", "HS384", "HS512"):
                for header in ({}, {"kid": kid}):
                    head, body = part({"alg": algorithm} | header), part(OURS)
                    digest = hmac.digest(secret, f"{head}.{body}".encode(), f"sha{algorithm[2:]}")
                    signature = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
                    refused(f"{head}.{body}.{signature}", tokens)

    @pytest.mark.parametrize(
        "header", [None, [], "text", 7, {}, {"alg": None}, {"alg": 7}, {"alg": "Ed25519", "crit": ["x"]}, {"alg": []}]
    )
    def test_one_with_an_odd_header(self, header: Any) -> None:
        _, body, signature = AGENTS.issue("agent-1", 900).split(".")
        refused(".".join((part(header), body, signature)))

    @pytest.mark.parametrize("kid", [None, 7, [], {}, ["x"], True])
    def test_one_whose_key_has_an_odd_name(self, kid: Any) -> None:
        _, body, signature = AGENTS.issue("agent-1", 900).split(".")
        refused(".".join((part({"alg": "Ed25519", "kid": kid}), body, signature)))

    @given(st.text())
    def test_garbage(self, text: str) -> None:
        refused(text)

    @given(st.lists(st.text("AZaz09-_="), min_size=3, max_size=5))
    def test_garbage_in_the_form_of_a_token(self, parts: list[str]) -> None:
        refused(".".join(parts))


def test_a_service_without_a_private_key_signs_nothing() -> None:
    with pytest.raises(BadKey):
        Tokens(SIGNING.keys("contacts"), "agents").issue("agent-1", 900)


class TestSymmetricTokensOfBefore:
    SECRET = b"the secret of an installation that was upgraded"

    def of_before(self, audience: str, secret: bytes = SECRET) -> str:
        """As earlier versions signed it."""
        key = hmac.digest(secret, f"guichet token {audience}".encode(), hashlib.sha256)
        return jwt.encode({"alg": "HS256"}, OURS | {"aud": audience}, OctKey.import_key(key))

    def tokens(self, audience: str, days: int) -> Tokens:
        until = datetime.now(UTC).date() + timedelta(days)
        return Tokens(REQUESTS, audience, of_before=OfBefore(self.SECRET, until))

    def test_are_good_until_their_day_where_that_is_said(self) -> None:
        assert self.tokens("refresh", days=2).verify(self.of_before("refresh")).subject == "a"
        refused(self.of_before("refresh"), self.tokens("refresh", days=0))
        refused(self.of_before("refresh"), Tokens(REQUESTS, "refresh"))

    def test_are_refused_when_another_secret_or_purpose_made_them(self) -> None:
        refused(self.of_before("refresh", b"x" * 48), self.tokens("refresh", days=2))
        refused(self.of_before("visitors"), self.tokens("refresh", days=2))

    def test_do_not_keep_those_of_now_from_being_taken(self) -> None:
        tokens = self.tokens("refresh", days=2)
        assert tokens.verify(tokens.issue("session-1", 900)).subject == "session-1"
