"""``spanfold demo``: everything at once, with real traffic."""

# ruff: noqa: PLC0415 - heavy imports wait for the command that needs them
# ruff: noqa: TC001 - typer reads the annotations of commands

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Final
from urllib.parse import urlencode

import typer

from spanfold_deploy.cli._options import Json
from spanfold_deploy.errors import StartError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spanfold_deploy.demo.run import Server, VersionReport

_USUAL: Final = ("http://127.0.0.1:4319", "http://127.0.0.1:4318")
"""Where commands look by themselves: the query API, and the receiver."""


def demo(
    *,
    data: Annotated[Path, typer.Option(help="Directory for data and logs.")] = Path("spanfold-demo"),
    questions: Annotated[int, typer.Option(min=1, max=100_000, help="Questions to each version.")] = 120,
    endpoint: Annotated[
        str | None,
        typer.Option(
            help="Query API of a running server to send to (its receiver: OTEL_EXPORTER_OTLP_ENDPOINT, "
            "default http://localhost:4318). Without it the demo starts a server."
        ),
    ] = None,
    keep: Annotated[
        bool | None,
        typer.Option("--keep/--no-keep", help="Keep serving afterwards. Default: if this is a terminal."),
    ] = None,
    json_output: Json = False,
) -> None:
    """Start everything, send real traffic to three versions of a real app, and show how they compare.

    The app answers questions about Python's standard library: two services, real retrieval, real failures.

    Example: `spanfold demo --questions 300`
    """
    from spanfold_deploy.cli import _output
    from spanfold_deploy.demo import run

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # both stop the demo in order
    keep = keep if keep is not None else sys.stdin.isatty() and sys.stdout.isatty()
    data.mkdir(parents=True, exist_ok=True)
    with ExitStack() as opened:
        log = opened.enter_context((data / "demo.log").open("ab"))
        if endpoint is None:
            _say(f"starting the server (data and logs: {data})")
            child, server = run.start_server(data / "database", log)
            opened.callback(run.stop_server, child)
        else:
            receiver = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318")
            child, server = None, run.Server(endpoint.rstrip("/"), receiver.rstrip("/"))
        reports = _traffic(server, questions, log)
        if json_output:
            _output.print_json([_as_json(report) for report in reports])
        else:
            _print_table(reports)
            database = None if keep or child is None else data / "database"
            _print_addresses(reports, server, database)
        if keep and child is not None:
            _say("serving until Ctrl-C")
            with suppress(KeyboardInterrupt):
                child.wait(None)
                message = f"the server ended by itself: see {log.name}"
                raise StartError(message)


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")


def _traffic(server: Server, questions: int, log: IO[bytes]) -> list[VersionReport]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from spanfold_deploy.demo.run import run_traffic
    from spanfold_deploy.demo.versions import VERSIONS

    total = questions * len(VERSIONS)
    _say(f"deploying {', '.join(VERSIONS)} and asking each {questions} questions")
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("questions", total=total)
        return run_traffic(server, questions, log, lambda: progress.advance(task))


def _print_table(reports: Sequence[VersionReport]) -> None:
    from spanfold_deploy.cli import _output

    columns = ("version", "traces", "errors", "error rate", "p50", "p95", "right answers", "answered as")
    table = _output.table(*columns, right=frozenset(columns[1:7]))
    for report in reports:
        summary, tally = report.summary, report.tally
        latency = summary["latency_ms"] or {}
        statuses = sorted(tally.statuses.items())
        table.add_row(
            report.model["name"],
            str(summary["trace_count"]),
            str(summary["error_count"]),
            f"{summary['error_rate'] or 0:.1%}",
            _output.milliseconds(latency.get("p50")),
            _output.milliseconds(latency.get("p95")),
            "-" if tally.hit_rate is None else f"{tally.hit_rate:.1%}",
            ", ".join(f"{count} x {status}" for status, count in statuses),
        )
    screen = _output.console()
    screen.print(table)
    screen.print("right answers: the right documentation string came first; the rest is from the query API")


def _print_addresses(reports: Sequence[VersionReport], server: Server, stopped: Path | None) -> None:
    """Where to look, on the server that runs, or on the one that has to be started again first."""
    from spanfold_deploy.cli import _output

    screen = _output.console()
    api_url = server.api_url
    if stopped is not None:
        api_url = "http://localhost:4319"
        screen.print(
            f"\nto look at it, start the server again: spanfold serve --data {stopped}", soft_wrap=True
        )
    first, newest = reports[0].model, reports[-1].model
    failed = "status = 'ERROR'"
    failures = urlencode({"model_id": first["model_id"], "filter": failed})
    versions = ",".join(report.model["model_id"] for report in reports[-2:])
    compared = urlencode({"models": versions})
    screen.print("\nlook at")
    for path in ("/", f"/traces?{failures}", f"/compare?{compared}", "/docs"):
        screen.print(f"  {api_url}{path}", soft_wrap=True)
    if stopped is None and (api_url, server.otlp_http_endpoint) != _USUAL:
        variables = f"SPANFOLD_ENDPOINT={api_url} OTEL_EXPORTER_OTLP_ENDPOINT={server.otlp_http_endpoint}"
        screen.print(f"  export {variables}", soft_wrap=True)
    before = reports[-2].model["name"]
    for command in (
        f'spanfold traces list --model {first["name"]} --filter "{failed}"',
        f"spanfold models compare {first['name']} {newest['name']}",
        f"spanfold evaluate --model {before} --model {newest['name']} --metrics token_f1,latency",
        f"spanfold evaluate compare {before} {newest['name']} --rows 3",
    ):
        screen.print(f"  {command}", soft_wrap=True)


def _as_json(report: VersionReport) -> dict[str, object]:
    return {
        "model": dict(report.model),
        "summary": dict(report.summary),
        "statuses": {str(status): count for status, count in report.tally.statuses.items()},
        "hit_rate": report.tally.hit_rate,
    }
