"""``spanfold evaluate`` over recorded traces: here, or on the server."""

# ruff: noqa: PLC0415 - heavy imports wait for the command that needs them

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from spanfold_deploy.cli import (
    _evaluating,
    _evaluation_output,
    _evaluation_progress,
    _metrics,
    _output,
    evaluations,
)
from spanfold_deploy.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanfold.evaluation._selection import TraceSelection
    from spanfold.metrics._metric import EvaluationMetric
    from spanfold_deploy.cli._client import ApiClient
    from spanfold_deploy.cli._wanted import Wanted

_ROWS_TO_GUESS_FROM: Final = 50
_PROMPT_TOKENS: Final = 600
_REPLY_TOKENS: Final = 200
_BYTES_A_TOKEN: Final = 4
"""Guesses, to tell cents from hundreds of dollars before anything is paid: a judge's instructions, its
verdict with a reason, and English text."""


def here(wanted: Wanted, api: ApiClient, resumed: Mapping[str, Any] | None) -> None:
    """Evaluate traces in this process; Ctrl-C stops it in order.

    Raises:
        CommandError: it could not start, or did not finish; the message says how to go on.
    """
    from spanfold.evaluation import _job

    metrics = _metrics_of(wanted, resumed)
    with _evaluating.explained():
        selection = _selection_of(wanted, resumed)
        _confirm(wanted, selection, metrics)
        options = _job.Options.from_dict({**((resumed or {}).get("options") or {}), **_options_of(wanted)})
        with (
            _evaluation_progress.stopped_by_interrupt() as stop,
            _evaluation_progress.shown("evaluating") as update,
        ):
            outcome = _job.run_traces(
                selection,
                metrics,
                options,
                evaluation_id=resumed["evaluation_id"] if resumed else None,
                name=wanted.name,
                progress=lambda now: update(asdict(now)),
                stop=stop,
            )
    _finish(wanted, api, outcome.evaluation_id)


def on_server(wanted: Wanted, api: ApiClient, resumed: Mapping[str, Any] | None) -> None:
    """Let the server evaluate traces, and show how far it is at a terminal.

    Raises:
        CommandError: it could not start, or did not finish.
    """
    from spanfold._internal import names

    if resumed is not None:
        evaluation_id = resumed["evaluation_id"]
        api.post(f"/v1/evaluations/{evaluation_id}/resume", {"options": _options_of(wanted)})
    else:
        specs = _metrics.specs(wanted.metrics or (), wanted.judge)
        with _evaluating.explained():
            selection = _selection_of(wanted, None)
            _confirm(wanted, selection, list(_metrics.made(wanted.metrics or (), wanted.judge)))
        body = {
            "name": wanted.name or names.random_name(),
            "selection": selection.to_dict(),
            "metrics": [spec.to_dict() for spec in specs],
            "options": _options_of(wanted),
        }
        evaluation_id = api.post("/v1/evaluations", body)["evaluation_id"]
    try:
        with _evaluation_progress.shown("evaluating") as update:
            for state in _evaluating.followed(api, evaluation_id):
                update(state["progress"])
    except KeyboardInterrupt:
        sys.stderr.write(
            f"\n{evaluation_id} goes on on the server.\n  See it: spanfold evaluate show {evaluation_id}\n"
            f"  Stop it: spanfold evaluate cancel {evaluation_id}\n"
        )
        return
    _finish(wanted, api, evaluation_id)


def _options_of(wanted: Wanted) -> dict[str, Any]:
    given = {
        "max_cost_usd": wanted.max_cost_usd,
        "max_calls": wanted.max_calls,
        "concurrency": wanted.concurrency,
        "mapping": wanted.mapped(),
    }
    return {name: value for name, value in given.items() if value is not None}


def _metrics_of(wanted: Wanted, resumed: Mapping[str, Any] | None) -> list[EvaluationMetric]:
    """Those that are named; of an evaluation that is resumed, the ones that it began with.

    Raises:
        SettingsError: one does not exist, or was a function of the process that began.
    """
    from spanfold.metrics import _registry

    if wanted.metrics or resumed is None:
        return list(_metrics.made(wanted.metrics or (), wanted.judge))
    if local := [str(metric["name"]) for metric in resumed["metrics"] if metric.get("local")]:
        message = (
            f"the metric {local[0]} was a function of the process that began the evaluation.\n"
            "  Fix: name all its metrics again: --metrics file.py:function,..."
        )
        raise SettingsError(message)
    with _evaluating.explained():
        return [_registry.from_spec(metric) for metric in resumed["metrics"]]


def _selection_of(wanted: Wanted, resumed: Mapping[str, Any] | None) -> TraceSelection:
    """The traces that the options choose.

    Raises:
        SettingsError: an evaluation that is resumed has chosen its traces.
    """
    from spanfold.evaluation._selection import TraceSelection

    if resumed is not None:
        if wanted.selects_traces:
            message = "an evaluation that goes on has its traces.\n  Fix: leave --model, --since, ... out."
            raise SettingsError(message)
        return TraceSelection.from_dict(resumed["selection"] or {})
    return TraceSelection(
        model=wanted.model or None,
        since=wanted.since,
        until=wanted.until,
        where=wanted.where,
        experiment=wanted.experiment,
        run_id=wanted.run,
        sample=wanted.sample,
        stratify_by=wanted.stratify_by,
        seed=wanted.seed,
    )


def _confirm(wanted: Wanted, selection: TraceSelection, metrics: Sequence[EvaluationMetric]) -> None:
    """Ask before judges are paid, where somebody can answer."""
    judges = [metric for metric in metrics if metric.resource == "judge"]
    if judges:
        from spanfold.evaluation import _job

        rows = _job.count_traces(selection)
        seen = _job.first_rows(selection, _ROWS_TO_GUESS_FROM, _job.Options(mapping=wanted.mapped()))
        _evaluating.confirm(
            wanted, rows=rows, judges={metric.name: guessed_cost(metric, seen) for metric in judges}
        )


def guessed_cost(metric: EvaluationMetric, rows: Sequence[Mapping[str, Any]]) -> float | None:
    """What one answer of a judge may cost, in US dollars, going by the length of some rows.

    Returns:
        None where the price of its model is not known.
    """
    from spanfold.metrics.genai._prices import Usage, cost_usd

    provider, _, model = metric.scorer.partition(":")
    texts = [str(row.get(name) or "") for row in rows for name in metric.arguments()[1]]
    size_bytes = sum(len(text.encode()) for text in texts) // max(1, len(rows))
    usage = Usage(_PROMPT_TOKENS + size_bytes // _BYTES_A_TOKEN, _REPLY_TOKENS)
    return cost_usd(provider, model.lstrip("/"), usage)


def _finish(wanted: Wanted, api: ApiClient, evaluation_id: str) -> None:
    """Print what came of it, write the files that are asked for, and say what to do next.

    Raises:
        EvaluationError: it did not finish.
    """
    found = evaluations.find(api, evaluation_id)
    lines = evaluations.summary_of(api, found)
    if wanted.json_output:
        _output.print_json({"evaluation": found, "summary": lines})
    else:
        screen = _output.console()
        _evaluation_output.print_evaluation(screen, found, lines)
        for line in [*_missing_targets(found, lines), *_next(found, lines)]:
            screen.print(line, soft_wrap=True)
    if wanted.output:
        _evaluating.write_all(found, wanted.output)
    if found["status"] != "FINISHED":
        reason = found["reason"] or f"the evaluation is {found['status']}"
        said = reason.partition("; what was scored is kept")[0]  # how to go on from Python
        message = f"{said}\n  Go on: {evaluations.resume_command(evaluation_id)}"
        raise _evaluating.EvaluationError(message)


def _missing_targets(found: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """What to do where a metric scored nothing, since no trace says what a right answer is."""
    scored = {line["metric"] for line in lines if line["scores"]}
    without = [name for name in _evaluation_output.metric_names(found) if name not in scored]
    if not without or not any("expectation" in reason for reason in found["unmapped_reasons"]):
        return []
    return [
        f"{', '.join(without)}: no trace says what would have been right.",
        '  Fix: spanfold feedback expect TRACE_ID "the right answer", or spanfold.log_expectation(...).',
    ]


def _next(found: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """The next commands."""
    scored = [line for line in lines if line["scores"]]
    if not found["progress"]["done"] and found["status"] == "FINISHED":
        return ["No traces match. Try a longer --since, fewer conditions, or `spanfold traces list`."]
    if not scored:
        return []
    versions = list(dict.fromkeys(line["model_name"] for line in scored if line["model_id"]))
    commands = [f"spanfold evaluate rows {found['evaluation_id']} --metric {scored[0]['metric']}"]
    if len(versions) > 1:
        commands.insert(0, f"spanfold evaluate compare {versions[-2]} {versions[-1]}")
    return ["next", *(f"  {command}" for command in commands)]
