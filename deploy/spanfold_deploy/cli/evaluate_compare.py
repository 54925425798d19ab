"""``spanfold evaluate compare``: what got better or worse, and how sure that is."""

# ruff: noqa: PLC0415 - heavy imports wait for the command that needs them
# ruff: noqa: TC001 - typer reads the annotations of commands
# ruff: noqa: PLR0913 - a command has the options it has

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from spanfold_deploy.cli._options import Config, Endpoint, Json
from spanfold_deploy.errors import ApiError, SettingsError

_SIDE = "Evaluation ID (e-...), or a version's ID or name: the newest evaluation of its traces."


class Pairing(StrEnum):
    """Whether the same inputs are compared with one another."""

    AUTO = "auto"
    PAIRED = "paired"
    UNPAIRED = "unpaired"


def compare(
    a: Annotated[str, typer.Argument(metavar="A", help=_SIDE)],
    b: Annotated[str, typer.Argument(metavar="B", help="What is compared with it.")],
    *,
    metrics: Annotated[
        list[str] | None,
        typer.Option(
            "--metric", metavar="NAME", help="Only this metric. May be repeated. Default: all that both have."
        ),
    ] = None,
    rows: Annotated[
        int, typer.Option(min=0, max=1000, help="Show so many of the inputs that changed most, by metric.")
    ] = 0,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Exit with 1 if it is met: 'exact_match worse', 'token_f1 < -0.05'. May be repeated.",
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="--fail-if decides on estimates, even where it may be chance.")
    ] = False,
    confidence: Annotated[float, typer.Option(min=0.5, max=0.999, help="Of the intervals.")] = 0.95,
    power: Annotated[
        float, typer.Option(min=0.501, max=0.999, help="Chance of finding a difference, for sample sizes.")
    ] = 0.8,
    pairing: Annotated[
        Pairing, typer.Option(help="Whether the same inputs are compared with one another.")
    ] = Pairing.AUTO,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Compare two evaluations, or two versions by their newest evaluation: means, intervals and a verdict.

    Example: `spanfold evaluate compare support-v2 support-v3 --rows 5 --fail-if 'exact_match worse'`
    """
    from spanfold_deploy.cli import _client, _evaluation_comparison, _output, _score_conditions

    conditions = [_score_conditions.parse(text) for text in fail_if or ()]
    with _client.connect(endpoint, config) as api:
        try:
            found = api.get(
                "/v1/evaluations/compare",
                a=a,
                b=b,
                metric=metrics,
                confidence=confidence,
                power=power,
                pairing=pairing.value,
                rows=rows,
            )
        except ApiError as error:
            if not str(error).startswith("metric:"):
                raise
            # CI tells a mistake in the command (2) from a version that is worse (1).
            message = "--metric " + str(error).removeprefix("metric: ")
            raise SettingsError(message) from None
    verdicts = _score_conditions.judge(conditions, found, strict=strict)
    if json_output:
        _output.print_json({**found, "conditions": [asdict(verdict) for verdict in verdicts]})
    else:
        _evaluation_comparison.print_comparison(_output.console(), found)
        _evaluation_comparison.print_verdicts(_output.console(), verdicts)
    if any(verdict.failed for verdict in verdicts):
        raise typer.Exit(1)
