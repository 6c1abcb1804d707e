"""Asks the `examiner` about a file and believes nothing but its short answer."""

import asyncio
import json
import os
import signal
import socket
import sys
from contextlib import ExitStack, suppress
from typing import BinaryIO, Literal

from guichet_kit.logs import get_logger
from pydantic import BaseModel, ValidationError

from guichet_attachments import pictures
from guichet_attachments.lanes import Claim, Lanes

WALL_SECONDS = 20.0
_CHUNK = 64 << 10
_FROM_OUTSIDE = {signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGHUP}

log = get_logger(__name__)


class ExaminationInterrupted(Exception):
    """Somebody else ended the examiner, so nothing is known of the file: the same call may succeed later."""


class ExaminationTooSlow(Exception):
    """The examiner was not done in time, which says more of the machine than of the file: to be tried again."""


class Finding(BaseModel):
    """What the examiner says of a file."""

    media_type: str
    has_preview: bool = False
    refusal: Literal["type_not_allowed", "too_large"] | None = None
    detail: str | None = None


_UNCLEAR = Finding(
    media_type="application/octet-stream", refusal="type_not_allowed", detail="The file could not be examined."
)


class Examiner:
    """Examines files, each in its turn: each may use a processor and much memory for a while.

    One program examines them all; it starts when it is first needed and again after each end.
    """

    def __init__(self, lanes: Lanes | None = None) -> None:
        self.lanes = lanes or Lanes()
        self._program: _Program | None = None
        self._starting = asyncio.Lock()

    async def examine(self, file: BinaryIO, preview: BinaryIO, claim: Claim | None = None) -> Finding:
        """Look into ``file``, and write the preview of a picture (WebP) to ``preview``.

        A file that makes the examiner fail is refused. A picture that takes too long to be decoded has no preview.

        Raises:
            ExaminationInterrupted: the examiner was ended from outside.
            ExaminationTooSlow: nothing was said in time.
            LaneFull, ClientGone: as in `Lanes.turn`.
        """
        head = os.pread(file.fileno(), pictures.SIGNATURE_BYTES, 0)
        async with self.lanes.turn(claim or Claim(), picture=pictures.is_picture(head)):
            said, is_late = await self._ask(file, preview)
        if is_late and not said:
            raise ExaminationTooSlow
        try:
            return Finding.model_validate_json(said)
        except ValidationError:
            return _UNCLEAR

    async def close(self) -> None:
        """End the program, and whatever it is still at."""
        program, self._program = self._program, None
        if program is not None:
            await program.close()

    async def _ask(self, file: BinaryIO, preview: BinaryIO) -> tuple[bytes, bool]:
        """The last whole line said of the file, empty where it failed; and whether not all was said in time."""
        file.seek(0)
        program = await self._running()
        answer, theirs = socket.socketpair()
        with answer, theirs:
            answer.setblocking(False)
            said = bytearray()
            try:
                async with asyncio.timeout(WALL_SECONDS):
                    program.send(file, preview, theirs)
                    theirs.close()
                    await _all_of(answer, said)
            except TimeoutError:
                log.warning("examination_failed", complaint="took too long")
                return _last_line(said), True
        *lines, last = bytes(said).splitlines() or [b""]
        status = _status(last)
        if status is None or -status in _FROM_OUTSIDE:
            raise ExaminationInterrupted(f"the examiner was ended: {status}")
        if status == -signal.SIGXCPU:
            log.warning("examination_failed", complaint="took too much of the processor")
            return (lines or [b""])[-1], True
        if status != 0:
            log.warning("examination_failed", status=status, complaint=b"".join(lines)[-500:].decode(errors="replace"))
            return b"", False
        return (lines or [b""])[-1], False

    async def _running(self) -> "_Program":
        async with self._starting:
            if self._program is None or self._program.process.returncode is not None:
                await self.close()
                self._program = await _Program.start()
            return self._program


class _Program:
    """The program, as long as it runs."""

    def __init__(self, process: asyncio.subprocess.Process, control: socket.socket) -> None:
        self.process = process
        self._control = control

    @classmethod
    async def start(cls) -> "_Program":
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, ExitStack() as failed:
            failed.enter_context(control)
            control.setblocking(False)
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-I", "-m", "guichet_attachments.examiner", str(theirs.fileno())),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # what ends the service's process group lets a running examination finish
                env={"PATH": os.defpath},
            )
            failed.pop_all()
        return cls(process, control)

    def send(self, file: BinaryIO, preview: BinaryIO, answer: socket.socket) -> None:
        """Have the file examined; `ExaminationInterrupted` where the program has ended, or takes no more."""
        try:
            socket.send_fds(self._control, [b"?"], [file.fileno(), preview.fileno(), answer.fileno()])
        except OSError as error:
            raise ExaminationInterrupted(f"the examiner does not listen: {error}") from error

    async def close(self) -> None:
        self._control.close()
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()


async def _all_of(answer: socket.socket, said: bytearray) -> None:
    """What is said, as it comes: what was said before a process was ended counts."""
    while chunk := await asyncio.get_running_loop().sock_recv(answer, _CHUNK):
        said += chunk


def _last_line(said: bytes | bytearray) -> bytes:
    whole, _, _ = bytes(said).rpartition(b"\n")
    return whole.rpartition(b"\n")[2]


def _status(line: bytes) -> int | None:
    """How the process ended, where that was told; otherwise the whole program ended before it could be."""
    try:
        return int(json.loads(line)["ended"])
    except (ValueError, KeyError, TypeError):
        return None
