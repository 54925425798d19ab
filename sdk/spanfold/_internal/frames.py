"""Data frames, where pandas is installed."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from spanfold.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd


def wanted(output_format: str) -> bool:
    """Whether to answer with a data frame: if it is asked for, and can be.

    Raises:
        InvalidArgumentError: there is no such format.
    """
    if output_format not in {"pandas", "list"}:
        message = f"output_format: 'pandas' or 'list', not {output_format!r}"
        raise InvalidArgumentError(message)
    return output_format == "pandas" and find_spec("pandas") is not None


def of_rows(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], times: Sequence[str] = ()
) -> pd.DataFrame:
    """A frame of the rows.

    Args:
        rows: values by column.
        columns: those that are there even if there are no rows; others follow in order of their names.
        times: columns of milliseconds since 1970, which become times in UTC.
    """
    import pandas as pd  # noqa: PLC0415 - slow to import, and optional

    more = sorted({column for row in rows for column in row} - set(columns))
    every = [*columns, *more]
    frame = pd.DataFrame({column: [row.get(column) for row in rows] for column in every}, columns=every)
    for column in times:
        frame[column] = pd.to_datetime(frame[column], unit="ms", utc=True)
    return frame
