"""What requests that explore traces may say: histogram, facets, scatter, fields, logs."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from spanfold_query_api.inputs import Parameters, PeriodParameters
from spanfold_query_api.trace_inputs import TraceParameters

MAX_BUCKETS: Final = 400
MAX_FACETS: Final = 20
"""Fields that one request may ask about."""
MAX_FIELD_CHARS: Final = 300
MAX_VALUES: Final = 100
MAX_CONTAINED_CHARS: Final = 300
MAX_POINTS: Final = 5_000
MAX_LOGS: Final = 5_000
DEFAULT_FACETS: Final = ("model_id", "service_name", "status", "name", "user_id", "conversation_id")


class TraceHistogramParameters(TraceParameters):
    """Of the histogram over time."""

    buckets: Annotated[
        int, Field(ge=1, le=MAX_BUCKETS, description="Most buckets; the width is a round one.")
    ] = 120


class TraceFacetsParameters(TraceParameters):
    """Of the facets."""

    field: Annotated[
        list[Annotated[str, Field(max_length=MAX_FIELD_CHARS)]],
        Field(
            max_length=MAX_FACETS,
            description="Text fields of the filter language, or entries of its maps.",
            examples=[["model_id", "tags['tier']"]],
        ),
    ] = list(DEFAULT_FACETS)  # noqa: RUF012 - pydantic copies it
    limit: Annotated[int, Field(ge=1, le=MAX_VALUES, description="Most values of each field.")] = 10
    contains: Annotated[
        str,
        Field(
            max_length=MAX_CONTAINED_CHARS,
            description="Only values, or labels, with this text in them, in upper or lower case.",
        ),
    ] = ""


class TraceScatterParameters(TraceParameters):
    """Of the scatter."""

    points: Annotated[int, Field(ge=1, le=MAX_POINTS, description="Most traces in the answer.")] = 1_500


class TraceFieldsParameters(PeriodParameters):
    """Of the fields that filters may name: the range is that of the spans whose keys are listed."""


class TraceLogsParameters(Parameters):
    """Of the log records of a trace."""

    limit: Annotated[int, Field(ge=1, le=MAX_LOGS, description="Most records, earliest first.")] = 1_000
