"""What makes a new version of an event's schema break those who know the old one."""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]


def breaks(old: Schema, new: Schema) -> list[str]:
    """Why a consumer that knows ``old`` could fail on a document of ``new``; empty where the change only adds.

    Both are JSON Schemas as pydantic makes them: objects under ``$defs``, referred to by name.
    """
    return sorted(set(_object_breaks(old, new, "")) | set(_defs_breaks(old, new)))


def _defs_breaks(old: Schema, new: Schema) -> Iterator[str]:
    news = new.get("$defs", {})
    for name, schema in old.get("$defs", {}).items():
        if name in news:
            yield from _object_breaks(schema, news[name], f"{name}.")


def _object_breaks(old: Schema, new: Schema, where: str) -> Iterator[str]:
    for name, was in old.get("properties", {}).items():
        now = new.get("properties", {}).get(name)
        if now is None:
            yield f"{where}{name} is gone"
            continue
        if not _kinds(now) <= _kinds(was):
            yield f"{where}{name} may now be {', '.join(sorted(_kinds(now) - _kinds(was)))}"
        if name in old.get("required", ()) and name not in new.get("required", ()):
            yield f"{where}{name} may now be absent"


def _kinds(schema: Schema) -> set[str]:
    """The kinds of value that a schema lets through: types, referred names, literals."""
    if "anyOf" in schema:
        return {kind for part in schema["anyOf"] for kind in _kinds(part)}
    if "enum" in schema:
        return {repr(value) for value in schema["enum"]}
    if "const" in schema:
        return {repr(schema["const"])}
    if "$ref" in schema:
        return {schema["$ref"].rpartition("/")[2]}
    kind = str(schema.get("type", "anything"))
    if kind == "array":
        return {f"array of {part}" for part in _kinds(schema.get("items", {}))}
    return {kind}
