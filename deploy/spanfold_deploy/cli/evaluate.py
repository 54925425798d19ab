"""``spanfold evaluate``: score recorded traces, or the rows of a file."""

# ruff: noqa: PLC0415 - heavy imports wait for the command that needs them
# ruff: noqa: TC001 - typer reads the annotations of commands
# ruff: noqa: PLR0913 - a command has the options it has
# ruff: noqa: ARG001 - they are read from the context, all at once

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations of commands
from typing import Annotated

import typer

from spanfold_deploy.cli import _evaluate_options as options
from spanfold_deploy.cli._evaluate_options import Evaluation
from spanfold_deploy.cli._options import Config, Endpoint, Json

app = typer.Typer(invoke_without_command=True, no_args_is_help=True)


@app.callback()
def evaluate(
    context: typer.Context,
    *,
    model: options.Models = None,
    since: options.Since = None,
    until: options.Until = None,
    where: options.Where = "",
    run: options.RunId = None,
    experiment: options.OneExperiment = None,
    sample: options.Sample = None,
    stratify_by: options.StratifyBy = None,
    seed: options.Seed = 0,
    data: options.DataFile = None,
    predictions: options.Predictions = None,
    targets: options.Targets = None,
    model_type: options.ModelType = None,
    metrics: options.Metrics = None,
    judge: options.Judge = None,
    mapping: options.Mapping = None,
    max_cost_usd: options.MaxCost = None,
    max_calls: options.MaxCalls = None,
    concurrency: options.Concurrency = None,
    yes: options.Yes = False,
    name: options.Name = None,
    on_server: options.OnServer = False,
    resume: options.Resume = None,
    output: options.Output = None,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Score recorded traces, version by version; or the rows of a file.

    Scores are stored beside the traces. What was cut off can be resumed, and nothing is scored or paid twice.

    Example: `spanfold evaluate --model bot-v1 --model bot-v2 --since 24h --metrics token_f1,latency`

    Example: `spanfold evaluate --model bot-v2 --sample 10% --metrics relevance --judge openai:/gpt-5-mini`

    Example: `spanfold evaluate --data rows.jsonl --predictions answer --targets expected --metrics token_f1`
    """
    if context.invoked_subcommand is not None:
        return
    from spanfold_deploy.cli import _evaluating
    from spanfold_deploy.cli._wanted import Wanted

    given = {name: value for name, value in context.params.items() if name in Wanted.names()}
    _evaluating.evaluate(Wanted(**given), endpoint, config)


@app.command("metrics")
def list_metrics(*, json_output: Json = False) -> None:
    """List the metrics that can be named: what each is, what it needs, and its parameters.

    Example: `spanfold evaluate metrics`
    """
    from spanfold_deploy.cli import _metrics, _output

    found = _metrics.described()
    if json_output:
        _output.print_json({"metrics": found})
        return
    table = _output.table("metric", "needs", "better", "parameters", "what it is")
    directions = {True: "higher", False: "lower", None: "-"}
    for one in found:
        table.add_row(
            one["name"],
            ", ".join(one["columns"]),
            directions[one["greater_is_better"]],
            ", ".join(one["parameters"]),
            one["summary"],
        )
    screen = _output.console()
    screen.print(table)
    screen.print("with parameters: regex_match:pattern=^[0-9]+$   your own: --metrics checks.py:politeness")


@app.command()
def resume(
    evaluation: Evaluation,
    *,
    metrics: options.Metrics = None,
    max_cost_usd: options.MaxCost = None,
    max_calls: options.MaxCalls = None,
    concurrency: options.Concurrency = None,
    yes: options.Yes = False,
    output: options.Output = None,
    endpoint: Endpoint = None,
    config: Config = None,
    json_output: Json = False,
) -> None:
    """Go on with an evaluation that was cut off, where it was: nothing is scored or paid twice.

    Metrics are named again only where they were functions of a file. Budgets count what was spent before.

    Example: `spanfold evaluate resume e-0123456789abcdef0123456789abcdef --max-cost-usd 10`
    """
    from spanfold_deploy.cli import _evaluating
    from spanfold_deploy.cli._wanted import Wanted

    wanted = Wanted(
        resume=evaluation,
        metrics=metrics,
        max_cost_usd=max_cost_usd,
        max_calls=max_calls,
        concurrency=concurrency,
        yes=yes,
        output=output,
        json_output=json_output,
    )
    _evaluating.evaluate(wanted, endpoint, config)


@app.command()
def report(
    evaluation: Evaluation,
    *,
    output: Annotated[
        list[Path],
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="A report: .html; or rows: .jsonl, .csv, .parquet. May be repeated.",
        ),
    ],
    endpoint: Endpoint = None,
    config: Config = None,
) -> None:
    """Write an evaluation of traces to a file: a report that opens offline, or its rows.

    Example: `spanfold evaluate report e-0123456789abcdef0123456789abcdef -o report.html`
    """
    from spanfold_deploy.cli import _evaluating

    _evaluating.report(evaluation, output, endpoint, config)
