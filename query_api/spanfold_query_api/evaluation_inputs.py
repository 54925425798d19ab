"""What requests for evaluations and monitors may say."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import Path
from pydantic import Field, StringConstraints

from spanfold_query_api.bodies import Posted
from spanfold_query_api.evaluations import SCORE_COLUMNS
from spanfold_query_api.inputs import (
    DEFAULT_LIMIT,
    MAX_ID_CHARS,
    Instant,
    Limit,
    PageToken,
    Parameters,
)
from spanfold_query_api.problems import invalid
from spanfold_schemas.checks import MAX_NAME_CHARS
from spanfold_schemas.evaluation_events import MAX_EVALUATION_METRICS

MAX_EXPERIMENTS: Final = 100
MAX_CONCURRENCY: Final = 256

EvaluationId = Annotated[
    str, Path(min_length=1, max_length=MAX_ID_CHARS, examples=["e-0fce7525246d382493329980499c83b6"])
]
MonitorId = Annotated[
    str, Path(min_length=1, max_length=MAX_ID_CHARS, examples=["mon-a0b1416bca1415d8623704d8c2a7b8c6"])
]
Status = Literal["RUNNING", "CANCELLING", "FINISHED", "FAILED", "CANCELLED"]
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS)]
Metrics = Annotated[
    list[str | dict[str, Any]],
    Field(
        min_length=1,
        max_length=MAX_EVALUATION_METRICS,
        description="Names, as in `token_f1` or `regex_match:pattern=^[0-9]+$`, or specs: "
        '`{"name": "guidelines", "parameters": {...}}`.',
    ),
]
Selection = Annotated[
    dict[str, Any],
    Field(
        description="Which traces: `model`, `since`, `until`, `where`, `experiment`, `run_id`, `trace_ids`, "
        "`sample`, `stratify_by`, `seed`, `limit`; each may be left out.",
        examples=[{"model": "support-bot-v2", "since": "24h", "where": "status = 'OK'", "sample": 0.1}],
    ),
]


class EvaluationListParameters(Parameters):
    """Of the listing of evaluations."""

    status: Annotated[list[Status], Field(max_length=5, description="May be repeated.")] = []  # noqa: RUF012 - a field of pydantic
    name: Annotated[str, Field(max_length=MAX_ID_CHARS, description="Only those of this name.")] = ""
    model_id: Annotated[
        str, Field(max_length=MAX_ID_CHARS, description="Only those of traces of this version.")
    ] = ""
    experiment_id: Annotated[
        list[Annotated[str, StringConstraints(max_length=MAX_ID_CHARS)]],
        Field(max_length=MAX_EXPERIMENTS, description="Only those of these experiments. May be repeated."),
    ] = []  # noqa: RUF012 - a field of pydantic
    limit: Limit = DEFAULT_LIMIT
    page_token: PageToken = None


class ScoreParameters(Parameters):
    """Of the scores of an evaluation."""

    name: Annotated[str, Field(max_length=MAX_ID_CHARS, description="Only scores of this metric.")] = ""
    model_id: Annotated[str, Field(max_length=MAX_ID_CHARS, description="Only of this version's traces.")] = (
        ""
    )
    since: Annotated[Instant | None, Field(description="Only those that were given from then on.")] = None
    columns: Annotated[
        str,
        Field(max_length=1_000, description="Names by comma; all if left out.", examples=["trace_id,value"]),
    ] = ""
    format: Literal["jsonl", "arrow"] = "jsonl"

    def wanted(self) -> tuple[str, ...]:
        """The columns that are asked for.

        Raises:
            ProblemError: one is none, or is named twice.
        """
        if not self.columns:
            return SCORE_COLUMNS
        names = tuple(name.strip() for name in self.columns.split(","))
        for name in names:
            if name not in SCORE_COLUMNS:
                raise invalid("columns", f"{name!r} is none of {', '.join(SCORE_COLUMNS)}")
        if len(set(names)) < len(names):
            raise invalid("columns", "a column is named twice")
        return names


class EvaluationOptions(Posted):
    """How an evaluation runs."""

    max_cost_usd: Annotated[float | None, Field(strict=True, gt=0, allow_inf_nan=False)] = None
    max_calls: Annotated[int | None, Field(strict=True, ge=0)] = None
    concurrency: Annotated[int | None, Field(strict=True, ge=1, le=MAX_CONCURRENCY)] = None
    mapping: dict[str, Any] | None = None
    batch_rows: Annotated[int | None, Field(strict=True, ge=1, le=10_000)] = None
    retry_failed: Annotated[bool | None, Field(strict=True)] = None


class MonitorOptions(Posted):
    """What a monitor may spend, and which part of the traffic it sees."""

    max_cost_usd: Annotated[
        float | None, Field(strict=True, gt=0, allow_inf_nan=False, description="A UTC day.")
    ] = None
    max_calls: Annotated[int | None, Field(strict=True, ge=0, description="Calls to judges, a UTC day.")] = (
        None
    )
    sample: Annotated[float | None, Field(strict=True, gt=0, le=1, description="Share of the traces.")] = None
    mapping: dict[str, Any] | None = None


class NewEvaluation(Posted):
    """An evaluation of traces that runs beside the query API."""

    name: Name | None = None
    experiment_id: Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS)] = "0"
    run_id: Annotated[str | None, Field(max_length=MAX_ID_CHARS)] = None
    user: Annotated[str | None, Field(max_length=MAX_ID_CHARS)] = None
    selection: Selection
    metrics: Metrics
    options: EvaluationOptions = EvaluationOptions()


class ResumedEvaluation(Posted):
    """How an evaluation goes on."""

    options: Annotated[
        EvaluationOptions, Field(description="Those that change, such as a larger `max_cost_usd`.")
    ] = EvaluationOptions()


class NewMonitor(Posted):
    """A monitor. One of the same name is configured anew."""

    name: Name
    experiment_id: Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS)] = "0"
    selection: Selection = {}  # noqa: RUF012 - a field of pydantic, which copies it
    metrics: Metrics
    options: MonitorOptions = MonitorOptions()


class MonitorListParameters(Parameters):
    """Of the listing of monitors."""

    limit: Limit = DEFAULT_LIMIT
    page_token: PageToken = None
