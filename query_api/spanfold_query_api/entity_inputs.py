"""What requests for model versions, runs and experiments may say."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field, StringConstraints

from spanfold_query_api import times
from spanfold_query_api.filter.parser import MAX_CHARS
from spanfold_query_api.inputs import (
    DEFAULT_LIMIT,
    MAX_ID_CHARS,
    Instant,
    Limit,
    PageToken,
    Parameters,
)
from spanfold_query_api.listings import MAX_ORDERS, Listing, parse_filter, parse_orders

if TYPE_CHECKING:
    from typing import Any

MAX_EXPERIMENTS: Final = 100

RunId = Annotated[
    str, Field(min_length=1, max_length=MAX_ID_CHARS, examples=["4b1f5c0e2d9a4c7f8e6b3a2d1c0f9e8d"])
]
ExperimentId = Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARS, examples=["570734566221431849"])]


class StateParameters(Parameters):
    """Of whatever is a fold of events."""

    as_of: Annotated[Instant | None, Field(description="State at this instant instead of now.")] = None

    @property
    def as_of_ns(self) -> int:
        """The instant in unix ns."""
        return times.MAX_UNIX_NS if self.as_of is None else self.as_of


class SearchParameters(StateParameters):
    """Of listings that take a condition and an order."""

    experiment_id: Annotated[
        list[Annotated[str, StringConstraints(max_length=MAX_ID_CHARS)]],
        Field(max_length=MAX_EXPERIMENTS, description="Only those of these experiments. May be repeated."),
    ] = []  # noqa: RUF012 - a field of pydantic, which copies it
    filter: Annotated[
        str,
        Field(
            description="A condition, such as `params.top_k = '3' AND metrics.f1 > 0.8`; see docs/filter.md.",
            examples=["status = 'READY' AND tags.team = 'ml'"],
        ),
    ] = ""
    order_by: Annotated[
        list[Annotated[str, StringConstraints(max_length=MAX_CHARS)]],
        Field(
            max_length=MAX_ORDERS,
            description="A field and `ASC` or `DESC`; may be repeated. Newest first if left out.",
            examples=[["metrics.f1 DESC"]],
        ),
    ] = []  # noqa: RUF012 - a field of pydantic, which copies it
    limit: Limit = DEFAULT_LIMIT
    page_token: PageToken = None

    def _asked(self) -> dict[str, Any]:
        return {
            "condition": parse_filter(self.filter),
            "orders": parse_orders(self.order_by),
            "experiment_ids": tuple(sorted(set(self.experiment_id))),
            "as_of_ns": self.as_of_ns,
        }


class RunListParameters(SearchParameters):
    """Of the listing of runs."""

    def asked(self, every: Listing) -> Listing:
        """The part of ``every`` that is asked for; raises FilterError and ProblemError."""
        return dataclasses.replace(every, **self._asked())


class ModelListParameters(SearchParameters):
    """Of the listing of model versions."""

    name: Annotated[str, Field(max_length=MAX_ID_CHARS, description="Only versions of this name.")] = ""
    include_deleted: Annotated[bool, Field(description="List those that were deleted, too.")] = False

    def asked(self, every: Listing) -> Listing:
        """The part of ``every`` that is asked for; raises FilterError and ProblemError."""
        return dataclasses.replace(
            every, name=self.name, include_deleted=self.include_deleted, **self._asked()
        )


class ExperimentListParameters(Parameters):
    """Of the listing of experiments."""

    limit: Limit = DEFAULT_LIMIT
    page_token: PageToken = None
