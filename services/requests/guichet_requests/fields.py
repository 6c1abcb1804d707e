"""Kinds of fields that several routes take."""

from typing import Annotated

from guichet_kit.blank import is_blank
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints


class Body(BaseModel):
    """A request's body. A field that is not known is an error: it would be ignored without a word."""

    model_config = ConfigDict(extra="forbid")


def visible(text: str) -> str:
    """The text, in which there is something to see. Raises `ValueError`."""
    if is_blank(text):
        raise ValueError("must have something visible in it")
    return text


Visible = AfterValidator(visible)

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Visible]
"""One line of text."""

Text = Annotated[str, StringConstraints(min_length=1, max_length=10_000, pattern=r"\S"), Visible]
"""Text with something in it."""

Filter = Annotated[str | None, Field(max_length=64)]
"""The id that a list is filtered by."""

Position = Annotated[int, Field(ge=0, le=1_000_000)]
"""Where an entry stands in its catalogue; several may share one."""
