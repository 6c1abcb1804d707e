"""Token buckets, on a clock that the test turns."""

import pytest
from guichet_kit.limits import Buckets, TokenBucket


class Clock:
    """A clock that stands still until it is turned. Seconds."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def taken(bucket: TokenBucket, tries: int) -> int:
    return sum(bucket.take() for _ in range(tries))


class TestABucket:
    def test_a_burst_is_allowed_at_once_and_no_more(self, clock: Clock) -> None:
        assert taken(TokenBucket(rate=20, burst=100, clock=clock), 150) == 100

    def test_the_rate_is_allowed_for_as_long_as_one_likes(self, clock: Clock) -> None:
        bucket = TokenBucket(rate=20, burst=100, clock=clock)
        taken(bucket, 100)
        for _ in range(60):
            clock.now += 1
            assert taken(bucket, 30) == 20

    def test_a_long_rest_earns_one_burst_only(self, clock: Clock) -> None:
        bucket = TokenBucket(rate=20, burst=100, clock=clock)
        taken(bucket, 100)
        clock.now += 3600
        assert taken(bucket, 150) == 100

    def test_what_is_refused_costs_nothing(self, clock: Clock) -> None:
        bucket = TokenBucket(rate=1, burst=1, clock=clock)
        assert taken(bucket, 50) == 1
        clock.now += 1
        assert bucket.take()

    def test_it_is_full_again_when_the_burst_has_come_back(self, clock: Clock) -> None:
        bucket = TokenBucket(rate=2, burst=4, clock=clock)
        assert bucket.full
        taken(bucket, 4)
        clock.now += 1.9
        assert not bucket.full
        clock.now += 0.1
        assert bucket.full


class TestBuckets:
    def test_each_key_has_its_own(self, clock: Clock) -> None:
        buckets = Buckets(rate=1, burst=2, clock=clock)
        assert [buckets.take("ada") for _ in range(3)] == [True, True, False]
        assert buckets.take("caro")

    def test_keys_that_remember_nothing_are_forgotten(self, clock: Clock) -> None:
        buckets = Buckets(rate=1, burst=2, sweep_above=10, clock=clock)
        for n in range(11):
            buckets.take(f"visitor {n}")
        assert len(buckets) == 11
        clock.now += 2
        buckets.take("the next")
        assert len(buckets) == 1

    def test_a_key_that_is_over_its_limit_is_not_forgotten(self, clock: Clock) -> None:
        buckets = Buckets(rate=0.1, burst=1, sweep_above=10, clock=clock)
        buckets.take("greedy")
        for n in range(30):
            buckets.take(f"visitor {n}")
        assert not buckets.take("greedy")

    def test_a_crowd_of_busy_keys_is_not_looked_through_at_each_take(self, clock: Clock) -> None:
        asked = 0

        def counting() -> float:
            nonlocal asked
            asked += 1
            return clock()

        buckets = Buckets(rate=0.1, burst=1, sweep_above=100, clock=counting)
        for n in range(1000):
            buckets.take(f"visitor {n}")
        assert asked < 10 * 1000
