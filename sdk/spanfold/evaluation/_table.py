"""Rows in memory, column by column, and how they are read from what people have."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError

if TYPE_CHECKING:
    import pandas as pd

_KINDS: Final = (
    "a pandas DataFrame, an Arrow table, a list of dicts, a dict of columns, or the path of a "
    ".csv, .jsonl or .json file"
)
_MAX_NAMES: Final = 30


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of equal length.

    Example:
        >>> list(Table({"a": [1, 2]}, 2))
        [{'a': 1}, {'a': 2}]
    """

    columns: Mapping[str, Sequence[Any]]
    row_count: int

    @property
    def names(self) -> Sequence[str]:
        """The columns' names, in order."""
        return tuple(self.columns)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        names = self.names
        for values in zip(*self.columns.values(), strict=True):
            yield dict(zip(names, values, strict=True))

    def require(self, argument: str, name: object) -> Sequence[Any]:
        """The column that an argument names.

        Raises:
            InvalidArgumentError: there is none; the message lists those that there are.
        """
        if not isinstance(name, str):
            message = f"{argument}: the name of a column, not {type(name).__name__}"
            raise InvalidArgumentError(message)
        if name not in self.columns:
            message = f"{argument}={name!r}: the data has no such column; it has {self.listed()}"
            raise InvalidArgumentError(message)
        return self.columns[name]

    def listed(self) -> str:
        """The columns' names, for messages."""
        names = [repr(name) for name in self.names]
        more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
        return (", ".join(names[:_MAX_NAMES]) or "none") + more


def read(data: object) -> Table:
    """Read rows from what ``data`` may be.

    Missing values (NaN in a data frame, null in a file, a key that a row lacks) are None.

    Raises:
        InvalidArgumentError: it is none of what it may be, is empty, or its columns differ in length.
    """
    match data:
        case None:
            raise InvalidArgumentError(f"data: the rows to evaluate are missing; give {_KINDS}")
        case str() | Path():
            table = _of_file(Path(data))
        case Mapping():
            table = of_columns(data)
        case _ if hasattr(data, "iloc") and hasattr(data, "columns"):
            table = _of_frame(data)
        case _ if hasattr(data, "to_pydict"):
            table = of_columns(data.to_pydict())
        case Sequence() if not isinstance(data, bytes | bytearray):
            table = of_rows(data)
        case _:
            raise InvalidArgumentError(f"data: {type(data).__name__} cannot be read as rows; give {_KINDS}")
    if not table.row_count:
        raise InvalidArgumentError("data: there are no rows to evaluate")
    return table


def of_columns(columns: Mapping[Any, Any]) -> Table:
    """A table of columns: lists, arrays, Series.

    Raises:
        InvalidArgumentError: a name is no text, a column is none, or their lengths differ.
    """
    taken = dict[str, list[Any]]()
    for name, values in columns.items():
        if isinstance(values, str | bytes | Mapping) or not hasattr(values, "__len__"):
            message = f"data[{name!r}]: a column is a list with a value a row, not {type(values).__name__}"
            raise InvalidArgumentError(message)
        taken[_name(name)] = as_list(values)
    lengths = {name: len(values) for name, values in taken.items()}
    if len(set(lengths.values())) > 1:
        shortest, longest = min(lengths, key=lengths.__getitem__), max(lengths, key=lengths.__getitem__)
        message = (
            f"data: columns differ in length: {shortest!r} has {lengths[shortest]} values, {longest!r} has "
            f"{lengths[longest]}"
        )
        raise InvalidArgumentError(message)
    return Table(taken, next(iter(lengths.values()), 0))


def of_rows(rows: Sequence[Any]) -> Table:
    """A table of rows; a key that a row lacks is None there.

    Raises:
        InvalidArgumentError: a row is no dict.
    """
    names = dict[str, None]()
    for index, row in enumerate(rows):
        if not isinstance(row, Mapping):
            message = f"data[{index}]: a row is a dict of values by column, not {type(row).__name__}"
            raise InvalidArgumentError(message)
        names.update(dict.fromkeys(row))
    return Table({_name(name): [row.get(name) for row in rows] for name in names}, len(rows))


def as_list(values: Any) -> list[Any]:
    """A column as a list of Python's own values; what pandas and NumPy have for missing ones is None."""
    if hasattr(values, "isna"):  # a pandas Series, or an array of its types
        missing = values.isna()
        plain = list(values.tolist())
        if not missing.any():
            return plain
        return [None if absent else value for value, absent in zip(plain, missing, strict=True)]
    if hasattr(values, "to_pylist"):
        return list(values.to_pylist())
    if hasattr(values, "tolist"):
        return list(values.tolist())
    return list(values)


def frame_of(columns: Mapping[str, Sequence[Any]]) -> pd.DataFrame:
    """A data frame of the columns. Needs pandas."""
    import pandas as pd  # noqa: PLC0415 - optional, and slow to import

    try:
        return pd.DataFrame(dict(columns))
    except UnicodeEncodeError:  # half of a character: its own type of text cannot hold it
        frame = pd.DataFrame(dict(enumerate(pd.Series(values, dtype=object) for values in columns.values())))
        frame.columns = pd.Index(list(columns), dtype=object)
        return frame


def _of_frame(frame: Any) -> Table:
    names = [_name(name) for name in frame.columns]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidArgumentError(f"data: two columns are called {twice!r}")
    return Table({name: as_list(frame.iloc[:, index]) for index, name in enumerate(names)}, len(frame))


def _of_file(path: Path) -> Table:
    suffix = path.suffix.lower()
    readers = {".csv": _csv, ".jsonl": _json_lines, ".ndjson": _json_lines, ".json": _json}
    if suffix not in readers:
        message = f"data: {str(path)!r} ends in none of {', '.join(readers)}"
        raise InvalidArgumentError(message)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise InvalidArgumentError(f"data: {str(path)!r} cannot be read: {fault}") from fault
    return readers[suffix](text, path)


def _csv(text: str, path: Path) -> Table:
    """CSV has text only; an empty field is empty text."""
    limit = csv.field_size_limit(2**31 - 1)
    try:
        reader = csv.reader(text.splitlines(keepends=True), strict=True)
        names = next(reader, [])
        if len(set(names)) < len(names):
            raise InvalidArgumentError(f"data: two columns of {str(path)!r} have one name")
        columns = dict[str, list[Any]]((name, []) for name in names)
        for row in reader:
            if not row:
                continue
            if len(row) != len(names):
                message = (
                    f"data: {str(path)!r}, line {reader.line_num}: {len(row)} fields for {len(names)} columns"
                )
                raise InvalidArgumentError(message)
            for name, value in zip(names, row, strict=True):
                columns[name].append(value)
    except csv.Error as fault:
        raise InvalidArgumentError(f"data: {str(path)!r} is no CSV: {fault}") from fault
    finally:
        csv.field_size_limit(limit)
    return Table(columns, len(next(iter(columns.values()), [])))


def _json_lines(text: str, path: Path) -> Table:
    rows = list[Any]()
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                rows.append(json.loads(line))
            except ValueError as fault:
                raise InvalidArgumentError(f"data: {str(path)!r}, line {number}: {fault}") from fault
    return of_rows(rows)


def _json(text: str, path: Path) -> Table:
    try:
        value = json.loads(text)
    except ValueError as fault:
        raise InvalidArgumentError(f"data: {str(path)!r} is no JSON: {fault}") from fault
    if isinstance(value, dict):
        return of_columns(value)
    if isinstance(value, list):
        return of_rows(value)
    raise InvalidArgumentError(f"data: {str(path)!r} holds neither a list of rows nor an object of columns")


def _name(name: object) -> str:
    if not isinstance(name, str):
        message = f"data: names of columns are text, not {type(name).__name__}: rename {name!r}"
        raise InvalidArgumentError(message)
    return name
