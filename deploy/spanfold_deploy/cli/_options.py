"""Options that several commands share, so that they read the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spanfold_schemas import ids

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

GatewayConfig = Annotated[
    Path | None,
    typer.Option(
        "--gateway-config",
        metavar="FILE",
        help="YAML file of the endpoints that the gateway serves: docs/deployments.md.",
        rich_help_panel="Models of providers",
    ),
]

Endpoint = Annotated[
    str | None,
    typer.Option(
        "--endpoint",
        help="Address of the query API. Default: SPANFOLD_ENDPOINT.",
        show_default="http://localhost:4319",
    ),
]

Filter = Annotated[
    str | None,
    typer.Option(
        "--filter",
        metavar="CONDITION",
        help="Such as \"tags.team = 'ml' AND metrics.f1 > 0.8\": docs/filter.md.",
    ),
]
OrderBy = Annotated[
    list[str] | None,
    typer.Option("--order-by", metavar="FIELD [ASC|DESC]", help="Sort by this field. May be repeated."),
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="TIME", help="State at this time (RFC 3339) instead of now."),
]
Experiment = Annotated[
    list[str] | None,
    typer.Option("--experiment", help="Only those of this experiment, by ID or name. May be repeated."),
]


def experiment_ids(experiments: list[str] | None) -> list[str] | None:
    """The IDs of experiments, some of which are given by their names.

    Example:
        >>> experiment_ids(["17", "Default", "support bot"])
        ['17', '0', '570734566221431849']
    """
    if experiments is None:
        return None
    return [one if one.isdecimal() else ids.derive_experiment_id(one) for one in experiments]
