"""Letters on disk, one file each; its name says which letter it is, and which one it answers."""

import os
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from guichet_kit.ids import new_id

from guichet_local.data import private_folder
from guichet_local.demo.mail.letters import Letter


class Mailbox:
    """The letters of all customers. A file never changes, so what was read once is remembered."""

    def __init__(self, folder: Path) -> None:
        self._folder = private_folder(folder)
        self._read: dict[str, Letter] = {}

    def keep(self, raw: bytes, answers: str | None = None) -> Letter:
        """Write a letter; when this returns it is on disk, whatever happens to the machine."""
        letter_id = new_id()
        name = f"{letter_id}.{answers}.eml" if answers else f"{letter_id}.eml"
        temporary = self._folder / f"{name}.new"
        with temporary.open("wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(self._folder / name)
        _sync_folder(self._folder)
        return self._letter(name)

    def letters(self) -> list[Letter]:
        """All of them, the newest first."""
        names = sorted((file.name for file in self._folder.glob("*.eml")), reverse=True)
        return [self._letter(name) for name in names]

    def find(self, letter_id: str) -> Letter | None:
        """The letter of this id that came in, if there is one."""
        return next((one for one in self.letters() if one.id == letter_id and one.answers is None), None)

    def _letter(self, name: str) -> Letter:
        if name not in self._read:
            letter_id, *answers = name.removesuffix(".eml").split(".")
            raw = (self._folder / name).read_bytes()
            self._read[name] = Letter(letter_id, _time_of(letter_id), raw, *answers)
        return self._read[name]


def _time_of(letter_id: str) -> datetime:
    """RFC 9562, 5.7: the first 48 bits count milliseconds since 1970."""
    return datetime.fromtimestamp((UUID(letter_id).int >> 80) / 1000, UTC)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
