"""Who can sign as whom, on the running system; and keys that are exchanged while people work."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from guichet_contracts.claims import AGENTS
from guichet_kit.ids import new_id
from guichet_kit.keys import BadKey, private_key, public_of
from guichet_local import demo
from guichet_local.testing.sockets import SocketClient
from guichet_local.testing.stack import Stack
from joserfc import jwt
from joserfc.jwk import OKPKey

from .test_matrix import as_agent, call

ENTRIES = f"/api/v1/conversations/{new_id()}/entries"
PATHS = {
    "requests": "/api/v1/agents/me",
    "chat-1": ENTRIES,
    "chat-2": ENTRIES,
    "contacts": "/api/v1/contacts",
    "attachments": f"/api/v1/attachments/{new_id()}/status",
    "mailer": "/api/v1/mail/quarantine",
}
"""Of each program something that only agents may see."""

OTHERS = [name for name in PATHS if name != "requests"]


class Services:
    """The programs themselves, each at its own port: behind one address there are two of chat."""

    def __init__(self, stack: Stack, client: httpx2.AsyncClient) -> None:
        self._ports, self._client = stack.ports, client

    async def statuses(self, token: str) -> dict[str, int]:
        """What each answers to the token."""
        return {
            name: await self._status(f"http://127.0.0.1:{self._ports[name]}{path}", token)
            for name, path in PATHS.items()
        }

    async def refuse(self, token: str) -> bool:
        """Whether each of them does."""
        return set((await self.statuses(token)).values()) == {401}

    async def take(self, token: str) -> bool:
        """Whether each of them does, whatever it then answers."""
        return 401 not in (await self.statuses(token)).values()

    async def _status(self, url: str, token: str) -> int:
        return (await call(self._client, "GET", url, headers=as_agent(token))).status_code


@pytest.fixture
def services(stack: Stack, client: httpx2.AsyncClient) -> Services:
    return Services(stack, client)


@pytest.fixture
async def client(stack: Stack) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=stack.gateway, timeout=60) as client:
        yield client


def claims(**changed: Any) -> dict[str, Any]:
    """What stands in an administrator's access token."""
    said = {"name": "Ida", "initials": "IA", "role": "admin", "ver": 1, "sid": new_id()}
    moment = int(time.time())
    return {"iss": "guichet", "aud": "agents", "sub": new_id(), "iat": moment, "exp": moment + 600, **said, **changed}


def part(value: Any) -> str:
    return encoded(json.dumps(value).encode())


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def symmetric(secret: bytes, header: dict[str, Any], said: dict[str, Any]) -> str:
    """A token that is signed with HMAC, under whatever secret."""
    told = f"{part({'alg': 'HS256'} | header)}.{part(said)}"
    return f"{told}.{encoded(hmac.digest(secret, told.encode(), hashlib.sha256))}"


def signed(key: OKPKey, kid: str, said: dict[str, Any]) -> str:
    return jwt.encode({"alg": "Ed25519", "kid": kid}, said, key, algorithms=["Ed25519"])


def files_of(stack: Stack, program: str) -> dict[str, bytes]:
    """What the running process was handed: the files that its environment names, as the kernel tells it."""
    environment = Path(f"/proc/{stack.pid(program)}/environ").read_text().split("\0")
    named = {name: Path(value) for name, _, value in (line.partition("=") for line in environment)}
    return {
        name: file.read_bytes() for name, file in named.items() if name.startswith("GUICHET_") and file.is_file()
    }  # fmt: skip


def forgeries(held: dict[str, bytes]) -> Iterator[str]:
    """Agents' tokens as whoever holds these files could try to make them."""
    for value in held.values():
        for secret in (value, value.strip()):
            derived = hmac.digest(secret, b"guichet token agents", hashlib.sha256)
            yield symmetric(secret, {}, claims())
            yield symmetric(derived, {}, claims())
        try:
            key = private_key(value)
        except BadKey:
            continue
        own = public_of("own", key).kid
        every = [own, *(member["kid"] for member in json.loads(held["GUICHET_PUBLIC_KEYS_FILE"])["keys"])]
        yield from (signed(key, kid, claims()) for kid in every)


@pytest.mark.parametrize("program", OTHERS)
async def test_nothing_that_another_service_is_handed_makes_an_agents_token(
    stack: Stack, services: Services, program: str
) -> None:
    held = files_of(stack, program)
    private = stack.signing.folder.private_file("requests").read_bytes()
    assert {"GUICHET_SECRET_KEY_FILE", "GUICHET_PUBLIC_KEYS_FILE"} <= held.keys()
    assert private not in held.values()
    tried = list(forgeries(held))
    assert len(tried) >= 8
    for token in tried:
        assert await services.refuse(token)
    # What `requests` is handed does, so it is not the attempt that fails.
    assert private in files_of(stack, "requests").values()
    assert await services.take(stack.signing.tokens(AGENTS).issue(new_id(), 600, **claims()))


async def test_a_token_whose_algorithm_key_or_audience_is_not_ours_is_refused_by_every_service(
    stack: Stack, services: Services
) -> None:
    (kid, key), (chat, chats) = stack.signing.keys("requests").signing(), stack.signing.keys("chat").signing()
    public = OKPKey.import_key(key.as_dict(private=False))
    x = str(public.as_dict()["x"])
    secrets = (
        base64.urlsafe_b64decode(f"{x}="),
        x.encode(),
        public.as_pem(private=False),
        stack.signing.folder.public_file.read_bytes(),
    )
    good = signed(key, kid, claims())
    head, _, signature = good.split(".")
    stranger = OKPKey.generate_key("Ed25519")
    bad = {
        **{f"public key as secret {n}": symmetric(secret, {"kid": kid}, claims()) for n, secret in enumerate(secrets)},
        "no algorithm": f"{part({'alg': 'none'})}.{part(claims())}.",
        "no algorithm, with a kid": f"{part({'alg': 'none', 'kid': kid})}.{part(claims())}.{signature}",
        "kid of nobody": signed(key, "nobody", claims()),
        "kid of another service": signed(key, chat, claims()),
        "our kid, a stranger's key": signed(stranger, kid, claims()),
        "key of chat": signed(chats, chat, claims()),
        "audience of receipts": signed(key, kid, claims(aud="receipts")),
        "audience of refresh tokens": signed(key, kid, claims(aud=["refresh"])),
        "no audience": signed(key, kid, {name: value for name, value in claims().items() if name != "aud"}),
        "another issuer": signed(key, kid, claims(iss="guichet.example")),
        "changed claims": f"{head}.{part(claims())}.{signature}",
    }
    assert await services.take(good)
    assert {name for name, token in bad.items() if not await services.refuse(token)} == set()
    for name in ("no algorithm", "public key as secret 0", "key of chat"):
        socket = await SocketClient.open(f"{stack.gateway}/api/v1/live", bad[name])
        assert await socket.closed() == 4401, name
        await socket.close()


def kid_of(token: str) -> str:
    head = token.split(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(head + "=="))["kid"])


async def test_a_key_is_exchanged_while_an_agent_works_and_the_old_one_ends_when_it_is_dropped(
    stack: Stack, client: httpx2.AsyncClient, services: Services
) -> None:
    account = next(account for account in demo.ACCOUNTS if account.role == "agent")
    signed_in = await call(
        client, "POST", "/api/v1/auth/login", json={"email": account.email, "password": demo.PASSWORD}
    )
    first = str(signed_in.json()["access_token"])
    socket = await SocketClient.open(f"{stack.gateway}/api/v1/live", first)
    await socket.frame("ready")

    async def refreshed() -> str:
        answer = await call(client, "POST", "/api/v1/auth/refresh")
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    keys = stack.signing.folder
    following = keys.prepare("requests")
    assert await services.take(first)
    async with asyncio.timeout(60):
        # Whoever operates waits until every service knows the next key; its log says so.
        while any(following not in (stack.logs / f"{name}.log").read_text() for name in (*OTHERS, "requests")):
            assert await services.take(first)
            await asyncio.sleep(0.2)
    assert keys.use("requests") == following
    async with asyncio.timeout(60):
        while kid_of(second := await refreshed()) != following:
            assert await services.take(second)
            await asyncio.sleep(0.2)
    assert kid_of(first) != following
    for token in (first, second):
        assert await services.take(token)

    assert keys.drop("requests") == [kid_of(first)]
    async with asyncio.timeout(60):
        while not await services.refuse(first):
            assert await services.take(second)
            await asyncio.sleep(0.2)
    assert await services.take(second)
    assert await services.take(await refreshed())
    await socket.send("ping")
    await socket.frame("pong")
    await socket.close()
