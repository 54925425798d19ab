"""Runs a logged model over the rows: loaded once, in batches, each a trace of its version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError
from spanfold.evaluation import _rows_model
from spanfold.evaluation._rows_model import Outputs
from spanfold.evaluation._table import Table
from spanfold.pyfunc import PyFuncModel, load_model
from spanfold.pyfunc._loaded import BATCH_ROWS

if TYPE_CHECKING:
    from spanfold.evaluation._rows_progress import Bar

_SCHEMES: Final = ("models:", "runs:")
_INPUTS: Final = "inputs"


def loaded(model: Any) -> PyFuncModel | None:
    """The logged model that is meant: by its URI, as it was loaded, or by its ``predict``; None if none is.

    Raises:
        InvalidArgumentError: the URI is none.
        NotFoundError: there is no such model.
        ModelError: it cannot be loaded here.
    """
    if isinstance(model, str) and model.startswith(_SCHEMES):
        return load_model(model)
    if isinstance(model, PyFuncModel):
        return model
    owner = getattr(model, "__self__", None)
    is_predict = isinstance(owner, PyFuncModel) and getattr(model, "__name__", "") == "predict"
    return owner if is_predict else None


def run(model: PyFuncModel, features: Table, predictions: str | None, bar: Bar, *, timed: bool) -> Outputs:
    """What the model says to the rows.

    It is called with as many rows as ``predict_batches`` has; row by row if the time of each is wanted, or if
    it turns out that the model does not give an output a row.

    Raises:
        InvalidArgumentError: the rows lack a column, or what it returned is not an output a row.
    """
    features = _renamed(model, features)
    if timed:
        return _rows_model.run_function(model.predict, features, predictions, bar, timed=True)
    parts = list[Outputs]()
    size = BATCH_ROWS
    start = 0
    while start < features.row_count:
        count = min(size, features.row_count - start)
        columns = {name: values[start : start + count] for name, values in features.columns.items()}
        try:
            parts.append(_rows_model.run_once(model.predict, Table(columns, count), predictions))
        except _rows_model.RowCountMismatchError:
            if size == 1:
                raise
            size = 1  # a model that answers one row, as some do
            continue
        bar.advance(count)
        start += count
    return _joined(parts)


def _joined(parts: list[Outputs]) -> Outputs:
    names = dict.fromkeys(name for part in parts for name in part.others)
    others = {
        name: [value for part in parts for value in part.others.get(name, [None] * len(part.values))]
        for name in names
    }
    return Outputs([value for part in parts for value in part.values], others, parts[0].name)


def _renamed(model: PyFuncModel, features: Table) -> Table:
    """The rows for a model that takes one column which they call otherwise: ``inputs``, or the only one.

    Raises:
        InvalidArgumentError: it is not clear which column is meant.
    """
    signature = model.signature
    specs = [] if signature is None else [one for one in signature.inputs or () if one.name is not None]
    missing = [str(one.name) for one in specs if one.required and one.name not in features.columns]
    if not missing:
        return features
    rest = [name for name in features.columns if name not in {one.name for one in specs}]
    column = _INPUTS if _INPUTS in rest else rest[0] if len(rest) == 1 else None
    if len(missing) > 1 or column is None:
        listed = ", ".join(repr(name) for name in missing)
        raise InvalidArgumentError(
            f"data: the model takes {listed}, which the data lacks: {features.listed()}"
        )
    renamed = {missing[0] if name == column else name: values for name, values in features.columns.items()}
    return Table(renamed, features.row_count)
