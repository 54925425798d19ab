"""What a model is given, as rows: a data frame, columns, rows, or a single one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from spanfold.errors import InvalidArgumentError

CONTENT: Final = "content"
"""The column of a model whose template has no variable."""
MESSAGES: Final = "messages"
"""The column of a whole conversation: it follows the model's own messages."""
_PANDAS_MISSING: Final = frozenset({"NAType", "NaTType"})
"""By name: pandas may not be installed, and ``pandas.NA`` cannot be compared."""
_KINDS: Final = "a data frame, a dict of columns, a list of dicts or texts, one dict or one text"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows by the names of their columns.

    Example:
        >>> list(rows_of({"question": ["a", "b"]}))
        [{'question': 'a'}, {'question': 'b'}]
    """

    names: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Any:
        return iter(self.rows)

    def one(self, name: str | None = None) -> list[Any]:
        """The values of one column: of ``name``, or of the only one.

        Raises:
            InvalidArgumentError: it is not clear which column is meant.
        """
        if name is not None and name in self.names:
            return [row[name] for row in self.rows]
        if len(self.names) == 1:
            return [row[self.names[0]] for row in self.rows]
        wanted = name or CONTENT
        message = f"model_input: the model reads one column, {wanted!r}; it was given {_listed(self.names)}"
        raise InvalidArgumentError(message)

    def require(self, names: Sequence[str]) -> None:
        """See to it that all these columns are there.

        Raises:
            InvalidArgumentError: one is missing; the message names it, and those that there are.
        """
        missing = [name for name in names if name not in self.names]
        if missing:
            message = (
                f"model_input: the column {missing[0]!r} is missing, a variable of the model's template; it "
                f"was given {_listed(self.names)}"
            )
            raise InvalidArgumentError(message)


def rows_of(model_input: Any, only: str = CONTENT) -> Rows:
    """Read rows from whatever a model may be given.

    Args:
        model_input: the rows.
        only: the name of the column where values come without one.

    Raises:
        InvalidArgumentError: it cannot be read as rows, or its columns differ in length.
    """
    if hasattr(model_input, "iloc") and hasattr(model_input, "columns"):
        names = [str(name) for name in model_input.columns]
        columns = {name: model_input.iloc[:, at].tolist() for at, name in enumerate(names)}
        return _of_columns(columns)
    if hasattr(model_input, "tolist"):  # a Series, or an array
        model_input = model_input.tolist()
    if isinstance(model_input, str):
        return Rows((only,), ({only: model_input},))
    if isinstance(model_input, Mapping):
        values = list(model_input.values())
        # A conversation is a list, too, but one row's.
        is_row = not values or not all(_is_column(name, value) for name, value in model_input.items())
        return _of_rows([model_input], only) if is_row else _of_columns(model_input)
    if isinstance(model_input, Sequence) and not isinstance(model_input, bytes | bytearray):
        return _of_rows(model_input, only)
    raise InvalidArgumentError(f"model_input: {_KINDS}, not {type(model_input).__name__}")


def is_missing(value: object) -> bool:
    """Whether a cell is empty: None, or what data frames put in its place."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    return type(value).__name__ in _PANDAS_MISSING and type(value).__module__.startswith("pandas.")


def _is_column(name: object, value: object) -> bool:
    if isinstance(value, str | bytes | Mapping) or not hasattr(value, "__len__"):
        return False
    if name != MESSAGES:
        return True
    items: Any = value
    return not any(isinstance(one, Mapping) and "role" in one for one in items)


def _of_columns(columns: Mapping[Any, Any]) -> Rows:
    lengths = {str(name): len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InvalidArgumentError(f"model_input: columns differ in length: {lengths}")
    names = tuple(lengths)
    taken = [value.tolist() if hasattr(value, "tolist") else list(value) for value in columns.values()]
    return Rows(names, tuple(dict(zip(names, row, strict=True)) for row in zip(*taken, strict=True)))


def _of_rows(rows: Sequence[Any], only: str) -> Rows:
    if any(isinstance(row, Mapping) for row in rows):
        if rows and all(isinstance(row, Mapping) and "role" in row and "content" in row for row in rows):
            return Rows((MESSAGES,), ({MESSAGES: list(rows)},))  # one conversation
        faults = [index for index, row in enumerate(rows) if not isinstance(row, Mapping)]
        if faults:
            message = (
                f"model_input[{faults[0]}]: a dict like the others, not {type(rows[faults[0]]).__name__}"
            )
            raise InvalidArgumentError(message)
        names = tuple(dict.fromkeys(str(name) for row in rows for name in row))
        return Rows(names, tuple({name: row.get(name) for name in names} for row in rows))
    return Rows((only,), tuple({only: row} for row in rows))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names)) or "no column"
