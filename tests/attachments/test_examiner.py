"""The examiner is confined, and what makes it fail is refused; what somebody else did to it is not the file's fault."""

import asyncio
import io
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from guichet_attachments import examine
from guichet_attachments.examine import ExaminationInterrupted, ExaminationTooSlow, Examiner, Finding
from PIL import Image

from . import samples


@pytest.fixture
def preview() -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile() as file:
        yield file


async def finding_of(content: bytes, preview: BinaryIO) -> Finding:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        return await Examiner().examine(file, preview)


def children() -> set[int]:
    """The processes that this one has started."""
    tasks = Path("/proc/self/task")
    return {int(pid) for task in tasks.iterdir() for pid in (task / "children").read_text().split()}


async def end_the_examiner(how: signal.Signals) -> None:
    """Send a signal to the next process that begins; to be called before it does."""
    before = children()
    async with asyncio.timeout(10):
        while not (begun := children() - before):
            await asyncio.sleep(0.001)
    os.kill(begun.pop(), how)


class TestFindings:
    async def test_an_image_is_recognised_and_made_small(self, preview: BinaryIO) -> None:
        finding = await finding_of(samples.image("PNG", (2000, 1000)), preview)
        assert (finding.media_type, finding.has_preview, finding.refusal) == ("image/png", True, None)
        with Image.open(preview) as small:
            assert (small.format, small.size) == ("WEBP", (640, 320))

    async def test_a_transparent_image_stays_transparent(self, preview: BinaryIO) -> None:
        data = io.BytesIO()
        Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(data, "PNG")
        assert (await finding_of(data.getvalue(), preview)).has_preview
        with Image.open(preview) as small:
            assert small.mode == "RGBA"

    async def test_a_document_that_unpacks_to_too_much_is_refused(self, preview: BinaryIO) -> None:
        document = bytearray(samples.package("word/big.xml"))
        entry = document.rindex(b"PK\1\2")
        document[entry + 24 : entry + 28] = (900 << 20).to_bytes(4, "little")
        assert (await finding_of(bytes(document), preview)).refusal == "too_large"

    @pytest.mark.parametrize(
        "content",
        [
            samples.MAIL,
            samples.MAIL.replace(b"\r\n", b"\n"),
            b"DKIM-Signature: v=1;\r\n\tb=abc\r\n" + samples.MAIL,
            b"MIME-Version: 1.0\r\n" + samples.MAIL + b"<html><body>8-bit \xe9</body></html>",
        ],
    )
    async def test_a_mail_is_known_by_its_header(self, preview: BinaryIO, content: bytes) -> None:
        finding = await finding_of(content, preview)
        assert (finding.media_type, finding.refusal) == ("message/rfc822", None)

    @pytest.mark.parametrize("content", [samples.CALENDAR, b"\xef\xbb\xbf" + samples.CALENDAR.lower()])
    async def test_a_calendar_is_known_by_its_first_line(self, preview: BinaryIO, content: bytes) -> None:
        finding = await finding_of(content, preview)
        assert (finding.media_type, finding.refusal) == ("text/calendar", None)

    @pytest.mark.parametrize("content", [b"Note: nothing\nelse\n", b"Subject: x\n\nFrom: me\n"])
    async def test_a_text_with_a_colon_is_no_mail(self, preview: BinaryIO, content: bytes) -> None:
        assert (await finding_of(content, preview)).media_type == "text/plain"


class TestLimits:
    async def test_one_that_takes_too_long_is_ended_and_says_nothing_of_the_file(
        self, preview: BinaryIO, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(examine, "WALL_SECONDS", 0.001)
        with pytest.raises(ExaminationTooSlow):
            await finding_of(samples.image(), preview)

    async def test_one_that_runs_out_of_processor_time_says_nothing_of_the_file(self, preview: BinaryIO) -> None:
        results = await asyncio.gather(
            end_the_examiner(signal.SIGXCPU), finding_of(samples.image(), preview), return_exceptions=True
        )
        assert isinstance(results[1], ExaminationTooSlow)

    async def test_one_that_crashes_on_a_file_refuses_it(self, preview: BinaryIO) -> None:
        _, finding = await asyncio.gather(end_the_examiner(signal.SIGSEGV), finding_of(samples.image(), preview))
        assert finding.refusal == "type_not_allowed"

    async def test_a_picture_whose_decoding_takes_too_long_is_kept_without_a_preview(
        self, preview: BinaryIO, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        slow = "import time; from guichet_attachments import examiner, pictures; "
        slow += "pictures.write_preview = lambda *_: time.sleep(60); examiner.main()"
        start = asyncio.create_subprocess_exec

        async def start_slow(program: str, *arguments: str, **options: object) -> asyncio.subprocess.Process:
            return await start(program, "-I", "-c", slow, arguments[-1], **options)  # type: ignore[arg-type]

        monkeypatch.setattr(asyncio, "create_subprocess_exec", start_slow)
        monkeypatch.setattr(examine, "WALL_SECONDS", 5)
        finding = await finding_of(samples.image(), preview)
        assert (finding.media_type, finding.has_preview, finding.refusal) == ("image/png", False, None)

    @pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
    async def test_one_that_was_ended_from_outside_says_nothing_of_the_file(
        self, preview: BinaryIO, how: signal.Signals
    ) -> None:
        results = await asyncio.gather(
            end_the_examiner(how), finding_of(samples.image(), preview), return_exceptions=True
        )
        assert isinstance(results[1], ExaminationInterrupted)

    def test_its_limits_hold_memory_processor_and_what_it_may_write(self) -> None:
        script = (
            "import resource as r; from guichet_attachments.examiner import confine; confine();"
            "print([r.getrlimit(x)[0] for x in (r.RLIMIT_AS, r.RLIMIT_CPU, r.RLIMIT_FSIZE, r.RLIMIT_NPROC)])"
        )
        said = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True).stdout
        assert said.strip() == str([768 << 20, 10, 2 << 20, 0])
