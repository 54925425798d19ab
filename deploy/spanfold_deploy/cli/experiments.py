"""``spanfold experiments``: what runs and model versions belong to."""

# ruff: noqa: PLC0415 - heavy imports wait for the command that needs them
# ruff: noqa: TC001 - typer reads the annotations of commands

from __future__ import annotations

from typing import Annotated

import typer

from spanfold_deploy.cli._options import Config, Endpoint, Json

app = typer.Typer(help="Experiments: what runs and model versions belong to.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keep `list` a command of its own although it is the only one."""


@app.command("list")
def list_experiments(
    *,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Most experiments to print.")] = 50,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """List experiments, newest first; the default one comes last.

    Example: `spanfold experiments list --json`
    """
    from spanfold_deploy.cli import _client, _output

    with _client.connect(endpoint, config) as api:
        experiments = api.pages("/v1/experiments", "experiments", limit)
    if json_output:
        _output.print_json({"experiments": experiments})
        return
    table = _output.table("name", "experiment id", "tags")
    for experiment in experiments:
        table.add_row(
            experiment["name"],
            experiment["experiment_id"],
            _output.shorten(_output.pairs(experiment["tags"]), 80),
        )
    _output.console().print(table)
