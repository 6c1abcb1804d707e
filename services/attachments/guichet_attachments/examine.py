"""Starts the `examiner` on a file and believes nothing but its short answer."""

import asyncio
import os
import signal
import sys
from typing import BinaryIO, Literal

from guichet_kit.logs import get_logger
from pydantic import BaseModel, ValidationError

from guichet_attachments import pictures
from guichet_attachments.lanes import Claim, Lanes

WALL_SECONDS = 20.0
_CHUNK = 64 << 10
_ENDED_FROM_OUTSIDE = {-signal.SIGTERM, -signal.SIGKILL, -signal.SIGINT, -signal.SIGHUP}

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
    """Examines files, each in its turn: each may use a processor and much memory for a while."""

    def __init__(self, lanes: Lanes | None = None) -> None:
        self.lanes = lanes or Lanes()

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
            said, is_late = await _ask(file, preview)
        if is_late and not said:
            raise ExaminationTooSlow
        try:
            return Finding.model_validate_json(said)
        except ValidationError:
            return _UNCLEAR


async def _ask(file: BinaryIO, preview: BinaryIO) -> tuple[bytes, bool]:
    """The last whole line that the examiner said, empty where it failed; and whether it was too slow to say all."""
    file.seek(0)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-I", "-m", "guichet_attachments.examiner", str(preview.fileno())),
        stdin=file,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        pass_fds=[preview.fileno()],
        start_new_session=True,  # what ends the service's process group lets a running examination finish
        env={"PATH": os.defpath},
    )
    said = bytearray()
    try:
        async with asyncio.timeout(WALL_SECONDS):
            complaint, _ = await asyncio.gather(_all_of(process.stderr), _all_of(process.stdout, said))
            await process.wait()
    except TimeoutError:
        complaint = bytearray(b"took too long")
    finally:
        if late := process.returncode is None:
            process.kill()
        await process.wait()
    if process.returncode in _ENDED_FROM_OUTSIDE and not late:
        raise ExaminationInterrupted(f"the examiner was ended by signal {-process.returncode}")
    is_late = late or process.returncode == -signal.SIGXCPU
    if process.returncode != 0:
        log.warning(
            "examination_failed", status=process.returncode, complaint=complaint[-500:].decode(errors="replace")
        )
        if not is_late:
            return b"", False
    whole, _, _ = bytes(said).rpartition(b"\n")
    return whole.rpartition(b"\n")[2], is_late


async def _all_of(stream: asyncio.StreamReader | None, into: bytearray | None = None) -> bytearray:
    """What the process writes, as it comes: what it said before it was ended counts."""
    into = bytearray() if into is None else into
    while stream is not None and (chunk := await stream.read(_CHUNK)):
        into += chunk
    return into
