"""The program that parses mail: it has no secrets, no files and bounded memory; its parent bounds its time.

A question on standard input is two lengths (big-endian, 32 bits), the envelope as JSON, and the raw mail. The answer on
standard output is a length, JSON with the mail or the refusal, and the contents of the files one after the other.
"""

import resource
import struct
import sys
from dataclasses import replace
from typing import Any

import orjson

from guichet_mailer.parsing import Mail, Unreadable, parse

MEMORY_BYTES = 2 << 30
QUESTION, ANSWER = struct.Struct(">II"), struct.Struct(">I")


def confine() -> None:
    """Give up what parsing does not take."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def answer(envelope: dict[str, Any], raw: bytes) -> tuple[dict[str, Any], Mail | None]:
    """The mail, or why there is none."""
    try:
        mail = parse(raw, recipients=envelope["recipients"], null_sender=envelope["null_sender"])
    except Unreadable as refused:
        return {"refused": refused.reason, "detail": refused.detail}, None
    except Exception as error:  # noqa: BLE001  whatever it is, the parent is told, and sets this one mail aside
        return {"failed": f"{type(error).__name__}: {error}"[:500]}, None
    bare = replace(mail, files=tuple(replace(file, content=b"") for file in mail.files))
    return {"mail": bare, "sizes": [len(file.content) for file in mail.files]}, mail


def main() -> None:
    """Answer until there are no more questions."""
    confine()
    read, out = sys.stdin.buffer.read, sys.stdout.buffer
    while len(head := read(QUESTION.size)) == QUESTION.size:
        envelope_length, raw_length = QUESTION.unpack(head)
        envelope, raw = orjson.loads(read(envelope_length)), read(raw_length)
        said, mail = answer(envelope, raw)
        body = orjson.dumps(said, default=lambda value: value.decode())
        out.write(ANSWER.pack(len(body)) + body)
        for file in mail.files if mail else ():
            out.write(file.content)
        out.flush()


if __name__ == "__main__":
    main()
