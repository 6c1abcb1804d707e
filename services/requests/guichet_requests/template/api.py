"""Templates over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from guichet_contracts.claims import template_scope
from guichet_kit.http import etag, if_match
from guichet_kit.ids import new_id
from guichet_kit.pages import DEFAULT_LIMIT, MAX_LIMIT, Page
from guichet_kit.tokens import Tokens
from pydantic import BaseModel, Field

from guichet_requests import fields
from guichet_requests.access import Caller, CallerOf, only_admins
from guichet_requests.audit.trail import Trail
from guichet_requests.catalogue import usecases as catalogue
from guichet_requests.contact.store import ContactStore
from guichet_requests.file.receipts import files_of
from guichet_requests.request.store import RequestStore
from guichet_requests.template import usecases
from guichet_requests.template.store import TemplateStore
from guichet_requests.template.template import Language, Template
from guichet_requests.timeline.api import FileView

MAX_FILES = 10

Receipts = Annotated[list[str], Field(max_length=MAX_FILES)]


class TemplateView(BaseModel):
    """A template; ``body`` has its placeholders."""

    id: str
    name: str
    language: Language
    body: str
    attachments: list[FileView]
    position: int
    version: int

    @classmethod
    def of(cls, template: Template) -> "TemplateView":
        """The template as it is shown."""
        return cls(
            id=template.id,
            name=template.name,
            language=template.language,
            body=template.body,
            attachments=[FileView.of(file) for file in template.attachments],
            position=template.position,
            version=template.version,
        )


class NewTemplate(fields.Body):
    """A template to add; without ``position`` after all others. ``receipts`` of files with scope ``template:<id>``."""

    id: UUID | None = None
    name: fields.Line
    language: Language
    body: fields.Text
    position: fields.Position | None = None
    receipts: Receipts = Field(default=[])


class TemplateEdit(fields.Body):
    """What to change; what is absent or null stays. ``attachment_ids`` are those that stay, ``receipts`` are added."""

    name: fields.Line | None = None
    language: Language | None = None
    body: fields.Text | None = None
    position: fields.Position | None = None
    attachment_ids: Annotated[list[str], Field(max_length=MAX_FILES)] | None = None
    receipts: Receipts = Field(default=[])


class Rendering(fields.Body):
    """The request for which the template is filled."""

    request_id: str


class RenderedView(BaseModel):
    """The text to edit and send; placeholders in ``missing`` are still in it."""

    text: str
    missing: list[str]


def routes(
    store: TemplateStore,
    requests: RequestStore,
    contacts: ContactStore,
    receipts: Tokens,
    agent: CallerOf,
    trail: Trail,
) -> APIRouter:
    """``/api/v1/templates``."""
    router = APIRouter(prefix="/api/v1/templates", tags=["templates"])
    admin = only_admins(agent)

    @router.get("")
    async def list_templates(
        _caller: Annotated[Caller, Depends(agent)],
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[TemplateView]:
        page, after = await store.page(limit, cursor)
        return Page(items=[TemplateView.of(template) for template in page], next_cursor=after)

    @router.post("", status_code=201)
    async def add_template(
        body: NewTemplate, response: Response, caller: Annotated[Caller, Depends(admin)]
    ) -> TemplateView:
        template_id = str(body.id) if body.id else new_id()
        template = Template(
            id=template_id,
            name=body.name,
            language=body.language,
            body=body.body,
            attachments=files_of(receipts, body.receipts, caller.id, template_scope(template_id)),
            position=await store.next_position() if body.position is None else body.position,
        )
        added = await catalogue.add(store, template)
        await trail.record("template.added", caller.actor, added.id, {"name": added.name})
        return _shown(added, response)

    @router.patch("/{template_id}")
    async def edit_template(
        template_id: str,
        body: TemplateEdit,
        response: Response,
        caller: Annotated[Caller, Depends(admin)],
        expected: Annotated[int | None, Depends(if_match)],
    ) -> TemplateView:
        changes = body.model_dump(exclude_none=True, exclude={"attachment_ids", "receipts"})
        added = files_of(receipts, body.receipts, caller.id, template_scope(template_id))
        edited = await usecases.edit(store, template_id, changes, body.attachment_ids, added, expected)
        told = {"name": edited.name, "changed": ", ".join(body.model_dump(exclude_none=True, exclude_unset=True))}
        await trail.record("template.changed", caller.actor, template_id, told)
        return _shown(edited, response)

    @router.delete("/{template_id}", status_code=204)
    async def remove_template(
        template_id: str,
        caller: Annotated[Caller, Depends(admin)],
        expected: Annotated[int | None, Depends(if_match)],
    ) -> None:
        await catalogue.remove(store, template_id, expected)
        await trail.record("template.removed", caller.actor, template_id)

    @router.post("/{template_id}/render")
    async def render_template(
        template_id: str, body: Rendering, caller: Annotated[Caller, Depends(agent)]
    ) -> RenderedView:
        filled = await usecases.fill(store, requests, contacts, template_id, body.request_id, caller.author)
        return RenderedView(text=filled.text, missing=list(filled.missing))

    return router


def _shown(template: Template, response: Response) -> TemplateView:
    response.headers["ETag"] = etag(template.version)
    return TemplateView.of(template)
