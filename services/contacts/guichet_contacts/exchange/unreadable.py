"""Why a file as a whole cannot be read."""


class Unreadable(Exception):
    """The file as a whole cannot be read. ``code`` is stable; ``line`` where it was noticed."""

    def __init__(self, code: str, detail: str, line: int | None = None) -> None:
        super().__init__(detail)
        self.code, self.line = code, line
