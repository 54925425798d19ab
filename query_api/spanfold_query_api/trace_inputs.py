"""What requests for traces may say."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from spanfold_query_api.inputs import (
    DEFAULT_LIMIT,
    MAX_ID_CHARS,
    Limit,
    PageToken,
    Parameters,
    PeriodParameters,
)
from spanfold_query_api.problems import invalid
from spanfold_query_api.trace_columns import SPAN_COLUMNS, TRACE_COLUMNS

MAX_DETAILS: Final = 50
"""Traces in one answer with all their spans."""
_MAX_EXPERIMENTS: Final = 100
_TraceIdText = Annotated[str, Field(pattern="^[0-9a-fA-F]{32}$")]


class TraceParameters(PeriodParameters):
    """Which traces are meant."""

    model_id: Annotated[
        str, Field(max_length=MAX_ID_CHARS, description="Only traces that entered this model version.")
    ] = ""
    caller_model_id: Annotated[
        str,
        Field(
            max_length=MAX_ID_CHARS,
            description="Only those in which this version called another service; with `model_id`, that one.",
        ),
    ] = ""
    run_id: Annotated[
        str, Field(max_length=MAX_ID_CHARS, description="Only those recorded under this run.")
    ] = ""
    experiment_id: Annotated[
        list[Annotated[str, Field(max_length=MAX_ID_CHARS)]],
        Field(
            max_length=_MAX_EXPERIMENTS,
            description='Only those of this experiment, or of one of several; "0" is the default one.',
        ),
    ] = []  # noqa: RUF012 - pydantic copies it
    filter: Annotated[
        str,
        Field(
            description="A condition, such as `status = 'ERROR' AND latency_ms > 500`; see docs/filter.md.",
            examples=["status = 'ERROR' AND attributes['user.id'] = 'u1'"],
        ),
    ] = ""


class TraceListParameters(TraceParameters):
    """Of the listing of traces."""

    order_by: Annotated[
        list[str],
        Field(
            max_length=3,
            description="`start_time`, `latency_ms`, `cost_usd`, `input_tokens`, `output_tokens` or "
            "`total_tokens`, then ` DESC` or ` ASC`; ties are settled by the next one given. Traces without "
            "the value come last. Default: `start_time DESC`, which is also by far the cheapest.",
            examples=[["latency_ms DESC"]],
        ),
    ] = []  # noqa: RUF012
    limit: Limit = DEFAULT_LIMIT
    page_token: PageToken = None


class TraceDetailsParameters(Parameters):
    """Of several traces with all their spans."""

    trace_id: Annotated[
        list[_TraceIdText],
        Field(min_length=1, max_length=MAX_DETAILS, description=f"1 to {MAX_DETAILS} trace IDs."),
    ]


class TraceExportParameters(TraceParameters):
    """Of the export."""

    rows: Annotated[
        Literal["traces", "spans"],
        Field(
            description="A row a trace, or a row a span. For spans, all conditions are about the span itself."
        ),
    ] = "traces"
    format: Annotated[
        Literal["arrow", "jsonl"],
        Field(description="An Arrow IPC stream, or a JSON object a line."),
    ] = "arrow"
    columns: Annotated[
        list[str],
        Field(
            max_length=100,
            description="Only these columns, in this order. Default: all.",
            examples=[["trace_id"]],
        ),
    ] = []  # noqa: RUF012

    def wanted(self) -> tuple[str, ...]:
        """The columns, each known and named once.

        Raises:
            ProblemError: one is unknown, or named twice.
        """
        known = TRACE_COLUMNS if self.rows == "traces" else SPAN_COLUMNS
        chosen = tuple(self.columns) or tuple(known)
        if unknown := [column for column in chosen if column not in known]:
            raise invalid("columns", f"there is no column {unknown[0]!r}: there are {', '.join(known)}")
        if len(set(chosen)) < len(chosen):
            raise invalid("columns", "each can be named once")
        return chosen
