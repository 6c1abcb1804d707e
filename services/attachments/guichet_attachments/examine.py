"""Starts the `examiner` on a file and believes nothing but its short answer."""

import asyncio
import os
import signal
import sys
from typing import BinaryIO, Literal

from guichet_kit.logs import get_logger
from pydantic import BaseModel, ValidationError

WALL_SECONDS = 20.0
_AT_ONCE = 2
_ENDED_FROM_OUTSIDE = {-signal.SIGTERM, -signal.SIGKILL, -signal.SIGINT, -signal.SIGHUP}

log = get_logger(__name__)


class ExaminationInterrupted(Exception):
    """Somebody else ended the examiner, so nothing is known of the file: the same call may succeed later."""


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
    """Examines files, two at a time: each may use a processor and much memory for a while."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(_AT_ONCE)

    async def examine(self, file: BinaryIO, preview: BinaryIO) -> Finding:
        """Look into ``file``, and write the preview of an image (WebP) to ``preview``.

        A file that makes the examiner fail, or exceed its limits, is refused.

        Raises:
            ExaminationInterrupted: the examiner was ended from outside.
        """
        async with self._turn:
            answer = await _ask(file, preview)
        try:
            return Finding.model_validate_json(answer)
        except ValidationError:
            return _UNCLEAR


async def _ask(file: BinaryIO, preview: BinaryIO) -> bytes:
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
    try:
        async with asyncio.timeout(WALL_SECONDS):
            answer, complaint = await process.communicate()
    except TimeoutError:
        answer, complaint = b"", b"took too long"
    finally:
        if late := process.returncode is None:
            process.kill()
        await process.wait()
    if process.returncode in _ENDED_FROM_OUTSIDE and not late:
        raise ExaminationInterrupted(f"the examiner was ended by signal {-process.returncode}")
    if process.returncode != 0:
        log.warning(
            "examination_failed", status=process.returncode, complaint=complaint[-500:].decode(errors="replace")
        )
        return b""
    return answer
