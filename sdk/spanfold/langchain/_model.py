"""A Runnable that was loaded, called row by row."""

from __future__ import annotations

import importlib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from spanfold._flavors import _calls, _rows
from spanfold._flavors._config import Calls
from spanfold._flavors._rows import CONTENT, MESSAGES
from spanfold.errors import InvalidArgumentError, ModelError
from spanfold.langchain._writing import JSON_FILE, PICKLE_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PLAIN = frozenset({CONTENT, MESSAGES, "input", "inputs"})
"""Columns whose value alone is the input of a Runnable that takes no dict."""


class LangChainModel:
    """What :func:`spanfold.pyfunc.load_model` calls. Any number of threads may use it."""

    takes_table: ClassVar[bool] = False

    def __init__(self, runnable: Any, names: Sequence[str], calls: Calls) -> None:
        self.python_model = runnable
        self._names = tuple(names)
        self._calls = calls

    @classmethod
    def read(cls, folder: str, config: Mapping[str, Any]) -> LangChainModel:
        """Load what :mod:`spanfold.langchain._writing` wrote.

        Raises:
            ModelError: a library is missing, or a file is not what was written.
        """
        name = str(config.get("file"))
        try:
            if name == JSON_FILE:
                load = importlib.import_module("langchain_core.load")
                text = (Path(folder) / JSON_FILE).read_text(encoding="utf-8")
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # that this function of the library is new
                    # Whoever names a model trusts it, as with a pickle. Keys come from the environment.
                    runnable = load.loads(text, allowed_objects="all", secrets_from_env=True)
            elif name == PICKLE_FILE:
                pickle = importlib.import_module("cloudpickle")
                runnable = pickle.loads((Path(folder) / PICKLE_FILE).read_bytes())
            else:
                raise ModelError(f"the model's file {name!r} is of no kind that is known here")
        except ImportError as fault:
            message = (
                f"{fault.name or fault} is not installed; the model's requirements.txt says what it needs"
            )
            raise ModelError(message) from fault
        return cls(runnable, config.get("inputs") or (), Calls(**(config.get("calls") or {})))

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> list[Any]:
        """What the Runnable returns for each row, in order: texts of messages, everything else as it is.

        Args:
            model_input: rows; their columns are the Runnable's inputs.
            params: fields of LangChain's ``RunnableConfig``, such as ``tags`` or ``configurable``.

        Raises:
            InvalidArgumentError: a column is missing.
            ModelError: a row failed; the message names it.
        """
        inputs = self._inputs(model_input)

        def answer(numbered: tuple[int, Any]) -> Any:
            index, value = numbered
            try:
                return _plain(self.python_model.invoke(value, dict(params or {})))
            except Exception as fault:
                raise _calls.row_error(f"model_input[{index}]", fault) from fault

        return _calls.answers(list(enumerate(inputs)), answer, self._calls.concurrency)

    def predict_stream(self, model_input: Any, params: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """What the Runnable gives for one row, piece by piece.

        Raises:
            InvalidArgumentError: there is not exactly one row.
            ModelError: the row failed.
        """
        inputs = self._inputs(model_input)
        if len(inputs) != 1:
            raise InvalidArgumentError(f"predict_stream: one row, not {len(inputs)}")
        return self._pieces(inputs[0], dict(params or {}))

    def _pieces(self, value: Any, config: dict[str, Any]) -> Iterator[Any]:
        try:
            for piece in self.python_model.stream(value, config):
                plain = _plain(piece)
                if plain != "":  # chunks of messages that only say how they ended
                    yield plain
        except Exception as fault:
            raise _calls.row_error("model_input[0]", fault) from fault

    def _inputs(self, model_input: Any) -> list[Any]:
        only = self._names[0] if len(self._names) == 1 else CONTENT
        rows = _rows.rows_of(model_input, only)
        if self._names:
            rows.require(self._names)
            return [
                {name: None if _rows.is_missing(row[name]) else row[name] for name in self._names}
                for row in rows
            ]
        if len(rows.names) == 1 and rows.names[0] in _PLAIN:
            return rows.one()
        return [dict(row) for row in rows]


def _plain(output: Any) -> Any:
    """The text of a message; what else a Runnable returns as it is."""
    content = getattr(output, "content", None)
    if content is None or not hasattr(output, "type"):
        return output
    calls = getattr(output, "tool_calls", None)
    text = str(output.text)
    return {"content": text or None, "tool_calls": calls} if calls else text
