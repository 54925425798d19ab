"""What is answered about evaluations and monitors."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from spanfold_query_api.answers import Answer, NextPage, Time, UnixNs

Metrics = Annotated[
    list[dict[str, Any]],
    Field(
        description="Each with `name`, `parameters`, `key`, `greater_is_better`, `resource` and `scorer`; "
        "`local` is true for a function that only the process has which started the evaluation."
    ),
]


class Progress(Answer):
    """How far it is: absolute numbers."""

    done: Annotated[int, Field(description="Traces, or rows, that have been looked at.")]
    total: Annotated[int | None, Field(description="Of how many; null while that is not known.")]
    failed: Annotated[int, Field(description="Those of which a metric failed.")]
    unmapped: Annotated[int, Field(description="Those that lack what a metric needs.")]
    calls: Annotated[int, Field(description="Calls to judges that were paid for.")]
    cost_usd: float
    scores: int


class Evaluation(Answer):
    """One evaluation, as its events describe it."""

    evaluation_id: Annotated[str, Field(examples=["e-0fce7525246d382493329980499c83b6"])]
    name: str
    status: Annotated[
        str,
        Field(
            description="RUNNING, CANCELLING, FINISHED, FAILED, CANCELLED, or UNSPECIFIED where the start is "
            "not known."
        ),
    ]
    reason: Annotated[str | None, Field(description="Why it failed, and how to go on.")]
    source: Annotated[str, Field(description="`traces` or `rows`.")]
    runner: Annotated[str, Field(description="`client`, or `server` for one that runs beside this API.")]
    metrics: Metrics
    selection: Annotated[dict[str, Any] | None, Field(description="Which traces; null for rows.")]
    options: dict[str, Any]
    aggregates: Annotated[dict[str, float], Field(examples=[{"token_f1/mean": 0.61}])]
    progress: Progress
    unmapped_reasons: Annotated[dict[str, int], Field(description="Why rows could not be scored: how many.")]
    experiment_id: str
    run_id: str | None
    model_ids: list[str]
    monitor_id: str | None
    user: str | None
    start_time: Time
    start_time_unix_ns: UnixNs
    end_time: Time | None
    end_time_unix_ns: UnixNs | None


class EvaluationPage(Answer):
    """Evaluations, newest first."""

    evaluations: list[Evaluation]
    next_page_token: NextPage


class Monitor(Answer):
    """A monitor, which scores traces as they come in."""

    monitor_id: Annotated[str, Field(examples=["mon-a0b1416bca1415d8623704d8c2a7b8c6"])]
    name: str
    status: Annotated[
        str, Field(description="ACTIVE, PAUSED, or FAILING: active, but the last attempt failed.")
    ]
    reason: Annotated[str | None, Field(description="Why the last attempt failed. It is tried again.")]
    metrics: Metrics
    selection: dict[str, Any]
    options: dict[str, Any]
    experiment_id: str
    progress: Annotated[Progress, Field(description="Since it was created; `total` is null.")]
    since_time: Annotated[Time, Field(description="No trace that started before is scored.")]
    since_time_unix_ns: UnixNs
    until_time: Annotated[Time, Field(description="Every trace up to this time has been looked at.")]
    until_time_unix_ns: UnixNs
    creation_time: Time
    creation_time_unix_ns: UnixNs


class MonitorPage(Answer):
    """Monitors, newest first."""

    monitors: list[Monitor]
    next_page_token: NextPage
