"""A model that was loaded: whatever its flavor, it is called in one way, and its calls are traced."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager, nullcontext
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from spanfold._internal import active, content
from spanfold._internal.setup import ready
from spanfold._internal.tracing import start_span
from spanfold.errors import InvalidArgumentError, ModelError
from spanfold.pyfunc import _inputs
from spanfold.pyfunc._description import EXAMPLE
from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping
    from pathlib import Path

    from spanfold.pyfunc._description import Description
    from spanfold.pyfunc._signature import ModelSignature

PARAMS: Final = "spanfold.predict.params"
"""Span attribute: the parameters of a prediction, as JSON."""
BATCH_ROWS: Final = 64


class PyFuncModel:
    """A loaded model. Threads may share it.

    Each prediction is a span with what went in and what came out. It belongs to the model's version, as do
    all spans inside it, whatever version is active around the call.
    """

    def __init__(self, model: Any, metadata: Description, model_id: str | None, folder: Path) -> None:
        """Made by :func:`spanfold.pyfunc.load_model`."""
        self._model = model
        self._folder = folder
        self._alone = nullcontext() if getattr(model, "is_thread_safe", True) else threading.Lock()
        self._name = f"predict {metadata.name or metadata.flavor}"
        self._kind = str(getattr(model, "span_type", "CHAIN"))
        self.metadata: Final = metadata
        """What its ``MLmodel`` says."""
        self.model_id: Final = model_id
        """Its version; None for a folder that was never logged."""

    @property
    def signature(self) -> ModelSignature | None:
        """What it takes and gives, if that is known."""
        return self.metadata.signature

    @property
    def can_stream(self) -> bool:
        """Whether :meth:`predict_stream` works."""
        return callable(getattr(self._model, "predict_stream", None))

    @property
    def input_example(self) -> Any:
        """What it was logged with, rows as a dict of columns; None if with nothing."""
        if not self.metadata.has_example:
            return None
        example = json.loads((self._folder / EXAMPLE).read_text(encoding="utf-8"))
        if isinstance(example, dict) and set(example) == {"columns", "data"}:
            return {name: [row[at] for row in example["data"]] for at, name in enumerate(example["columns"])}
        return example

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """What the model says to rows.

        Args:
            data: a data frame, a dict of columns or of one row, a list of dicts or of values, a value: it is
                converted to what the signature says.
            params: of this call; the signature's defaults stand for those that are left out.

        Raises:
            InvalidArgumentError: a column or a parameter is missing, unknown, or of another type.

        Whatever else the model raises comes as it is.
        """
        given, chosen = self._converted(data, params)
        with self._at_work(), start_span(self._name, self._kind, _attributes(chosen)) as span:
            is_one = _inputs.row_count(given) == 1
            span.set_inputs(_shown(given))
            with self._alone:
                made = self._model.predict(given, chosen)
            span.set_outputs(
                made[0] if is_one and isinstance(made, list) and len(made) == 1 else _plain(made)
            )
        return made

    def predict_stream(self, data: Any, params: Mapping[str, Any] | None = None) -> Generator[Any, None, Any]:
        """The answer to one row, piece by piece. What the model's own generator returns, this one returns.

        Raises:
            InvalidArgumentError: as in :meth:`predict`.
            ModelError: the model cannot; :attr:`can_stream` tells.
        """
        if not self.can_stream:
            raise ModelError(f"{self._name}: this model has no predict_stream(); use predict()")
        from spanfold._internal.recording import StreamRecording  # noqa: PLC0415 - loads OpenTelemetry
        from spanfold._internal.streams import record  # noqa: PLC0415

        given, chosen = self._converted(data, params)
        with self._at_work():
            attributes = {keys.SPAN_TYPE: self._kind, **_attributes(chosen)}
            recording = StreamRecording(self._name, attributes, {"model_input": _shown(given)})
        return record(self._pieces(given, chosen), recording)

    def predict_batches(
        self,
        data: Any,
        params: Mapping[str, Any] | None = None,
        *,
        batch_rows: int = BATCH_ROWS,
        progress: bool | None = None,
    ) -> Iterator[Any]:
        """What the model says to many rows, batch by batch: each as soon as it is done, a span each.

        Args:
            data: as in :meth:`predict`; or an iterator of rows, of which no more than a batch is held.
            params: as in :meth:`predict`.
            batch_rows: rows a batch.
            progress: whether to show a bar; only at a terminal by default.

        Raises:
            InvalidArgumentError: ``batch_rows`` is no such number; else as in :meth:`predict`.

        Example:
            >>> for outputs in model.predict_batches(frame, batch_rows=256):  # doctest: +SKIP
            ...     store(outputs)
        """
        if batch_rows < 1:
            raise InvalidArgumentError(f"batch_rows={batch_rows!r}: write a whole number above 0")
        return self._batches(data, params, batch_rows, progress=progress)

    def unwrap_python_model(self) -> Any:
        """The :class:`PythonModel` that was logged; of other flavors, what they loaded.

        Example:
            >>> load_model("models:/support-bot").unwrap_python_model().tokenizer  # doctest: +SKIP
        """
        return getattr(self._model, "python_model", self._model)

    def get_raw_model(self) -> Any:
        """MLflow's name of :meth:`unwrap_python_model`."""
        return self.unwrap_python_model()

    def __repr__(self) -> str:
        return (
            f"PyFuncModel(name={self.metadata.name!r}, flavor={self.metadata.flavor!r}, id={self.model_id!r})"
        )

    def _converted(self, data: Any, params: Mapping[str, Any] | None) -> tuple[Any, dict[str, Any] | None]:
        is_table = bool(getattr(self._model, "takes_table", True))
        given = _inputs.converted(data, self.signature, is_table=is_table)
        return given, _inputs.with_defaults(params, self.signature)

    def _batches(
        self, data: Any, params: Mapping[str, Any] | None, batch_rows: int, *, progress: bool | None
    ) -> Iterator[Any]:
        from spanfold.evaluation._rows_progress import bar  # noqa: PLC0415 - it is not loaded before

        total = _inputs.row_count(data)
        with bar(progress, total or 0) as shown:
            for count, batch in _split(data, batch_rows):
                made = self.predict(batch, params)
                shown.advance(count)
                yield made

    def _pieces(self, given: Any, params: dict[str, Any] | None) -> Generator[Any, None, Any]:
        with self._alone:
            return (yield from self._model.predict_stream(given, params))

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        """In the block the model's version is the active one."""
        ready()
        if self.model_id is None:
            yield
            return
        active.enter(self, self.model_id)
        try:
            yield
        finally:
            active.leave(self)


def _split(data: Any, batch_rows: int) -> Iterator[tuple[int, Any]]:
    """Batches of rows with their sizes; each is of the kind that was given."""
    columns = None if hasattr(data, "__next__") else _inputs.columns_of(data)
    if columns is None:
        left = iter(data if hasattr(data, "__next__") or _inputs.is_list(data) else [data])
        while batch := list(islice(left, batch_rows)):
            yield len(batch), batch
        return
    count = len(next(iter(columns.values()), []))
    for start in range(0, count, batch_rows):
        rows = slice(start, start + batch_rows)
        size = min(batch_rows, count - start)
        if hasattr(data, "iloc"):
            yield size, data.iloc[rows].reset_index(drop=True)
        elif isinstance(data, list | tuple):
            yield size, data[rows]
        else:
            yield size, {name: values[rows] for name, values in columns.items()}


def _attributes(params: Mapping[str, Any] | None) -> dict[str, str]:
    return {PARAMS: content.to_json(params)} if params else {}


def _shown(given: Any) -> Any:
    """Rows as they are easily read: one row as a dict, more as columns."""
    columns = _inputs.columns_of(given)
    if columns is None:
        return given[0] if isinstance(given, list) and len(given) == 1 else _plain(given)
    is_one = len(next(iter(columns.values()), [])) == 1
    return {name: values[0] for name, values in columns.items()} if is_one else columns


def _plain(made: Any) -> Any:
    """Outputs as lists, where they are a data frame or an array."""
    if hasattr(made, "columns") or hasattr(made, "to_pydict"):
        return _inputs.columns_of(made)
    return made.tolist() if hasattr(made, "tolist") else made
