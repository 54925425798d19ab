"""What a model takes and gives: MLflow's signatures, in its JSON."""

from __future__ import annotations

import inspect
import json
import typing
from dataclasses import dataclass
from typing import Any, Final, get_type_hints

from spanfold.errors import InvalidArgumentError
from spanfold.pyfunc import _types

if typing.TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from spanfold.pyfunc._types import DataType

_OF_HINTS: Final = {str: "string", int: "long", float: "double", bool: "boolean", bytes: "binary"}
_MAX_EXAMPLES: Final = 1_000
"""Rows of an example that are looked at."""


@dataclass(frozen=True, slots=True)
class ColSpec:
    """One column of a model's input or output."""

    type: DataType
    name: str | None = None
    """None: the only one, of values without a name."""
    required: bool = True

    def __post_init__(self) -> None:
        """Check the type.

        Raises:
            InvalidArgumentError: there is no such type.
        """
        _types.check(f"column {self.name!r}", self.type)

    def to_dict(self) -> dict[str, Any]:
        """As MLflow writes it."""
        kind = {"type": self.type} if isinstance(self.type, str) else dict(self.type)
        return {**kind, **({} if self.name is None else {"name": self.name}), "required": self.required}


@dataclass(frozen=True, slots=True)
class ParamSpec:
    """One parameter of ``predict``, with the value it has where the caller says none."""

    name: str
    type: DataType
    default: Any = None

    def to_dict(self) -> dict[str, Any]:
        """As MLflow writes it."""
        return {"name": self.name, "type": self.type, "default": self.default, "shape": None}


@dataclass(frozen=True, slots=True)
class ModelSignature:
    """A model's columns and parameters.

    Example:
        >>> signature = infer_signature({"question": ["why?"]}, ["because"], {"temperature": 0.1})
        >>> signature.input_names
        ('question',)
        >>> signature.params[0].default
        0.1
    """

    inputs: tuple[ColSpec, ...] | None = None
    """None: not known, so anything goes."""
    outputs: tuple[ColSpec, ...] | None = None
    params: tuple[ParamSpec, ...] | None = None

    @property
    def input_names(self) -> tuple[str, ...]:
        """The named columns of the input."""
        return tuple(one.name for one in self.inputs or () if one.name is not None)

    def to_dict(self) -> dict[str, str | None]:
        """As it stands in ``MLmodel``: JSON texts, as MLflow writes them."""
        return {
            name: None if specs is None else json.dumps([one.to_dict() for one in specs])
            for name, specs in (("inputs", self.inputs), ("outputs", self.outputs), ("params", self.params))
        }

    @classmethod
    def from_dict(cls, written: Mapping[str, Any]) -> ModelSignature:
        """What :meth:`to_dict` wrote.

        Raises:
            InvalidArgumentError: it is no signature.
        """
        try:
            inputs, outputs = (_columns_of(written.get(side)) for side in ("inputs", "outputs"))
            return cls(inputs, outputs, _params_of(written))
        except (KeyError, TypeError, ValueError, AttributeError) as fault:
            raise InvalidArgumentError(f"signature: {written!r} is none: {fault}") from fault


def infer_signature(
    model_input: Any = None, model_output: Any = None, params: Mapping[str, Any] | None = None
) -> ModelSignature:
    """The signature of a model that takes and gives such values.

    Args:
        model_input: an example: a data frame, a dict of columns, a list of rows or of values, a value.
        model_output: what comes of it.
        params: parameters of ``predict`` and their defaults.

    Raises:
        InvalidArgumentError: an example has columns of differing length, or names that are no text.
    """
    specs = None
    if params is not None:
        specs = tuple(ParamSpec(str(name), _types.inferred(value), value) for name, value in params.items())
    return ModelSignature(_inferred(model_input), _inferred(model_output), specs)


def of_names(names: Iterable[str]) -> ModelSignature:
    """The signature of a model that fills texts into a template, and gives a text a row.

    Example:
        >>> of_names(["question"]).inputs[0].to_dict()
        {'type': 'string', 'name': 'question', 'required': True}
    """
    return ModelSignature(tuple(ColSpec("string", name) for name in names), (ColSpec("string"),))


def of_hints(function: Callable[..., Any]) -> ModelSignature | None:
    """The signature that type hints tell, such as ``list[str]``; None if they do not."""
    hint = input_hint(function)
    if hint is None or not (kind := _OF_HINTS.get(typing.get_args(hint)[0])):
        return None
    return ModelSignature((ColSpec(kind),))


def input_hint(function: Callable[..., Any]) -> Any:
    """The hint of the argument that takes the rows, if it is a ``list[...]``; else None."""
    try:
        hints = get_type_hints(function)
        names = [name for name in inspect.signature(function).parameters if name not in {"self", "context"}]
    except (TypeError, ValueError, NameError, AttributeError):
        return None
    hint = hints.get(names[0]) if names else None
    return hint if typing.get_origin(hint) is list and typing.get_args(hint) else None


def is_scalar_hint(hint: Any) -> bool:
    """Whether it is a list of values that are no rows: ``list[str]``."""
    return typing.get_args(hint)[0] in _OF_HINTS


def _inferred(example: Any) -> tuple[ColSpec, ...] | None:
    if example is None:
        return None
    from spanfold.pyfunc import _inputs  # noqa: PLC0415 - it reads signatures, too

    columns = _inputs.columns_of(example)
    if columns is None:  # values without a name
        values = list(example) if _inputs.is_list(example) else [example]
        return (_column(None, values),)
    return tuple(_column(name, values) for name, values in columns.items())


def _column(name: str | None, values: Any) -> ColSpec:
    looked_at = list(values)[:_MAX_EXAMPLES]
    kinds = [_types.inferred(one) for one in looked_at if one is not None]
    return ColSpec(_types.common(kinds), name, required=len(kinds) == len(looked_at))


def _columns_of(written: Any) -> tuple[ColSpec, ...] | None:
    if written is None:
        return None
    columns = json.loads(written) if isinstance(written, str) else written
    return tuple(_column_of(one) for one in columns)


def _column_of(written: Mapping[str, Any]) -> ColSpec:
    if written["type"] == "tensor":  # MLflow's arrays of numbers: no columns, and nothing that we could check
        return ColSpec("any", written.get("name"))
    of_type = {key: one for key, one in written.items() if key not in {"name", "required"}}
    kind = written["type"] if written["type"] in _types.SCALARS else of_type
    return ColSpec(kind, written.get("name"), bool(written.get("required", True)))


def _params_of(written: Mapping[str, Any]) -> tuple[ParamSpec, ...] | None:
    params = written.get("params")
    if params is None:
        return None
    params = json.loads(params) if isinstance(params, str) else params
    return tuple(ParamSpec(one["name"], one["type"], one.get("default")) for one in params)
