"""Calendar invitations (RFC 5545), with their zones."""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from icalendar import Calendar

from guichet_mailer.parsing.mail import Invitation

_LIMIT = 256 << 10
_BEGINS = re.compile(r"^BEGIN:VEVENT[ \t\r]*$", re.MULTILINE | re.IGNORECASE)
_ENDS = re.compile(r"^END:VEVENT[ \t\r]*$", re.MULTILINE | re.IGNORECASE)


def invitation(text: str) -> Invitation | None:
    """The first event of a calendar; None where there is none, or where it cannot be read."""
    try:
        calendar = Calendar.from_ical(_first_event(text[:_LIMIT]))
        events = calendar.walk("VEVENT")
        if not events:
            return None
        return _event(str(calendar.get("METHOD", "")), events[0])
    except Exception:  # noqa: BLE001  the library raises anything on broken calendars: the file itself is kept
        return None


def _first_event(text: str) -> str:
    """The calendar with one event: the library reads them all, and a fault in the last loses the first."""
    begin = _BEGINS.search(text)
    first = _ENDS.search(text, begin.end()) if begin else None
    if first is None:
        return text
    # One after the other: an expression for both would look for an end from each beginning.
    last = [first, *_ENDS.finditer(text, first.end())][-1]
    return text[: first.end()] + text[last.end() :]


def _event(method: str, event: Any) -> Invitation:
    start, end = event.get("DTSTART"), event.get("DTEND")
    begins = start.dt if start is not None else None
    ends = end.dt if end is not None else None
    if ends is None and begins is not None and (lasts := event.get("DURATION")) is not None:
        ends = begins + lasts.dt
    organizer = re.sub(r"(?i)^mailto:", "", str(event.get("ORGANIZER", "")))
    return Invitation(
        method=method[:40],
        summary=_line(event.get("SUMMARY", "")),
        start=_value(start),
        end=_value(end) or _local(ends),
        location=_line(event.get("LOCATION", "")),
        organizer=organizer[:320],
        starts_at=_moment(begins),
        ends_at=_moment(ends),
        zone=_zone(start, begins),
        all_day=begins is not None and not isinstance(begins, datetime),
    )


def _line(value: object) -> str:
    return str(value).strip()[:500]


def _value(property_: Any) -> str:
    return property_.to_ical().decode("utf-8", "replace")[:500] if property_ is not None else ""


def _local(value: date | None) -> str:
    if value is None:
        return ""
    return value.strftime("%Y%m%dT%H%M%S" if isinstance(value, datetime) else "%Y%m%d")


def _moment(value: date | None) -> datetime | None:
    """The time as a moment; None for a day, and for a time that is everywhere the local one."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        return None
    try:
        return value.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def _zone(property_: Any, value: date | None) -> str:
    named = str(property_.params.get("TZID", "")) if property_ is not None else ""
    if named:
        return named[:100]
    zone: tzinfo | None = value.tzinfo if isinstance(value, datetime) else None
    return "UTC" if zone is not None and zone.utcoffset(None) in (timedelta(0), None) else ""
