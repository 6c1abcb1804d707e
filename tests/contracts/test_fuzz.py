"""Every route of every service is called with what its OpenAPI document allows, and with what it does not.

The calls are the same in every run. None may be answered with a 5xx: what comes in is taken, or refused with a reason.
"""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import schemathesis
from guichet_kit.ids import new_id
from guichet_kit.tokens import Tokens
from guichet_local.testing import SERVERS
from guichet_local.testing.stack import Stack
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode

SERVICES = ("chat-1", "requests", "contacts", "attachments", "mailer")
EXAMPLES = 3
"""Calls of each kind of each route: together they take less than two minutes on two cores."""


@pytest.fixture(scope="module")
def own_stack(pytestconfig: pytest.Config) -> Iterator[Stack]:
    """A system of its own: what these calls change and delete is nobody else's."""
    running = Stack(pytestconfig.stash[SERVERS].background)
    try:
        running.start_all()
        yield running
    finally:
        running.stop_all()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("service", SERVICES)
def test_no_route_answers_with_an_error_of_ours(own_stack: Stack, service: str) -> None:
    url = f"http://127.0.0.1:{own_stack.ports[service]}"
    document = httpx2.get(f"{url}/openapi.json", timeout=30).json()
    schema = schemathesis.openapi.from_dict(document)
    secret = own_stack.secret_key
    agents, visitors = Tokens(secret, "agents"), Tokens(secret, "visitors")
    errors: list[str] = []

    def headers(public: bool) -> dict[str, str]:
        # An agent of its own for each call: the limit of calls a second is not what is looked at.
        if public:
            return {"Authorization": f"Bearer {visitors.issue(new_id(), 900, name='Ada', site='demo')}"}
        return {"Authorization": f"Bearer {agents.issue(new_id(), 900, name='Ida', initials='IA', role='admin')}"}

    def call_often(operation: Any, mode: GenerationMode) -> None:
        @seed(12)
        @settings(
            max_examples=EXAMPLES,
            derandomize=False,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), as_visitor=st.booleans())
        def call(case: Any, as_visitor: bool) -> None:
            answer = case.call(base_url=url, headers=headers(as_visitor), timeout=30)
            if answer.status_code >= 500:
                errors.append(f"{answer.status_code} {case.as_curl_command()}"[:1500])

        call()

    calls = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                call_often(operation, mode)
                calls += 1
            except Unsatisfiable:  # a route that takes nothing has nothing to get wrong
                assert mode is GenerationMode.NEGATIVE
    assert calls
    assert errors == []
