"""How an operator lets the first administrator in, and everybody after."""

import base64
import hashlib
import hmac
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from guichet_kit.tokens import OfBefore, Tokens
from guichet_local.testing.signing import SIGNING
from guichet_requests.agent.desk import Desk, Signatures, SignInRefused, WelcomeRefused
from guichet_requests.agent.guesses import Browser, Devices, Guesses
from guichet_requests.agent.passwords import Passwords
from guichet_requests.agent.second_factor import SecondFactors
from guichet_requests.agent.store import AgentStore
from joserfc import jwt
from joserfc.jwk import OctKey

from tests.ctl.conftest import Installation

# Whole installations are started, and each command is a process of its own.
pytestmark = pytest.mark.timeout(600)

BROWSER = Browser("127.0.0.1")
IDA = ("--email", "ida@desk.example", "--name", "Ida Chef")


SECRET = b"k" * 32


def desk(installation: Installation, of_before: OfBefore | None = None) -> Desk:
    """Signing in, as the service does it."""
    store = AgentStore(installation.database("requests"))
    keys = SIGNING.keys("requests")
    refresh = Tokens(keys, "refresh", of_before=of_before)
    signatures = Signatures(Tokens(keys, "agents"), refresh, Devices(Tokens(keys, "device")))
    return Desk(store, Passwords(), SecondFactors(SECRET), signatures, Guesses(store, 10), _nobody_hears)


async def _nobody_hears() -> None:
    """No other service runs that would be told."""


def token_of(link: str) -> str:
    found = re.fullmatch(r"https://desk\.example/#/welcome/([\w-]{40,})", link)
    assert found, link
    return found[1]


async def test_a_new_agent_sets_their_password_by_a_link_that_works_once(installation: Installation) -> None:
    made = await installation.told("agents", "create", *IDA, "--role", "admin")
    signing_in, token = desk(installation), token_of(made["link"])

    signed_in = await signing_in.welcome(token, "a good password", BROWSER)
    assert (signed_in.agent.id, signed_in.agent.role) == (made["id"], "admin")
    assert (await signing_in.sign_in("ida@desk.example", "a good password", BROWSER)).agent.id == made["id"]
    with pytest.raises(WelcomeRefused):
        await signing_in.welcome(token, "another password", BROWSER)
    (listed,) = await installation.told("agents", "list")
    assert (listed["name"], listed["active"], listed["has_password"]) == ("Ida Chef", True, True)


async def test_the_first_administrators_link_is_given_until_somebody_has_a_password(installation: Installation) -> None:
    first = await installation.told("agents", "first", "--email", "admin@localhost")
    second = await installation.told("agents", "first", "--email", "admin@localhost")
    assert (first["id"], first["role"]) == (second["id"], "admin")

    with pytest.raises(WelcomeRefused):  # the newer link takes its place
        await desk(installation).welcome(token_of(first["link"]), "a good password", BROWSER)
    await desk(installation).welcome(token_of(second["link"]), "a good password", BROWSER)
    assert await installation.told("agents", "first", "--email", "admin@localhost") is None


async def test_a_reset_takes_the_password_and_the_sessions_away(installation: Installation) -> None:
    made = await installation.told("agents", "create", *IDA)
    signing_in = desk(installation)
    session = await signing_in.welcome(token_of(made["link"]), "a good password", BROWSER)

    again = await installation.told("agents", "reset", "ida@desk.example", "--yes")
    with pytest.raises(Exception, match="not right"):
        await signing_in.sign_in("ida@desk.example", "a good password", BROWSER)
    with pytest.raises(Exception, match="not right"):
        await signing_in.refresh(session.refresh_token)
    await signing_in.welcome(token_of(again["link"]), "another password", BROWSER)


async def test_who_is_deactivated_cannot_use_their_link_and_can_once_they_are_back(installation: Installation) -> None:
    made = await installation.told("agents", "create", *IDA)
    assert (await installation.told("agents", "deactivate", "ida@desk.example", "--yes"))["active"] is False
    with pytest.raises(WelcomeRefused):
        await desk(installation).welcome(token_of(made["link"]), "a good password", BROWSER)
    await installation.told("agents", "activate", "ida@desk.example")
    await desk(installation).welcome(token_of(made["link"]), "a good password", BROWSER)


async def test_no_token_is_kept_in_the_database(installation: Installation) -> None:
    made = await installation.told("agents", "create", *IDA)
    documents = await installation.database("requests")["agents"].find({}).to_list(None)
    assert token_of(made["link"]) not in json.dumps(documents, default=str)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "--email", "no address", "--name", "Ida"), "email"),
        (("create", *IDA, "--role", "king"), "--role"),
        (("reset", "nobody@desk.example", "--yes"), "nobody@desk.example"),
        (("deactivate", "nobody@desk.example", "--yes"), "nobody@desk.example"),
        (("reset", "nobody@desk.example"), "--yes"),
    ],
)
async def test_what_is_wrong_is_said_in_words(
    installation: Installation, arguments: tuple[str, ...], said: str
) -> None:  # fmt: skip
    done = await installation.ctl("agents", *arguments)
    assert done.returncode != 0
    assert said in done.stderr
    assert "Traceback" not in done.stderr


async def test_an_address_is_given_to_one_agent_only(installation: Installation) -> None:
    await installation.told("agents", "create", *IDA)
    done = await installation.ctl("agents", "create", *IDA)
    assert done.returncode == 1
    assert "address" in done.stderr


async def test_a_session_of_a_version_with_one_symmetric_key_goes_on_after_the_upgrade(
    installation: Installation,
) -> None:
    made = await installation.told("agents", "first", *IDA)
    tomorrow = datetime.now(UTC).date() + timedelta(days=2)
    after = desk(installation, OfBefore(SECRET, tomorrow))
    session = await after.welcome(token_of(made["link"]), "a good password", BROWSER)
    head, body, _ = session.refresh_token.split(".")
    key = OctKey.import_key(hmac.digest(SECRET, b"guichet token refresh", hashlib.sha256))
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    of_before = jwt.encode({"alg": "HS256"}, claims, key)
    with pytest.raises(SignInRefused):
        await desk(installation).refresh(of_before)
    gone_on = await after.refresh(of_before)
    assert gone_on.agent.email == "ida@desk.example"
    assert gone_on.refresh_token.split(".")[0] == head
