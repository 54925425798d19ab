"""Runs what is evaluated over the rows: a function, or an endpoint."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError
from spanfold.evaluation._table import Table, as_list, frame_of, of_columns, of_rows

if TYPE_CHECKING:
    from spanfold.evaluation._rows_progress import Bar

LATENCY: Final = "latency_ms"
OUTPUTS: Final = "outputs"
ENDPOINT: Final = "endpoints:"
_URIS: Final = (ENDPOINT, "models:", "runs:")
_MESSAGE_KEYS: Final = ("messages", "inputs")


class RowCountMismatchError(InvalidArgumentError):
    """What is evaluated returned another number of outputs than there are rows."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """What came out, a value a row."""

    values: Sequence[Any]
    others: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """Further columns: of a function that returns several, or what an endpoint told of its calls."""
    name: str = OUTPUTS


def check_model(model: object) -> None:
    """See to it that the model is something that can be run.

    Raises:
        InvalidArgumentError: it is not; the message says what can.
    """
    if model is None or (isinstance(model, str) and model.startswith(_URIS)):
        return
    if isinstance(model, str):
        hint = (
            "give a function, models:/<name or ID>, endpoints:/<name>, or no model for rows that have their "
            "outputs"
        )
        raise InvalidArgumentError(f"model={model!r}: {hint}")
    predict = getattr(model, "predict", None)
    if callable(predict) and hasattr(model, "unwrap_python_model"):
        return  # a loaded one
    if not callable(model):
        hint = "; give its method: model.predict" if callable(predict) else ""
        message = (
            f"model: a function that gets the rows and returns their outputs, not {type(model).__name__}"
        )
        raise InvalidArgumentError(message + hint)


def run_function(
    function: Callable[[Any], Any], features: Table, predictions: str | None, bar: Bar, *, timed: bool
) -> Outputs:
    """Call a function on the rows: once for all, or row by row if the time of each is wanted.

    Args:
        function: gets a data frame where pandas is installed, else a dict of columns.
        features: the rows, without what would be right.
        predictions: the column of the output that counts, where the function returns several.
        bar: is told of rows that are done.
        timed: whether the time of each row is wanted.

    Raises:
        InvalidArgumentError: what it returned is not an output a row.
    """
    if not timed:
        made = run_once(function, features, predictions)
        bar.advance(features.row_count)
        return made
    taken = list[Outputs]()
    latencies = list[float]()
    for index in range(features.row_count):
        row = Table({name: values[index : index + 1] for name, values in features.columns.items()}, 1)
        given = _as_given(row)
        begun = time.perf_counter()
        returned = function(given)
        latencies.append((time.perf_counter() - begun) * 1_000)
        taken.append(_outputs(returned, 1, predictions))
        bar.advance(1)
    others = {name: [one.others[name][0] for one in taken] for name in taken[0].others}
    return Outputs([one.values[0] for one in taken], {**others, LATENCY: latencies}, taken[0].name)


def run_once(function: Callable[[Any], Any], features: Table, predictions: str | None) -> Outputs:
    """Call a function once, on all rows.

    Raises:
        RowCountMismatchError: it returned another number of outputs.
        InvalidArgumentError: what it returned is not an output a row.
    """
    return _outputs(function(_as_given(features)), features.row_count, predictions)


def run_endpoint(uri: str, features: Table, concurrency: int | None, bar: Bar) -> Outputs:
    """Ask an endpoint, a chat per row.

    A row whose call failed for good has no output, and says why in the column ``outputs/error``.

    Raises:
        InvalidArgumentError: the rows do not say what to send.
        JudgeError: the endpoint cannot be asked at all.
        BudgetExceededError: the next call would pass the budget.
    """
    from spanfold.metrics.genai._backend import Connection, JudgeRequest, Limits, open_backend  # noqa: PLC0415

    requests = [JudgeRequest(messages_of(value)) for value in _questions(features)]
    limits = Limits() if concurrency is None else Limits(concurrency=concurrency)
    # Not from the cache: what is evaluated is what the endpoint answers now.
    backend = open_backend(uri, limits=limits, connection=Connection(is_cached=False))
    count = features.row_count
    texts: list[str | None] = [None] * count
    errors: list[str | None] = [None] * count
    told: dict[str, list[Any]] = {
        name: [None] * count for name in ("input_tokens", "output_tokens", "total_tokens", "cost_usd")
    }
    for index, reply in backend.complete(requests):
        texts[index], errors[index] = reply.text, reply.error
        told["input_tokens"][index] = reply.input_tokens
        told["output_tokens"][index] = reply.output_tokens
        if reply.input_tokens is not None and reply.output_tokens is not None:
            told["total_tokens"][index] = reply.input_tokens + reply.output_tokens
        told["cost_usd"][index] = reply.cost_usd
        bar.advance(1)
    others = {name: values for name, values in told.items() if any(one is not None for one in values)}
    if any(errors):
        others[f"{OUTPUTS}/error"] = errors
    return Outputs(texts, others)


def messages_of(value: Any) -> tuple[Mapping[str, str], ...]:
    """A row's input as a chat: messages as they are, text as the user's, anything else as JSON.

    Example:
        >>> messages_of("What is OTLP?")
        ({'role': 'user', 'content': 'What is OTLP?'},)
    """
    if isinstance(value, Mapping) and isinstance(value.get("messages"), list):
        value = value["messages"]
    if isinstance(value, list) and value and all(_is_message(one) for one in value):
        return tuple({"role": one["role"], "content": one["content"]} for one in value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return ({"role": "user", "content": text},)


def _is_message(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and isinstance(value.get("role"), str)
        and isinstance(value.get("content"), str)
    )


def _questions(features: Table) -> Sequence[Any]:
    """The column that is sent."""
    for name in _MESSAGE_KEYS:
        if name in features.columns:
            return features.columns[name]
    if len(features.columns) == 1:
        return next(iter(features.columns.values()))
    message = (
        f"data: which column to send to the endpoint is not clear: it has {features.listed()}. Call one "
        "'inputs', or map it: evaluator_config={'col_mapping': {'inputs': '<one of them>'}}"
    )
    raise InvalidArgumentError(message)


def _as_given(features: Table) -> Any:
    if find_spec("pandas") is None:
        return {name: list(values) for name, values in features.columns.items()}
    return frame_of(features.columns)


def _outputs(returned: Any, row_count: int, predictions: str | None) -> Outputs:
    """What a function returned, as a value a row.

    Raises:
        InvalidArgumentError: it is none.
    """
    if inspect.iscoroutine(returned):
        returned.close()
        raise InvalidArgumentError("model: the function is async; give one that waits, as by asyncio.run()")
    columns = _columns(returned, predictions)
    if columns is not None:
        name = next(iter(columns.names)) if predictions is None else predictions
        if len(columns.names) > 1 and predictions is None:
            message = f"predictions: the model returned {columns.listed()}; say which one is the output"
            raise InvalidArgumentError(message)
        values = columns.require("predictions", name)
        others = {key: column for key, column in columns.columns.items() if key != name}
        found = Outputs(values, others, name)
    elif (
        isinstance(returned, str | bytes | set | frozenset | None)  # a set is in no order
        or not hasattr(returned, "__len__")
        or getattr(returned, "ndim", None) == 0
    ):
        message = f"model: it must return a list with an output a row, not {type(returned).__name__}"
        raise InvalidArgumentError(message)
    else:
        found = Outputs(as_list(returned), name=predictions or OUTPUTS)
    if len(found.values) != row_count:
        message = f"model: it returned {len(found.values)} outputs for {row_count} rows"
        raise RowCountMismatchError(message)
    return found


def _columns(returned: Any, predictions: str | None) -> Table | None:
    """Several columns of outputs; None where each row has one value, which may be a dict."""
    if hasattr(returned, "iloc") and hasattr(returned, "columns"):
        return of_columns({name: returned[name] for name in returned.columns})
    if isinstance(returned, Mapping):
        return of_columns(returned)
    if predictions is None or not isinstance(returned, list) or not returned:
        return None
    has_it = all(isinstance(one, Mapping) and predictions in one for one in returned)
    return of_rows(returned) if has_it else None
