"""``spanfold runs``: what was tried, with which parameters and results."""

# ruff: noqa: PLC0415 - heavy imports wait for the command that needs them
# ruff: noqa: PLR0913 - a command has the options it has

from __future__ import annotations

from typing import Annotated

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

app = typer.Typer(help="Runs: what was tried, with which parameters and results.", no_args_is_help=True)


@app.command("list")
def list_runs(
    *,
    condition: Filter = None,
    order_by: OrderBy = None,
    experiment: Experiment = None,
    as_of: AsOf = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Most runs to print.")] = 50,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """List runs, newest first unless ordered otherwise.

    Example: `spanfold runs list --experiment "support bot" --filter "status = 'FAILED'"`

    Example: `spanfold runs list --filter "params.lr = '0.1'" --order-by "metrics.loss ASC"`
    """
    from spanfold_deploy.cli import _client, _output

    with _client.connect(endpoint, config) as api:
        runs = api.pages(
            "/v1/runs",
            "runs",
            limit,
            filter=condition,
            order_by=order_by,
            experiment_id=experiment_ids(experiment),
            as_of=as_of,
        )
    if json_output:
        _output.print_json({"runs": runs})
        return
    table = _output.table("name", "run id", "status", "started", "params", "metrics")
    for run in runs:
        table.add_row(
            run["run_name"],
            run["run_id"],
            run["status"],
            _output.local_time(run["start_time"]),
            _output.shorten(_output.pairs(run["params"]), 80),
            _output.shorten(_output.pairs(run["metrics"]), 60),
        )
    screen = _output.console()
    screen.print(table)
    if not runs:
        narrowed = any((condition, experiment, as_of))
        screen.print(
            "No run is like that."
            if narrowed
            else "No runs yet. An application makes one with spanfold.start_run()."
        )


@app.command()
def show(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="Run ID.")],
    *,
    as_of: AsOf = None,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Show one run: parameters, tags, the last value of each metric, and how it ended.

    Example: `spanfold runs show 4b1f5c0e2d9a4c7f8e6b3a2d1c0f9e8d`
    """
    from spanfold_deploy.cli import _client, _output

    with _client.connect(endpoint, config) as api:
        run = api.get(f"/v1/runs/{run_id}", as_of=as_of)
    if json_output:
        _output.print_json({"run": run})
        return
    screen = _output.console()
    screen.print(f"{run['run_name']}  {run['run_id']}", style="bold")
    facts = {
        "status": run["status"],
        "experiment": run["experiment_id"],
        "parent": run["parent_run_id"],
        "user": run["user"],
        "started": _output.local_time(run["start_time"]),
        "ended": _output.local_time(run["end_time"]) if run["end_time"] else None,
        "params": _output.pairs(run["params"]),
        "metrics": _output.pairs(run["metrics"]),
        "tags": _output.pairs(run["tags"]),
    }
    for name, value in facts.items():
        if value:
            screen.print(f"  {name:<11} {value}")
