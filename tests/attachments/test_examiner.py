"""The examiner is confined, and what makes it fail is refused; what somebody else did to it is not the file's fault."""

import asyncio
import io
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import pytest
from guichet_attachments import examine
from guichet_attachments import examiner as examiner_program
from guichet_attachments.examine import ExaminationInterrupted, ExaminationTooSlow, Examiner, Finding
from guichet_attachments.lanes import Lanes
from PIL import Image

from . import samples


@pytest.fixture
def preview() -> Iterator[BinaryIO]:
    with tempfile.TemporaryFile() as file:
        yield file


async def finding_of(content: bytes, preview: BinaryIO, examiner: Examiner | None = None) -> Finding:
    asked = examiner or Examiner()
    try:
        with tempfile.TemporaryFile() as file:
            file.write(content)
            file.flush()
            return await asked.examine(file, preview)
    finally:
        if examiner is None:
            await asked.close()


def children(of: int | str = "self") -> set[int]:
    """The processes that a process has started, and that still are."""
    try:
        tasks = list(Path(f"/proc/{of}/task").iterdir())
        return {int(pid) for task in tasks for pid in (task / "children").read_text().split()}
    except FileNotFoundError:
        return set()  # it ended just now


def programs() -> set[int]:
    """The examiners that this process has started."""
    return {one for one in children() if b"guichet_attachments" in told_of(one, "cmdline")}


def at_work(programs: set[int]) -> set[int]:
    """The processes of these that look into a file now: they are confined, which what finds libraries is not."""
    limit = f"{examiner_program.CPU_SECONDS} ".encode()
    started = {one for program in programs for one in children(program)}
    return {one for one in started if limit in told_of(one, "limits")}


def told_of(process: int, what: str) -> bytes:
    try:
        return Path(f"/proc/{process}/{what}").read_bytes()
    except OSError:
        return b""  # it ended just now


def descriptors_of(process: int) -> int:
    """How many files, sockets and pipes it has open."""
    return len(list(Path(f"/proc/{process}/fd").iterdir()))


async def end_the_examiner(how: signal.Signals, *, whole: bool = False) -> None:
    """Send a signal to the next process that looks into a file, or to the whole program that it comes from."""
    before = programs()
    async with asyncio.timeout(30):
        while True:
            for program in programs() - before:
                if looking := at_work({program}):
                    os.kill(program if whole else looking.pop(), how)
                    return
            await asyncio.sleep(0)


@pytest.fixture
async def examiner() -> AsyncIterator[Examiner]:
    examiner = Examiner()
    yield examiner
    await examiner.close()


STUCK = b"This one takes long.\n"
_STUCK = """
import time
from guichet_attachments import examiner, pictures
known = examiner.media_type_of
def media_type_of(file):
    if file.read(4) == b"This":
        time.sleep(10)
    return known(file)
examiner.media_type_of = media_type_of
examiner.main()
"""
_NEVER_DECODED = """
import time
from guichet_attachments import examiner, pictures
pictures.write_preview = lambda *_: time.sleep(60)
examiner.main()
"""


def start_instead(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Start an examiner that takes longer for some files."""
    start = asyncio.create_subprocess_exec

    async def start_slow(program: str, *arguments: str, **options: object) -> asyncio.subprocess.Process:
        return await start(program, "-I", "-c", script, *arguments[-1:], **options)  # type: ignore[arg-type]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", start_slow)


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A file that is looked into for so long that it can be ended meanwhile."""
    start_instead(monkeypatch, _STUCK)
    return STUCK


class TestOneForMany:
    async def test_300_files_start_one_program(
        self, preview: BinaryIO, examiner: Examiner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        started: list[str] = []
        start = asyncio.create_subprocess_exec

        async def counted(program: str, *arguments: str, **options: object) -> asyncio.subprocess.Process:
            started.extend(arguments)
            return await start(program, *arguments, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(asyncio, "create_subprocess_exec", counted)
        for number in range(300):
            finding = await finding_of(f"Facture {number}\n".encode(), preview, examiner)
            assert (finding.media_type, finding.refusal) == ("text/plain", None)
        assert started.count("guichet_attachments.examiner") == 1

    async def test_each_file_has_a_process_of_its_own(
        self, preview: BinaryIO, examiner: Examiner, stuck: bytes
    ) -> None:
        _, crashed = await asyncio.gather(end_the_examiner(signal.SIGSEGV), finding_of(stuck, preview, examiner))
        assert crashed.refusal == "type_not_allowed"
        assert (await finding_of(samples.image(), preview, examiner)).refusal is None

    async def test_several_at_once_have_each_their_own_answer(self, examiner: Examiner) -> None:
        examiner.lanes = Lanes(8)
        contents = [samples.image("PNG", (90 + number, 50)) if number % 2 else b"Bonjour\n" for number in range(16)]
        with ExitStack() as opened:
            previews = [opened.enter_context(tempfile.TemporaryFile()) for _ in contents]
            asked = [finding_of(*one, examiner) for one in zip(contents, previews, strict=True)]
            for number, finding in enumerate(await asyncio.gather(*asked)):
                assert finding.media_type == ("image/png" if number % 2 else "text/plain")
                if number % 2:
                    with Image.open(previews[number]) as small:
                        assert small.size == (90 + number, 50)

    async def test_no_process_of_a_file_holds_what_belongs_to_another(
        self, preview: BinaryIO, examiner: Examiner, stuck: bytes
    ) -> None:
        waiting = asyncio.create_task(finding_of(stuck, preview, examiner))
        async with asyncio.timeout(30):
            while not (looking := at_work(programs())):
                await asyncio.sleep(0)
        assert descriptors_of(looking.pop()) <= 4
        waiting.cancel()
        await asyncio.wait([waiting])


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

    async def test_one_that_runs_out_of_processor_time_says_nothing_of_the_file(
        self, preview: BinaryIO, stuck: bytes
    ) -> None:
        results = await asyncio.gather(
            end_the_examiner(signal.SIGXCPU), finding_of(stuck, preview), return_exceptions=True
        )
        assert isinstance(results[1], ExaminationTooSlow)

    async def test_one_that_crashes_on_a_file_refuses_it(self, preview: BinaryIO, stuck: bytes) -> None:
        _, finding = await asyncio.gather(end_the_examiner(signal.SIGSEGV), finding_of(stuck, preview))
        assert finding.refusal == "type_not_allowed"

    async def test_a_picture_whose_decoding_takes_too_long_is_kept_without_a_preview(
        self, preview: BinaryIO, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        start_instead(monkeypatch, _NEVER_DECODED)
        monkeypatch.setattr(examine, "WALL_SECONDS", 5)
        finding = await finding_of(samples.image(), preview)
        assert (finding.media_type, finding.has_preview, finding.refusal) == ("image/png", False, None)

    @pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
    async def test_one_that_was_ended_from_outside_says_nothing_of_the_file(
        self, preview: BinaryIO, how: signal.Signals, stuck: bytes
    ) -> None:
        results = await asyncio.gather(end_the_examiner(how), finding_of(stuck, preview), return_exceptions=True)
        assert isinstance(results[1], ExaminationInterrupted)

    async def test_the_whole_program_ended_says_nothing_of_the_file_and_the_next_one_starts_it_again(
        self, preview: BinaryIO, examiner: Examiner, stuck: bytes
    ) -> None:
        results = await asyncio.gather(
            end_the_examiner(signal.SIGKILL, whole=True),
            finding_of(stuck, preview, examiner),
            return_exceptions=True,
        )
        assert isinstance(results[1], ExaminationInterrupted)
        assert (await finding_of(samples.image(), preview, examiner)).media_type == "image/png"

    async def test_whoever_waits_no_longer_ends_the_examination(
        self, preview: BinaryIO, examiner: Examiner, stuck: bytes
    ) -> None:
        waiting = asyncio.create_task(finding_of(stuck, preview, examiner))
        async with asyncio.timeout(30):
            while not (before := at_work(programs())):
                await asyncio.sleep(0)
            waiting.cancel()
            while before & at_work(programs()):
                await asyncio.sleep(0.01)
        assert waiting.done()

    async def test_those_who_go_as_their_file_is_done_disturb_nobody(
        self, preview: BinaryIO, examiner: Examiner
    ) -> None:
        examiner.lanes = Lanes(8)
        for number in range(60):
            going = [asyncio.create_task(finding_of(b"Bonjour\n", preview, examiner)) for _ in range(4)]
            for _ in range(number):  # some before it begins, some in its middle, some as it ends
                await asyncio.sleep(0.0005)
            for one in going[1:]:
                one.cancel()
            assert (await going[0]).media_type == "text/plain"
            await asyncio.wait(going)

    def test_its_limits_hold_memory_processor_and_what_it_may_write(self) -> None:
        script = (
            "import resource as r; from guichet_attachments.examiner import confine; confine();"
            "print([r.getrlimit(x)[0] for x in (r.RLIMIT_AS, r.RLIMIT_CPU, r.RLIMIT_FSIZE, r.RLIMIT_NPROC)])"
        )
        said = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True).stdout
        assert said.strip() == str([768 << 20, 10, 2 << 20, 0])
