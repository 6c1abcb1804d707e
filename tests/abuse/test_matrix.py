"""Who may call what: every operation of every OpenAPI document, by every kind of caller, through the gateway.

An operation that is not named here is for agents only: a new route is in the matrix by itself, and fails it when a
stranger can call it.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Literal

import httpx2
import pytest
from guichet_contracts.claims import ServiceClaims, calls_of
from guichet_kit.ids import new_id
from guichet_kit.tokens import Tokens
from guichet_local import demo
from guichet_local.settings import WORKSPACE
from guichet_local.testing.signing import Signing
from guichet_local.testing.stack import Stack

Identity = Literal[
    "nobody", "visitor", "form", "receipt", "forged", "expired", "deactivated", "signed_out", "other_service", "mailer",
    "agent", "supervisor", "admin",
]  # fmt: skip
FORMER: tuple[Identity, ...] = ("deactivated", "signed_out")
"""Administrators of before: the one's access was taken away, the other has signed out; both kept their tokens."""

STRANGERS: frozenset[Identity] = frozenset(
    {"nobody", "visitor", "form", "receipt", "forged", "expired", "other_service", "mailer", *FORMER}
)
COLLEAGUES: tuple[Identity, ...] = ("agent", "supervisor", "admin")

# What a token is for is looked at first, so that a body that is none of any route's never does anything.
BODY = "[]"

PUBLIC = {
    "GET /chat/v1/sites/{widget_key}",
    "POST /chat/v1/visitors",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/logout",
    "POST /api/v1/auth/welcome",
    "GET /api/v1/forms/{form_key}",
    "POST /api/v1/forms/{form_key}",
    "POST /api/v1/proofs",
}
"""For everybody, whatever they show."""

OWN_SECRET = {"POST /api/v1/auth/refresh", "POST /api/v1/mail/inbound"}
"""By a cookie or a secret of their own: no token of anybody opens them."""

VISITORS = {"POST /chat/v1/conversations/{conversation_id}/transcript"}
"""For visitors, and not for agents."""

FILES = {
    "POST /api/v1/attachments",
    "GET /api/v1/attachments/{attachment_id}",
    "GET /api/v1/attachments/{attachment_id}/preview",
    "GET /api/v1/attachments/{attachment_id}/status",
    "POST /api/v1/attachments/{attachment_id}/receipts",
}
"""For everybody who has a token to send files with; whose file it is decides the rest."""

MAILERS = {"POST /api/v1/attachments", "GET /api/v1/attachments/{attachment_id}"}
"""What ``mailer`` calls as the service that it is. No other service calls another."""

SUPERVISORS = {
    "GET /api/v1/contacts/export",
    "POST /api/v1/contacts/imports",
    "POST /api/v1/contacts/imports/preview",
    "GET /api/v1/contacts/imports/{import_id}",
    "DELETE /api/v1/contacts/{contact_id}",
    "GET /api/v1/erasures",
    "GET /api/v1/erasures/claims",
    "GET /api/v1/erasures/{contact_id}",
    "GET /api/v1/contacts/{contact_id}/archive",
    "GET /api/v1/contacts/{contact_id}/known",
    "GET /api/v1/conversations/of/{visitor_id}",
    "POST /api/v1/mail/known",
    "GET /api/v1/contacts/{contact_id}/merged",
    "POST /api/v1/contacts/{contact_id}/merge",
    "POST /api/v1/contacts/{contact_id}/unmerge",
    "GET /api/v1/mail/quarantine",
    "POST /api/v1/mail/quarantine/{mail_id}/replay",
    "GET /api/v1/mail/received/{mail_id}",
    "GET /api/v1/mail/received/{mail_id}/files/{file_id}",
}
ADMINS = {
    "GET /api/v1/audit",
    "POST /api/v1/agents/{agent_id}/password-link",
    "POST /api/v1/agents",
    "PATCH /api/v1/agents/{agent_id}",
    "POST /api/v1/forms",
    "PATCH /api/v1/forms/{form_id}",
    "DELETE /api/v1/forms/{form_id}",
    "POST /api/v1/reasons",
    "PATCH /api/v1/reasons/{reason_id}",
    "DELETE /api/v1/reasons/{reason_id}",
    "POST /api/v1/templates",
    "PATCH /api/v1/templates/{template_id}",
    "DELETE /api/v1/templates/{template_id}",
}


EACH_SERVICE = (
    "/api/v1/agents/me",
    "/api/v1/contacts",
    f"/api/v1/conversations/{new_id()}/entries",
    f"/api/v1/attachments/{new_id()}/status",
    "/api/v1/mail/quarantine",
)
"""Of each service something that only agents may see."""


def operations() -> list[str]:
    """All operations of the five documents, but those on the services' own ports."""
    found = []
    for file in sorted((WORKSPACE / "docs" / "api").glob("*.openapi.json")):
        document: dict[str, Any] = json.loads(Path(file).read_text())
        found += [
            f"{method.upper()} {path}"
            for path, methods in document["paths"].items()
            if path.startswith(("/api/", "/chat/"))
            for method in methods
        ]
    return found


def expected(operation: str) -> dict[Identity, int | None]:
    """The status of each caller's refusal; None where the caller is let in, whatever comes of the call."""
    if operation in PUBLIC:
        return dict.fromkeys((*STRANGERS, *COLLEAGUES))
    refused: dict[Identity, int | None] = dict.fromkeys(STRANGERS, 401)
    if operation in OWN_SECRET:
        return refused | dict.fromkeys(COLLEAGUES, 401)
    if operation in VISITORS:
        return refused | {"visitor": None} | dict.fromkeys(COLLEAGUES, 401)
    if operation in FILES:
        of_mails: dict[Identity, int | None] = {"mailer": None} if operation in MAILERS else {}
        return refused | {"visitor": None, "form": None} | of_mails | dict.fromkeys(COLLEAGUES)
    allowed = dict.fromkeys(COLLEAGUES)
    if operation in SUPERVISORS | ADMINS:
        allowed["agent"] = 403
    if operation in ADMINS:
        allowed["supervisor"] = 403
    return refused | allowed


def token_of(identity: Identity, signing: Signing, former: Mapping[Identity, str]) -> str | None:
    """What that caller shows; each is somebody else, so that nobody calls too often."""
    who = new_id()
    agents = signing.tokens("agents")
    match identity:
        case "nobody":
            return None
        case "visitor":
            return signing.tokens("visitors").issue(who, 60, name="Ada", site="demo")
        case "form":
            return signing.tokens("forms").issue(f"form-{who}", 60)
        case "receipt":
            return signing.tokens("receipts").issue(who, 60, name="Ida", role="admin")
        case "forged":
            # As whoever has all that `mailer` has would make it.
            return Tokens(signing.keys("mailer"), "agents").issue(who, 60, name="Ida", initials="IA", role="admin")
        case "mailer" | "other_service":
            keys = signing.keys("mailer" if identity == "mailer" else "chat")
            said = ServiceClaims(keys.service, frozenset({"files:give", "files:read"}), who)
            return Tokens(keys, calls_of("attachments")).issue(said.subject, 60, **said.claims())
        case "deactivated" | "signed_out":
            return former[identity]
        case "expired":
            return agents.issue(who, -60, name="Ida", initials="IA", role="admin")
        case _:
            return agents.issue(who, 60, name="Ida", initials="IA", role=identity)


@pytest.fixture
async def client(stack: Stack) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=stack.gateway, timeout=60) as client:
        yield client


async def call(client: httpx2.AsyncClient, method: str, path: str, **given: Any) -> httpx2.Response:
    """The answer of the service; what the gateway says for it (too many calls, away for a moment) is asked again."""
    for _ in range(60):
        answer = await client.request(method, path, **given)
        if answer.status_code not in (429, 503):
            break
        await asyncio.sleep(0.5)
    return answer


def path_of(operation: str) -> str:
    """The path with ids that nothing has."""
    path = operation.split()[1]
    while "{" in path:
        path = path[: path.index("{")] + new_id() + path[path.index("}") + 1 :]
    return path


def test_every_name_here_is_an_operation() -> None:
    assert (PUBLIC | OWN_SECRET | VISITORS | FILES | SUPERVISORS | ADMINS) - set(operations()) == set()


def as_agent(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def signed_in(client: httpx2.AsyncClient, path: str, **given: str) -> str:
    """The access token that a sign-in gives."""
    answer = await call(client, "POST", f"/api/v1/auth/{path}", json=given)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


@pytest.fixture
async def former(client: httpx2.AsyncClient) -> dict[Identity, str]:
    """The tokens of two administrators of before, once every service has heard of it."""
    admin = next(account for account in demo.ACCOUNTS if account.role == "admin")
    headers = as_agent(await signed_in(client, "login", email=admin.email, password=demo.PASSWORD))
    tokens = dict[Identity, str]()
    for identity in FORMER:
        new = {"name": "Ida Former", "email": f"{new_id()}@example.com", "role": "admin"}
        added = (await call(client, "POST", "/api/v1/agents", headers=headers, json=new)).json()
        client.cookies.clear()
        link = added["link"].rpartition("/")[2]
        tokens[identity] = await signed_in(client, "welcome", token=link, password="ein langes Passwort 7")
        assert (await call(client, "GET", "/api/v1/agents", headers=as_agent(tokens[identity]))).status_code == 200
        if identity == "deactivated":
            client.cookies.clear()
            path = f"/api/v1/agents/{added['id']}"
            ended = await call(client, "PATCH", path, headers=headers, json={"active": False})
        else:
            ended = await call(client, "POST", "/api/v1/auth/logout")
        assert ended.status_code in (200, 204), ended.text
    client.cookies.clear()
    async with asyncio.timeout(60):
        for path in EACH_SERVICE:
            for token in tokens.values():
                # Several times in a row: behind one address there are several replicas.
                while {(await client.get(path, headers=as_agent(token))).status_code for _ in range(4)} != {401}:
                    await asyncio.sleep(0.2)
    return tokens


@pytest.mark.timeout(300)
async def test_everybody_may_do_what_the_table_says_and_nothing_else(
    stack: Stack, client: httpx2.AsyncClient, former: dict[Identity, str]
) -> None:
    wrong, signing = [], stack.signing
    for operation in operations():
        for identity, refusal in expected(operation).items():
            token = token_of(identity, signing, former)
            headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
            method = operation.split()[0]
            content = BODY if method in ("POST", "PUT", "PATCH") else None
            answer = await call(client, method, path_of(operation), headers=headers, content=content)
            let_in = answer.status_code not in (401, 403)
            if answer.status_code >= 500 or (refusal is None) != let_in or (refusal and answer.status_code != refusal):
                wrong.append(f"{operation} by {identity}: {answer.status_code}, not {refusal or 'let in'}")
    assert wrong == []
