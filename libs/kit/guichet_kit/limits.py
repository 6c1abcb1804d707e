"""Token buckets: a rate that lasts, with bursts; and what counts as one client's address."""

import ipaddress
import time
from collections.abc import Callable


class TokenBucket:
    """Allows ``burst`` at once and ``rate`` a second for as long as one likes."""

    __slots__ = ("_burst", "_clock", "_rate", "_tokens", "_touched")

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._tokens = burst
        self._touched = clock()

    def take(self) -> bool:
        """Whether one more is allowed now; it is counted when it is."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._touched) * self._rate)
        self._touched = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    @property
    def full(self) -> bool:
        """Whether nothing was taken for so long that this bucket remembers nothing."""
        return self._tokens + (self._clock() - self._touched) * self._rate >= self._burst


class Buckets:
    """A bucket for each key; those that remember nothing are forgotten."""

    def __init__(
        self, rate: float, burst: float, sweep_above: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._sweep_least = self._sweep_above = sweep_above
        self._buckets: dict[str, TokenBucket] = {}

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._buckets)

    def take(self, key: str) -> bool:
        """Whether ``key`` is allowed one more now."""
        if len(self._buckets) > self._sweep_above:
            self._buckets = {k: bucket for k, bucket in self._buckets.items() if not bucket.full}
            # Where many are busy, the next look waits until there are twice as many: it costs each take a constant.
            self._sweep_above = max(self._sweep_least, 2 * len(self._buckets))
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = TokenBucket(self._rate, self._burst, self._clock)
        return bucket.take()


def network_of(address: str) -> str:
    """What counts as one address: of IPv6 the /64 that a household has (RFC 6177), of IPv4 the address itself."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
