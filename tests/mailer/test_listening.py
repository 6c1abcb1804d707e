"""Where mail comes in: how many may connect, what they hold in memory, STARTTLS, and what they send, byte for byte."""

import asyncio
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import pytest
from guichet_mailer.inbound.door import Door
from guichet_mailer.inbound.spool import IN_MEMORY, Spool

from .conftest import ADDRESS, Desk, Mailer, eventually, mark
from .test_inbound import mail

MEGABYTES_EACH = 30
CONNECTIONS = 12
pytestmark = pytest.mark.timeout(600)
MAY_GROW = 60
"""Megabytes: what a process of Python takes and gives back anyway; the mails are six times that."""


def port_of(mailer: Mailer, kind: str = "SMTP") -> int:
    return int(mailer.environment[f"GUICHET_{kind}_PORT"])


def connected(mailer: Mailer, last: int, kind: str = "SMTP") -> smtplib.SMTP:
    """A connection from 127.0.0.``last``."""
    opened = smtplib.LMTP if kind == "LMTP" else smtplib.SMTP
    return opened("127.0.0.1", port_of(mailer, kind), source_address=(f"127.0.0.{last}", 0))


def begun(mailer: Mailer, last: int) -> smtplib.SMTP:
    """A connection that is in the middle of a mail."""
    server = connected(mailer, last)
    server.ehlo()
    server.mail("lea@example.net")
    server.rcpt(ADDRESS)
    assert server.docmd("DATA")[0] == 354
    server.send(b"Subject: Lampe\r\n\r\n")
    return server


def resident(pid: int) -> int:
    """Megabytes of memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


class TestADoor:
    def test_lets_in_so_many_from_one_address_and_so_many_in_all(self) -> None:
        door = Door(3, 2)
        assert [door.enter(address) for address in ("a", "a", "a", "b", "b")] == [True, True, False, True, False]
        door.leave("a")
        assert [door.enter(address) for address in ("b", "b")] == [True, False]


class TestASpool:
    def test_holds_small_mails_in_memory_and_large_ones_on_disk(self) -> None:
        with Spool() as spool:
            spool.write(b"x" * IN_MEMORY)
            assert not spool.is_on_disk
            spool.write(b"y")
            assert spool.is_on_disk
            assert (spool.size, len(spool.opened().read())) == (IN_MEMORY + 1, IN_MEMORY + 1)


@pytest.fixture
def held() -> Iterator[ExitStack]:
    """Connections that end with the test, without a word."""
    with ExitStack() as stack:
        yield stack


class TestConnections:
    @pytest.mark.parametrize("kind", ["SMTP", "LMTP"])
    async def test_beyond_five_of_one_address_are_told_to_come_later(
        self, mailer: Mailer, held: ExitStack, kind: str
    ) -> None:
        for _ in range(5):
            held.callback(connected(mailer, 2, kind).close)
        with pytest.raises(smtplib.SMTPConnectError) as refused:
            connected(mailer, 2, kind)
        assert refused.value.smtp_code == 421
        held.callback(connected(mailer, 3, kind).close)
        held.close()
        await _admitted(mailer, 2)

    async def test_beyond_twenty_in_all_are_told_to_come_later(self, mailer: Mailer, held: ExitStack) -> None:
        for last in (2, 3, 4, 5):
            for kind in ("SMTP", "SMTP", "SMTP", "LMTP", "LMTP"):
                held.callback(connected(mailer, last, kind).close)
        with pytest.raises(smtplib.SMTPConnectError) as refused:
            connected(mailer, 6)
        assert refused.value.smtp_code == 421
        held.close()
        await _admitted(mailer, 6)

    async def test_with_large_mails_that_never_end_hold_them_on_disk_not_in_memory(
        self, desk: Desk, mailer: Mailer, held: ExitStack
    ) -> None:
        before = resident(mailer.pid)
        block = b"x" * 70 + b"\r\n"
        for number in range(CONNECTIONS):
            server = begun(mailer, 2 + number // 4)
            held.callback(server.close)
            await asyncio.to_thread(_send_all, server, block * (MEGABYTES_EACH * 1_000_000 // len(block)))
        assert resident(mailer.pid) - before < MAY_GROW
        await desk.received(mail())  # and others are served


class TestWhatIsSent:
    @pytest.mark.parametrize("kind", ["SMTP", "LMTP"])
    async def test_comes_byte_for_byte_with_its_dots_and_its_long_lines(
        self, desk: Desk, mailer: Mailer, kind: str
    ) -> None:
        head = f"Message-ID: <{mark()}@example.net>\r\nFrom: Lea <lea@example.net>\r\n\r\n".encode()
        lines = [b".", b"..", b".a", b"a.", b"", b"x" * 300_000 + b".", b"." * 70_000, b"a\n.\nb", b"a.\r.", b"."]
        raw = head + b"\r\n".join(lines) + b"\r\n"
        with connected(mailer, 2, kind) as server:
            server.ehlo()
            server.mail("lea@example.net")
            server.rcpt(ADDRESS)
            assert server.docmd("DATA")[0] == 354
            stuffed = b"\r\n".join(b"." + one if one.startswith(b".") else one for one in raw.split(b"\r\n"))
            # In pieces that cut it anywhere.
            for at in range(0, len(stuffed), 8191):
                server.send(stuffed[at : at + 8191])
            code, said = server.docmd(".")
            assert code == 250, said
            # The connection is good for another.
            assert server.noop()[0] == 250
        mail_id = said.decode().rpartition(" ")[2]
        shown = await desk.ends(mail_id, "processed")
        assert shown["size"] == len(raw)
        found = await desk.http.get(f"/api/v1/mail/received/{mail_id}/raw", headers=desk.headers("supervisor"))
        assert found.content == raw

    async def test_that_is_nothing_at_all_is_set_aside(self, desk: Desk, mailer: Mailer) -> None:
        with connected(mailer, 2) as server:
            server.ehlo()
            server.mail("lea@example.net")
            server.rcpt(ADDRESS)
            server.docmd("DATA")
            code, said = server.docmd(".")
        assert code == 250
        assert (await desk.ends(said.decode().rpartition(" ")[2], "quarantined"))["reason"] == "empty"

    async def test_that_is_too_large_is_refused_when_it_ends_and_the_next_one_is_taken(self, mailer: Mailer) -> None:
        server = begun(mailer, 2)
        await asyncio.to_thread(_send_all, server, (b"x" * 70 + b"\r\n") * 600_000)
        code, _ = server.docmd(".")
        assert code == 552
        with server:
            server.sendmail("lea@example.net", [ADDRESS], mail())


class TestStartTls:
    @pytest.mark.parametrize("kind", ["SMTP", "LMTP"])
    async def test_hides_what_is_sent(self, desk: Desk, mailer: Mailer, door_certificate: Path, kind: str) -> None:
        trusting = ssl.create_default_context(cafile=str(door_certificate))
        raw = mail("Lampe", "x" * 200_000)

        def hand_over() -> str:
            with connected(mailer, 2, kind) as server:
                server.starttls(context=trusting)
                assert isinstance(server.sock, ssl.SSLSocket)
                server.ehlo()
                server.mail("lea@example.net")
                server.rcpt(ADDRESS)
                code, said = server.data(raw)
                assert code == 250
                return said.decode().rpartition(" ")[2]

        mail_id = await asyncio.to_thread(hand_over)
        assert await eventually(lambda: desk.ear.email(mail_id))

    async def test_forgets_what_was_sent_before_it(self, mailer: Mailer, door_certificate: Path) -> None:
        # RFC 3207, 6: whoever sits between could have put commands there.
        trusting = ssl.create_default_context(cafile=str(door_certificate))

        def injected() -> int:
            with socket.create_connection(("127.0.0.1", port_of(mailer)), source_address=("127.0.0.2", 0)) as plain:
                # An answer comes in as many pieces as the system likes: whole lines are read.
                with plain.makefile("rb") as answers:
                    assert _last_line(answers).startswith(b"220 ")
                    plain.sendall(b"EHLO x\r\n")
                    assert _last_line(answers).startswith(b"250 ")
                    plain.sendall(b"STARTTLS\r\nMAIL FROM:<a@example.net>\r\n")
                    assert _last_line(answers).startswith(b"220 ")
                with trusting.wrap_socket(plain, server_hostname="127.0.0.1") as safe, safe.makefile("rb") as answers:
                    safe.sendall(b"EHLO x\r\n")
                    _last_line(answers)
                    safe.sendall(b"RCPT TO:<support@desk.example>\r\n")
                    return int(_last_line(answers)[:3])

        assert await asyncio.to_thread(injected) == 503


def _last_line(answers: BinaryIO) -> bytes:
    """The last line of the next answer: one whose code is not followed by a hyphen (RFC 5321, 4.2.1)."""
    while (line := answers.readline())[3:4] == b"-":
        pass
    return line


def _send_all(server: smtplib.SMTP, data: bytes) -> None:
    assert server.sock is not None
    server.sock.sendall(data)


async def _admitted(mailer: Mailer, last: int) -> None:
    """Once those that left are counted out."""
    async with asyncio.timeout(30):
        while True:
            try:
                connected(mailer, last).close()
            except smtplib.SMTPConnectError:
                await asyncio.sleep(0.1)
            else:
                return
