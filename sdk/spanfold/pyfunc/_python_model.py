"""Models that are code of one's own: a class, a function, or a file that makes one."""

from __future__ import annotations

import inspect
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError, ModelError
from spanfold.pyfunc import _inputs, _signature

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

PICKLE: Final = "python_model.pkl"
_set = threading.local()


@dataclass(frozen=True)
class PythonModelContext:
    """What a model finds when it is loaded."""

    artifacts: Mapping[str, str] = field(default_factory=dict)
    """Where its artifacts are: a path by the name that ``log_model(artifacts=...)`` gave."""
    model_config: Mapping[str, Any] = field(default_factory=dict)
    """``log_model(model_config=...)``, with what ``load_model(model_config=...)`` says otherwise."""


class PythonModel:
    """A model of one's own: inherit from it, and write ``predict``.

    ``predict`` may also be written without ``context``, or without ``params``. A model that can answer piece
    by piece has ``predict_stream`` with the same arguments, which yields. It is used by several threads at
    once where it is served, unless it says ``is_thread_safe = False``.

    Example:
        >>> class Shout(PythonModel):
        ...     def predict(self, context, model_input, params=None):
        ...         return [text.upper() for text in model_input["text"]]
        >>> Shout().predict(None, {"text": ["hello"]})
        ['HELLO']
    """

    is_thread_safe: bool = True
    """Whether several threads may call ``predict`` at once."""

    def load_context(self, context: PythonModelContext) -> None:
        """Called once when the model is loaded: read ``context.artifacts`` here, not in ``predict``."""

    def predict(
        self, context: PythonModelContext | None, model_input: Any, params: dict[str, Any] | None = None
    ) -> Any:
        """An output a row.

        Args:
            context: what ``load_context`` was given.
            model_input: a data frame where the model has a signature with columns and pandas is installed
                (without pandas a dict of lists); a list where it is annotated as one; else what the caller
                gave.
            params: what the caller gave, with the signature's defaults.
        """
        message = f"{type(self).__name__} has no predict(self, context, model_input, params=None)"
        raise NotImplementedError(message)


class FunctionModel(PythonModel):
    """A plain function as a model."""

    def __init__(self, function: Callable[..., Any]) -> None:
        """Keep the function."""
        self.function = function
        self._names = _names_of(function)

    def predict(
        self,
        context: PythonModelContext | None,  # noqa: ARG002 - functions have none
        model_input: Any,
        params: dict[str, Any] | None = None,
    ) -> Any:
        """What the function returns; it gets ``params`` where it takes a second argument."""
        return _call(self.function, self._names, None, model_input, params)


def set_model(model: PythonModel | Callable[..., Any]) -> None:
    """Say which model a file makes, for ``log_model(python_model="file.py")``.

    Raises:
        InvalidArgumentError: it is neither a PythonModel nor a function.
    """
    _set.model = as_model(model)


def as_model(given: object) -> PythonModel:
    """An instance of a PythonModel, of it or of a function.

    Raises:
        InvalidArgumentError: it is neither.
    """
    if isinstance(given, PythonModel):
        return given
    if inspect.isclass(given):
        raise InvalidArgumentError(f"python_model: give an instance: {given.__name__}(...)")
    if callable(given):
        return FunctionModel(given)
    raise InvalidArgumentError(
        "python_model: an instance of a spanfold.pyfunc.PythonModel, a function, or the path of a file that "
        f"calls set_model(...), not {type(given).__name__}"
    )


def from_code(file: Path) -> PythonModel:
    """The model that a file makes.

    Raises:
        ModelError: the file fails, or does not call ``set_model``.
    """
    _set.model = None
    try:
        code = compile(file.read_text(encoding="utf-8"), str(file), "exec")
        exec(code, {"__name__": "spanfold_model", "__file__": str(file)})  # noqa: S102 - the caller named it
    except Exception as fault:
        raise ModelError(f"{file.name} failed: {type(fault).__name__}: {fault}") from fault
    if _set.model is None:
        raise ModelError(f"{file.name} makes no model: call spanfold.pyfunc.set_model(model) at its end")
    made: PythonModel = _set.model
    return made


class LoadedPythonModel:
    """A PythonModel with its context, as every flavor's models are: ``predict(model_input, params)``."""

    takes_table: Final = False

    def __init__(self, model: PythonModel, context: PythonModelContext) -> None:
        """Let the model read its artifacts.

        Raises:
            ModelError: ``load_context`` failed.
        """
        self.python_model: Final = model
        self.is_thread_safe = bool(getattr(model, "is_thread_safe", True))
        self._context = context
        of_function = model.function if isinstance(model, FunctionModel) else model.predict
        self._names = _names_of(model.predict)
        self._hint = _signature.input_hint(of_function)
        try:
            model.load_context(context)
        except Exception as fault:
            message = f"load_context of {type(model).__name__} failed: {type(fault).__name__}: {fault}"
            raise ModelError(message) from fault
        if callable(getattr(model, "predict_stream", None)):
            self.predict_stream = self._predict_stream

    def predict(self, model_input: Any, params: dict[str, Any] | None = None) -> Any:
        """What the model says to the rows."""
        given = self._given(model_input)
        return _call(self.python_model.predict, self._names, self._context, given, params)

    def _predict_stream(
        self, model_input: Any, params: dict[str, Any] | None = None
    ) -> Generator[Any, None, Any]:
        stream: Any = self.python_model
        names = _names_of(stream.predict_stream)
        return (
            yield from _call(stream.predict_stream, names, self._context, self._given(model_input), params)
        )

    def _given(self, model_input: Any) -> Any:
        """A list where the model is annotated to take one."""
        if self._hint is None:
            return model_input
        columns = _inputs.columns_of(model_input)
        if columns is None:
            return _inputs.as_list(model_input) if _inputs.is_list(model_input) else [model_input]
        if len(columns) == 1 and _signature.is_scalar_hint(self._hint):
            return next(iter(columns.values()))
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _load_pyfunc(folder: str, config: Mapping[str, Any]) -> LoadedPythonModel:
    """The model that :func:`spanfold.pyfunc.log_model` wrote.

    Raises:
        ModelError: it cannot be read; the message says what is missing.
    """
    root = Path(folder)
    artifacts = {name: str(root / path) for name, path in (config.get("artifacts") or {}).items()}
    context = PythonModelContext(artifacts, dict(config.get("model_config") or {}))
    if code := config.get("model_code"):
        return LoadedPythonModel(from_code(root / str(code)), context)
    import cloudpickle  # noqa: PLC0415 - of the extra `models`

    try:
        with (root / PICKLE).open("rb") as file:
            model = cloudpickle.load(file)
    except ModuleNotFoundError as fault:
        message = (
            f"the model needs the module {fault.name!r}, which is not installed: install what its "
            "requirements.txt lists, or log it with code_paths=[<the file or package>]"
        )
        raise ModelError(message) from fault
    except Exception as fault:
        raise ModelError(f"{PICKLE} cannot be read: {type(fault).__name__}: {fault}") from fault
    return LoadedPythonModel(as_model(model), context)


def _names_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a function's arguments; of some built-in ones they are not known, and it gets one."""
    try:
        return tuple(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return ("model_input",)


def _call(
    function: Callable[..., Any], names: tuple[str, ...], context: object, model_input: Any, params: object
) -> Any:
    """Call with those arguments that the function has."""
    given: list[Any] = [context] if names[:1] == ("context",) else []
    given.append(model_input)
    if len(names) > len(given):
        given.append(params)
    return function(*given)
