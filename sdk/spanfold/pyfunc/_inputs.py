"""What ``predict`` is given, made into what a model takes."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError
from spanfold.pyfunc import _types

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spanfold.pyfunc._signature import ColSpec, ModelSignature

CONTENT: Final = "content"
"""The column of texts that come without a name, where the model says no other."""


def is_list(value: object) -> bool:
    """Whether it is several values in order: a list, a tuple, an array or a Series."""
    return isinstance(value, list | tuple) or (hasattr(value, "tolist") and getattr(value, "ndim", 0) == 1)


def columns_of(given: Any) -> dict[str, list[Any]] | None:
    """The columns of a data frame, an Arrow table, a dict or a list of dicts; None where nothing has a name.

    A dict is one row where a value is no list, or is a list of objects, such as the messages of a chat.

    Raises:
        InvalidArgumentError: columns differ in length, or a name is no text.
    """
    if hasattr(given, "iloc") and hasattr(given, "columns"):
        return {_name(name): as_list(given.iloc[:, at]) for at, name in enumerate(given.columns)}
    if hasattr(given, "to_pydict"):
        return {_name(name): list(values) for name, values in given.to_pydict().items()}
    if isinstance(given, Mapping):
        if not given or not all(_is_column(values) for values in given.values()):
            return {_name(name): [value] for name, value in given.items()}
        columns = {_name(name): as_list(values) for name, values in given.items()}
        lengths = {len(values) for values in columns.values()}
        if len(lengths) > 1:
            raise InvalidArgumentError(
                "model_input: columns differ in length: "
                + ", ".join(f"{name!r} has {len(values)}" for name, values in columns.items())
            )
        return columns
    if is_list(given) and len(given) and all(isinstance(row, Mapping) for row in given):
        names = dict.fromkeys(name for row in given for name in row)
        return {_name(name): [row.get(name) for row in given] for name in names}
    return None


def _is_column(values: object) -> bool:
    return is_list(values) and not any(isinstance(one, Mapping) for one in list(values)[:1])  # type: ignore[call-overload]


def as_list(values: Any) -> list[Any]:
    """A column as a list of Python's own values; what pandas has for missing ones is None."""
    from spanfold.evaluation._table import as_list as plain  # noqa: PLC0415 - it is not loaded before

    return plain(values)


def to_table(columns: Mapping[str, Sequence[Any]]) -> Any:
    """A data frame where pandas is installed, else a dict of lists."""
    if find_spec("pandas") is None:
        return {name: list(values) for name, values in columns.items()}
    from spanfold.evaluation._table import frame_of  # noqa: PLC0415 - loads pandas

    return frame_of(columns)


def converted(given: Any, signature: ModelSignature | None, *, is_table: bool) -> Any:
    """The input of a model.

    Args:
        given: what the caller of ``predict`` gave.
        signature: of the model; None or one without inputs: nothing is checked.
        is_table: whether the model takes columns whatever its signature says.

    Raises:
        InvalidArgumentError: a column is missing or of another type; the message names it.
    """
    specs = None if signature is None else signature.inputs
    if not specs:
        return to_table(columns_of(given) or {CONTENT: _values(given)}) if is_table else given
    if len(specs) == 1 and specs[0].name is None:
        return _unnamed(given, specs[0], is_table=is_table)
    columns = {name: [value] for name, value in given.items()} if _is_row(given, specs) else columns_of(given)
    if columns is None:
        required = [spec for spec in specs if spec.required]
        if len(specs) > 1 and len(required) != 1:
            names = ", ".join(repr(spec.name) for spec in specs)
            raise InvalidArgumentError(
                f"model_input: the model takes the columns {names}; give a data frame, a dict or a list of "
                "dicts"
            )
        columns = {str((required or specs)[0].name): _values(given)}
    return to_table(_checked(columns, specs))


def with_defaults(
    params: Mapping[str, Any] | None, signature: ModelSignature | None
) -> dict[str, Any] | None:
    """The parameters of a call, with the signature's defaults; None where there are none.

    A model whose signature names no parameters gets what the caller gives.

    Raises:
        InvalidArgumentError: one is not known, or of another type; the message names it.
    """
    if params is not None and not isinstance(params, Mapping):
        raise InvalidArgumentError(f"params: a dict of values by name, not {type(params).__name__}")
    specs = None if signature is None else signature.params
    if specs is None:
        return None if params is None else dict(params)
    known = {spec.name: spec for spec in specs}
    if unknown := [name for name in params or {} if name not in known]:
        listed = ", ".join(repr(name) for name in known) or "none"
        raise InvalidArgumentError(
            f"params[{unknown[0]!r}]: the model has no such parameter; it has {listed}"
        )
    made = {name: spec.default for name, spec in known.items()}
    for name, value in (params or {}).items():
        made[name] = _types.converted(f"params[{name!r}]", value, known[name].type)
    return made


def row_count(given: Any) -> int | None:
    """How many rows an input has; None where it cannot be told."""
    columns = columns_of(given)
    if columns is not None:
        return len(next(iter(columns.values()), []))
    return len(given) if is_list(given) else None


def _unnamed(given: Any, spec: ColSpec, *, is_table: bool) -> Any:
    """A list of values of one type."""
    columns = columns_of(given)
    if columns is None or spec.type == "any":
        values = _values(given)
    elif isinstance(spec.type, Mapping) and spec.type.get("type") == "object":
        values = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    elif len(columns) == 1:
        (values,) = columns.values()
    else:
        raise InvalidArgumentError(f"model_input: the model takes one column, and {len(columns)} are given")
    values = [_types.converted(f"model_input[{at}]", one, spec.type) for at, one in enumerate(values)]
    return to_table({CONTENT: values}) if is_table else values


def _is_row(given: Any, specs: Sequence[ColSpec]) -> bool:
    """Whether a dict is one row, some of whose values are arrays, rather than columns."""
    return isinstance(given, Mapping) and any(
        isinstance(spec.type, Mapping)
        and spec.type.get("type") == "array"
        and is_list(given.get(spec.name))
        and not all(is_list(one) or one is None for one in given[spec.name])
        for spec in specs
    )


def _values(given: Any) -> list[Any]:
    return as_list(given) if is_list(given) else [given]


def _checked(columns: Mapping[str, list[Any]], specs: Sequence[ColSpec]) -> dict[str, list[Any]]:
    """The columns that the model takes, in its order, each of its type."""
    made = dict[str, list[Any]]()
    for spec in specs:
        name = str(spec.name)
        if name in columns:
            made[name] = [
                _types.converted(f"model_input[{name!r}][{at}]", one, spec.type)
                for at, one in enumerate(columns[name])
            ]
        elif spec.required:
            given = ", ".join(repr(one) for one in columns) or "none"
            raise InvalidArgumentError(f"model_input: the column {name!r} is missing; given are {given}")
    return made


def _name(name: object) -> str:
    if not isinstance(name, str):
        raise InvalidArgumentError(
            f"model_input: names of columns are text, not {type(name).__name__}: rename {name!r}"
        )
    return name
