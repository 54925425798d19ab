"""``spanfold deployments``: the gateway alone, its file checked, its endpoints listed."""

# ruff: noqa: PLC0415 - heavy imports wait for the command that needs them
# ruff: noqa: TC001 - typer reads the annotations of commands

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from spanfold_deploy.cli._options import Json
from spanfold_deploy.errors import CommandError, StartError

app = typer.Typer(
    help="One interface to models of every provider: endpoints by a YAML file.", no_args_is_help=True
)
Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        help="Address of the gateway. Default: SPANFOLD_DEPLOYMENTS_TARGET, MLFLOW_DEPLOYMENTS_TARGET, "
        "SPANFOLD_ENDPOINT.",
        show_default="http://localhost:4319",
    ),
]


@app.command()
def start(
    *,
    config: Annotated[
        Path,
        typer.Option("--config", "--config-path", help="The endpoints, in YAML; changes are followed."),
    ],
    host: Annotated[
        str, typer.Option(help="Address. Whoever reaches it may spend the keys' money.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0: a free one.")] = 4320,
    data: Annotated[
        Path, typer.Option(help="Directory for the counts of limits; processes may share it.")
    ] = Path("spanfold-gateway"),
    json_output: Json = False,
) -> None:
    """Run the gateway alone, without a database (`spanfold serve` runs it with `gateway_config`).

    Spans go to OTEL_EXPORTER_OTLP_ENDPOINT, or http://localhost:4318.

    Example: `spanfold deployments start --config gateway.yaml`
    """
    from spanfold_deploy import gateway

    gateway.run(gateway.GatewayOptions(config, data, host, port), as_json=json_output)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML file of the endpoints.")],
    *,
    json_output: Json = False,
) -> None:
    """Say what is wrong with a file, line by line. Nobody is asked anything.

    Example: `spanfold deployments check gateway.yaml`
    """
    from spanfold_deploy.cli import _output
    from spanfold_query_api.gateway.config_file import ConfigError, load

    try:
        table = load(file).table
    except ConfigError as error:
        if not json_output:
            raise StartError(str(error)) from None
        faults = [
            {
                "line": fault.place.line,
                "column": fault.place.column,
                "where": fault.where,
                "message": fault.message,
                "fix": fault.fix,
            }
            for fault in error.faults
        ]
        _output.print_json({"valid": False, "faults": faults})
        raise typer.Exit(StartError.exit_code) from None
    names = [endpoint.name for endpoint in table.endpoints]
    if json_output:
        _output.print_json({"valid": True, "endpoints": names})
    else:
        _output.console().print(f"{file} is right: {len(names)} endpoints ({', '.join(names)})")


@app.command("list")
def list_endpoints(*, target: Target = None, json_output: Json = False) -> None:
    """List the endpoints of a running gateway, spanfold's or MLflow's.

    Example: `spanfold deployments list --target http://localhost:4320`
    """
    from spanfold.deployments import get_deploy_client
    from spanfold.errors import SpanfoldError
    from spanfold_deploy.cli import _output

    try:
        endpoints = get_deploy_client(target).list_endpoints()
    except SpanfoldError as error:
        raise CommandError(str(error)) from error
    if json_output:
        _output.print_json([endpoint.dict() for endpoint in endpoints])
        return
    table = _output.table("endpoint", "type", "models", "limit")
    for endpoint in endpoints:
        table.add_row(endpoint.name, endpoint.endpoint_type, _models(endpoint.models), _limit(endpoint.limit))
    _output.console().print(table)


def _models(models: list[dict[str, Any]]) -> str:
    total = sum(float(one.get("weight", 1.0)) for one in models) or 1.0
    if len(models) == 1:
        return f"{models[0].get('provider')} {models[0].get('name')}"
    return ", ".join(
        f"{one.get('provider')} {one.get('name')} {float(one.get('weight', 1.0)) / total:.0%}"
        for one in models
    )


def _limit(limit: dict[str, Any] | None) -> str:
    return "-" if limit is None else f"{limit.get('calls')} a {limit.get('renewal_period')}"
