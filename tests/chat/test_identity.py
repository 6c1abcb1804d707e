"""A site says who its visitor is, by a token that only its server can sign."""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from guichet_chat.conversation import Identity, Visitor
from guichet_chat.identity import IdentityRefused, identity_of
from guichet_chat.store import Store
from guichet_chat.visitors import CustomerTaken
from guichet_kit.mongo import Database
from guichet_local.testing.service import ServiceProcess
from joserfc import jwt
from joserfc.jwk import OctKey
from pydantic import SecretStr

from .test_log import by
from .writers import RecordingRelay, writer

DAY = 24 * 3600
SECRET = secrets.token_urlsafe(32)
SHARED = SecretStr(SECRET)


def signed(secret: str = SECRET, algorithm: str = "HS256", lifetime: int = 900, **claims: Any) -> str:
    content = {"sub": "customer-1", "exp": int(time.time()) + lifetime} | claims
    return jwt.encode(
        {"alg": algorithm},
        {claim: value for claim, value in content.items() if value is not None},
        OctKey.import_key(secret.encode()),
        algorithms=[algorithm],
    )


class TestAToken:
    def test_says_who_the_customer_is(self) -> None:
        token = signed(name="Ada Lovelace", email="ada@example.com")
        assert identity_of(token, SHARED) == Identity("customer-1", "Ada Lovelace", "ada@example.com")

    def test_names_nobody_by_a_name_that_shows_nothing(self) -> None:
        assert identity_of(signed(name="\u3164\u200b"), SHARED) == Identity("customer-1")

    def test_need_not_tell_name_and_address(self) -> None:
        assert identity_of(signed(plan="gold"), SHARED) == Identity("customer-1")

    @pytest.mark.parametrize("lifetime", [-30, DAY])
    def test_is_taken_with_clocks_a_little_apart(self, lifetime: int) -> None:
        assert identity_of(signed(lifetime=lifetime), SHARED).customer_id == "customer-1"

    @pytest.mark.parametrize(
        "claims",
        [
            {"sub": None},
            {"sub": ""},
            {"sub": 7},
            {"sub": "x" * 201},
            {"exp": None},
            {"exp": "tomorrow"},
            {"lifetime": -61 - 1},
            {"lifetime": DAY + 120},
            {"nbf": 4_000_000_000},
            {"email": "nobody"},
            {"name": ""},
            {"algorithm": "HS512"},
            {"secret": "another-secret-of-another-site-00"},
        ],
        ids=str,
    )
    def test_is_refused_when_it_does_not_say_so_for_sure(self, claims: dict[str, Any]) -> None:
        with pytest.raises(IdentityRefused):
            identity_of(signed(**claims), SHARED)

    @pytest.mark.parametrize(
        "token",
        [
            "",
            "x.y.z",
            # {"alg": "none"}, {"sub": "customer-1", "exp": 9999999999}
            "eyJhbGciOiJub25lIn0.eyJzdWIiOiJjdXN0b21lci0xIiwiZXhwIjo5OTk5OTk5OTk5fQ.",
        ],
    )
    def test_is_refused_when_nobody_signed_it(self, token: str) -> None:
        with pytest.raises(IdentityRefused):
            identity_of(token, SHARED)

    def test_is_refused_where_the_site_has_no_secret(self) -> None:
        with pytest.raises(IdentityRefused):
            identity_of(signed(), None)


class TestWhatIsVerified:
    ANYONE = Visitor("v", "shop")
    ADA = Identity("customer-1", "Ada", "ada@example.com")

    def test_is_what_the_site_told(self) -> None:
        known = self.ANYONE.identified(self.ADA)
        assert (known.name, known.email, known.verified) == ("Ada", "ada@example.com", True)

    def test_is_not_what_visitors_say_of_themselves(self) -> None:
        assert not self.ANYONE.claiming("Ada", "ada@example.com").verified

    def test_cannot_be_replaced_by_what_visitors_say(self) -> None:
        known = self.ANYONE.identified(self.ADA)
        assert known.claiming("Eve", "eve@example.com") == known

    def test_is_no_address_that_the_site_did_not_tell(self) -> None:
        said_then_identified = self.ANYONE.claiming(None, "eve@example.com").identified(Identity("customer-1", "Ada"))
        identified_then_said = self.ANYONE.identified(Identity("customer-1", "Ada")).claiming(None, "eve@example.com")
        for visitor in (said_then_identified, identified_then_said):
            assert (visitor.name, visitor.email, visitor.verified) == ("Ada", "eve@example.com", False)


class TestTheStore:
    """On both drivers."""

    async def test_a_customer_is_one_visitor_of_its_site(self, database: Database) -> None:
        store = Store(database)
        await store.ensure_indexes()
        await store.save_visitor(Visitor("v1", "shop", customer_id="c"))
        with pytest.raises(CustomerTaken):
            await store.save_visitor(Visitor("v2", "shop", customer_id="c"))
        await store.save_visitor(Visitor("v3", "other", customer_id="c"))
        assert await store.customer("shop", "c") == Visitor("v1", "shop", customer_id="c")
        assert await store.customer("shop", "d") is None

    async def test_visitors_who_are_nobodys_customers_are_many(self, database: Database) -> None:
        store = Store(database)
        await store.ensure_indexes()
        for visitor in (Visitor("v1", "shop"), Visitor("v2", "shop")):
            await store.save_visitor(visitor)
            assert await store.visitor(visitor.id) == visitor

    async def test_devices_that_come_at_once_are_the_same_visitor(self, database: Database) -> None:
        store = Store(database)
        await store.ensure_indexes()
        chat = writer(store)
        identity = Identity("c", "Ada", "ada@example.com")
        visitors = await asyncio.gather(*(chat.begin_session(None, "shop", None, None, identity) for _ in range(8)))
        assert len({visitor.id for visitor in visitors}) == 1

    async def test_events_tell_that_the_visitor_is_verified(self, database: Database) -> None:
        store, relay = Store(database), RecordingRelay()
        await store.ensure_indexes()
        chat = writer(store, relay)
        anyone = await chat.begin_session(None, "shop", "Ada", None)
        await chat.post_visitor_message(anyone.id, by(anyone))
        await chat.begin_session(anyone.id, "shop", None, None, Identity("c", "Ada", "ada@example.com"))
        await chat.post_visitor_message(anyone.id, by(anyone))
        told = [entry["event"]["data"]["conversation"]["visitor"] for entry in relay.offered]
        assert [(visitor["email"], visitor["verified"]) for visitor in told] == [
            (None, False),  # opened
            (None, False),
            ("ada@example.com", True),
        ]


SITES = [
    {"key": "shop", "name": "Shop", "origins": ["http://shop.example"], "identity_secret": SECRET},
    {"key": "second", "name": "Second", "origins": ["http://second.example"]},
]


@pytest.fixture(scope="module")
def service(rabbitmq_url: str, mongodb_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """A process that knows a site with a secret, and one without."""
    folder = tmp_path_factory.mktemp("identity")
    (folder / "secret.key").write_bytes(secrets.token_bytes(48))
    environment = {
        "GUICHET_RABBITMQ_URL": rabbitmq_url,
        "GUICHET_MONGODB_URL": mongodb_url,
        "GUICHET_DATABASE_PREFIX": f"test_{secrets.token_hex(4)}_",
        "GUICHET_SECRET_KEY_FILE": str(folder / "secret.key"),
        "GUICHET_WIDGET_SITES": json.dumps(SITES),
    }
    process = ServiceProcess("guichet_chat", environment, folder / "chat.log")
    process.start()
    yield process
    process.stop()
    assert SECRET not in (folder / "chat.log").read_text()


Begin = Callable[..., Awaitable[httpx2.Response]]


@pytest.fixture
async def begin(service: ServiceProcess) -> AsyncIterator[Begin]:
    """Ask for a session with what is given."""
    async with httpx2.AsyncClient(base_url=service.url, timeout=20) as client:

        async def ask(**fields: Any) -> httpx2.Response:
            return await client.post("/chat/v1/visitors", json={"widget_key": "shop"} | fields)

        yield ask


@pytest.fixture
def customer() -> str:
    return secrets.token_hex(8)


class TestASession:
    async def test_of_a_customer_is_the_same_on_every_device(self, begin: Begin, customer: str) -> None:
        first = (await begin(identity_token=signed(sub=customer, email="ada@example.com"))).json()
        second = (await begin(identity_token=signed(sub=customer, name="Ada"))).json()
        assert first["visitor_id"] == second["visitor_id"]
        assert (first["verified"], first["has_email"]) == (True, True)

    async def test_goes_on_with_the_visitor_who_then_signs_in(self, begin: Begin, customer: str) -> None:
        before = (await begin(name="Ada")).json()
        after = (await begin(token=before["token"], identity_token=signed(sub=customer))).json()
        assert before["visitor_id"] == after["visitor_id"]

    async def test_does_not_go_on_with_another_customer(self, begin: Begin, customer: str) -> None:
        first = (await begin(identity_token=signed(sub=customer))).json()
        other = (await begin(token=first["token"], identity_token=signed(sub=f"{customer}-2"))).json()
        assert other["visitor_id"] != first["visitor_id"]

    async def test_goes_on_only_where_the_site_names_the_same_customer_again(
        self, begin: Begin, customer: str
    ) -> None:  # fmt: skip
        first = (await begin(identity_token=signed(sub=customer))).json()
        left = datetime.fromisoformat(first["expires_at"]) - datetime.now(UTC)
        assert left <= timedelta(days=1)
        signed_out = (await begin(token=first["token"])).json()
        assert signed_out["visitor_id"] != first["visitor_id"]
        back = (await begin(token=signed_out["token"], identity_token=signed(sub=customer))).json()
        assert back["visitor_id"] == first["visitor_id"]

    async def test_of_a_stranger_goes_on_by_its_token_alone(self, begin: Begin) -> None:
        first = (await begin(name="Ada")).json()
        again = (await begin(token=first["token"])).json()
        assert again["visitor_id"] == first["visitor_id"]

    async def test_of_one_site_is_none_of_another(self, begin: Begin, customer: str) -> None:
        first = (await begin(identity_token=signed(sub=customer, email="ada@example.com"))).json()
        other = (await begin(widget_key="second", token=first["token"])).json()
        assert other["visitor_id"] != first["visitor_id"]
        assert not other["verified"]

    @pytest.mark.parametrize("token", ["x.y.z", "", signed(secrets.token_urlsafe(32))])
    async def test_is_refused_when_the_token_is_not_the_sites(self, begin: Begin, token: str) -> None:
        answer = await begin(identity_token=token)
        assert (answer.status_code, answer.json()["code"]) == (401, "identity_refused")

    async def test_is_refused_on_a_site_without_a_secret(self, begin: Begin) -> None:
        answer = await begin(widget_key="second", identity_token=signed())
        assert (answer.status_code, answer.json()["code"]) == (401, "identity_refused")
