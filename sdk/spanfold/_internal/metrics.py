"""Numbers that were measured: of a run, of a model version, or of both."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from spanfold._internal import active, active_run, events, resolve, runs
from spanfold._internal.setup import flush, ready
from spanfold.errors import InvalidArgumentError
from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Mapping

_NS_PER_MS: Final = 1_000_000


def log_metric(  # noqa: PLR0913, PLR0917 - MLflow's signature
    key: str,
    value: float,
    step: int | None = None,
    synchronous: bool | None = None,  # noqa: FBT001 - MLflow's signature
    timestamp: int | None = None,
    run_id: str | None = None,
    model_id: str | None = None,
) -> None:
    """Record a number: of the active run, and of the model version that is given or active.

    If there is neither run nor version, a run is started. Of several values of one name, the latest counts.

    Args:
        key: the metric's name.
        value: a finite number, or what converts to one, such as a NumPy scalar.
        step: of a training, say; recorded in the history.
        synchronous: True waits until it is sent, for five seconds at most.
        timestamp: when it was measured, in milliseconds since 1970; now if None.
        run_id: a run other than the active one.
        model_id: a version other than the active one.

    Raises:
        InvalidArgumentError: it cannot be recorded.
        ModelNotFoundError: the server has no such version.
        RunNotFoundError: the server has no such run.

    Example:
        >>> log_metric("accuracy", 0.93, model_id="m-0123...")  # doctest: +SKIP
    """
    log_metrics({key: value}, step, synchronous, run_id, timestamp, model_id)


def log_metrics(  # noqa: PLR0913, PLR0917 - MLflow's signature
    metrics: dict[str, float],
    step: int | None = None,
    synchronous: bool | None = None,  # noqa: FBT001 - MLflow's signature
    run_id: str | None = None,
    timestamp: int | None = None,
    model_id: str | None = None,
) -> None:
    """As :func:`log_metric`, for several at once.

    Raises:
        InvalidArgumentError: one of them cannot be recorded; none was.
        ModelNotFoundError: the server has no such version.
        RunNotFoundError: the server has no such run.
    """
    ready()
    payload: dict[str, Any] = {"metrics": _numbers(metrics)}
    if step is not None:
        payload["step"] = step
    events.check(keys.RUN_METRICS_LOGGED, payload)
    time_unix_ns = None if timestamp is None else _instant(timestamp)
    if model_id is None:
        model_id = active.current()
    else:
        resolve.by_id(model_id)
    if run_id is not None or model_id is None or active_run.current() is not None:
        of_run = payload if model_id is None else {**payload, "model_id": model_id}
        run_id = runs.record(run_id, keys.RUN_METRICS_LOGGED, of_run, time_unix_ns)
    if model_id is not None:
        of_model = payload if run_id is None else {**payload, "source_run_id": run_id}
        now = events.record(keys.MODEL_METRICS_LOGGED, model_id, of_model, time_unix_ns)
        resolve.revise(model_id, now, metrics=payload["metrics"])
    if synchronous:
        flush(runs.FLUSH_TIMEOUT_S)


def _numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    """What was measured, as floats.

    Raises:
        InvalidArgumentError: something is no number.
    """
    if not isinstance(metrics, dict):
        message = f"metrics: must be a mapping from names to numbers, not {type(metrics).__name__}"
        raise InvalidArgumentError(message)
    numbers = dict[str, float]()
    for key, value in metrics.items():
        with suppress(TypeError, ValueError, OverflowError):
            if not isinstance(value, str | bytes | bool):
                numbers[key] = float(value)
        if key not in numbers:
            message = f"metrics[{key!r}]: must be a number, not {type(value).__name__}"
            raise InvalidArgumentError(message)
    return numbers


def _instant(timestamp: object) -> int:
    if isinstance(timestamp, bool) or not isinstance(timestamp, int) or timestamp < 0:
        message = f"timestamp: milliseconds since 1970, not {timestamp!r}"
        raise InvalidArgumentError(message)
    return timestamp * _NS_PER_MS
