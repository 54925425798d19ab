"""Runs an evaluation of recorded traces from its first event to its last, and resumes one."""

from __future__ import annotations

import getpass
import threading
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict, dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from spanfold._internal import events, names, reading, resolve
from spanfold._internal.lookup import path_of
from spanfold.errors import InvalidArgumentError, NotFoundError, SpanfoldError
from spanfold.evaluation import _job_local, _job_traces
from spanfold.evaluation._job_core import Job, Options, Outcome
from spanfold.evaluation._job_scores import Scores
from spanfold.evaluation._mapping import Row, map_trace, mapping_of
from spanfold.evaluation._progress import Progress, shown
from spanfold.evaluation._rows_events import describe
from spanfold.evaluation._selection import TraceSelection
from spanfold.evaluation._sender import EventSender, entity_event
from spanfold.evaluation._settling import MAX_RECORDED_TRACE_IDS, Resolved, settle, settled
from spanfold.metrics._registry import from_spec
from spanfold_schemas import ids, keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanfold._internal.lookup import QueryApi
    from spanfold.evaluation._progress import Tell
    from spanfold.metrics._metric import EvaluationMetric

__all__ = ["Options", "Outcome", "count_traces", "first_rows", "run_evaluation", "run_traces"]

FINISHED: Final = "FINISHED"
FAILED: Final = "FAILED"
CANCELLED: Final = "CANCELLED"
_CANCELLING: Final = "CANCELLING"
_MAX_REASON_CHARS: Final = 4_000
_MAX_AGGREGATES: Final = 500
_WORKERS_PARAMETER: Final = "max_workers"


class EvaluationNotFoundError(NotFoundError):
    """The server has no evaluation with this ID."""


def run_traces(  # noqa: PLR0913 - all that an evaluation can be told
    selection: TraceSelection,
    metrics: Sequence[EvaluationMetric],
    options: Options | None = None,
    *,
    evaluation_id: str | None = None,
    name: str | None = None,
    experiment_id: str | None = None,
    run_id: str | None = None,
    progress: bool | Tell | None = None,
    stop: threading.Event | None = None,
) -> Outcome:
    """Score recorded traces, here.

    Args:
        selection: which traces; ignored when an evaluation is resumed, whose traces are settled.
        metrics: how; each must score rows one by one.
        options: how it runs.
        evaluation_id: of an evaluation that was cut off: it goes on where it was.
        name: for people; a readable random one by default.
        experiment_id: where it is listed; the active experiment by default.
        run_id: the run that it belongs to.
        progress: a function that is told how far it is, from any thread; True for a bar; None for a bar at
            a terminal.
        stop: set it to cancel.

    Returns:
        How it ended. ``FAILED`` says in ``reason`` how to go on.

    Raises:
        InvalidArgumentError: something that was said cannot be right; nothing was started.
        ServerUnavailableError: the server is away; nothing was started.
        KeyboardInterrupt: Ctrl-C, after the evaluation was recorded as cancelled.
    """
    _check(metrics)
    query_api = reading.query_api()
    options = Options() if options is None else options
    state = None
    if evaluation_id is not None:
        state = _state(query_api, evaluation_id)
    plan = _Plan(
        query_api=query_api,
        sender=EventSender(),
        evaluation_id=evaluation_id or ids.new_evaluation_id(),
        selection=selection,
        metrics=[_with_concurrency(metric, options.concurrency) for metric in metrics],
        options=options,
        state=state,
        name=(state or {}).get("name") or name or names.random_name(),
        experiment_id=(state or {}).get("experiment_id") or experiment_id or resolve.experiment(),
        run_id=(state or {}).get("run_id") or run_id,
    )
    if name is not None:
        events.check_text("name", name)
    with closing(plan.sender), _job_local.only_here(plan.evaluation_id):
        return _run(plan, progress, threading.Event() if stop is None else stop)


def run_evaluation(
    evaluation_id: str, *, progress: bool | Tell | None = False, stop: threading.Event | None = None
) -> Outcome:
    """Run, or resume, an evaluation that the server knows, by what its events say.

    Raises:
        EvaluationNotFoundError: the server knows none.
        InvalidArgumentError: it is not of traces, or one of its metrics is a function of another process.
        ServerUnavailableError: no usable answer.
    """
    state = _state(reading.query_api(), evaluation_id)
    if state["source"] != "traces":
        raise InvalidArgumentError(f"{evaluation_id} is an evaluation of rows: evaluate them again")
    if local := [metric["name"] for metric in state["metrics"] if metric.get("local")]:
        message = (
            f"metrics: {local[0]!r} of {evaluation_id} is a function that only the process had which started "
            "it: pass the metrics again: spanfold.evaluate(resume=..., metrics=[...])"
        )
        raise InvalidArgumentError(message)
    return run_traces(
        TraceSelection.from_dict(state["selection"] or {}),
        [from_spec(metric) for metric in state["metrics"]],
        Options.from_dict(state["options"]),
        evaluation_id=evaluation_id,
        progress=progress,
        stop=stop,
    )


def count_traces(selection: TraceSelection) -> int:
    """How many traces would be scored now.

    Raises:
        InvalidArgumentError: the selection cannot be right.
        ServerUnavailableError: no usable answer.
    """
    return settle(selection, reading.query_api()).total or 0


def first_rows(selection: TraceSelection, rows: int, options: Options | None = None) -> list[Row]:
    """The rows that the newest traces of a selection make, to see what metrics would see.

    Raises:
        InvalidArgumentError: the selection or the mapping cannot be right.
        ServerUnavailableError: no usable answer.
    """
    mapping = mapping_of(None if options is None else options.mapping)
    query_api = reading.query_api()
    resolved = settle(selection, query_api)
    pages = _job_traces.exported(query_api, resolved, mapping.attributes, threading.Event(), rows)
    return [map_trace(one, mapping) for one in islice((one for page in pages for one in page), rows)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What is to be run, before the traces are settled."""

    query_api: QueryApi
    sender: EventSender
    evaluation_id: str
    selection: TraceSelection
    metrics: Sequence[EvaluationMetric]
    options: Options
    state: Mapping[str, Any] | None
    name: str
    experiment_id: str
    run_id: str | None


def _run(plan: _Plan, progress: bool | Tell | None, stop: threading.Event) -> Outcome:  # noqa: FBT001 - as above
    from spanfold.metrics.genai._budget import Budget  # noqa: PLC0415 - `import spanfold` stays light

    if plan.state is not None:
        _check_resumed(plan.metrics, plan.state)
        retries = plan.options.retry_failed and plan.state["progress"]["failed"]
        if plan.state["status"] == FINISHED and not retries:
            return _as_it_ended(plan.state)
    resolved = _resolved(plan)
    scores = Scores(plan.metrics)
    before = Progress()
    if plan.state is not None:
        before = Progress(**plan.state["progress"])
        _job_traces.patiently(
            lambda: scores.restore(
                plan.query_api, plan.evaluation_id, retry_failed=plan.options.retry_failed
            ),
            stop,
        )
    budget = Budget(
        plan.options.max_cost_usd,
        plan.options.max_calls,
        cost_usd=max(scores.cost_usd, before.cost_usd),
        calls=max(scores.calls, before.calls),
    )
    job = Job(
        query_api=plan.query_api,
        sender=plan.sender,
        evaluation_id=plan.evaluation_id,
        resolved=resolved,
        metrics=plan.metrics,
        options=plan.options,
        scores=scores,
        budget=budget,
        stop=stop,
    )
    if plan.state is None or plan.state["status"] != _CANCELLING:
        _send(plan, keys.EVALUATION_STARTED, _started(plan, resolved))
    else:
        stop.set()
    with ExitStack() as opened:
        tell = shown(progress, opened)
        return _watched(plan, job, tell)


def _watched(plan: _Plan, job: Job, tell: Tell | None) -> Outcome:
    """Run the job, and record how it ends."""
    before = None if plan.state is None else plan.state["status"]

    def tell_server(numbers: dict[str, Any]) -> None:
        _send(plan, keys.EVALUATION_PROGRESSED, numbers)

    def is_cancelled() -> bool:
        status = _state(plan.query_api, plan.evaluation_id)["status"]
        # That it was cancelled before, and goes on now, may not be in the tables yet.
        return status == _CANCELLING or (status == CANCELLED and before != CANCELLED)

    try:
        if not job.stop.is_set():
            job.run(tell, tell_server, is_cancelled)
    except KeyboardInterrupt:
        with suppress(SpanfoldError):
            _ended(plan, job, CANCELLED)
        raise
    except SpanfoldError as fault:
        return _ended(plan, job, FAILED, _reason(fault, plan.evaluation_id))
    except BaseException as fault:
        with suppress(SpanfoldError):
            _ended(plan, job, FAILED, _reason(fault, plan.evaluation_id))
        raise
    return _ended(plan, job, CANCELLED if job.stop.is_set() else FINISHED)


def _ended(plan: _Plan, job: Job, status: str, reason: str | None = None) -> Outcome:
    """Record the end, durably."""
    progress = job.progress()
    if status == FINISHED:
        progress = replace(progress, total=progress.done)
    metrics = dict(islice(job.scores.aggregates().items(), _MAX_AGGREGATES))
    payload: dict[str, Any] = {
        **asdict(progress),
        "metrics": metrics,
        "unmapped_reasons": job.unmapped.reasons,
    }
    event_type = {
        FINISHED: keys.EVALUATION_FINISHED,
        FAILED: keys.EVALUATION_FAILED,
        CANCELLED: keys.EVALUATION_CANCELLED,
    }[status]
    if reason is not None:
        payload["reason"] = reason
    _send(plan, event_type, payload)
    return Outcome(
        evaluation_id=plan.evaluation_id,
        status=status,
        reason=reason,
        metrics=metrics,
        progress=progress,
        unmapped_reasons=dict(job.unmapped.reasons),
        unmapped_examples=dict(job.unmapped.examples),
        model_ids=job.resolved.model_ids,
    )


def _as_it_ended(state: Mapping[str, Any]) -> Outcome:
    return Outcome(
        evaluation_id=state["evaluation_id"],
        status=FINISHED,
        metrics=state["aggregates"],
        progress=Progress(**state["progress"]),
        unmapped_reasons=state["unmapped_reasons"],
        model_ids=tuple(state["model_ids"]),
    )


def _resolved(plan: _Plan) -> Resolved:
    """The traces: those that were settled before, or those that there are now."""
    if plan.state is not None:
        kept = _job_local.kept_trace_ids(plan.evaluation_id)
        if (known := settled(plan.state["selection"] or {}, kept)) is not None:
            return known
    resolved = settle(plan.selection, plan.query_api)
    chosen = plan.selection.trace_ids
    if chosen is not None and len(chosen) > MAX_RECORDED_TRACE_IDS:
        _job_local.keep_trace_ids(plan.evaluation_id, chosen)
    return resolved


def _started(plan: _Plan, resolved: Resolved) -> dict[str, Any]:
    state = plan.state or {}
    return {
        "name": plan.name,
        "experiment_id": plan.experiment_id,
        "source": "traces",
        "runner": state.get("runner") or "client",
        "metrics": [describe(metric) for metric in plan.metrics],
        "selection": resolved.to_dict(),
        "options": plan.options.to_dict(),
        "run_id": plan.run_id,
        "model_ids": list(resolved.model_ids),
        "total": resolved.total,
        "user": state.get("user") or _user(),
        "monitor_id": None,
    }


def _send(plan: _Plan, event_type: str, payload: Mapping[str, Any]) -> None:
    plan.sender.send([entity_event(event_type, plan.evaluation_id, dict(payload))])


def _state(query_api: QueryApi, evaluation_id: str) -> dict[str, Any]:
    found = query_api.get(path_of("evaluations", evaluation_id))
    if found is None:
        raise EvaluationNotFoundError(f"no evaluation has the ID {evaluation_id!r}")
    return dict(found)


def _check(metrics: Sequence[EvaluationMetric]) -> None:
    if not metrics:
        raise InvalidArgumentError("metrics: name at least one, such as metrics=['token_f1']")
    named = [metric.name for metric in metrics]
    for name in named:
        if named.count(name) > 1:
            raise InvalidArgumentError(f"metrics: {name!r} is there twice, and scores have its name")


def _check_resumed(metrics: Sequence[EvaluationMetric], state: Mapping[str, Any]) -> None:
    """An evaluation that goes on has the metrics that it began with."""
    # What the server was asked for and has not begun has no keys yet.
    before = [metric.get("key") or from_spec(metric).key for metric in state["metrics"]]
    if {metric.key for metric in metrics} != set(before):
        message = (
            f"metrics: {state['evaluation_id']} is of {', '.join(before)}, and goes on with these; start "
            "another evaluation for others"
        )
        raise InvalidArgumentError(message)


def _with_concurrency(metric: EvaluationMetric, concurrency: int | None) -> EvaluationMetric:
    """A judge that asks so many questions at once."""
    if concurrency is None or metric.resource != "judge" or metric.spec is None:
        return metric
    if metric.spec.parameters.get(_WORKERS_PARAMETER) == concurrency:
        return metric
    return from_spec(
        replace(metric.spec, parameters={**metric.spec.parameters, _WORKERS_PARAMETER: concurrency})
    )


def _reason(fault: BaseException, evaluation_id: str) -> str:
    what = str(fault) if isinstance(fault, SpanfoldError) else f"{type(fault).__name__}: {fault}"
    more = ""
    if type(fault).__name__ == "BudgetExceededError":
        more = " and a larger budget"
    go_on = f"go on with spanfold.evaluate(resume={evaluation_id!r}){more}"
    return f"{what[:_MAX_REASON_CHARS]}; what was scored is kept: {go_on}"


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return None
