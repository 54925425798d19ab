"""Evaluates rows: a table that has its outputs, or what a function or an endpoint makes of one."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from spanfold._internal import active, active_run, events, names, resolve, runs, setup
from spanfold._internal.models import set_active_model
from spanfold.errors import InvalidArgumentError
from spanfold.evaluation import _rows_config, _rows_logged, _rows_model, _rows_scoring, _table
from spanfold.evaluation._result import EvaluationResult, MetricInfo, Roles
from spanfold.evaluation._rows_events import Recorder
from spanfold.evaluation._rows_progress import bar as progress_bar
from spanfold.pyfunc import PyFuncModel

if TYPE_CHECKING:
    from spanfold.evaluation._rows_config import Chosen, Config
    from spanfold.evaluation._rows_model import Outputs
    from spanfold.evaluation._rows_progress import Bar
    from spanfold.evaluation._rows_scoring import Scored
    from spanfold.evaluation._table import Table
    from spanfold.metrics._metric import EvaluationMetric
    from spanfold.metrics.genai._budget import Budget

_RECORDED: Final = frozenset(
    {
        *("trace_id", "span_id", "model_id", "model_name", "experiment_id", "run_id", "input_hash", "status"),
        *("latency_ms", "input_tokens", "output_tokens", "total_tokens", "cost_usd", "start_time_unix_ns"),
        *("tags", "tool_calls", "retrieved_doc_ids"),
    }
)
"""Columns of rows made from traces that say nothing of what was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the caller of ``evaluate`` asks for, as far as rows go."""

    model: Any = None
    data: Any = None
    targets: str | None = None
    predictions: str | None = None
    model_type: str | None = None
    metrics: Any = None
    extra_metrics: Any = None
    evaluator_config: Any = None
    model_id: str | None = None
    run_id: str | None = None
    name: str | None = None
    max_cost_usd: float | None = None
    max_calls: int | None = None
    concurrency: int | None = None
    progress: bool | None = None


@dataclass(frozen=True, slots=True)
class _Plan:
    """The request, with all that can be checked before anything is called or paid for."""

    request: Request
    table: Table
    features: Table
    config: Config
    chosen: Chosen
    budget: Budget

    @property
    def timed(self) -> bool:
        """Whether a metric wants to know how long each row takes, which the rows do not say."""
        return _rows_model.LATENCY not in self.table.columns and any(
            _rows_model.LATENCY in metric.arguments()[0] for metric in self.chosen.metrics
        )


def evaluate_rows(request: Request) -> EvaluationResult:
    """Evaluate rows; see :func:`spanfold.evaluate`."""
    plan = _loaded(_planned(request))
    request = plan.request
    setup.ready()
    if request.model_id is not None:
        resolve.by_id(request.model_id)
    if request.run_id is not None:
        runs.known(request.run_id)
    name = names.random_name() if request.name is None else request.name
    outer = request.run_id or active_run.current()
    own = nullcontext() if outer is not None else runs.start_run(run_name=name)
    with own as run:
        run_id = outer if run is None else run.info.run_id
        return _run(plan, Recorder(name, run_id, request.model_id or active.current(), plan.table.row_count))


def _planned(request: Request) -> _Plan:
    """Check everything that can be checked.

    Raises:
        InvalidArgumentError: the message names the argument, and says what to write.
    """
    if find_spec("numpy") is None:
        raise InvalidArgumentError("evaluate() needs more libraries: pip install 'spanfold[evaluate]'")
    from spanfold.metrics.genai._budget import Budget  # noqa: PLC0415 - `import spanfold` stays light

    if request.name is not None:
        events.check_text("name", request.name)
    _rows_model.check_model(request.model)
    config = _rows_config.config_of(request.evaluator_config)
    chosen = _rows_config.choose(request.model_type, request.metrics, request.extra_metrics, config)
    if request.concurrency is not None:
        chosen = replace(chosen, metrics=_concurrent(chosen.metrics, request.concurrency))
    table = _table.read(request.data)
    aside = set[str]()
    if request.targets is not None:
        table.require("targets", request.targets)
        aside.add(request.targets)
    if request.predictions is not None and request.model is None:
        table.require("predictions", request.predictions)
        aside.add(request.predictions)
    features = {name: values for name, values in table.columns.items() if name not in aside}
    budget = Budget(request.max_cost_usd, request.max_calls)
    plan = _Plan(request, table, type(table)(features, table.row_count), config, chosen, budget)
    _check_columns(plan)
    return plan


def _loaded(plan: _Plan) -> _Plan:
    """The plan with its model loaded, if it is a logged one: its version is the one that is evaluated.

    Raises:
        InvalidArgumentError: another version is said to be evaluated.
        NotFoundError: there is no such model.
        ModelError: it cannot be loaded here.
    """
    model = _rows_logged.loaded(plan.request.model)
    if model is None:
        return plan
    model_id = plan.request.model_id or model.model_id
    if model.model_id not in {None, model_id}:
        raise InvalidArgumentError(f"model_id={model_id!r}: the model that is given is {model.model_id}")
    return replace(plan, request=replace(plan.request, model=model, model_id=model_id))


def _concurrent(metrics: Sequence[EvaluationMetric], concurrency: int) -> tuple[EvaluationMetric, ...]:
    """The metrics, whose judges ask so many questions at once."""
    from spanfold.evaluation._job import _with_concurrency  # noqa: PLC0415 - loads what traces need

    return tuple(_with_concurrency(metric, concurrency) for metric in metrics)


def _check_columns(plan: _Plan) -> None:
    """See to it that metrics which were named have their columns, before a model runs for nothing.

    Raises:
        MetricArgumentError: one has not; the message names the columns that there are.
    """
    if plan.request.model is not None:
        return  # what it returns may hold any column
    columns = _columns(plan, None)
    some_can = any(not metric.missing(columns) for metric in plan.chosen.metrics)
    for metric in plan.chosen.metrics:
        if not metric.missing(columns) or (some_can and metric.key in plan.chosen.optional):
            continue
        if "predictions" in metric.missing(columns):
            message = (
                f"predictions: metric {metric.name!r} needs to know which column holds the outputs; the data "
                f"has {plan.table.listed()}. Give predictions=<one of them>, or a model"
            )
            raise InvalidArgumentError(message)
        metric.score(columns)  # says what is missing, and calls nothing


def _run(plan: _Plan, recorder: Recorder) -> EvaluationResult:
    begun = time.monotonic()
    request, budget = plan.request, plan.budget
    options = {
        "model_type": request.model_type,
        "max_cost_usd": request.max_cost_usd,
        "max_calls": request.max_calls,
    }
    recorder.started(plan.chosen.metrics, options)
    steps = len(plan.chosen.metrics) + (request.model is not None)
    try:
        with budget.in_force(), progress_bar(request.progress, plan.table.row_count * steps) as shown:
            outputs = _outputs(plan, shown)
            columns = _columns(plan, outputs)
            scored = _rows_scoring.score_all(plan.chosen.metrics, columns, plan.table.row_count, shown)
    except BaseException as fault:
        recorder.failed(fault)
        raise
    reason = _reason(scored)
    recorder.log(scored.aggregates)
    recorder.send_scores(plan.chosen.metrics, scored, plan.table.columns)
    recorder.ended(scored, calls=budget.calls, cost_usd=budget.cost_usd, reason=reason)
    return EvaluationResult(
        evaluation_id=recorder.evaluation_id,
        name=recorder.name,
        metrics=scored.aggregates,
        rows=_result_rows(plan, outputs, scored),
        status="FINISHED" if reason is None else "FAILED",
        reason=reason,
        run_id=recorder.run_id,
        model_ids=(recorder.model_id,) if recorder.model_id else (),
        infos=tuple(
            MetricInfo(one.key, one.name, one.greater_is_better, one.scorer, one.resource)
            for one in plan.chosen.metrics
        ),
        roles=_roles(plan, outputs),
        errors=scored.errors,
        cost_usd=budget.cost_usd,
        calls=budget.calls,
        duration_s=time.monotonic() - begun,
    )


def _outputs(plan: _Plan, shown: Bar) -> Outputs | None:
    """What is evaluated, run over the rows; None where the table has its outputs."""
    request = plan.request
    if request.model is None:
        return None
    shown.step("model")
    if isinstance(request.model, str):
        return _rows_model.run_endpoint(request.model, _asked(plan), request.concurrency, shown)
    if isinstance(request.model, PyFuncModel):
        return _rows_logged.run(request.model, plan.features, request.predictions, shown, timed=plan.timed)
    of_version: AbstractContextManager[Any] = (
        nullcontext() if request.model_id is None else set_active_model(model_id=request.model_id)
    )
    with of_version:  # spans of the function belong to the version that is evaluated
        return _rows_model.run_function(
            request.model, plan.features, request.predictions, shown, timed=plan.timed
        )


def _asked(plan: _Plan) -> Table:
    """The rows for an endpoint, in which the column that ``inputs`` is mapped to is called so."""
    column = plan.config.column_of.get("inputs")
    if column is None:
        return plan.features
    values = plan.table.require("evaluator_config['col_mapping']['inputs']", column)
    return type(plan.table)({"inputs": values}, plan.table.row_count)


def _columns(plan: _Plan, outputs: Outputs | None) -> dict[str, Sequence[Any]]:
    """All columns that metrics can ask for, by the names of their arguments."""
    request, columns = plan.request, dict[str, Sequence[Any]](plan.table.columns)
    if outputs is not None:
        columns.update(outputs.others)
        columns[outputs.name] = outputs.values
        columns["predictions"] = outputs.values
    elif request.predictions is not None:
        columns["predictions"] = columns[request.predictions]
    if request.targets is not None:
        columns["targets"] = plan.table.columns[request.targets]
    for argument, column in plan.config.column_of.items():
        known = type(plan.table)(columns, plan.table.row_count)
        columns[argument] = known.require(f"evaluator_config['col_mapping'][{argument!r}]", column)
    asked = _inputs(plan)
    if "inputs" not in columns and len(asked) == 1:
        columns["inputs"] = columns[asked[0]]
    return columns


def _inputs(plan: _Plan) -> tuple[str, ...]:
    """Columns that say what was asked."""
    given = plan.config.column_of.get("inputs")
    if given is not None:
        return (given,)
    if "inputs" in plan.features.columns:
        return ("inputs",)
    return tuple(name for name in plan.features.names if name not in _RECORDED)


def _roles(plan: _Plan, outputs: Outputs | None) -> Roles:
    request = plan.request
    own = (name for name in (request.predictions, "predictions", "outputs") if name in plan.table.columns)
    target = request.targets or ("targets" if "targets" in plan.table.columns else None)
    return Roles(_inputs(plan), next(own, None) if outputs is None else outputs.name, target)


def _result_rows(plan: _Plan, outputs: Outputs | None, scored: Scored) -> Table:
    """The data's columns, the outputs, and the scores."""
    columns: dict[str, Sequence[Any]] = dict(plan.table.columns)
    if outputs is not None:
        columns[outputs.name] = outputs.values
        columns.update(outputs.others)
    columns.update(scored.columns())
    return type(plan.table)(columns, plan.table.row_count)


def _reason(scored: Scored) -> str | None:
    """Why an evaluation did not do what was asked for; None if it did."""
    if scored.budget is not None:
        return (
            f"{scored.budget}. Evaluate again with a larger budget: what judges have answered is kept, and"
            " costs nothing then"
        )
    if not scored.values and scored.errors:
        return "no metric could be computed: " + "; ".join(
            f"{key}: {why}" for key, why in _some(scored.errors).items()
        )
    return None


def _some(errors: Mapping[str, str]) -> dict[str, str]:
    return dict(list(errors.items())[:10])
