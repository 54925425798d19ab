"""What requests for traces may say."""

from __future__ import annotations

import re
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
from spanfold_query_api.trace_columns import ALL_TRACE_COLUMNS, SPAN_COLUMNS, TRACE_COLUMNS
from spanfold_query_api.trace_sampling import EVERYTHING, MAX_STRATA, MAX_STRATUM_CHARS, Sample
from spanfold_query_api.trace_search import Key

MAX_DETAILS: Final = 50
"""Traces in one answer with all their spans."""
_MAX_EXPERIMENTS: Final = 100
MAX_CHOSEN: Final = 200
"""Trace IDs that one request may name."""
MAX_SAMPLE: Final = 1_000_000
_MAX_PAGE_ROWS: Final = 10_000
_KEY: Final = r"^[0-9]{1,19}/[0-9a-f]{32}/[0-9a-f]{16}$"
_THRESHOLD: Final = re.compile(r"([0-9a-f]{16}):(.*)", re.DOTALL)
SampleRate = Annotated[float, Field(ge=0, le=1, description="The share of traces that the sample has.")]
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


class ChosenTraceParameters(TraceParameters):
    """Which traces are meant, down to single ones."""

    trace_id: Annotated[
        list[_TraceIdText],
        Field(max_length=MAX_CHOSEN, description=f"Only these, at most {MAX_CHOSEN}."),
    ] = []  # noqa: RUF012 - pydantic copies it
    sample_seed: Annotated[
        int, Field(ge=0, lt=2**63, description="Which of all samples: equal seeds give equal samples.")
    ] = 0
    stratify_by: Annotated[
        str,
        Field(
            max_length=MAX_STRATUM_CHARS,
            description="A field of the filter language, such as `model_id` or `tags['tier']`.",
        ),
    ] = ""


class TraceCountParameters(ChosenTraceParameters):
    """Of the count."""

    sample_rate: SampleRate = 1.0
    sample_size: Annotated[
        int | None,
        Field(ge=1, le=MAX_SAMPLE, description="Traces of the sample, shared out among the strata."),
    ] = None


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


class TraceExportParameters(ChosenTraceParameters):
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

    sample_rate: SampleRate = 1.0
    sample_threshold: Annotated[
        list[Annotated[str, Field(max_length=MAX_STRATUM_CHARS)]],
        Field(
            max_length=MAX_STRATA,
            description="Of a stratified sample: the `sample_threshold` of each stratum, from the count.",
        ),
    ] = []  # noqa: RUF012
    before: Annotated[
        str | None,
        Field(
            pattern=_KEY,
            description="Only traces older than this one: `<start_time_unix_ns>/<trace_id>/<span_id>`.",
        ),
    ] = None
    page_rows: Annotated[
        int | None,
        Field(
            ge=1,
            le=_MAX_PAGE_ROWS,
            description="Stop soon after so many rows; no rows at all: there are no more. For `jsonl`.",
        ),
    ] = None
    span_attributes: Annotated[
        list[Annotated[str, Field(max_length=250)]],
        Field(max_length=100, description="In the column `spans`: attributes that begin with one of these."),
    ] = []  # noqa: RUF012

    def check(self) -> None:
        """Refuse what makes no sense together.

        Raises:
            ProblemError: it makes none.
        """
        super().check()
        if self.page_rows is not None and self.format != "jsonl":
            raise invalid("page_rows", "goes with format=jsonl")
        if self.rows == "spans" and (self.before or self.page_rows or self.is_sampled()):
            raise invalid("rows", "pages and samples are of traces")
        if self.stratify_by and not self.sample_threshold:
            raise invalid("sample_threshold", "goes with stratify_by: GET /v1/traces/count gives thresholds")

    def is_sampled(self) -> bool:
        """Whether it leaves out traces by chance."""
        return self.sample_rate < 1 or bool(self.sample_threshold)

    def sample(self) -> Sample:
        """Which traces by chance.

        Raises:
            ProblemError: a threshold is none.
        """
        if not self.is_sampled():
            return EVERYTHING
        thresholds = dict[str, int]()
        for text in self.sample_threshold:
            found = _THRESHOLD.fullmatch(text)
            if found is None:
                raise invalid("sample_threshold", "16 hexadecimal digits, a colon, and the stratum")
            thresholds[found.group(2)] = int(found.group(1), 16)
        if thresholds and not self.stratify_by and set(thresholds) != {""}:
            raise invalid("sample_threshold", "without stratify_by there is one, and its stratum has no name")
        return Sample(self.sample_seed, self.sample_rate, self.stratify_by, thresholds)

    def key(self) -> Key | None:
        """Where the page begins."""
        if self.before is None:
            return None
        unix_ns, trace_id, span_id = self.before.split("/")
        return Key(int(unix_ns), trace_id, span_id)

    def wanted(self) -> tuple[str, ...]:
        """The columns, each known and named once.

        Raises:
            ProblemError: one is unknown, or named twice.
        """
        known = ALL_TRACE_COLUMNS if self.rows == "traces" else SPAN_COLUMNS
        chosen = tuple(self.columns) or tuple(TRACE_COLUMNS if self.rows == "traces" else SPAN_COLUMNS)
        if unknown := [column for column in chosen if column not in known]:
            raise invalid("columns", f"there is no column {unknown[0]!r}: there are {', '.join(known)}")
        if len(set(chosen)) < len(chosen):
            raise invalid("columns", "each can be named once")
        return chosen
