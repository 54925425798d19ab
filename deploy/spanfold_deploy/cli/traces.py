"""``spanfold traces``: what applications did, request by request."""

# ruff: noqa: PLC0415 - heavy imports wait for the command that needs them
# ruff: noqa: TC001 - typer reads the annotations of commands
# ruff: noqa: PLR0913 - a command has the options it has

from __future__ import annotations

from enum import StrEnum
from pathlib import Path  # noqa: TC003 - typer reads the annotations of commands
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import quote

import typer

from spanfold_deploy.cli._options import Config, Endpoint, Json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanfold_deploy.cli._client import ApiClient

app = typer.Typer(help="Traces: one tree of spans a request.", no_args_is_help=True)

_MAX_VERSIONS: Final = 10
_FILTER_HELP = (
    "Condition over trace, span and attribute fields, such as: status = 'ERROR' AND latency_ms > 500 "
    "AND attributes['user.id'] = 'u1'"
)


@app.command("list")
def list_traces(
    *,
    filter_: Annotated[str | None, typer.Option("--filter", metavar="CONDITION", help=_FILTER_HELP)] = None,
    model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Model ID, or a name: its newest version.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Only newer ones: 30s, 15m, 1h, 7d or a time.")] = None,
    run: Annotated[str | None, typer.Option(metavar="RUN_ID", help="Only those under this run.")] = None,
    caller: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Only those in which this version called another service."),
    ] = None,
    order_by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ORDER",
            help="start_time, latency_ms, cost_usd, input_tokens, output_tokens or total_tokens, and DESC "
            "or ASC; repeat it to settle ties. Default: newest first.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Most traces to print.")] = 20,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """List traces, newest first.

    Example: `spanfold traces list --since 1h --filter "status = 'ERROR'" --order-by "latency_ms DESC"`
    """
    from spanfold_deploy.cli import _client, _output

    start = _output.start_of(since).isoformat() if since else None
    with _client.connect(endpoint, config) as api:
        model_id = api.find_model(model)["model_id"] if model else None
        caller_id = api.find_model(caller)["model_id"] if caller else None
        traces = api.pages(
            "/v1/traces",
            "traces",
            limit,
            model_id=model_id,
            caller_model_id=caller_id,
            run_id=run,
            filter=filter_,
            start=start,
            order_by=order_by,
        )
    if json_output:
        _output.print_json({"traces": traces})
        return
    _print_table(traces)


class Format(StrEnum):
    """What ``traces export`` writes."""

    PARQUET = "parquet"
    ARROW = "arrow"
    JSONL = "jsonl"


class Rows(StrEnum):
    """What a row of an export is."""

    TRACES = "traces"
    SPANS = "spans"


@app.command()
def export(
    *,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write; - is standard output.")
    ],
    format_: Annotated[
        Format, typer.Option("--format", help="Parquet needs pyarrow: the extra `dataframe`.")
    ] = Format.PARQUET,
    rows: Annotated[Rows, typer.Option(help="A row a trace, or a row a span.")] = Rows.TRACES,
    columns: Annotated[
        list[str] | None, typer.Option("--column", help="Only this column; repeat it for more. Default: all.")
    ] = None,
    filter_: Annotated[str | None, typer.Option("--filter", metavar="CONDITION", help=_FILTER_HELP)] = None,
    model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Model ID, or a name: its newest version.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Only newer ones: 30s, 15m, 1h, 7d or a time.")] = None,
    endpoint: Endpoint = None,
    config: Config = None,
) -> None:
    """Write every trace or span that matches to a file, however many there are, in bounded memory.

    Example: `spanfold traces export --rows spans --since 7d -o spans.parquet`
    """
    from spanfold_deploy.cli import _client, _export, _output

    _export.check(format_, output)
    start = _output.start_of(since).isoformat() if since else None
    with (
        _client.connect(endpoint, config) as api,
        api.stream(
            "/v1/traces/export",
            format="jsonl" if format_ is Format.JSONL else "arrow",
            rows=rows,
            columns=columns,
            filter=filter_,
            model_id=api.find_model(model)["model_id"] if model else None,
            start=start,
        ) as pieces,
    ):
        _export.write(pieces, format_, output)


@app.command()
def show(
    trace_id: Annotated[str, typer.Argument(metavar="TRACE_ID", help="32 hexadecimal digits.")],
    *,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Draw one trace as a waterfall: who called whom, for how long, and what failed.

    Example: `spanfold traces show 4bf92f3577b34da6a3ce929d0e0e4736`
    """
    from spanfold_deploy.cli import _client, _output, _waterfall

    with _client.connect(endpoint, config) as api:
        trace = api.get(f"/v1/traces/{trace_id}")
        versions = [] if json_output else _versions(api, trace)
    if json_output:
        _output.print_json(trace)
        return
    screen = _output.console()
    title = f"{trace['trace_id']}  {_output.local_time(trace['start_time'])}"
    spans = "1 span" if trace["span_count"] == 1 else f"{trace['span_count']} spans"
    screen.print(f"{title}  {_output.milliseconds(trace['duration_ms'])}  {spans}", style="bold")
    screen.print(_waterfall.render(trace, screen.width, ascii_only=screen.options.ascii_only))
    for line in [*versions, *_remarks(trace)]:
        screen.print(line)


def _print_table(traces: Sequence[Mapping[str, Any]]) -> None:
    from spanfold_deploy.cli import _output

    right = frozenset({"latency", "spans", "tokens", "cost"})
    table = _output.table(
        *("started", "trace id", "name", "model", "status", "latency", "spans", "tokens", "cost"),
        *("scores", "input"),
        right=right,
    )
    for trace in traces:
        table.add_row(
            _output.local_time(trace["start_time"]),
            trace["trace_id"],
            trace["name"],
            trace["model_name"] or trace["model_id"],
            trace["status"],
            _output.milliseconds(trace["latency_ms"]),
            str(trace["span_count"]),
            _tokens(trace),
            "-" if trace["cost_usd"] is None else f"{trace['cost_usd']:.4g}",
            " ".join(f"{score['name']}={_score(score)}" for score in trace["scores"]),
            _output.shorten(trace["input"], 60),
            style=_output.STATUS_STYLES["ERROR"] if trace["status"] == "ERROR" else None,
        )
    screen = _output.console()
    screen.print(table)
    if not traces:
        screen.print("No traces match. Try a longer --since, or fewer conditions.")


def _tokens(trace: Mapping[str, Any]) -> str:
    given = [trace["input_tokens"], trace["output_tokens"]]
    return "-" if given == [None, None] else "+".join("?" if count is None else str(count) for count in given)


def _score(score: Mapping[str, Any]) -> str:
    return str(score["label"]) if score["value"] is None else f"{score['value']:g}"


def _versions(api: ApiClient, trace: Mapping[str, Any]) -> list[str]:
    """Which version of each service took part, by name and ID."""
    from spanfold_deploy.cli import _waterfall
    from spanfold_deploy.errors import ApiError

    spans = [row.span for row in _waterfall.rows(trace["spans"])]
    # In the order of the waterfall, each once.
    found = dict.fromkeys((span["service_name"], span["model_id"]) for span in spans if span["model_id"])
    lines = list[str]()
    for service, model_id in list(found)[:_MAX_VERSIONS]:
        try:
            name = api.get(f"/v1/models/{quote(model_id, safe='')}")["name"]
        except ApiError:
            name = model_id
        lines.append(f"version of {service}: {name}" + ("" if name == model_id else f"  {model_id}"))
    if len(found) > _MAX_VERSIONS:
        lines.append(f"and {len(found) - _MAX_VERSIONS} more versions")
    return lines


def _remarks(trace: Mapping[str, Any]) -> list[str]:
    """What the bars cannot tell: errors, missing spans, and what went in and came out."""
    from spanfold_deploy.cli import _output, _waterfall

    spans = [row.span for row in _waterfall.rows(trace["spans"])]
    remarks = [] if _tokens(trace) == "-" else [f"tokens: {_tokens(trace)} (in + out)"]
    remarks += [] if trace["cost_usd"] is None else [f"cost: ${trace['cost_usd']:.4g}"]
    remarks += [f"tag {key}: {value}" for key, value in trace["tags"].items()]
    remarks += [
        f"score {score['name']}: {_score(score)}  {_output.shorten(score['explanation'], 200)}"
        for score in trace["scores"]
    ]
    remarks += [
        f"error in {span['name']}: {_output.shorten(span['status_message'], 200) or '(no message)'}"
        for span in spans
        if span["status"] == "ERROR"
    ]
    missing = trace["missing_parent_span_ids"]
    if missing:
        remarks.append(f"not received (yet): {len(missing)} parent span(s): {', '.join(missing[:5])}")
    for name in ("input", "output"):
        for span in spans:
            if span[name]:
                remarks.append(f"{name} of {span['name']}: {_output.shorten(span[name], 300)}")
                break
    return remarks
