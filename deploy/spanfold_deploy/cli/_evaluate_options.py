"""Options of ``spanfold evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_TRACES = "Which traces"
_ROWS = "Rows of a file instead of traces"
_LIMITS = "Limits"
_RESULT = "Result"

Evaluation = Annotated[
    str,
    typer.Argument(metavar="EVALUATION", help="Evaluation ID (e-...), or a name: the newest of that name."),
]
Metrics = Annotated[
    list[str] | None,
    typer.Option(
        "--metrics",
        metavar="METRIC,...",
        help="Names (`spanfold evaluate metrics` lists them), with parameters such as "
        "regex_match:pattern=^[0-9]+$, or file.py:function. May be repeated.",
    ),
]
Judge = Annotated[
    str | None,
    typer.Option(
        "--judge", metavar="URI", help="Model of judges that name none: openai:/gpt-5-mini, anthropic:/..."
    ),
]
Mapping = Annotated[
    str | None,
    typer.Option(
        "--mapping",
        metavar="FILE|JSON",
        help="Where in traces inputs, predictions ... are; or which column of rows is which.",
    ),
]

Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        rich_help_panel=_TRACES,
        help="Of this version: model ID or name. May be repeated.",
    ),
]
Since = Annotated[
    str | None,
    typer.Option("--since", rich_help_panel=_TRACES, help="Newer than: 30m, 24h, 7d or a time (RFC 3339)."),
]
Until = Annotated[
    str | None, typer.Option("--until", rich_help_panel=_TRACES, help="Older than: a period ago, or a time.")
]
Where = Annotated[
    str,
    typer.Option(
        "--where", metavar="CONDITION", rich_help_panel=_TRACES, help="That meet it: docs/filter.md."
    ),
]
RunId = Annotated[
    str | None, typer.Option("--run", metavar="RUN_ID", rich_help_panel=_TRACES, help="Of this run.")
]
OneExperiment = Annotated[
    str | None,
    typer.Option("--experiment", rich_help_panel=_TRACES, help="Of this experiment, by ID or name."),
]
Sample = Annotated[
    str | None,
    typer.Option("--sample", metavar="10%|500", rich_help_panel=_TRACES, help="A share of them, or so many."),
]
StratifyBy = Annotated[
    str | None,
    typer.Option(
        "--stratify-by",
        metavar="FIELD",
        rich_help_panel=_TRACES,
        help="Sample as many of each value, such as model_id.",
    ),
]
Seed = Annotated[
    int, typer.Option("--seed", rich_help_panel=_TRACES, help="Another number draws another sample.")
]

DataFile = Annotated[
    Path | None,
    typer.Option("--data", metavar="FILE", rich_help_panel=_ROWS, help=".jsonl, .json or .csv."),
]
Predictions = Annotated[
    str | None,
    typer.Option("--predictions", metavar="COLUMN", rich_help_panel=_ROWS, help="Holds the answers."),
]
Targets = Annotated[
    str | None,
    typer.Option("--targets", metavar="COLUMN", rich_help_panel=_ROWS, help="Holds the right answers."),
]
ModelType = Annotated[
    str | None,
    typer.Option(
        "--model-type",
        metavar="TYPE",
        rich_help_panel=_ROWS,
        help="Its usual metrics, too: question-answering, text-summarization, text, retriever, ...",
    ),
]

MaxCost = Annotated[
    float | None,
    typer.Option(
        "--max-cost-usd", min=0, metavar="USD", rich_help_panel=_LIMITS, help="Most that judges may cost."
    ),
]
MaxCalls = Annotated[
    int | None,
    typer.Option("--max-calls", min=0, metavar="N", rich_help_panel=_LIMITS, help="Most calls to judges."),
]
Concurrency = Annotated[
    int | None,
    typer.Option(
        "--concurrency", min=1, metavar="N", rich_help_panel=_LIMITS, help="Calls to judges at a time."
    ),
]
Yes = Annotated[
    bool, typer.Option("--yes", "-y", rich_help_panel=_LIMITS, help="Do not ask before judges are paid.")
]

Name = Annotated[str | None, typer.Option("--name", rich_help_panel=_RESULT, help="What to call it.")]
OnServer = Annotated[
    bool, typer.Option("--on-server", rich_help_panel=_RESULT, help="The server does it, not this process.")
]
Resume = Annotated[
    str | None,
    typer.Option(
        "--resume",
        metavar="EVALUATION",
        rich_help_panel=_RESULT,
        help="Go on with an evaluation (e-...), or the newest of a name.",
    ),
]
Output = Annotated[
    list[Path] | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        rich_help_panel=_RESULT,
        help="Write the rows: .jsonl, .csv, .parquet, or a report: .html. May be repeated.",
    ),
]
