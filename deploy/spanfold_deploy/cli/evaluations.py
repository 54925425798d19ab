"""``spanfold evaluate list``, ``show``, ``rows``, ``cancel`` ...: evaluations that the server knows of."""

# ruff: noqa: PLC0415 - heavy imports wait for the command that needs them
# ruff: noqa: TC001 - typer reads the annotations of commands
# ruff: noqa: PLR0913 - a command has the options it has

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from spanfold_deploy.cli._evaluate_options import Evaluation
from spanfold_deploy.cli._options import Config, Endpoint, Experiment, Json, experiment_ids

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from spanfold_deploy.cli._client import ApiClient

_MAX_SHOWN_ROWS: Final = 1000


class Order(StrEnum):
    """Which rows ``evaluate rows`` shows first."""

    WORST = "worst"
    BEST = "best"


def list_evaluations(
    *,
    status: Annotated[
        str | None,
        typer.Option(help="Only those that are RUNNING, FINISHED, FAILED, CANCELLING or CANCELLED."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Only those of this version: model ID or name.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Only those of this name.")] = None,
    experiment: Experiment = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most evaluations to print.")] = 20,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """List evaluations, newest first.

    Example: `spanfold evaluate list --status RUNNING`
    """
    from spanfold_deploy.cli import _client, _evaluation_output, _output

    with _client.connect(endpoint, config) as api:
        found = api.pages(
            "/v1/evaluations",
            "evaluations",
            limit,
            status=status,
            model_id=api.find_model(model)["model_id"] if model else None,
            name=name,
            experiment_id=experiment_ids(experiment),
        )
    if json_output:
        _output.print_json({"evaluations": found})
        return
    screen = _output.console()
    _evaluation_output.print_evaluations(screen, found)
    if not found:
        narrowed = any((status, model, name, experiment))
        screen.print(
            "No evaluation is like that."
            if narrowed
            else "No evaluations yet. Start one: spanfold evaluate --model MODEL --metrics length,latency"
        )


def show(
    evaluation: Evaluation,
    *,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Show one evaluation: how far it is, and each metric by version.

    Example: `spanfold evaluate show e-0123456789abcdef0123456789abcdef`
    """
    from spanfold_deploy.cli import _client, _evaluation_output, _output

    with _client.connect(endpoint, config) as api:
        found = find(api, evaluation)
        lines = summary_of(api, found)
    if json_output:
        _output.print_json({"evaluation": found, "summary": lines})
        return
    screen = _output.console()
    _evaluation_output.print_evaluation(screen, found, lines)


def rows(
    evaluation: Evaluation,
    *,
    metric: Annotated[
        str | None, typer.Option(metavar="NAME", help="By which metric. Default: the evaluation's first.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Only traces of this version: model ID or name.")
    ] = None,
    order: Annotated[Order, typer.Option(help="Which come first.")] = Order.WORST,
    limit: Annotated[int, typer.Option(min=1, max=_MAX_SHOWN_ROWS, help="Most rows to print.")] = 10,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Show the rows with the worst scores, or the best: what was asked, what was answered, and the trace.

    Example: `spanfold evaluate rows e-0123456789abcdef0123456789abcdef --metric token_f1 --model docs-qa-v3`
    """
    from spanfold_deploy.cli import _client, _evaluation_output, _output

    with _client.connect(endpoint, config) as api:
        found = find(api, evaluation)
        chosen = _metric_of(found, metric)
        model_id = api.find_model(model)["model_id"] if model else None
        score_name = _evaluation_output.metric_name(chosen)
        scores = read_scores(api, found["evaluation_id"], name=score_name, model_id=model_id)
        best = _first(
            scores, limit, lowest=(order is Order.WORST) == (chosen.get("greater_is_better") is not False)
        )
        traces = _traces(api, [row["trace_id"] for row in best])
        names = model_names(api, {row["model_id"] for row in best})
    shown = [{**row, **traces.get(row["trace_id"], {}), "model_name": names[row["model_id"]]} for row in best]
    if json_output:
        _output.print_json({"evaluation_id": found["evaluation_id"], "metric": score_name, "rows": shown})
        return
    _evaluation_output.print_rows(_output.console(), score_name, shown)


def cancel(
    evaluation: Evaluation, *, endpoint: Endpoint = None, config: Config = None, json_output: Json = False
) -> None:
    """Stop an evaluation that runs, here or on the server. What it has scored stays.

    Example: `spanfold evaluate cancel e-0123456789abcdef0123456789abcdef`
    """
    from spanfold_deploy.cli import _client, _output

    with _client.connect(endpoint, config) as api:
        found = find(api, evaluation)
        answer = api.post(f"/v1/evaluations/{found['evaluation_id']}/cancel") or {}
    if json_output:
        _output.print_json(answer)
        return
    _output.console().print(
        f"{found['evaluation_id']} stops after the rows that it is at. "
        f"Go on later: {resume_command(found['evaluation_id'])}",
        soft_wrap=True,
    )


def resume_command(evaluation_id: str) -> str:
    """What resumes an evaluation."""
    return f"spanfold evaluate resume {evaluation_id}"


def find(api: ApiClient, name_or_id: str) -> dict[str, Any]:
    """One evaluation by its ID, or the newest of that name.

    Raises:
        ApiError: there is none.
    """
    from spanfold_deploy.errors import ApiError

    if name_or_id.startswith("e-"):
        found: dict[str, Any] = api.get(f"/v1/evaluations/{name_or_id}")
        return found
    listed = api.pages("/v1/evaluations", "evaluations", 1, name=name_or_id)
    if not listed:
        message = f"there is no evaluation named {name_or_id}.\n  Fix: see `spanfold evaluate list`."
        raise ApiError(message)
    return listed[0]


def read_scores(api: ApiClient, evaluation_id: str, **parameters: object) -> Iterator[dict[str, Any]]:
    """The scores of an evaluation, streamed."""
    path = f"/v1/evaluations/{evaluation_id}/scores"
    with api.stream(path, format="jsonl", **parameters) as pieces:
        rest = b""
        for piece in pieces:
            *lines, rest = (rest + piece).split(b"\n")
            yield from (json.loads(line) for line in lines if line)
        if rest:
            yield json.loads(rest)


def summary_of(api: ApiClient, found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each metric of an evaluation by version."""
    from spanfold_deploy.cli import _evaluation_output

    columns = "name,model_id,value,label,error,explanation,cost_usd"
    tallies = _evaluation_output.tally(read_scores(api, found["evaluation_id"], columns=columns))
    names = model_names(api, {model_id for _, model_id in tallies})
    return _evaluation_output.summary(tallies, names, _evaluation_output.metric_names(found))


def model_names(api: ApiClient, model_ids: set[str]) -> dict[str, str]:
    """Names of versions by ID; of one that only spans tell of, its ID."""
    from urllib.parse import quote

    from spanfold_deploy.errors import ApiError

    names = dict[str, str]()
    for model_id in sorted(model_ids):
        try:
            names[model_id] = api.get(f"/v1/models/{quote(model_id, safe='')}")["name"] if model_id else ""
        except ApiError:
            names[model_id] = model_id
    return names


def _metric_of(found: Mapping[str, Any], name: str | None) -> Mapping[str, Any]:
    """The metric that is meant.

    Raises:
        SettingsError: the evaluation has no such metric.
    """
    from spanfold_deploy.cli import _evaluation_output
    from spanfold_deploy.errors import SettingsError

    for metric in found["metrics"]:
        if name in {None, _evaluation_output.metric_name(metric), metric.get("key")}:
            chosen: Mapping[str, Any] = metric
            return chosen
    known = ", ".join(_evaluation_output.metric_names(found)) or "none"
    message = f"this evaluation has no metric {name}.\n  Fix: --metric with one of {known}."
    raise SettingsError(message)


def _first(scores: Iterator[dict[str, Any]], limit: int, *, lowest: bool) -> list[dict[str, Any]]:
    """Rows with the lowest or highest values, then those without a number; none that has an error."""
    import heapq

    scored = (score for score in scores if not score["error"])
    sign = 1 if lowest else -1

    def place(score: Mapping[str, Any]) -> tuple[bool, float, str, str]:
        value = score["value"]
        return (value is None, sign * (value or 0.0), score["label"] or "", score["trace_id"])

    return heapq.nsmallest(limit, scored, key=place)


def _traces(api: ApiClient, trace_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What went in and came out, by trace ID; a trace that is gone is not in it."""
    found = dict[str, dict[str, Any]]()
    for start in range(0, len(trace_ids), 100):
        listed = ", ".join(f"'{trace_id}'" for trace_id in trace_ids[start : start + 100])
        for trace in api.pages("/v1/traces", "traces", 100, filter=f"trace_id IN ({listed})"):
            members = ("input", "output", "latency_ms", "status", "start_time")
            found[trace["trace_id"]] = {member: trace[member] for member in members}
    return found
