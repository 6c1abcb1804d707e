"""What servers on the way found out about the sender: `Authentication-Results` (RFC 8601), and what follows of it.

Anybody can write such a header. Those of a server that is trusted count alone, and such a server takes off whatever
came in under its name (section 5).
"""

import re
from collections.abc import Collection, Iterator, Sequence
from email.message import Message
from typing import Literal

from guichet_mailer.parsing import headers
from guichet_mailer.parsing.mail import Authentication, Checked

HEADERS_LIMIT, VALUE_LIMIT, CHECKS_LIMIT = 20, 8 << 10, 60
"""Headers that are read, characters of each, and results that are kept."""

_METHODS = frozenset({"spf", "dkim", "dmarc", "arc", "compauth"})
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[()\\;]|[^"()\\;]+|"')
_RESULT = re.compile(r"\s*([A-Za-z][A-Za-z0-9-]{0,40})(?:\s*/\s*\d{1,4})?\s*=\s*([A-Za-z]{1,40})(?![\w-])")
_PROPERTY = re.compile(r"([a-z]{1,20}\.[A-Za-z0-9_-]{1,40})\s*=\s*(\"[^\"]*\"|[^\s;\"]+)")
_DOMAINS = {"spf": ("smtp.mailfrom", "smtp.helo"), "dkim": ("header.d", "header.i"), "dmarc": ("header.from",)}


def checks(mail: Message) -> tuple[Checked, ...]:
    """All results that the mail carries, the last server's first, whoever wrote them."""
    found: list[Checked] = []
    for value, _ in zip(headers.raw_values(mail, "authentication-results"), range(HEADERS_LIMIT), strict=False):
        found += _of_header(value[:VALUE_LIMIT])
        if len(found) > CHECKS_LIMIT:
            break
    return tuple(found[:CHECKS_LIMIT])


def _of_header(value: str) -> Iterator[Checked]:
    first, *results = _segments(value)
    server = first.split()[0].lower().strip('"') if first.split() else ""
    for result in results:
        named = _RESULT.match(result)
        if not server or named is None or named[1].lower() not in _METHODS:
            continue
        method = named[1].lower()
        given = {name.lower(): one.strip('"') for name, one in _PROPERTY.findall(result)}
        domain = next((given[name] for name in _DOMAINS.get(method, ()) if given.get(name)), "")
        yield Checked(server[:255], method, named[2].lower(), domain.rpartition("@")[2].lower()[:255])


def _segments(value: str) -> list[str]:
    """The pieces between semicolons, without comments, which may be nested (RFC 5322, 3.2.2)."""
    out, depth = [""], 0
    parts: list[str] = []
    for piece in _PIECE.findall(value):
        if piece in "()":
            depth = depth + 1 if piece == "(" else max(0, depth - 1)
            parts.append(" ")
        elif not depth and piece == ";":
            out[-1] = "".join(parts)
            out.append("")
            parts = []
        elif not depth:
            parts.append(piece)
    out[-1] = "".join(parts)
    return out


def authentication(found: Sequence[Checked], sender: str | None, trusted: Collection[str]) -> Authentication | None:
    """What the trusted servers found, and whether the mail is its sender's; None where none of them said anything.

    ``fail``: the address was forged, as far as anybody can tell. ``none``: nobody vouches for it, as of most who have
    no such thing. A mail that a list handed on with its seal (ARC, RFC 8617) fails no more than ``none``.
    """
    servers = {one.lower() for one in trusted}
    own = [one for one in found if one.server in servers]
    if not own:
        return None
    first: dict[str, Checked] = {}
    for one in own:
        first.setdefault(one.method, one)
    results = {method: one.result for method, one in first.items()}
    domain = (sender or "").rpartition("@")[2].lower()
    vouched = any(one.method in ("spf", "dkim") and one.result == "pass" and _is_at(one.domain, domain) for one in own)
    return Authentication(
        server=own[0].server,
        spf=results.get("spf"),
        dkim="pass" if any(one.method == "dkim" and one.result == "pass" for one in own) else results.get("dkim"),
        dmarc=results.get("dmarc"),
        verdict=_verdict(results, vouched=vouched),
    )


def _verdict(results: dict[str, str], *, vouched: bool) -> Literal["pass", "fail", "none"]:
    if results.get("dmarc") == "pass":
        return "pass"
    if results.get("arc") == "pass":
        return "none"
    if results.get("dmarc") == "fail" or results.get("compauth") == "fail":
        return "fail"
    if vouched:
        return "pass"
    return "fail" if results.get("spf") in ("fail", "softfail") or results.get("dkim") == "fail" else "none"


def _is_at(checked: str, domain: str) -> bool:
    """Whether they are of one owner (relaxed alignment; RFC 7489, 3.1): the same, or one below the other."""
    if not checked or not domain:
        return False
    return checked == domain or checked.endswith(f".{domain}") or domain.endswith(f".{checked}")
