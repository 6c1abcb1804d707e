"""Routes of imports and of the export."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from typing import Annotated, Literal
from uuid import NAMESPACE_URL, uuid5

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from guichet_kit.clock import WireTime, now
from guichet_kit.ids import new_id
from guichet_kit.problems import Invalid, NotFound, Problem
from guichet_kit.tokens import Claims
from pydantic import BaseModel, ConfigDict

from guichet_contacts.agents import Agent, managers
from guichet_contacts.contact.events import recorded
from guichet_contacts.contact.store import ContactStore
from guichet_contacts.exchange import csv_file
from guichet_contacts.exchange.columns import COLUMN_FIELDS
from guichet_contacts.exchange.job import ImportJob, State
from guichet_contacts.exchange.preview import preview
from guichet_contacts.exchange.store import ImportStore
from guichet_contacts.exchange.usecases import export, export_one
from guichet_contacts.exchange.worker import ImportWorker
from guichet_contacts.told import ToldStore

_CSV_TYPES = ("text/csv", "application/csv", "application/vnd.ms-excel", "text/plain", "application/octet-stream")
_MAPPING = "The field of each column, in order: `first_name,last_name,,email`; nothing where one is left out"
ColumnField = Literal["name", "first_name", "middle_name", "last_name", "email", "phone", "company", "notes"]
_SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}


class LineErrorView(BaseModel):
    """Why a line was refused. ``field`` is empty where it is about the whole line."""

    model_config = ConfigDict(from_attributes=True)

    line: int
    field: str
    code: str
    message: str
    contact_id: str | None


class FailureView(BaseModel):
    """Why the file could not be read."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    detail: str
    line: int | None


class ImportView(BaseModel):
    """An import. ``progress`` from 0 to 1; ``errors`` are the first thousand, ``refused`` counts all refused lines.

    ``updated`` of the ``written`` lines changed a contact that was there; ``left_out`` are the headers of columns that
    were not taken in.
    """

    model_config = ConfigDict(from_attributes=True)

    id: str
    state: State
    partial: bool
    progress: float
    total: int | None
    checked: int
    refused: int
    written: int
    updated: int
    left_out: list[str]
    errors: list[LineErrorView]
    failure: FailureView | None
    created_at: WireTime
    finished_at: WireTime | None


class ColumnView(BaseModel):
    """A column: its header, the field that it is likely to be (null: left out), and its first values."""

    header: str
    field: ColumnField | None
    samples: list[str]


class PreviewView(BaseModel):
    """What an import of this file would take in, before anything is written.

    ``unclear`` are headers of columns that may hold the names and that nothing else holds: an import without a mapping
    refuses the file. ``contacts`` are the first lines as they would be read.
    """

    encoding: str
    separator: str
    lines: int
    columns: list[ColumnView]
    left_out: list[str]
    unclear: list[str]
    contacts: list[dict[str, str]]


class UnsupportedType(Problem):
    """The body is no CSV (415)."""

    status, code = 415, "unsupported_media_type"


def exchange_routes(
    contacts: ContactStore,
    imports: ImportStore,
    worker: ImportWorker,
    agent: Callable[[Claims], Agent],
    told: ToldStore,
) -> APIRouter:
    """``/api/v1/contacts/imports`` and ``/api/v1/contacts/export``; before the routes that take an id there."""
    router = APIRouter(prefix="/api/v1/contacts", tags=["import and export"])
    manager = Annotated[Agent, Depends(managers(agent))]

    @router.post("/imports", status_code=202, openapi_extra=_CSV_BODY)
    async def start_import(
        request: Request,
        response: Response,
        who: manager,
        partial: Annotated[bool, Query(description="Take good lines in though others are refused")] = False,
        mapping: Annotated[str | None, Query(max_length=4000, description=_MAPPING)] = None,
        known: Annotated[
            Literal["refuse", "update"], Query(description="Lines whose address a contact has")
        ] = "refuse",
        idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
    ) -> ImportView:
        _require_csv(request)
        fields = _mapping(mapping)
        job_id = str(uuid5(NAMESPACE_URL, f"import {who.id} {idempotency_key}")) if idempotency_key else new_id()
        job = await imports.find(job_id)
        if job is None:
            file_id = await imports.keep_file(request.stream())
            wanted = ImportJob(
                *(job_id, file_id, who.id, partial), created_at=now(), mapping=fields, update_known=known == "update"
            )
            job = await imports.insert(wanted)
            await told.tell(recorded("contacts.imported", who, job.id))
            worker.wake()
        response.headers["Location"] = f"/api/v1/contacts/imports/{job.id}"
        return ImportView.model_validate(job)

    @router.post("/imports/preview", openapi_extra=_CSV_BODY)
    async def preview_import(
        request: Request,
        _agent: manager,
        mapping: Annotated[str | None, Query(max_length=4000, description=_MAPPING)] = None,
    ) -> PreviewView:
        _require_csv(request)
        fields = _mapping(mapping)
        data = await request.body()
        try:
            return PreviewView.model_validate(asdict(await asyncio.to_thread(preview, data, fields)))
        except csv_file.Unreadable as error:
            raise Invalid(str(error), code=error.code, errors=[{"field": "body", "message": str(error)}]) from None

    @router.get("/imports/{import_id}")
    async def read_import(import_id: str, _agent: manager) -> ImportView:
        job = await imports.find(import_id)
        if job is None:
            raise NotFound("There is no such import.")
        return ImportView.model_validate(job)

    @router.get("/export", response_class=StreamingResponse)
    async def export_contacts(
        who: manager,
        separator: Literal["comma", "semicolon", "tab"] = "comma",
        contact_id: Annotated[str | None, Query(max_length=64, description="This one alone")] = None,
    ) -> StreamingResponse:
        cut = _SEPARATORS[separator]
        parts: AsyncIterator[str] | list[str]
        parts = export(contacts, cut) if contact_id is None else [await export_one(contacts, contact_id, cut)]
        await told.tell(recorded("contact.exported" if contact_id else "contacts.exported", who, contact_id))
        name = f"contact{'' if contact_id else 's'}-{now():%Y-%m-%d}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return StreamingResponse(parts, media_type="text/csv; charset=utf-8", headers=headers)

    return router


def _mapping(given: str | None) -> tuple[str | None, ...] | None:
    """The field of each column, from ``first_name,,email``."""
    if given is None:
        return None
    fields = [field.strip() or None for field in given.split(",")]
    if unknown := [field for field in fields if field and field not in COLUMN_FIELDS]:
        raise Invalid.of("mapping", f"{unknown[0][:40]} is no field; fields are {', '.join(COLUMN_FIELDS)}")
    if not any(fields):
        raise Invalid.of("mapping", "must take at least one column")
    return tuple(fields)


def _require_csv(request: Request) -> None:
    media_type = request.headers.get("content-type", "text/csv").split(";")[0].strip().lower()
    if media_type not in _CSV_TYPES:
        raise UnsupportedType("Send the file itself as the body, as text/csv.")


_CSV_BODY = {"requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}}
