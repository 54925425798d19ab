"""What requests may say: the types of parameters, each with its limit."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from spanfold_query_api import paging, times
from spanfold_query_api.problems import invalid

MAX_LIMIT: Final = 1_000
DEFAULT_LIMIT: Final = 100
MAX_ID_CHARS: Final = 600
"""Of a model ID, which can be a service name and its version, or of a model's name."""


def _unix_ns(value: object) -> object:
    return times.parse_rfc3339(value) if isinstance(value, str) else value


Instant = Annotated[
    int,
    BeforeValidator(_unix_ns),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-21T05:00:00Z"]}),
]
"""An RFC 3339 time, as unix ns. A ``+`` in its zone is written ``%2B`` in a URL."""

Limit = Annotated[int, Field(ge=1, le=MAX_LIMIT, description="Most items on the page.")]
PageToken = Annotated[
    str | None,
    Field(max_length=paging.MAX_TOKEN_CHARS, description="`next_page_token` of the page before."),
]
ModelId = Annotated[
    str, Path(min_length=1, max_length=MAX_ID_CHARS, examples=["m-0fce7525246d382493329980499c83b6"])
]
TraceId = Annotated[str, Path(pattern="^[0-9a-fA-F]{32}$", examples=["4bf92f3577b34da6a3ce929d0e0e4736"])]


class Parameters(BaseModel):
    """Base of query parameters: a name that is not one of them is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class EventListParameters(Parameters):
    """Of the listing of events."""

    limit: Limit = DEFAULT_LIMIT
    page_token: PageToken = None


class PeriodParameters(Parameters):
    """Of whatever concerns a time range."""

    start: Annotated[Instant | None, Field(description="First instant of the range.")] = None
    end: Annotated[Instant | None, Field(description="First instant after the range.")] = None

    def check(self) -> None:
        """Refuse a range that cannot hold anything.

        Raises:
            ProblemError: ``end`` is not after ``start``.
        """
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise invalid("end", "must be after start")
