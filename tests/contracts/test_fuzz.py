"""Every route of every service is called with what its OpenAPI document allows, and with what it does not.

The calls are the same in every run. None may be answered with a 5xx: what comes in is taken, or refused with a reason.
"""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import requests
import schemathesis
from guichet_kit.ids import new_id
from guichet_local.ports import free_port
from guichet_local.testing import S3
from guichet_local.testing.service import ServiceProcess
from guichet_local.testing.signing import SIGNING
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

SERVICES = ("chat", "requests", "contacts", "attachments", "mailer")
SITE = {"key": "demo", "name": "Demo", "origins": ["http://shop.example"]}

EXAMPLES = {GenerationMode.POSITIVE: 4, GenerationMode.NEGATIVE: 6}
"""Calls of each route: what is allowed, and what is not."""

CALLERS = ("admin", "agent", "visitor", "nobody")


@pytest.fixture(params=SERVICES)
def service(
    request: pytest.FixtureRequest, rabbitmq_url: str, mongodb_url: str, s3: S3, tmp_path: Path
) -> Iterator[ServiceProcess]:
    """Each service in turn, with a database of its own, since these calls change and delete data."""
    mark = secrets.token_hex(4)
    (tmp_path / "secret.key").write_bytes(secrets.token_bytes(48))
    environment = {
        "GUICHET_RABBITMQ_URL": rabbitmq_url,
        "GUICHET_MONGODB_URL": mongodb_url,
        "GUICHET_DATABASE_PREFIX": f"test_{mark}_",
        "GUICHET_S3_ENDPOINT": s3.endpoint,
        "GUICHET_S3_ACCESS_KEY": s3.access_key,
        "GUICHET_S3_SECRET_KEY": s3.secret_key,
        "GUICHET_ATTACHMENTS_BUCKET": f"test-attachments-{mark}",
        "GUICHET_MAIL_BUCKET": f"test-mail-{mark}",
        "GUICHET_SECRET_KEY_FILE": str(tmp_path / "secret.key"),
        "GUICHET_WIDGET_SITES": json.dumps([SITE]),
        "GUICHET_MAIL_INBOUND": secrets.token_urlsafe(32),
        "GUICHET_SMTP_PORT": str(free_port()),
        "GUICHET_LMTP_PORT": str(free_port()),
    }
    process = ServiceProcess(f"guichet_{request.param}", environment, tmp_path / "service.log")
    try:
        yield process.start()
    finally:
        process.kill()


@pytest.mark.timeout(600)
def test_no_route_answers_with_an_error_of_ours(service: ServiceProcess) -> None:
    agents, visitors = SIGNING.tokens("agents"), SIGNING.tokens("visitors")
    document = httpx2.get(f"{service.url}/openapi.json", timeout=30).json()
    errors: list[str] = []
    calls = 0

    def headers(caller: str) -> dict[str, str]:
        # Somebody else for each call: the limit of calls a second is not what is looked at.
        match caller:
            case "nobody":
                return {}
            case "visitor":
                return {"Authorization": f"Bearer {visitors.issue(new_id(), 900, name='Ada', site='demo')}"}
            case role:
                return {"Authorization": f"Bearer {agents.issue(new_id(), 900, name='Ida', initials='IA', role=role)}"}

    def call_often(operation: Any, mode: GenerationMode, session: requests.Session) -> None:
        @seed(12)
        @settings(
            max_examples=EXAMPLES[mode],
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), caller=st.sampled_from(CALLERS))
        def call(case: Any, caller: str) -> None:
            nonlocal calls
            calls += 1
            # The right to it first: whoever has none is refused before anything is read.
            who = caller if calls % 2 else "admin"
            answer = case.call(base_url=service.url, headers=headers(who), session=session, timeout=30)
            if answer.status_code >= 500:
                errors.append(f"{answer.status_code} as {who}: {case.as_curl_command()}"[:1500])

        call()

    with requests.Session() as session:
        for found in schemathesis.openapi.from_dict(document).get_all_operations():
            assert isinstance(found, Ok), found
            operation = found.ok()
            for mode in EXAMPLES:
                try:
                    call_often(operation, mode, session)
                except Unsatisfiable:  # a route that takes nothing has nothing to get wrong
                    assert mode is GenerationMode.NEGATIVE
    assert calls > len(document["paths"])
    assert errors == []
