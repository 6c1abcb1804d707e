"""When the committer's next batch may begin."""

import pytest
from guichet_chat.log.pace import BUSY_ENTRIES, BUSY_SECONDS, PACE_SECONDS, Pace


@pytest.fixture
def pace() -> Pace:
    return Pace()


class TestPace:
    def test_while_little_is_written_nothing_waits(self, pace: Pace) -> None:
        for n in range(100):
            moment = 1000.0 + n * BUSY_SECONDS / (BUSY_ENTRIES - 1) * 1.01
            pace.begin(1, moment)
            assert pace.next_at <= moment

    def test_under_load_the_next_batch_waits_for_company(self, pace: Pace) -> None:
        for n in range(BUSY_ENTRIES):
            pace.begin(1, 1000.0 + n / 1000)
        assert pace.next_at == pytest.approx(1000.0 + (BUSY_ENTRIES - 1) / 1000 + PACE_SECONDS)

    def test_a_large_batch_is_load(self, pace: Pace) -> None:
        pace.begin(BUSY_ENTRIES, 1000.0)
        assert pace.next_at == pytest.approx(1000.0 + PACE_SECONDS)

    def test_load_that_is_over_is_forgotten(self, pace: Pace) -> None:
        pace.begin(200, 1000.0)
        pace.begin(1, 1000.0 + 2 * BUSY_SECONDS)
        assert pace.next_at == 0.0
