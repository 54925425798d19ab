"""Whether judges say what people say."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from spanfold.errors import InvalidArgumentError
from spanfold_query_api import agreement, references, times
from spanfold_query_api.inputs import MAX_ID_CHARS, PeriodParameters
from spanfold_query_api.problems import ProblemError, responses
from spanfold_query_api.trust_answers import AgreementAnswer

if TYPE_CHECKING:
    from spanfold_schemas.database import Database

_Name = Annotated[str, Field(min_length=1, max_length=MAX_ID_CHARS)]


class AgreementParameters(PeriodParameters):
    """Whose scores to compare. The period is that of the judge's scores."""

    judge: Annotated[_Name, Field(description="Name of the scores of a judge, or of any metric.")]
    human: Annotated[
        str,
        Field(max_length=MAX_ID_CHARS, description="Name of the scores of people; as `judge` if left out."),
    ] = ""
    evaluation_id: Annotated[
        str, Field(max_length=MAX_ID_CHARS, description="Only the judge's scores of this evaluation.")
    ] = ""
    model: Annotated[
        str,
        Field(max_length=MAX_ID_CHARS, description="Only traces of this version: model ID, or name."),
    ] = ""
    confidence: Annotated[float, Field(ge=0.5, le=0.999, description="Of the intervals.")] = 0.95
    limit: Annotated[int, Field(ge=0, le=1000, description="Of the traces that differ most.")] = 20


def router(database: Database) -> APIRouter:
    """The route ``/v1/agreement``."""
    routes = APIRouter(prefix="/v1/agreement", tags=["evaluations"])

    @routes.get("", summary="Whether a judge says what people say", responses=responses(HTTPStatus.NOT_FOUND))
    def get_agreement(parameters: Annotated[AgreementParameters, Query()]) -> AgreementAnswer:
        from spanfold.evaluation._agreement import agreement_of  # noqa: PLC0415 - numpy is slow to import

        parameters.check()
        model_id = ""
        if parameters.model:
            model_id = references.find(database, parameters.model, times.MAX_UNIX_NS)["model_id"]
        human = parameters.human or parameters.judge
        asked = agreement.Asked(
            parameters.judge,
            human,
            parameters.evaluation_id,
            model_id,
            parameters.start or 0,
            times.MAX_UNIX_NS if parameters.end is None else parameters.end,
        )
        rated = agreement.rated(database, asked)
        try:
            found = agreement_of(
                parameters.judge, human, rated, confidence=parameters.confidence, limit=parameters.limit
            )
        except InvalidArgumentError as error:
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "nothing-to-compare", str(error)) from error
        return AgreementAnswer.model_validate(found.to_dict(), strict=False)

    return routes
