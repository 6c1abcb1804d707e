"""A web form, and what is right to send with it. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from guichet_kit.blank import is_blank

from guichet_requests.catalogue.entry import Entry
from guichet_requests.errors import Refused
from guichet_requests.request.request import Priority
from guichet_requests.template.template import Language

FieldKind = Literal["text", "textarea", "select", "tel"]

ANSWER_MAX: Mapping[FieldKind, int] = {"text": 200, "textarea": 10_000, "select": 200, "tel": 40}
"""Characters of an answer to a field of each kind."""

_PHONE = re.compile(r"[\d\s()+./-]+")


@dataclass(frozen=True, slots=True)
class Field:
    """A field beside those of every form: name, address, subject and message. ``options`` are those of a select."""

    name: str
    kind: FieldKind
    label: str
    required: bool = False
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Form(Entry):
    """A form: ``key`` is in its address, ``origins`` are those of the pages that may show it.

    ``confirmation``: who sends it gets a mail with the number of the request, in ``language``.
    """

    key: str
    name: str
    language: Language
    fields: tuple[Field, ...] = ()
    origins: tuple[str, ...] = ()
    color: str | None = None
    reason_id: str | None = None
    priority: Priority = "low"
    confirmation: bool = True
    active: bool = True


class FormExists(Refused):
    """Another form has this key."""

    def __init__(self) -> None:
        super().__init__("Another form has this key.")


class Misfilled(Refused):
    """Answers break the form's rules; ``errors`` say which, by the path of the field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field}: {message}" for field, message in errors.items()))
        self.errors = errors


Answers = Sequence[tuple[str, str]]
"""Labels and what was answered, in the form's order; what was left empty is not there."""


def check(form: Form, given: Mapping[str, str]) -> Answers:
    """The answers to the form's own fields. Raises `Misfilled` for all that is wrong with them at once."""
    errors = {f"fields.{name}": "is not a field of this form" for name in given.keys() - {f.name for f in form.fields}}
    answers = []
    for field in form.fields:
        value = given.get(field.name, "").strip()
        value = "" if is_blank(value) else value
        wrong = _wrong(field, value)
        if wrong:
            errors[f"fields.{field.name}"] = wrong
        elif value:
            answers.append((field.label, value))
    if errors:
        raise Misfilled(errors)
    return answers


def _wrong(field: Field, value: str) -> str | None:
    if not value:
        return "is required" if field.required else None
    if len(value) > ANSWER_MAX[field.kind]:
        return f"has more than {ANSWER_MAX[field.kind]} characters"
    if field.kind == "select" and value not in field.options:
        return "is not one of the options"
    if field.kind == "tel" and not _PHONE.fullmatch(value):
        return "is not a phone number"
    return "must be one line" if field.kind != "textarea" and len(value.splitlines()) > 1 else None
