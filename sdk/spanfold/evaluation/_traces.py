"""``spanfold.evaluate(traces=...)``: the caller's words for a job over recorded traces, and its result."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from spanfold._internal import active_run, events, reading
from spanfold._internal.faults import contained, logger
from spanfold._internal.lookup import path_of
from spanfold.errors import InvalidArgumentError, NotFoundError
from spanfold.evaluation import _job, _rows_config
from spanfold.evaluation._result import EvaluationResult, MetricInfo, Roles
from spanfold.evaluation._selection import TraceSelection
from spanfold.evaluation._table import as_list
from spanfold.evaluation._trace_rows import TraceRows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spanfold.evaluation._job_core import Outcome
    from spanfold.evaluation._mapping import GivenMapping
    from spanfold.metrics._metric import EvaluationMetric

_OF_ROWS: Final = ("data", "targets", "predictions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the caller of ``evaluate`` asks for, as far as traces go."""

    traces: Any = None
    resume: str | None = None
    sample: float | str | None = None
    stratify_by: str | None = None
    seed: int = 0
    mapping: GivenMapping | None = None
    model_type: str | None = None
    metrics: Any = None
    extra_metrics: Any = None
    evaluator_config: Mapping[str, Any] | None = None
    run_id: str | None = None
    name: str | None = None
    max_cost_usd: float | None = None
    max_calls: int | None = None
    concurrency: int | None = None
    progress: Any = None
    model: Any = None
    model_id: str | None = None
    data: Any = None
    targets: str | None = None
    predictions: str | None = None


def evaluate_traces(request: Request) -> EvaluationResult:
    """Evaluate recorded traces; see :func:`spanfold.evaluate`."""
    for name in _OF_ROWS:
        if getattr(request, name) is not None:
            message = (
                f"{name}: goes with rows, not with traces; mapping= says where the values of a trace are"
            )
            raise InvalidArgumentError(message)
    if request.model is not None and not isinstance(request.model, str):
        message = "model: recorded traces have their outputs; with traces it names the version they are of"
        raise InvalidArgumentError(message)
    state = None if request.resume is None else _state(request.resume)
    metrics = _metrics(request, state)
    options = _options(request, state)
    begun = time.monotonic()
    run_id = request.run_id or active_run.current()
    outcome = _job.run_traces(
        selection_of(request) if state is None else TraceSelection.from_dict(state["selection"] or {}),
        metrics,
        options,
        evaluation_id=request.resume,
        name=request.name,
        run_id=run_id,
        progress=request.progress,
    )
    if not outcome.progress.done and outcome.status == _job.FINISHED:
        logger.warning("no recorded trace is what %s selects", outcome.evaluation_id)
    _log(outcome, run_id)
    infos = tuple(
        MetricInfo(one.key, one.name, one.greater_is_better, one.scorer, one.resource) for one in metrics
    )
    return EvaluationResult(
        evaluation_id=outcome.evaluation_id,
        name=request.name or (state or {}).get("name") or "",
        source="traces",
        metrics=outcome.metrics,
        rows=TraceRows(outcome.evaluation_id, infos, None, request.mapping),
        status=outcome.status,
        reason=outcome.reason,
        run_id=run_id,
        model_ids=outcome.model_ids,
        infos=infos,
        roles=Roles(),
        unmapped=outcome.unmapped_reasons,
        cost_usd=outcome.progress.cost_usd,
        calls=outcome.progress.calls,
        duration_s=time.monotonic() - begun,
    )


def selection_of(request: Request) -> TraceSelection:
    """The traces that are meant.

    Raises:
        InvalidArgumentError: they are said in no way that is known.
    """
    traces, more = request.traces, dict[str, Any]()
    for name in ("sample", "stratify_by"):
        if getattr(request, name) is not None:
            more[name] = getattr(request, name)
    if request.seed:
        more["seed"] = request.seed
    version = request.model_id or request.model
    if version is not None:
        more["model"] = version
    match traces:
        case TraceSelection():
            return replace(traces, **more)
        case str():
            return TraceSelection(where=traces, **more)
        case _ if hasattr(traces, "columns") and hasattr(traces, "iloc"):
            if "trace_id" not in traces.columns:
                message = f"traces: the data frame has no column 'trace_id'; it has {list(traces.columns)}"
                raise InvalidArgumentError(message)
            return TraceSelection(trace_ids=as_list(traces["trace_id"]), **more)
        case Sequence():
            return TraceSelection(trace_ids=list(traces), **more)
    message = (
        "traces: a TraceSelection, a filter such as \"status = 'OK'\", a list of trace IDs or a data frame "
        f"with a column trace_id, not {type(traces).__name__}"
    )
    raise InvalidArgumentError(message)


def _metrics(request: Request, state: Mapping[str, Any] | None) -> list[EvaluationMetric]:
    """The metrics that are named; of a resumed evaluation, its own where none are."""
    if state is not None and (request.metrics, request.extra_metrics, request.model_type) == (None,) * 3:
        if local := [one["name"] for one in state["metrics"] if one.get("local")]:
            message = f"metrics: {local[0]!r} is a function of the process that began: pass the metrics again"
            raise InvalidArgumentError(message)
        return list(_rows_config.choose(None, state["metrics"], None, _rows_config.Config()).metrics)
    config = _rows_config.config_of(request.evaluator_config)
    return list(
        _rows_config.choose(request.model_type, request.metrics, request.extra_metrics, config).metrics
    )


def _options(request: Request, state: Mapping[str, Any] | None) -> _job.Options:
    said = {
        name: value
        for name in ("max_cost_usd", "max_calls", "concurrency", "mapping")
        if (value := getattr(request, name)) is not None
    }
    before = _job.Options() if state is None else _job.Options.from_dict(state["options"] or {})
    return replace(before, **said)


def _state(evaluation_id: str) -> Mapping[str, Any]:
    events.check_text("resume", evaluation_id)
    found = reading.query_api().get(path_of("evaluations", evaluation_id))
    if found is None:
        raise NotFoundError(f"resume: no evaluation has the ID {evaluation_id!r}")
    state: Mapping[str, Any] = found
    return state


def _log(outcome: Outcome, run_id: str | None) -> None:
    """Log the numbers to the run, and to the version where all traces are of one."""
    from spanfold.evaluation._rows_events import Recorder  # noqa: PLC0415 - with what rows record

    if outcome.status != _job.FINISHED:
        return
    (model_id,) = outcome.model_ids if len(outcome.model_ids) == 1 else (None,)
    if run_id is None and model_id is None:
        return
    with contained("log the metrics of an evaluation"):
        Recorder("", run_id, model_id, 0, outcome.evaluation_id).log(outcome.metrics)
