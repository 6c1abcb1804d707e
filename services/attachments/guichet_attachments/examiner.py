"""The program that looks into files: what each is, whether it could run, and a preview of a picture.

libmagic, Pillow and olefile parse what strangers made, so this is a program of its own, without secrets in its
environment. It loads them once and looks into nothing itself: each file has a process of its own, forked for it, that
gives up all other descriptors and limits its memory, time and files before it reads the first byte. Starting a whole
program for each file took far longer than looking into most of them, and a mail may have hundreds.

A request is three descriptors that come over the socket which the first argument names: the file, where the preview
is to be written, and a socket for the answer. The answer is the finding as a line of JSON, said before a picture is
decoded and again after it (whoever has no patience left has the first), and at last how the process ended: its exit
status, or the negative number of a signal. Who closes their end of the answer's socket ends the examination.
See `examine` for the side that asks.
"""

import ctypes
import gc
import json
import os
import resource
import select
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from guichet_attachments import containers, pictures, textual
from guichet_attachments.mediatypes import ALIASES, EXTENSIONS, PREVIEWED

if TYPE_CHECKING:
    from magic import Magic

MEMORY_BYTES = 768 << 20
CPU_SECONDS = 10
PREVIEW_BYTES = 2 << 20
DESCRIPTORS = 3
"""What a request brings: the file, the preview's, the answer's."""

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


@cache
def _libmagic() -> "Magic":
    import magic

    return magic.Magic(mime=True)


def _by_libmagic(head: bytes) -> str:
    guessed = str(_libmagic().from_buffer(head))
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


def examine(file: BinaryIO, preview: BinaryIO) -> None:
    """Tell of one file all that is found."""
    finding: dict[str, object] = {"media_type": "application/octet-stream", "has_preview": False}
    try:
        finding["media_type"] = media_type = media_type_of(file)
        check(file, media_type)
        say(finding)
        finding["has_preview"] = preview_of(file, media_type, preview)
    except Refused as refused:
        finding |= {"has_preview": False, "refusal": refused.why, "detail": refused.detail}
    say(finding)


_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
"""``prctl(2)``: no process of a file outlives the program."""


def _look(file: int, preview: int, answer: int) -> NoReturn:
    """What the process of one file does: all else that it inherited is closed first."""
    status = 1
    try:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        os.dup2(file, 0)
        os.dup2(answer, 1)
        os.dup2(preview, 3)
        os.closerange(4, os.sysconf("SC_OPEN_MAX"))
        confine()
        with os.fdopen(0, "rb") as content, os.fdopen(3, "wb") as small:
            examine(content, small)
        status = 0
    except BaseException as error:  # noqa: BLE001 whatever it was, it is told, and nothing of the server's goes on here
        say({"failed": repr(error)[:500]})
    finally:
        os._exit(status)


class _Server:
    """The processes that are at work, each known by a descriptor of its own (`os.pidfd_open`)."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        self._answers: dict[int, socket.socket] = {}
        self._pids: dict[int, int] = {}

    def serve(self) -> None:
        """Until nobody asks any more; what is still at work then is ended."""
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor in self._pids:
                    self._ended(descriptor)
                elif descriptor != self._control.fileno():
                    self._not_wanted(descriptor)
                elif not self._begin():
                    for process in self._pids:
                        signal.pidfd_send_signal(process, signal.SIGKILL)
                    return

    def _begin(self) -> bool:
        message, descriptors, _, _ = socket.recv_fds(self._control, 1, DESCRIPTORS)
        if len(descriptors) != DESCRIPTORS:
            return bool(message)
        pid = os.fork()
        if pid == 0:
            _look(*descriptors)
        process = os.pidfd_open(pid)
        file, preview, answer = descriptors
        os.close(file)
        os.close(preview)
        self._answers[process], self._pids[process] = socket.socket(fileno=answer), pid
        self._poll.register(process, select.POLLIN)
        self._poll.register(answer, 0)  # hears when the other end is closed
        return True

    def _ended(self, process: int) -> None:
        _, status = os.waitpid(self._pids.pop(process), 0)
        answer = self._answers.pop(process)
        self._poll.unregister(process)
        with suppress(KeyError):  # nobody may wait for it any more
            self._poll.unregister(answer)
        with answer, suppress(OSError):
            answer.sendall(f"{json.dumps({'ended': os.waitstatus_to_exitcode(status)})}\n".encode())
        os.close(process)

    def _not_wanted(self, answer: int) -> None:
        for process, one in self._answers.items():
            if one.fileno() == answer:  # its process may have ended in the same moment
                self._poll.unregister(answer)
                signal.pidfd_send_signal(process, signal.SIGKILL)


def load() -> None:
    """Load what every file takes, before the first comes."""
    import olefile  # noqa: F401
    from PIL import Image, ImageOps  # noqa: F401

    Image.init()
    _by_libmagic(b"Bonjour")
    gc.disable()
    gc.freeze()  # a collection in the process of a file would write to, and so copy, all that it shares with this one


def main() -> None:
    """Serve whoever holds the other end of the socket."""
    load()
    with socket.socket(fileno=int(sys.argv[1])) as control:
        _Server(control).serve()


if __name__ == "__main__":
    main()
