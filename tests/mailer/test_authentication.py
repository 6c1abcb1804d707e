"""Whose mail it is, by what a trusted server found out: Authentication-Results (RFC 8601)."""

import pytest
from guichet_mailer.parsing import parse
from guichet_mailer.parsing.authentication import authentication

OURS = "mx.desk.example"


def verdict(*results: str, sender: str = "lea@example.net", trusted: tuple[str, ...] = (OURS,)) -> str | None:
    found = parse(_mail(*results, sender=sender))
    said = authentication(found.checks, sender, trusted)
    return said.verdict if said else None


def _mail(*results: str, sender: str = "lea@example.net") -> bytes:
    lines = "".join(f"Authentication-Results: {one}\r\n" for one in results)
    return f"{lines}From: Lea <{sender}>\r\nTo: support@desk.example\r\n\r\nBonjour".encode()


class TestAMailIsItsSenders:
    @pytest.mark.parametrize(
        "results",
        [
            f"{OURS}; dmarc=pass header.from=example.net",
            f"{OURS}; spf=pass smtp.mailfrom=bounces@mail.example.net; dkim=none",
            f"{OURS}; dkim=pass (2048-bit key; unprotected) header.d=example.net header.i=@example.net header.b=x",
            f'{OURS} 1; dkim=fail reason="a;b" header.d=other.example; dkim=pass header.d=example.net',
            f"{OURS}; spf=softfail smtp.mailfrom=list.example; dkim=pass header.i=@example.net; dmarc=pass",
            f"({OURS}) {OURS.upper()};\r\n\tdmarc=PASS (p=REJECT sp=NONE) header.from=example.net",
        ],
    )
    def test_where_the_server_says_so(self, results: str) -> None:
        assert verdict(results) == "pass"


class TestAMailIsForged:
    @pytest.mark.parametrize(
        "results",
        [
            f"{OURS}; dmarc=fail (p=NONE dis=NONE) header.from=example.net",
            f"{OURS}; spf=pass smtp.mailfrom=x@evil.example; dkim=pass header.d=evil.example; dmarc=fail",
            f"{OURS}; spf=fail smtp.mailfrom=lea@example.net",
            f"{OURS}; spf=softfail (x) smtp.mailfrom=example.net; dkim=none; dmarc=none",
            f"{OURS}; dkim=fail (bad signature) header.d=example.net; spf=none",
            f"{OURS}; spf=pass smtp.mailfrom=evil.example; dkim=none; dmarc=none; compauth=fail reason=001",
        ],
    )
    def test_where_the_server_says_so(self, results: str) -> None:
        assert verdict(results) == "fail"

    def test_whatever_the_mail_brought_along_under_the_same_name(self) -> None:
        assert verdict(f"{OURS}; dmarc=fail", f"{OURS}; dmarc=pass header.from=example.net") == "fail"


class TestNobodyVouchesForAMail:
    @pytest.mark.parametrize(
        "results",
        [
            f"{OURS}; none",
            f"{OURS}; spf=none; dkim=none; dmarc=none",
            f"{OURS}; spf=pass smtp.mailfrom=evil.example; dmarc=none",
            f"{OURS}; spf=temperror smtp.mailfrom=example.net; dmarc=temperror",
            # A group of ours handed it on, with its seal: the signature is broken, and the mail is not forged for that.
            f"{OURS}; arc=pass; spf=pass smtp.mailfrom=list.example; dkim=fail header.d=example.net; dmarc=fail",
        ],
    )
    def test_where_the_server_found_nothing_or_a_list_sealed_it(self, results: str) -> None:
        expected = None if results.endswith("; none") else "none"
        assert verdict(results) == expected

    @pytest.mark.parametrize(
        "others", ["mx.evil.example; dmarc=pass", f"{OURS}.evil.example; dmarc=pass", "; dmarc=pass"]
    )
    def test_where_only_others_say_something(self, others: str) -> None:
        assert verdict(others) is None

    def test_where_no_server_is_trusted(self) -> None:
        assert verdict(f"{OURS}; dmarc=fail", trusted=()) is None

    @pytest.mark.parametrize(
        "nasty", ["(" * 50_000, f"{OURS}; dmarc=" + "pass" * 20_000, f"{OURS};" * 20_000, f'{OURS}; x="' + "\\" * 9_999]
    )
    def test_where_the_header_is_nonsense(self, nasty: str) -> None:
        assert verdict(nasty) is None
