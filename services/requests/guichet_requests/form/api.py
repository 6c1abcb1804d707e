"""Web forms over HTTP, for those who keep them. For those who fill them in: ``public_api.py``."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from guichet_kit.http import etag, if_match
from guichet_kit.ids import new_id
from guichet_kit.pages import DEFAULT_LIMIT, MAX_LIMIT, Page
from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator

from guichet_requests import fields as kinds
from guichet_requests.access import Caller, CallerOf, only_admins
from guichet_requests.audit.trail import Trail
from guichet_requests.catalogue import usecases as catalogue
from guichet_requests.form import form as noun
from guichet_requests.form.form import FieldKind, Form
from guichet_requests.form.store import FormStore
from guichet_requests.reason import usecases as reason_usecases
from guichet_requests.reason.store import ReasonStore
from guichet_requests.request.request import Priority
from guichet_requests.template.template import Language

MAX_FIELDS, MAX_OPTIONS, MAX_ORIGINS = 20, 100, 20

Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Color = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
# They go into a Content-Security-Policy header.
Origin = Annotated[str, Field(pattern=r"^https?://(\*\.)?[A-Za-z0-9.-]{1,253}(:\d{1,5})?$")]
Origins = Annotated[list[Origin], Field(max_length=MAX_ORIGINS)]
Option = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), kinds.Visible]


class FieldView(kinds.Body):
    """A field beside name, address, subject and message."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    kind: FieldKind
    label: kinds.Line
    required: bool = False
    options: Annotated[list[Option], Field(max_length=MAX_OPTIONS)] = Field(default=[])

    @model_validator(mode="after")
    def _options_of_selects(self) -> "FieldView":
        if (self.kind == "select") != bool(self.options):
            raise ValueError("a select has options, and nothing else has")
        return self

    @classmethod
    def of(cls, field: noun.Field) -> "FieldView":
        """The field as it is shown."""
        return cls(
            name=field.name,
            kind=field.kind,
            label=field.label,
            required=field.required,
            options=list(field.options),
        )


def _each_once(fields: list[FieldView]) -> list[FieldView]:
    if len({field.name for field in fields}) < len(fields):
        raise ValueError("two fields have the same name")
    return fields


Fields = Annotated[list[FieldView], Field(max_length=MAX_FIELDS), AfterValidator(_each_once)]


class FormView(BaseModel):
    """A form, as those who keep it see it."""

    id: str
    key: str
    name: str
    language: Language
    fields: list[FieldView]
    origins: list[str]
    color: str | None
    reason_id: str | None
    priority: Priority
    confirmation: bool
    active: bool
    position: int
    version: int

    @classmethod
    def of(cls, form: Form) -> "FormView":
        """The form as it is shown."""
        return cls(
            id=form.id,
            key=form.key,
            name=form.name,
            language=form.language,
            fields=[FieldView.of(field) for field in form.fields],
            origins=list(form.origins),
            color=form.color,
            reason_id=form.reason_id,
            priority=form.priority,
            confirmation=form.confirmation,
            active=form.active,
            position=form.position,
            version=form.version,
        )


class NewForm(kinds.Body):
    """A form to add; without ``position`` after all others. Its pages may always be shown by our own."""

    id: UUID | None = None
    key: Key
    name: kinds.Line
    language: Language
    fields: Fields = Field(default=[])
    origins: Origins = Field(default=[])
    color: Color | None = None
    reason_id: str | None = None
    priority: Priority = "low"
    confirmation: bool = True
    active: bool = True
    position: kinds.Position | None = None


class FormEdit(kinds.Body):
    """What to change; what is absent or null stays, but for ``reason_id`` and ``color``, which null takes away."""

    key: Key | None = None
    name: kinds.Line | None = None
    language: Language | None = None
    fields: Fields | None = None
    origins: Origins | None = None
    color: Color | None = None
    reason_id: str | None = None
    priority: Priority | None = None
    confirmation: bool | None = None
    active: bool | None = None
    position: kinds.Position | None = None


def routes(store: FormStore, reasons: ReasonStore, agent: CallerOf, trail: Trail) -> APIRouter:
    """``/api/v1/forms``, for agents."""
    router = APIRouter(prefix="/api/v1/forms", tags=["forms"])
    admin = only_admins(agent)

    @router.get("")
    async def list_forms(
        _caller: Annotated[Caller, Depends(agent)],
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[FormView]:
        page, after = await store.page(limit, cursor)
        return Page(items=[FormView.of(form) for form in page], next_cursor=after)

    @router.post("", status_code=201)
    async def add_form(body: NewForm, response: Response, caller: Annotated[Caller, Depends(admin)]) -> FormView:
        await reason_usecases.names(reasons, body.reason_id)
        form = Form(
            id=str(body.id) if body.id else new_id(),
            position=await store.next_position() if body.position is None else body.position,
            **_of_the_noun(body.model_dump(exclude={"id", "position"})),
        )
        added = await catalogue.add(store, form)
        await trail.record("form.added", caller.actor, added.id, {"name": added.name})
        return _shown(added, response)

    @router.patch("/{form_id}")
    async def edit_form(
        form_id: str,
        body: FormEdit,
        response: Response,
        caller: Annotated[Caller, Depends(admin)],
        expected: Annotated[int | None, Depends(if_match)],
    ) -> FormView:
        before = await catalogue.get(store, form_id)
        await reason_usecases.names(reasons, body.reason_id, before.reason_id)
        cleared = {name: None for name in ("color", "reason_id") if name in body.model_fields_set}
        changes = _of_the_noun(cleared | body.model_dump(exclude_none=True))
        edited = await catalogue.edit(store, form_id, changes, expected)
        told = {"name": edited.name, "changed": ", ".join(changes)}
        await trail.record("form.changed", caller.actor, form_id, told)
        return _shown(edited, response)

    @router.delete("/{form_id}", status_code=204)
    async def remove_form(
        form_id: str,
        caller: Annotated[Caller, Depends(admin)],
        expected: Annotated[int | None, Depends(if_match)],
    ) -> None:
        await catalogue.remove(store, form_id, expected)
        await trail.record("form.removed", caller.actor, form_id)

    return router


def _of_the_noun(given: dict[str, Any]) -> dict[str, Any]:
    if "fields" in given:
        given["fields"] = tuple(noun.Field(**field | {"options": tuple(field["options"])}) for field in given["fields"])
    if "origins" in given:
        given["origins"] = tuple(given["origins"])
    return given


def _shown(form: Form, response: Response) -> FormView:
    response.headers["ETag"] = etag(form.version)
    return FormView.of(form)
