"""What requests for trends, changes and regressions may say."""

from __future__ import annotations

import time
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from spanfold_query_api import times
from spanfold_query_api.entity_inputs import MAX_EXPERIMENTS
from spanfold_query_api.inputs import MAX_ID_CHARS, PeriodParameters
from spanfold_query_api.version_figures import Period

MAX_MODELS: Final = 100
MAX_BUCKETS: Final = 200
_DEFAULT_NS: Final = 86_400 * times.NS_PER_S
_Id = Annotated[str, StringConstraints(max_length=MAX_ID_CHARS)]
_Experiments = Annotated[
    list[_Id],
    Field(max_length=MAX_EXPERIMENTS, description="Only versions of these experiments. May be repeated."),
]


class TrendParameters(PeriodParameters):
    """Of trends."""

    experiment_id: _Experiments = []  # noqa: RUF012 - a field of pydantic, which copies it
    model_id: Annotated[
        list[_Id],
        Field(
            max_length=MAX_MODELS,
            description="These versions, with traffic or without; by default, those with traffic.",
        ),
    ] = []  # noqa: RUF012 - as above
    service_name: Annotated[
        str, Field(max_length=MAX_ID_CHARS, description="Only versions of this application.")
    ] = ""
    buckets: Annotated[int, Field(ge=1, le=MAX_BUCKETS, description="Most pieces of the period.")] = 48
    limit: Annotated[int, Field(ge=1, le=MAX_MODELS, description="Most versions.")] = 50


class ChangeParameters(PeriodParameters):
    """Of changes: of a period against the one before it."""

    experiment_id: _Experiments = []  # noqa: RUF012 - a field of pydantic, which copies it

    def period(self) -> Period:
        """The period; the last 24 hours, or those up to ``end``, where nothing is said.

        Raises:
            ProblemError: ``end`` is not after ``start``.
        """
        end_ns = time.time_ns() if self.end is None else self.end
        asked = self.model_copy(update={"end": end_ns})
        asked.check()
        return Period(max(0, end_ns - _DEFAULT_NS) if self.start is None else self.start, end_ns)


class RegressionParameters(ChangeParameters):
    """Of regressions."""

    limit: Annotated[int, Field(ge=1, le=50, description="Most findings.")] = 20
