"""Tokens: only ours, for this purpose, in time."""

import base64
import json
import secrets
import time
from typing import Any

import pytest
from guichet_kit.tokens import Claims, InvalidToken, Tokens
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey

SECRET = secrets.token_bytes(48)
AGENTS = Tokens(SECRET, "agents")


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def refused(token: str, tokens: Tokens = AGENTS) -> None:
    with pytest.raises(InvalidToken):
        tokens.verify(token)


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

    def test_any_process_with_the_same_secret_verifies_it(self) -> None:
        assert Tokens(SECRET, "agents").verify(AGENTS.issue("agent-1", 900)).subject == "agent-1"


class TestTokensThatAreRemembered:
    def test_are_verified_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tokens, verified = Tokens(SECRET, "agents", remembered=10), list[str]()
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
        tokens = Tokens(SECRET, "agents", remembered=10)
        token = tokens.issue("agent-1", 60)
        tokens.verify(token)
        later = time.time() + 66
        monkeypatch.setattr(time, "time", lambda: later)
        refused(token, tokens)
        refused(token, tokens)

    def test_are_so_many_at_most(self) -> None:
        tokens = Tokens(SECRET, "agents", remembered=3)
        for n in range(10):
            tokens.verify(tokens.issue(f"agent-{n}", 900))
        assert len(tokens._verified) == 3

    def test_are_none_of_those_that_were_refused(self) -> None:
        tokens = Tokens(SECRET, "agents", remembered=3)
        for token in ("x.y.z", "\ud800", "", Tokens(SECRET, "visitors").issue("v", 900)):
            refused(token, tokens)
            refused(token, tokens)
        assert len(tokens._verified) == 0


class TestRefusedTokens:
    def test_one_for_another_purpose(self) -> None:
        refused(Tokens(SECRET, "visitors").issue("visitor-1", 900))

    def test_one_that_names_our_purpose_but_is_signed_with_the_key_of_another(self) -> None:
        visitors = Tokens(SECRET, "visitors")
        visitors._audience = "agents"
        refused(visitors.issue("visitor-1", 900))

    def test_one_signed_with_our_key_for_another_purpose_or_by_another_issuer(self) -> None:
        now = int(time.time())
        ours = {"iss": "guichet", "aud": "agents", "sub": "a", "exp": now + 900}
        assert AGENTS.verify(jwt.encode({"alg": "HS256"}, ours, AGENTS._key)).subject == "a"
        for changed in ({"aud": "visitors"}, {"iss": "other"}):
            refused(jwt.encode({"alg": "HS256"}, ours | changed, AGENTS._key))
        for missing in ours:
            refused(jwt.encode({"alg": "HS256"}, {k: v for k, v in ours.items() if k != missing}, AGENTS._key))

    def test_one_of_another_installation(self) -> None:
        refused(Tokens(secrets.token_bytes(48), "agents").issue("agent-1", 900))

    def test_one_that_expired(self) -> None:
        refused(AGENTS.issue("agent-1", -6))

    def test_a_clock_may_be_a_few_seconds_off(self) -> None:
        assert AGENTS.verify(AGENTS.issue("agent-1", -2)).subject == "agent-1"

    def test_one_whose_claims_were_changed(self) -> None:
        head, body, signature = AGENTS.issue("agent-1", 900, role="agent").split(".")
        claims = json.loads(base64.urlsafe_b64decode(body + "=="))
        refused(".".join((head, part(claims | {"role": "admin"}), signature)))

    @pytest.mark.parametrize("algorithm", ["none", "None", "HS512", "RS256", "dir"])
    def test_one_that_names_another_algorithm(self, algorithm: str) -> None:
        _, body, signature = AGENTS.issue("agent-1", 900).split(".")
        refused(".".join((part({"alg": algorithm}), body, signature)))
        refused(".".join((part({"alg": algorithm}), body, "")))

    def test_one_signed_with_our_key_but_a_stronger_algorithm(self) -> None:
        claims = {"iss": "guichet", "aud": "agents", "sub": "a", "exp": int(time.time()) + 900}
        refused(jwt.encode({"alg": "HS512"}, claims, OctKey.import_key(AGENTS._key.raw_value), algorithms=["HS512"]))

    @pytest.mark.parametrize(
        "header", [None, [], "text", 7, {}, {"alg": None}, {"alg": 7}, {"alg": "HS256", "crit": ["x"]}, {"alg": []}]
    )
    def test_one_with_an_odd_header(self, header: Any) -> None:
        _, body, signature = AGENTS.issue("agent-1", 900).split(".")
        refused(".".join((part(header), body, signature)))

    @given(st.text())
    def test_garbage(self, text: str) -> None:
        refused(text)

    @given(st.lists(st.text("AZaz09-_="), min_size=3, max_size=5))
    def test_garbage_in_the_form_of_a_token(self, parts: list[str]) -> None:
        refused(".".join(parts))
