"""Built files that a service hands out itself: those whose pages need headers of their own."""

from pathlib import Path

from fastapi.responses import FileResponse

from guichet_kit.problems import NotFound

HASHED_FILES = "public, max-age=31536000, immutable"
"""``Cache-Control`` of files that have a new name whenever they change."""


def static_file(folder: Path, path: str, caching: str) -> FileResponse:
    """The file of that path in the folder, never one outside it. Raises `NotFound`."""
    root = folder.resolve()
    try:
        file = (root / path).resolve()
        found = file.is_relative_to(root) and file.is_file()
    except (OSError, ValueError):
        raise NotFound("No file can have such a name.") from None
    if not found:
        raise NotFound("There is no such file.")
    return FileResponse(file, headers={"Cache-Control": caching, "X-Content-Type-Options": "nosniff"})
