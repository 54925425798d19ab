"""A result as files and frames: JSON, CSV, a folder; pandas and Arrow where they are installed."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError
from spanfold.evaluation._table import Table, frame_of

if TYPE_CHECKING:
    from os import PathLike

    import pandas as pd
    import pyarrow as pa

    from spanfold.evaluation._result import EvaluationResult, Rows

FORMAT: Final = 1
"""Of saved results; a later release that changes it still reads this one."""
_RESULT: Final = "result.json"
_ROWS: Final = "rows.jsonl"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_FIELDS: Final = (
    *("evaluation_id", "name", "source", "status", "reason", "run_id", "model_ids"),
    *("errors", "unmapped", "cost_usd", "calls", "duration_s"),
)


def to_pandas(rows: Rows) -> pd.DataFrame:
    """The rows as a data frame.

    Raises:
        InvalidArgumentError: pandas is not installed.
    """
    if find_spec("pandas") is None:
        raise InvalidArgumentError("a data frame needs pandas: pip install 'spanfold[dataframe]'")
    return frame_of(_columns(rows))


def to_arrow(rows: Rows) -> pa.Table:
    """The rows as an Arrow table.

    Raises:
        InvalidArgumentError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional, and slow to import
    except ImportError:
        raise InvalidArgumentError(
            "an Arrow table needs pyarrow: pip install 'spanfold[dataframe]'"
        ) from None
    arrays = dict[str, Any]()
    for name, values in _columns(rows).items():
        plain_values = [plain(value) for value in values]
        stored_as = _storable(name)
        try:
            arrays[stored_as] = pa.array(plain_values)
        except (pa.ArrowException, OverflowError, UnicodeEncodeError):
            arrays[stored_as] = pa.array(
                [None if value is None else _storable(value) for value in plain_values]
            )
    return pa.table(arrays)


def to_json(result: EvaluationResult, path: str | PathLike[str] | None) -> str:
    """All of it as JSON."""
    text = _dumped({**head(result), "rows": [_plain_row(row) for row in result.rows]})
    if path is not None:
        Path(path).write_text(text + "\n", encoding="utf-8")
    return text


def to_csv(rows: Rows, path: str | PathLike[str], *, for_spreadsheets: bool) -> None:
    """The rows as CSV; what is neither text nor a number is JSON."""
    names = list(rows.names)

    def cell(value: Any) -> Any:
        value = plain(value)
        if value is None or isinstance(value, int | float):
            return value
        text = text_of(value)
        return f"'{text}" if for_spreadsheets and text.startswith(_FORMULA) else text

    with Path(path).open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([cell(name) for name in names])
        for row in rows:
            writer.writerow([cell(row.get(name)) for name in names])


def save(result: EvaluationResult, folder: str | PathLike[str]) -> None:
    """Write the result into a folder; the file that makes it a result comes last."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    row_count = 0
    # Written aside first: the rows may be read from the very file that is replaced.
    aside = target / f"{_ROWS}.new"
    with aside.open("w", encoding="utf-8") as file:
        for row in result.rows:
            file.write(_dumped(_plain_row(row)) + "\n")
            row_count += 1
    aside.replace(target / _ROWS)
    content = {
        "format": FORMAT,
        **head(result),
        "columns": list(result.rows.names),
        "row_count": row_count,
        "roles": asdict(result.roles),
    }
    (target / _RESULT).write_text(_dumped(content) + "\n", encoding="utf-8")


def load(folder: str | PathLike[str]) -> EvaluationResult:
    """Read a saved result.

    Raises:
        InvalidArgumentError: there is none, or it is of a later release.
    """
    from spanfold.evaluation._result import EvaluationResult, MetricInfo, Roles  # noqa: PLC0415 - no circle

    source = Path(folder)
    try:
        content = json.loads((source / _RESULT).read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        message = f"folder: {str(source)!r} holds no result of EvaluationResult.save(): {fault}"
        raise InvalidArgumentError(message) from fault
    if content["format"] > FORMAT:
        message = f"folder: {str(source)!r} was saved by a later release of spanfold: install that one"
        raise InvalidArgumentError(message)
    roles = content["roles"]
    return EvaluationResult(
        **{name: content[name] for name in _FIELDS if name != "model_ids"},
        model_ids=tuple(content["model_ids"]),
        metrics={key: math.nan if value is None else value for key, value in content["metrics"].items()},
        infos=tuple(MetricInfo(**one) for one in content["infos"]),
        roles=Roles(tuple(roles["inputs"]), roles["outputs"], roles["target"]),
        rows=SavedRows(source / _ROWS, tuple(content["columns"]), content["row_count"]),
    )


@dataclass(frozen=True, slots=True)
class SavedRows:
    """Rows in a file, read one at a time."""

    path: Path
    names: Sequence[str]
    row_count: int | None

    def __iter__(self) -> Iterator[dict[str, Any]]:
        with self.path.open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)


def head(result: EvaluationResult) -> dict[str, Any]:
    """All but the rows."""
    fields = {name: getattr(result, name) for name in _FIELDS}
    return {
        **fields,
        "model_ids": list(result.model_ids),
        "metrics": {key: plain(value) for key, value in result.metrics.items()},
        "errors": dict(result.errors),
        "unmapped": dict(result.unmapped),
        "infos": [asdict(info) for info in result.infos],
    }


def plain(value: Any) -> Any:
    """A value as JSON has it: no NaN, nothing of NumPy's, and text for what it does not know."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(key): plain(one) for key, one in value.items()}
        case list() | tuple():
            return [plain(one) for one in value]
    if hasattr(value, "tolist"):  # NumPy's numbers and arrays
        return plain(value.tolist())
    return str(value)


def text_of(value: Any) -> str:
    """Text as it is, anything else as JSON."""
    return value if isinstance(value, str) else _dumped(plain(value))


def _storable(value: Any) -> str:
    """Text without halves of characters, which no UTF-8 can say."""
    return text_of(value).encode("utf-8", "replace").decode()


def _columns(rows: Rows) -> Mapping[str, Sequence[Any]]:
    if isinstance(rows, Table):
        return rows.columns
    columns = dict[str, list[Any]]((name, []) for name in rows.names)
    for row in rows:
        for name, values in columns.items():
            values.append(row.get(name))
    return columns


def _plain_row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in row.items()}


def _dumped(value: Any) -> str:
    # Halves of characters, which no file can hold as UTF-8, are escaped as JSON has it.
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False)
    return text
