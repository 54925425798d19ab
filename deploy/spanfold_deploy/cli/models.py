"""``spanfold models``: versions of applications."""

# ruff: noqa: PLC0415 - heavy imports wait for the command that needs them
# ruff: noqa: PLR0913 - a command has the options it has

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from spanfold_deploy.cli._options import (
    AsOf,
    Config,
    Endpoint,
    Experiment,
    Filter,
    Json,
    OrderBy,
    experiment_ids,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

app = typer.Typer(
    help="Model versions: what ran, with which parameters, and how its state came to be.",
    no_args_is_help=True,
)

Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="Model ID (m-...), or a name: its newest version.")
]


@app.command("list")
def list_models(
    *,
    name: Annotated[str | None, typer.Option(help="Only versions of this name.")] = None,
    condition: Filter = None,
    order_by: OrderBy = None,
    experiment: Experiment = None,
    include_deleted: Annotated[bool, typer.Option("--include-deleted", help="Deleted ones, too.")] = False,
    as_of: AsOf = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Most versions to print.")] = 50,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """List model versions, newest first unless ordered otherwise.

    Example: `spanfold models list --limit 10`

    Example: `spanfold models list --filter "params.top_k = '3'" --order-by "metrics.f1 DESC"`
    """
    from spanfold_deploy.cli import _client, _output

    with _client.connect(endpoint, config) as api:
        models = api.pages(
            "/v1/models",
            "models",
            limit,
            name=name,
            filter=condition,
            order_by=order_by,
            experiment_id=experiment_ids(experiment),
            include_deleted=include_deleted,
            as_of=as_of,
        )
    if json_output:
        _output.print_json({"models": models})
        return
    table = _output.table("name", "model id", "status", "created", "params", "metrics")
    for model in models:
        table.add_row(
            model["name"],
            model["model_id"],
            "DELETED" if model["deleted"] else model["status"],
            _output.local_time(model["creation_time"]),
            _output.shorten(_output.pairs(model["params"]), 80),
            _output.shorten(_output.pairs(model["metrics"]), 60),
        )
    screen = _output.console()
    screen.print(table)
    if not models:
        narrowed = any((name, condition, experiment, as_of))
        screen.print(
            "No model version is like that."
            if narrowed
            else "No model versions yet. An application makes one with spanfold.set_active_model(name=...)."
        )


@app.command()
def show(
    model: Model,
    *,
    as_of: AsOf = None,
    since: Annotated[str, typer.Option(help="Period of the summary: 30m, 1h, 7d or a time.")] = "24h",
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Show one model version: parameters, tags, metrics, and how it did lately.

    Example: `spanfold models show support-bot-v2 --since 7d`

    Example: `spanfold models show support-bot-v2 --as-of 2026-11-21T05:00:00Z`
    """
    from spanfold_deploy.cli import _client, _output

    start = _output.start_of(since).isoformat()
    with _client.connect(endpoint, config) as api:
        model_id = api.find_model(model)["model_id"]
        state = api.get(f"/v1/models/{model_id}", as_of=as_of)
        summary = api.get(f"/v1/models/{model_id}/summary", start=start)
    if json_output:
        _output.print_json({"model": state, "summary": summary})
        return
    _print_state(_output.console(), state)
    _print_summary(_output.console(), summary, since)


@app.command()
def history(
    model: Model,
    *,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Most events to print.")] = 200,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Print the events that made a model version what it is: who set what, and when.

    Example: `spanfold models history support-bot-v2`
    """
    from spanfold_deploy.cli import _client, _output

    with _client.connect(endpoint, config) as api:
        model_id = api.find_model(model)["model_id"]
        events = api.pages(f"/v1/models/{model_id}/events", "events", limit)
    if json_output:
        _output.print_json({"events": events})
        return
    table = _output.table("time", "event", "actor", "payload")
    for event in events:
        payload = event["payload"] if isinstance(event["payload"], str) else json.dumps(event["payload"])
        table.add_row(
            _output.local_time(event["event_time"]),
            event["event_type"].removeprefix("spanfold.model."),
            event["actor"] or "",
            _output.shorten(payload, 100),
        )
    _output.console().print(table)


def _print_state(screen: Console, state: Mapping[str, Any]) -> None:
    from spanfold_deploy.cli import _output

    screen.print(f"{state['name']}  {state['model_id']}", style="bold")
    facts = {
        "status": "DELETED" if state["deleted"] else state["status"],
        "experiment": state["experiment_id"],
        "type": state["model_type"],
        "created": _output.local_time(state["creation_time"]),
        "params": _output.pairs(state["params"]),
        "tags": _output.pairs(state["tags"]),
        "metrics": _output.pairs(state["metrics"]),
    }
    for name, value in facts.items():
        if value:
            screen.print(f"  {name:<11} {value}")


def _print_summary(screen: Console, summary: Mapping[str, Any], since: str) -> None:
    from spanfold_deploy.cli import _output

    latency = summary["latency_ms"] or {}
    shown = ", ".join(f"{name} {_output.milliseconds(value)}" for name, value in latency.items())
    screen.print(f"since {since}", style="bold")
    screen.print(f"  {'traces':<11} {summary['trace_count']}")
    screen.print(f"  {'errors':<11} {summary['error_count']} ({summary['error_rate'] or 0:.1%})")
    screen.print(f"  {'latency':<11} {shown or '-'}")
    for name, member, sign in (
        ("tokens in", "input_tokens", ""),
        ("tokens out", "output_tokens", ""),
        ("cost", "cost_usd", "$"),
    ):
        if summary[member] is not None:
            screen.print(f"  {name:<11} {sign}{summary[member]:,.6g}")
