"""What comparisons are answered with: one class a JSON object."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from spanfold_query_api.answers import Answer, LoggedModel, ModelSummary, Time

Change = Literal["added", "removed", "changed", "same"]


class Difference(Answer):
    """One key that two states do not say the same of. Only of git's tags the same ones are shown too."""

    key: str
    change: Annotated[Change, Field(description="From `a` to `b`.")]
    a: str | float | None
    b: str | float | None


class Traffic(Answer):
    """How each of the two did in the period."""

    a: ModelSummary
    b: ModelSummary


class Diff(Answer):
    """What differs between two versions, or between two states of one."""

    a: LoggedModel
    b: LoggedModel
    properties: Annotated[
        list[Difference], Field(description="Name, experiment, type, source run, status, deletion.")
    ]
    params: list[Difference]
    tags: Annotated[list[Difference], Field(description="But those of git.")]
    git: Annotated[list[Difference], Field(description="All tags of the git family, side by side.")]
    metrics: list[Difference]
    traffic: Traffic


class Limits(Answer):
    """An estimate between its limits. A limit of null: none can be given, the sample is too small."""

    value: Annotated[float | None, Field(description="Null: not defined, such as a change from zero.")]
    lower: float | None
    upper: float | None


class MetricDifference(Answer):
    """How a metric differs from the baseline's."""

    absolute: Annotated[Limits, Field(description="This version's minus the baseline's.")]
    relative: Annotated[
        Limits | None,
        Field(description="As a share of the baseline's: 0.1 is 10 % more. Null if it can be below 0."),
    ]
    significant: Annotated[bool, Field(description="Whether the interval leaves out that nothing changed.")]
    baseline_trace_count: Annotated[int, Field(description="Traces that the baseline's value rests on.")]


class Metric(Answer):
    """One metric of one version."""

    metric: Annotated[str, Field(examples=["latency_p95", "error_rate", "cost", "score.faithfulness"])]
    unit: Annotated[
        str | None, Field(description="`per_hour`; of a trace each `ratio`, `ms`, `tokens`, `usd`, `score`.")
    ]
    method: Annotated[
        str | None,
        Field(description="`wilson`, `order_statistics`, `t_skewness_corrected` or `batch_means`."),
    ] = None
    estimate: Annotated[Limits | None, Field(description="Null: no trace of this version tells.")]
    trace_count: Annotated[int, Field(description="Traces that it rests on.")]
    difference: Annotated[
        MetricDifference | None,
        Field(description="Null for the baseline, and where one of both has none."),
    ]


class ComparedModel(Answer):
    """How one version did."""

    model_id: str
    name: str
    trace_count: Annotated[int, Field(description="Traces that entered it; of a sampled one within 1 %.")]
    sampled: Annotated[
        bool, Field(description="Whether a sample, the same at each call, stands for all its traces.")
    ]
    sample_count: Annotated[int, Field(description="Traces that were looked at.")]
    total_cost_usd: Annotated[
        float | None, Field(description="Of the traces whose cost is known; of a sampled one an estimate.")
    ]
    metrics: list[Metric]


class Row(Answer):
    """One key that the versions do not all say the same of."""

    key: str
    values: Annotated[list[str | None], Field(description="One a version, in the order of `models`.")]


class Comparison(Answer):
    """How versions did, each against the baseline."""

    baseline: Annotated[str, Field(description="Model ID of the version that the others are compared with.")]
    confidence: float
    start_time: Annotated[Time | None, Field(description="Of the traffic: as asked for, or the first trace.")]
    end_time: Annotated[Time | None, Field(description="As asked for, or the last trace.")]
    params: list[Row]
    tags: list[Row]
    models: list[ComparedModel]
