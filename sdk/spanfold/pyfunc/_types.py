"""Types of values, as signatures name them: MLflow's names and their JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from spanfold.errors import InvalidArgumentError

SCALARS: Final = (
    "boolean", "integer", "long", "float", "double", "string", "binary", "datetime", "any",
)  # fmt: skip
_NUMBERS: Final = ("integer", "long", "float", "double")
_INT_BITS: Final = {"integer": 32, "long": 64}

DataType = str | Mapping[str, Any]
"""A name of :data:`SCALARS`; ``{"type": "array", "items": ...}``;
``{"type": "object", "properties": ...}``"""


def check(where: str, kind: object) -> None:
    """See to it that a type is one.

    Raises:
        InvalidArgumentError: it is none; the message names the place and the types that there are.
    """
    if isinstance(kind, str) and kind in SCALARS:
        return
    if isinstance(kind, Mapping):
        if kind.get("type") == "array":
            check(f"{where}.items", kind.get("items"))
            return
        properties = kind.get("properties")
        if kind.get("type") == "object" and isinstance(properties, Mapping):
            for name, one in properties.items():
                check(f"{where}.{name}", one.get("type") if _is_scalar_property(one) else one)
            return
        if _is_scalar_property(kind):
            return
    raise InvalidArgumentError(
        f"{where}: {kind!r} is no type; there are {', '.join(SCALARS)}, arrays and objects of them"
    )


def inferred(value: Any) -> DataType:
    """The type of an example.

    Example:
        >>> inferred(3), inferred(["a"]), inferred({"role": "user"})["properties"]
        ('long', {'type': 'array', 'items': 'string'}, {'role': {'type': 'string', 'required': True}})
    """
    value = value.item() if hasattr(value, "item") and getattr(value, "ndim", 0) == 0 else value
    match value:
        case bool():
            return "boolean"
        case int():
            return "long"
        case float():
            return "double"
        case str():
            return "string"
        case bytes() | bytearray():
            return "binary"
        case dt.datetime() | dt.date():
            return "datetime"
        case Mapping():
            properties = {str(name): _property(inferred(one), one) for name, one in value.items()}
            return {"type": "object", "properties": properties}
        case list() | tuple():
            return {"type": "array", "items": common([inferred(one) for one in value])}
        case _ if hasattr(value, "tolist"):
            return inferred(value.tolist())
    return "any"


def common(kinds: list[DataType]) -> DataType:
    """One type for values of several.

    Example:
        >>> common(["long", "double"]), common(["long", "string"])
        ('double', 'any')
    """
    first = kinds[0] if kinds else "any"
    if all(kind == first for kind in kinds):
        return first
    if all(kind in _NUMBERS for kind in kinds):
        return "double"
    return "any"


def converted(where: str, value: Any, kind: DataType) -> Any:
    """A value as its type has it: whole numbers where numbers are wanted, and nothing that loses anything.

    Raises:
        InvalidArgumentError: the value is of another type; the message names the place and both types.
    """
    if value is None or kind == "any":
        return value
    if isinstance(kind, Mapping) and not _is_scalar_property(kind):
        return _nested(where, value, kind)
    name = kind["type"] if isinstance(kind, Mapping) else kind
    given = inferred(value)
    if name in _INT_BITS and given in _NUMBERS and _is_whole(value, _INT_BITS[name]):
        return int(value)
    if (name == given and name not in _INT_BITS) or (name == "datetime" and isinstance(value, str)):
        return value
    if name in {"float", "double"} and given in _NUMBERS:
        return float(value)
    shown = given if isinstance(given, str) else given["type"]
    raise InvalidArgumentError(f"{where}: the model takes {name}, not {shown} ({_shortened(value)})")


def _nested(where: str, value: Any, kind: Mapping[str, Any]) -> Any:
    if kind.get("type") == "array":
        value = value.tolist() if hasattr(value, "tolist") else value
        if not isinstance(value, list | tuple):
            raise InvalidArgumentError(f"{where}: the model takes an array, not {type(value).__name__}")
        return [converted(f"{where}[{at}]", one, kind["items"]) for at, one in enumerate(value)]
    if not isinstance(value, Mapping):
        raise InvalidArgumentError(f"{where}: the model takes an object, not {type(value).__name__}")
    made = dict(value)
    for name, one in kind["properties"].items():
        if name in value:
            made[name] = converted(f"{where}.{name}", value[name], one)
        elif one.get("required", True):
            raise InvalidArgumentError(f"{where}.{name}: is missing")
    return made


def _is_scalar_property(kind: object) -> bool:
    """Whether it is ``{"type": "string", "required": ...}``, as objects' properties have it."""
    return isinstance(kind, Mapping) and kind.get("type") in SCALARS


def _property(kind: DataType, value: object) -> dict[str, Any]:
    made = {"type": kind} if isinstance(kind, str) else dict(kind)
    return {**made, "required": value is not None}


def _is_whole(value: float, bits: int) -> bool:
    return float(value).is_integer() and -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"  # noqa: PLR2004 - of one line
