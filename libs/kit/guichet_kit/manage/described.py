"""Every setting of a service, as its code declares it: what the tables of docs/operations.md are made from."""

from pathlib import Path
from typing import Any, get_args, get_origin

import orjson
from pydantic_core import PydanticUndefined

from guichet_kit.settings import ServiceSettings


def described(settings: type[ServiceSettings]) -> list[dict[str, Any]]:
    """Every setting: its environment variable, type, default (None: must be given), and what it is."""
    prefix = settings.model_config.get("env_prefix", "")
    shared = ServiceSettings.model_fields.keys()
    return [
        {
            "name": f"{prefix}{name}".upper(),
            "type": _type(info.annotation),
            "required": info.is_required(),
            "default": None if info.default is PydanticUndefined else _default(info.default),
            "shared": name in shared,
            "description": info.description or "",
        }
        for name, info in settings.model_fields.items()
    ]


def _type(annotation: Any) -> str:
    if get_origin(annotation) is not None and str(get_origin(annotation)) == "typing.Literal":
        return " or ".join(str(value) for value in get_args(annotation))
    inner = [_type(one) for one in get_args(annotation) if one not in (type(None), Ellipsis)]
    if get_origin(annotation) is tuple:
        return f"JSON list of {inner[0]}"
    if inner:
        return inner[0]
    plain = {str: "text", int: "whole number", float: "number", bool: "true or false", Path: "path"}
    return plain.get(annotation, "secret text" if "Secret" in annotation.__name__ else annotation.__name__.lower())


def _default(value: Any) -> str | None:
    if isinstance(value, Path):
        return f"…/{'/'.join(value.parts[-3:])}"  # its beginning is where this copy lies
    if isinstance(value, tuple):
        return orjson.dumps(value, default=str).decode()
    return None if value is None else str(value)
