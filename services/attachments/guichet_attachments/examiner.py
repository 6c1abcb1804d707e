"""The program that looks into one file: what it is, whether it could run, and a preview of a picture.

libmagic, Pillow and olefile parse what strangers made, so they run here: in a process of its own, without secrets in
its environment, that limits its memory, time and files before it reads the first byte. The file is standard input; the
preview, if there is one, goes to the descriptor that the first argument names. The finding is a line of JSON on
standard output, said before the picture is decoded and again after it: whoever has no patience left has the first.
See `examine` for the side that starts it.
"""

import json
import os
import resource
import sys
from collections.abc import Callable
from typing import BinaryIO

from guichet_attachments import containers, pictures, textual
from guichet_attachments.mediatypes import ALIASES, EXTENSIONS, PREVIEWED

MEMORY_BYTES = 768 << 20
CPU_SECONDS = 10
PREVIEW_BYTES = 2 << 20

_HEAD = 1 << 20
_WHOLE = 64 << 20


class Refused(Exception):
    """The file is not let in; ``why`` is ``type_not_allowed`` or ``too_large``."""

    def __init__(self, why: str, detail: str) -> None:
        super().__init__(detail)
        self.why, self.detail = why, detail


def confine() -> None:
    """Give up what looking into one file does not take."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (PREVIEW_BYTES, PREVIEW_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def media_type_of(file: BinaryIO) -> str:
    """The type of the content: by what the format says of itself, else by libmagic.

    libmagic guesses the language of a text from a few of its words, and takes a log that quotes a page for one. A text
    is a text here, whatever it is about.

    Raises:
        Refused: it could run, or is damaged.
    """
    file.seek(0)
    head = file.read(_HEAD)
    if media_type := pictures.base_media_type(head):
        return media_type
    if head.startswith(containers.ZIP_SIGNATURES):
        return _contained(lambda: containers.zip_type(file))
    if head.startswith(containers.OLE_SIGNATURE):
        return _contained(lambda: containers.compound_type(file))
    if head.startswith(b"ID3") and head[3:4] in b"\2\3\4":
        return "audio/mpeg"
    text = textual.text_of(head)
    if text is not None and (own := textual.kind_of(head, text)):
        return own
    guessed = _by_libmagic(head)
    if text is None or guessed == "application/pdf":
        return guessed
    if guessed in _TEXT_TYPES:
        return guessed
    is_text = guessed.startswith(("text/", "application/")) or textual.is_unicode(head)
    return "text/plain" if is_text else guessed


_TEXT_TYPES = frozenset({"text/csv", "text/xml", "text/calendar", "application/json", "application/x-ndjson"})


def _by_libmagic(head: bytes) -> str:
    import magic

    guessed = str(magic.Magic(mime=True).from_buffer(head))
    return ALIASES.get(guessed, guessed)


def _contained(look: Callable[[], str]) -> str:
    try:
        return look()
    except containers.Damaged as error:
        raise Refused("type_not_allowed", "The document is damaged.") from error
    except containers.CouldRun as error:
        raise Refused("type_not_allowed", str(error)) from error
    except containers.UnpacksToMuch as error:
        raise Refused("too_large", "The document unpacks to more than is accepted.") from error


def check(file: BinaryIO, media_type: str) -> None:
    """Refuse what is not on the list, and what is and could run all the same."""
    if media_type not in EXTENSIONS:
        raise Refused("type_not_allowed", "Files of this type are not accepted.")
    file.seek(0)
    if media_type == "text/rtf":
        try:
            containers.refuse_packages(file.read())
        except containers.CouldRun as error:
            raise Refused("type_not_allowed", str(error)) from error
    elif media_type in ("text/plain", "text/xml"):
        text = textual.text_of(file.read(_WHOLE))
        if text is not None and textual.runs_as_xml(text):
            raise Refused("type_not_allowed", "Pages are not accepted.")


def preview_of(file: BinaryIO, media_type: str, target: BinaryIO) -> bool:
    """Whether there is a preview, which is then in ``target``; `Refused` where the picture is damaged."""
    if media_type not in PREVIEWED:
        return False
    try:
        return pictures.write_preview(file, media_type, target)
    except pictures.Damaged as error:
        raise Refused("type_not_allowed", "The image is damaged.") from error


def say(finding: dict[str, object]) -> None:
    """Tell the finding, as far as it is known."""
    sys.stdout.write(f"{json.dumps(finding)}\n")
    sys.stdout.flush()


def main() -> None:
    """Examine standard input."""
    confine()
    finding: dict[str, object] = {"media_type": "application/octet-stream", "has_preview": False}
    with os.fdopen(0, "rb") as file, os.fdopen(int(sys.argv[1]), "wb") as preview:
        try:
            finding["media_type"] = media_type = media_type_of(file)
            check(file, media_type)
            say(finding)
            finding["has_preview"] = preview_of(file, media_type, preview)
        except Refused as refused:
            finding |= {"has_preview": False, "refusal": refused.why, "detail": refused.detail}
    say(finding)


if __name__ == "__main__":
    main()
