"""``spanfold models diff`` and ``spanfold models compare``: versions side by side."""

# ruff: noqa: PLC0415 - heavy imports wait for the command that needs them
# ruff: noqa: TC001 - typer reads the annotations of commands
# ruff: noqa: PLR0913 - a command has the options it has

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from spanfold_deploy.cli._options import Config, Endpoint, Json

_MODEL = "Model ID (m-...), or a name: its newest version."
Since = Annotated[
    str | None,
    typer.Option(help="Only traces since then: 30m, 1h, 7d or a time (RFC 3339).", show_default="all"),
]
Until = Annotated[str | None, typer.Option(help="Only traces before then: a period ago, or a time.")]


def diff(
    a: Annotated[str, typer.Argument(metavar="A", help=_MODEL)],
    b: Annotated[str, typer.Argument(metavar="B", help="What to compare it with.")],
    *,
    as_of_a: Annotated[
        str | None, typer.Option(metavar="TIME", help="A as it was at this time (RFC 3339).")
    ] = None,
    as_of_b: Annotated[
        str | None, typer.Option(metavar="TIME", help="B as it was at this time (RFC 3339).")
    ] = None,
    since: Since = None,
    until: Until = None,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Show what differs between two versions, or between two states of one: parameters, tags, git, traffic.

    Example: `spanfold models diff support-bot-v1 support-bot-v2`
    """
    from spanfold_deploy.cli import _client, _comparison, _output

    with _client.connect(endpoint, config) as api:
        found = api.get("/v1/diff", a=a, b=b, as_of_a=as_of_a, as_of_b=as_of_b, **_period(since, until))
    if json_output:
        _output.print_json(found)
    else:
        _comparison.print_diff(_output.console(), found)


def compare(
    models: Annotated[list[str], typer.Argument(metavar="A B [C]...", help=_MODEL)],
    *,
    baseline: Annotated[
        str | None, typer.Option(help="Which of them the others are compared with.", show_default="the first")
    ] = None,
    condition: Annotated[
        str, typer.Option("--filter", help="Only traces that meet it: docs/filter.md.")
    ] = "",
    since: Since = None,
    until: Until = None,
    confidence: Annotated[float, typer.Option(min=0.5, max=0.999, help="Of the intervals.")] = 0.95,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Exit with 1 if a version meets it, such as 'latency_p95 > +10%'. May be given repeatedly.",
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="--fail-if decides on estimates, even where it may be chance.")
    ] = False,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Compare how versions did: errors, latency, tokens, cost and scores, and how sure each difference is.

    Example: `spanfold models compare support-bot-v1 support-bot-v2 --fail-if 'latency_p95 > +10%'`
    """
    from spanfold_deploy.cli import _client, _comparison, _conditions, _output

    if len(models) < 2:  # noqa: PLR2004 - a comparison needs two
        raise typer.BadParameter("name at least two versions", param_hint="A B [C]...")
    conditions = [_conditions.parse(text) for text in fail_if or ()]
    with _client.connect(endpoint, config) as api:
        asked = {"baseline": baseline, "filter": condition or None, "confidence": confidence}
        found = api.get("/v1/compare", models=models, **asked, **_period(since, until))
    verdicts = list(_conditions.judge(conditions, found, strict=strict))
    if json_output:
        _output.print_json({**found, "conditions": [asdict(verdict) for verdict in verdicts]})
    else:
        _comparison.print_comparison(_output.console(), found)
        _comparison.print_verdicts(_output.console(), verdicts)
    if any(verdict.failed for verdict in verdicts):
        raise typer.Exit(1)


def _period(since: str | None, until: str | None) -> dict[str, str | None]:
    from spanfold_deploy.cli import _output

    return {
        "start": None if since is None else _output.start_of(since).isoformat(),
        "end": None if until is None else _output.start_of(until).isoformat(),
    }
