"""Which of two evaluations is better, and how sure that is."""

from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from spanfold.errors import InvalidArgumentError, NotFoundError
from spanfold_query_api.evaluation_comparison import DatabaseReader
from spanfold_query_api.inputs import MAX_ID_CHARS, Parameters
from spanfold_query_api.problems import ProblemError, responses
from spanfold_query_api.trust_answers import EvaluationComparisonAnswer

if TYPE_CHECKING:
    from spanfold_schemas.database import Database

_Reference = Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARS)]


class EvaluationCompareParameters(Parameters):
    """Which two, and by what."""

    a: Annotated[_Reference, Field(description="Evaluation ID, or a version's ID or name.")]
    b: Annotated[_Reference, Field(description="What is compared with it.")]
    metric: Annotated[
        list[str], Field(max_length=100, description="Only these metrics. Default: all that both have.")
    ] = []  # noqa: RUF012 - pydantic copies it
    confidence: Annotated[float, Field(ge=0.5, le=0.999, description="Of the intervals.")] = 0.95
    power: Annotated[
        float, Field(gt=0.5, le=0.999, description="Chance of finding a difference, for sample sizes.")
    ] = 0.8
    pairing: Annotated[
        Literal["auto", "paired", "unpaired"],
        Field(description="Whether the same inputs are compared with one another."),
    ] = "auto"
    rows: Annotated[
        int, Field(ge=0, le=1000, description="Pairs that changed most, for each of the first ten metrics.")
    ] = 0


_MAX_METRICS_WITH_ROWS = 10


def router(database: Database) -> APIRouter:
    """The route ``/v1/evaluations/compare``; to be included before the route of one evaluation."""
    routes = APIRouter(prefix="/v1/evaluations", tags=["evaluations"])

    @routes.get(
        "/compare",
        summary="What got better or worse from one evaluation to another",
        responses=responses(HTTPStatus.NOT_FOUND),
    )
    def compare_evaluations(
        parameters: Annotated[EvaluationCompareParameters, Query()],
    ) -> EvaluationComparisonAnswer:
        from spanfold.evaluation import _comparison  # noqa: PLC0415 - numpy is slow to import

        try:
            found = _comparison.compare(
                DatabaseReader(database),
                parameters.a,
                parameters.b,
                metrics=parameters.metric or None,
                confidence=parameters.confidence,
                power=parameters.power,
                pairing=parameters.pairing,
            )
        except NotFoundError as error:
            raise ProblemError(HTTPStatus.NOT_FOUND, "evaluation-not-found", str(error)) from error
        except InvalidArgumentError as error:
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "nothing-to-compare", str(error)) from error
        listed = list(found.metrics)[:_MAX_METRICS_WITH_ROWS] if parameters.rows else []
        rows = {name: [asdict(pair) for pair in found.rows(name, parameters.rows)] for name in listed}
        return EvaluationComparisonAnswer.model_validate({**found.to_dict(), "rows": rows}, strict=False)

    return routes
