"""``spanfold serve``, ``collector``, ``query-api`` and ``migrate``: the processes that hold the data."""

# ruff: noqa: PLC0415 - heavy imports wait for the command that needs them
# ruff: noqa: TC001 - typer reads the annotations of commands
# ruff: noqa: PLR0913 - a command has the options it has

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from spanfold_deploy.cli._options import (
    ApiPort,
    Config,
    Data,
    Database,
    GatewayConfig,
    GrpcPort,
    Host,
    HttpPort,
    Json,
)
from spanfold_deploy.errors import SettingsError, StartError

if TYPE_CHECKING:
    from pathlib import Path


def serve(
    *,
    data: Data = None,
    database: Database = None,
    host: Host = None,
    api_port: ApiPort = None,
    otlp_grpc_port: GrpcPort = None,
    otlp_http_port: HttpPort = None,
    gateway_config: GatewayConfig = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Run everything in one process: OTLP receivers, storage and the query API.

    Example: `spanfold serve --data ./my-traces`, then in another terminal
    `OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 opentelemetry-instrument python app.py`
    """
    from spanfold_deploy import serve as server
    from spanfold_deploy.settings import load_settings

    flags = {
        "database": _database_url(data, database),
        "host": host,
        "api_port": api_port,
        "otlp_grpc_port": otlp_grpc_port,
        "otlp_http_port": otlp_http_port,
        "gateway_config": gateway_config,
    }
    server.run(load_settings(flags, config=config), server.ALL_IN_ONE, as_json=json_output)


def collector(
    *,
    data: Data = None,
    database: Database = None,
    host: Host = None,
    otlp_grpc_port: GrpcPort = None,
    otlp_http_port: HttpPort = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Run only the OTLP receivers, as many processes as you like on one ClickHouse server.

    Example: `spanfold collector --database clickhouse://spanfold:secret@db:8123/spanfold --host 0.0.0.0`
    """
    from spanfold_deploy import serve as server
    from spanfold_deploy.settings import load_settings

    flags = {
        "database": _database_url(data, database),
        "host": host,
        "otlp_grpc_port": otlp_grpc_port,
        "otlp_http_port": otlp_http_port,
    }
    server.run(load_settings(flags, config=config), server.COLLECTOR, as_json=json_output)


def query_api(
    *,
    data: Data = None,
    database: Database = None,
    host: Host = None,
    api_port: ApiPort = None,
    gateway_config: GatewayConfig = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Run only the query API: it reads, and never writes.

    Example: `spanfold query-api --database clickhouse://spanfold:secret@db:8123/spanfold`
    """
    from spanfold_deploy import serve as server
    from spanfold_deploy.settings import load_settings

    flags = {
        "database": _database_url(data, database),
        "host": host,
        "api_port": api_port,
        "gateway_config": gateway_config,
    }
    server.run(load_settings(flags, config=config), server.QUERY_API, as_json=json_output)


def migrate(
    *,
    data: Data = None,
    database: Database = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print what would be applied, with its SQL.")
    ] = False,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Bring the database's schema up to this version (`spanfold serve` does it by itself).

    Example: `spanfold migrate --dry-run --database clickhouse://spanfold:secret@db:8123/spanfold`
    """
    from spanfold_deploy.cli import _output
    from spanfold_deploy.database import open_database
    from spanfold_deploy.settings import load_settings, redact
    from spanfold_schemas import migrate as schema
    from spanfold_schemas.database import DatabaseError

    settings = load_settings({"database": _database_url(data, database)}, config=config)
    try:
        opened = open_database(settings.database)
        try:
            steps = schema.pending(opened) if dry_run else schema.migrate(opened)
        finally:
            opened.close()
    except (DatabaseError, schema.MigrationError, ValueError) as error:
        raise StartError(str(error)) from error
    if json_output:
        names = [{"number": step.number, "name": step.name} for step in steps]
        _output.print_json({"pending" if dry_run else "applied": names})
        return
    screen = _output.console()
    for step in steps:
        screen.print(f"{'would apply' if dry_run else 'applied'} {step.number:04}_{step.name}")
        for statement in step.statements if dry_run else ():
            screen.print(f"{statement};\n", soft_wrap=True)
    if not steps:
        screen.print(f"{redact(settings.database)} is up to date")


def _database_url(data: Path | None, database: str | None) -> str | None:
    """The database that the flags name, if any.

    Raises:
        SettingsError: both flags are given.
    """
    if data is None:
        return database
    if database is not None:
        message = "--data and --database name two databases.\n  Fix: leave one out."
        raise SettingsError(message)
    return f"chdb://{data.expanduser().resolve()}"
