"""A running Prometheus beside a running system knows every metric that a dashboard or an alert names."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from guichet_local import monitoring
from guichet_local.services import SERVICES
from guichet_local.testing import SERVERS
from guichet_local.testing.background import Group
from guichet_local.testing.stack import Stack

pytestmark = pytest.mark.timeout(300)
WAIT_SECONDS = 120
OF_OTHERS = {"node_filesystem_avail_bytes", "node_filesystem_size_bytes", "probe_ssl_earliest_cert_expiry"}
"""What machines.yml takes from node_exporter and blackbox_exporter, where an operator has them."""

OF_PROMETHEUS = {"up"}
_WORD = re.compile(r"\b[a-z][a-z0-9]*_[a-z0-9_]+\b|\bup\b")
_NOT_METRICS = {"histogram_quantile", "label_replace", "group_left", "group_right", "sum_over_time", "max_over_time"}


def expressions() -> dict[str, str]:
    """Every query of a dashboard and every alert's, by where it stands."""
    found = {}
    for file in sorted((monitoring.RULES / "dashboards").glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for number, target in enumerate(panel.get("targets", [])):
                found[f"{file.stem}: {panel['title']} {number}"] = target["expr"]
    for path in monitoring.RULE_FILES:
        for group in yaml.safe_load(Path(path).read_text())["groups"]:
            found |= {f"alert {rule['alert']}": rule["expr"] for rule in group["rules"]}
    return found


def metrics_of(expression: str) -> set[str]:
    """The metrics that an expression names: not what stands in braces, in texts, or behind `by`."""
    bare = re.sub(r"\{[^}]*\}|\"[^\"]*\"|\b(?:by|without|on|ignoring)\s*\([^)]*\)", "", expression)
    return set(_WORD.findall(bare)) - _NOT_METRICS


@pytest.fixture(scope="module")
def prometheus(stack: Stack, pytestconfig: pytest.Config) -> Iterator[str]:
    """Its address; it looks at the stack's services each second."""
    group = Group(pytestconfig.stash[SERVERS].background, "prometheus")
    group.start_all([monitoring.program(group.data.of("prometheus"), stack.ports, "1s")]).result()
    yield f"http://127.0.0.1:{stack.ports['prometheus']}"
    group.stop_all()


@pytest.fixture
async def ask(prometheus: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=f"{prometheus}/api/v1", timeout=30) as http:
        yield http


async def data(http: httpx2.AsyncClient, path: str, **parameters: str) -> Any:
    """What Prometheus answers."""
    answer = await http.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


class TestPrometheusBesideTheSystem:
    async def test_sees_every_service_and_knows_every_metric_that_is_named(self, ask: httpx2.AsyncClient) -> None:
        async with asyncio.timeout(WAIT_SECONDS):
            while [one["health"] for one in (await data(ask, "/targets"))["activeTargets"]] != ["up"] * len(SERVICES):
                await asyncio.sleep(0.5)
        # By the type that a service tells of each: a counter that has counted nothing yet has no value.
        told = {one["metric"] for one in await data(ask, "/targets/metadata", match_target='{job="guichet"}')}
        known = told | OF_PROMETHEUS | OF_OTHERS
        for where, expression in expressions().items():
            named = {re.sub("_bucket$", "", metric) for metric in metrics_of(expression)}
            assert named, where
            assert named - known == set(), where

    async def test_understands_every_query_and_has_taken_up_every_alert(self, ask: httpx2.AsyncClient) -> None:
        for expression in expressions().values():
            await data(ask, "/query", query=expression)
        taken = {rule["name"] for group in (await data(ask, "/rules"))["groups"] for rule in group["rules"]}
        assert taken == {where.removeprefix("alert ") for where in expressions() if where.startswith("alert ")}


class TestTheAlerts:
    def test_each_fires_in_its_test_and_stays_silent_in_its_twin(self) -> None:
        assert monitoring.check_alerts(print) == 0

    def test_a_metric_that_nobody_has_would_be_found(self) -> None:
        expression = 'sum by (made_up) (rate(guichet_made_up_total{status=~"a_b"}[5m])) / on (x_y) up{job="guichet"}'
        assert metrics_of(expression) == {"guichet_made_up_total", "up"}
