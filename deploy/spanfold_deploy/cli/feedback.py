"""``spanfold feedback``: what people think of traces, and whether judges agree with them."""

# ruff: noqa: PLC0415 - heavy imports wait for the command that needs them
# ruff: noqa: TC001 - typer reads the annotations of commands
# ruff: noqa: PLR0913 - a command has the options it has

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003 - typer reads the annotations of commands
from typing import Annotated, Any

import typer

from spanfold_deploy.cli._options import Config, Endpoint, Json

app = typer.Typer(help="Feedback: what people think of traces.", no_args_is_help=True)

TraceId = Annotated[str, typer.Argument(metavar="TRACE_ID", help="32 hexadecimal digits.")]
By = Annotated[str | None, typer.Option("--by", metavar="WHO", help="Who says so.", show_default="the user")]
Span = Annotated[
    str | None, typer.Option(metavar="SPAN_ID", help="A span of the trace, if only it is meant.")
]


@app.command()
def add(
    trace_id: TraceId,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What is judged, such as helpful.")],
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="A number, true or false (1 and 0), or a label.")
    ],
    *,
    rationale: Annotated[str | None, typer.Option(help="Why.")] = None,
    by: By = None,
    span: Span = None,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Record what a person thinks of a trace: a score with the source HUMAN.

    Example: `spanfold feedback add 4bf92f3577b34da6a3ce929d0e0e4736 helpful true --rationale "right page"`
    """
    from spanfold_deploy.cli import _feedback

    body = {
        "name": name,
        "value": _feedback.value_of(value),
        "rationale": rationale,
        "source_id": by or _feedback.user(),
        "span_id": span,
    }
    _record(trace_id, "feedback", body, endpoint, config, json_output=json_output)


@app.command()
def expect(
    trace_id: TraceId,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="What would have been right.")],
    *,
    name: Annotated[str, typer.Option(help="Of the expectation.")] = "expected_response",
    as_json: Annotated[bool, typer.Option("--as-json", help="VALUE is JSON, such as a list of IDs.")] = False,
    by: By = None,
    span: Span = None,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Record what would have been right: the target of metrics that need one.

    Example: `spanfold feedback expect 4bf92f3577b34da6a3ce929d0e0e4736 "Paris"`
    """
    from spanfold_deploy.cli import _feedback

    given: Any = value
    if as_json:
        try:
            given = json.loads(value)
        except ValueError as fault:
            raise typer.BadParameter(f"no JSON: {fault}", param_hint="VALUE") from None
    body = {"name": name, "value": given, "source_id": by or _feedback.user(), "span_id": span}
    _record(trace_id, "expectations", body, endpoint, config, json_output=json_output)


@app.command("import")
def import_file(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="CSV with a heading, or JSON lines: trace_id, name, value; and rationale, source_id, "
            "span_id; kind is feedback or expectation.",
            exists=True,
            dir_okay=False,
        ),
    ],
    *,
    by: By = None,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Record feedback and expectations of a file, row by row; all rows are checked before the first is sent.

    Rows whose trace is unknown are told and left out; the exit status is then 1. Importing a file again
    records its feedback again.

    Example: `spanfold feedback import reviews.csv --by ann`
    """
    from spanfold_deploy.cli import _client, _feedback, _output

    rows = _feedback.read(file, by)
    with _client.connect(endpoint, config) as api:
        recorded, refused = _feedback.send(api, rows)
    if json_output:
        _output.print_json({"recorded": recorded, "refused": refused})
    else:
        screen = _output.console()
        for one in refused:
            screen.print(f"row {one['row']}: {one['reason']}", style="red")
        screen.print(f"{recorded:,} of {len(rows):,} recorded.")
    if refused:
        raise typer.Exit(1)


@app.command()
def agreement(
    judge: Annotated[
        str, typer.Argument(metavar="JUDGE", help="Name of a judge's scores, or of any metric's.")
    ],
    human: Annotated[
        str | None,
        typer.Argument(metavar="[HUMAN]", help="Name of the people's scores.", show_default="the same"),
    ] = None,
    *,
    evaluation: Annotated[
        str | None, typer.Option(metavar="ID", help="Only the judge's scores of this evaluation.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Only traces of this version: ID, or name.")] = None,
    since: Annotated[str | None, typer.Option(help="Only the judge's scores since then: 7d, a time.")] = None,
    rows: Annotated[
        int, typer.Option(min=0, max=1000, help="Show so many of the rows that differ most.")
    ] = 5,
    confidence: Annotated[float, typer.Option(min=0.5, max=0.999, help="Of the intervals.")] = 0.95,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Tell whether a judge says what people say: kappa, correlation, bias, and where they differ most.

    Example: `spanfold feedback agreement professionalism`
    """
    from spanfold_deploy.cli import _client, _feedback, _output

    with _client.connect(endpoint, config) as api:
        found = api.get(
            "/v1/agreement",
            judge=judge,
            human=human,
            evaluation_id=evaluation,
            model=model,
            start=None if since is None else _output.start_of(since).isoformat(),
            confidence=confidence,
            limit=rows,
        )
    if json_output:
        _output.print_json(found)
    else:
        _feedback.print_agreement(_output.console(), found)


def _record(
    trace_id: str,
    kind: str,
    body: dict[str, Any],
    endpoint: str | None,
    config: Path | None,
    *,
    json_output: bool,
) -> None:
    from urllib.parse import quote

    from spanfold_deploy.cli import _client, _output

    with _client.connect(endpoint, config) as api:
        found = api.post(f"/v1/traces/{quote(trace_id, safe='')}/{kind}", body)
    if json_output:
        _output.print_json(found)
    else:
        _output.console().print(f"recorded {found['name']} of trace {found['trace_id']}")
