"""Parses mail in a process of its own: one that hangs or dies takes down that process, and is itself set aside."""

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import orjson
from guichet_kit.logs import get_logger
from pydantic import TypeAdapter

from guichet_mailer.parsing import Mail, Unreadable
from guichet_mailer.parsing.worker import ANSWER, QUESTION

log = get_logger(__name__)
_MAIL = TypeAdapter(Mail)
_GONE = (TimeoutError, asyncio.IncompleteReadError, OSError, RuntimeError)
"""What comes of a process that hangs or is dead; uvloop says the latter with a RuntimeError."""


class ParserFailed(Exception):
    """The parser crashed on this mail, or took too long: a fault of ours, to be mended and replayed."""


class Parser:
    """One such process, started when it is first needed and again after each end. ``seconds`` for one mail."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._process: asyncio.subprocess.Process | None = None
        self._one_at_a_time = asyncio.Lock()

    async def parse(self, raw: bytes, recipients: Sequence[str], null_sender: bool) -> Mail:
        """As `guichet_mailer.parsing.parse`.

        Raises:
            Unreadable: nothing can be made of the mail.
            ParserFailed: the parser could not cope with it.
        """
        envelope = orjson.dumps({"recipients": list(recipients), "null_sender": null_sender})
        async with self._one_at_a_time:
            if self._process is None or self._process.returncode is not None:
                self._process = await self._start()
            try:
                async with asyncio.timeout(self._seconds):
                    return await _ask(self._process, envelope, raw)
            except (Unreadable, ParserFailed):
                raise  # it answered, and is as good as before
            except BaseException as error:
                await self._end()  # its answer, if one ever came, would be taken for the next mail's
                if isinstance(error, _GONE):
                    raise ParserFailed(f"the parser did not answer: {type(error).__name__}") from error
                raise

    async def close(self) -> None:
        """End the process."""
        async with self._one_at_a_time:
            await self._end()

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-m", "guichet_mailer.parsing.worker"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={"PATH": os.environ.get("PATH", "")},
        )

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


class Parsers:
    """Several of them: a mail that takes the whole of its time does not keep the others from theirs."""

    def __init__(self, seconds: float, count: int) -> None:
        self._all = [Parser(seconds) for _ in range(count)]
        self._free: asyncio.LifoQueue[Parser] = asyncio.LifoQueue()  # the last one used has its process already
        for parser in self._all:
            self._free.put_nowait(parser)

    async def parse(self, raw: bytes, recipients: Sequence[str], null_sender: bool) -> Mail:
        """As `Parser.parse`, by one that is free."""
        parser = await self._free.get()
        try:
            return await parser.parse(raw, recipients, null_sender)
        finally:
            self._free.put_nowait(parser)

    async def close(self) -> None:
        """End all the processes."""
        for parser in self._all:
            await parser.close()


async def _ask(process: asyncio.subprocess.Process, envelope: bytes, raw: bytes) -> Mail:
    if process.stdin is None or process.stdout is None:
        raise OSError("the parser has no pipes")
    process.stdin.write(QUESTION.pack(len(envelope), len(raw)) + envelope)
    process.stdin.write(raw)
    await process.stdin.drain()
    (length,) = ANSWER.unpack(await process.stdout.readexactly(ANSWER.size))
    said = orjson.loads(await process.stdout.readexactly(length))
    if "failed" in said:
        raise ParserFailed(said["failed"])
    if "refused" in said:
        raise Unreadable(said["refused"], said["detail"])
    contents = [await process.stdout.readexactly(size) for size in said["sizes"]]
    mail = _MAIL.validate_python(said["mail"])
    files = zip(mail.files, contents, strict=True)
    return replace(mail, files=tuple(replace(file, content=content) for file, content in files))
