"""Byte ranges of a download (RFC 9110, section 14): one range, or the whole."""

import re
from dataclasses import dataclass

from guichet_kit.problems import Problem

_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class RangeNotSatisfiable(Problem):
    """The range begins after the end (416)."""

    status, code = 416, "range_not_satisfiable"


@dataclass(frozen=True, slots=True)
class Span:
    """``length`` bytes from ``first``, of ``total``."""

    first: int
    length: int
    total: int

    @property
    def content_range(self) -> str:
        """The value of ``Content-Range``."""
        return f"bytes {self.first}-{self.first + self.length - 1}/{self.total}"


def requested_span(header: str | None, if_range: str | None, etag: str, total: int) -> Span | None:
    """The span that ``Range`` asks for; None for the whole.

    Several ranges at once, other units and a malformed header are answered with the whole, as the standard lets one;
    so is a range under an ``If-Range`` that names another version.

    Raises:
        RangeNotSatisfiable: there are no such bytes.
    """
    match = _ONE_RANGE.fullmatch(header.strip()) if header else None
    if match is None or match[1] == match[2] == "" or (if_range is not None and if_range.strip() != etag):
        return None
    if match[1] == "":
        first, last = max(0, total - int(match[2])), total - 1
    else:
        first, last = int(match[1]), min(int(match[2] or total), total - 1)
        if match[2] and int(match[2]) < first:
            return None
    if first > last:
        raise RangeNotSatisfiable(f"The file has {total} bytes.", headers={"Content-Range": f"bytes */{total}"})
    return Span(first, last - first + 1, total)
