"""A cluster loses its parts, one after the other, while people work: nothing is lost, and work goes on."""

import json
import os
import secrets
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict

import pytest
from guichet_contracts.subscriptions import SUBSCRIPTIONS
from guichet_local.cluster import MACHINES
from guichet_local.servers import mongodb
from guichet_local.settings import WORKSPACE
from guichet_local.testing.background import Background

from .playing import Play, Played
from .system import REPLICAS, ClusterStack
from .watching import statuses

pytestmark = pytest.mark.timeout(1500)
GOES_ON_SECONDS = 15.0
SETTLED_SECONDS = 60.0


def say(line: str) -> None:
    """Progress."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def seed() -> int:
    """CLUSTER_SEED, or one that is drawn."""
    return int(os.environ.get("CLUSTER_SEED") or 1 + secrets.randbelow(1 << 31))


@pytest.fixture(scope="module")
async def played(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Played]:
    """The play, whose report is kept in .cache/cluster."""
    number = seed()
    say(f"\nCLUSTER_SEED={number}")
    background = Background()
    stack = ClusterStack(background)
    try:
        stack.start_all()
        played = await Play(stack, number, tmp_path_factory.mktemp("records"), say).play()
        keep(played)
        yield played
    finally:
        stack.stop_all()
        background.close()


def keep(played: Played) -> None:
    """Write down what came of it."""
    report = {
        "seed": played.seed,
        "counted": played.findings.counted,
        "wrong": dict(played.findings.examples),
        "settled": played.settled,
        "requests while replicas were replaced": len(played.answers),
        "statuses": {str(status): count for status, count in sorted(statuses(played.answers).items())},
        "deaths": [asdict(death) for death in played.deaths],
    }
    folder = WORKSPACE / ".cache" / "cluster"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{played.seed}.json").write_text(json.dumps(report, indent=2) + "\n")
    say(f"{report['counted']}; answers {report['statuses']}; settled after {played.settled} s")


class TestWhatWasAcknowledged:
    def test_is_there_once_at_its_place_and_was_shown_to_everybody(self, played: Played) -> None:
        assert dict(played.findings.examples) == {}
        assert played.findings.counted["acknowledged"] > 500

    def test_nothing_waits_or_is_parked_in_the_end(self, played: Played) -> None:
        assert played.left.parked == {}
        assert played.settled is not None, str(played.left)
        assert played.settled < SETTLED_SECONDS


class TestEveryPartThatIsThereSeveralTimes:
    def test_each_queue_is_kept_on_three_nodes(self, played: Played) -> None:
        assert played.copies == dict.fromkeys(SUBSCRIPTIONS, 3)

    def test_each_queue_has_lost_its_leader_the_database_its_primary_and_the_whole_each_machine(
        self, played: Played
    ) -> None:
        assert played.led.keys() == SUBSCRIPTIONS.keys()
        killed = [tuple(death.programs) for death in played.deaths]
        assert any(len(programs) == 1 and programs[0] in mongodb.MEMBERS for programs in killed)
        assert set(MACHINES) <= set(killed)

    def test_writing_goes_on_within_fifteen_seconds(self, played: Played) -> None:
        late = [death for death in played.deaths if max(death.pauses.values()) > GOES_ON_SECONDS]
        assert late == []


class TestARollingRestart:
    def test_replaces_every_replica_and_no_request_gets_a_5xx(self, played: Played) -> None:
        assert sorted(played.replaced) == sorted(REPLICAS)
        bad = [answer for answer in played.answers if answer["status"] >= 500]
        assert bad == [], f"{len(bad)} of {len(played.answers)}"
        assert len(played.answers) > 500
