"""The envelope: CloudEvents attribute names (https://cloudevents.io, version 1.0), JSON on the wire."""

from datetime import UTC
from typing import Annotated, Generic, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, PlainSerializer

Time = Annotated[
    AwareDatetime,
    PlainSerializer(
        lambda moment: moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        return_type=str,
        when_used="json",
    ),
]
"""A point in time: RFC 3339, UTC, milliseconds."""


class Model(BaseModel):
    """Part of an event. Unknown fields are let through, so that a publisher may add some before its consumers know."""

    model_config = ConfigDict(frozen=True, extra="ignore")


Data = TypeVar("Data", bound=Model)


class Event(Model, Generic[Data]):
    """Something that happened. ``type`` is narrowed to one literal by each kind of event."""

    id: str
    source: str
    type: str
    time: Time
    subject: str
    data: Data
    correlationid: str | None = None
    causationid: str | None = None
