"""Options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_LISTEN = "Where to listen"
_STORE = "Where to store"

Config = Annotated[
    Path | None, typer.Option("--config", help="TOML file with settings. Default: SPANFOLD_CONFIG, if set.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="Directory of the embedded engine; short for --database chdb://DIR.",
        rich_help_panel=_STORE,
        show_default="./spanfold-data",
    ),
]
Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        help="chdb:///directory or clickhouse://user:password@host:8123/database.",
        rich_help_panel=_STORE,
    ),
]
Host = Annotated[
    str | None, typer.Option("--host", rich_help_panel=_LISTEN, show_default="127.0.0.1", help="Address.")
]
ApiPort = Annotated[
    int | None,
    typer.Option(
        "--api-port", rich_help_panel=_LISTEN, show_default="4319", help="Query API. 0: a free one."
    ),
]
GrpcPort = Annotated[
    int | None,
    typer.Option("--otlp-grpc-port", rich_help_panel=_LISTEN, show_default="4317", help="OTLP over gRPC."),
]
HttpPort = Annotated[
    int | None,
    typer.Option("--otlp-http-port", rich_help_panel=_LISTEN, show_default="4318", help="OTLP over HTTP."),
]

Endpoint = Annotated[
    str | None,
    typer.Option(
        "--endpoint",
        help="Address of the query API. Default: SPANFOLD_ENDPOINT.",
        show_default="http://localhost:4319",
    ),
]
