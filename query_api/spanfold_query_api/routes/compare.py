"""Comparisons: what differs between two versions, and how several did."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query

from spanfold_query_api import comparison, differences, references, times
from spanfold_query_api.compare_answers import Comparison, Diff
from spanfold_query_api.compare_inputs import (  # noqa: TC001 - FastAPI reads the annotations of routes
    CompareParameters,
    DiffParameters,
)
from spanfold_query_api.filter import compile_filter, parse, spellings
from spanfold_query_api.models import Period
from spanfold_query_api.problems import invalid, responses
from spanfold_query_api.trace_search import EVERY_TRACE

if TYPE_CHECKING:
    from spanfold_schemas.database import Database


def router(database: Database) -> APIRouter:
    """The routes ``/v1/diff`` and ``/v1/compare``."""
    routes = APIRouter(prefix="/v1", tags=["compare"])
    not_there = responses(HTTPStatus.NOT_FOUND)

    @routes.get("/diff", summary="What differs between two versions", responses=not_there)
    def diff(parameters: Annotated[DiffParameters, Query()]) -> Diff:
        parameters.check()
        a = references.find(database, parameters.a, _instant(parameters.as_of_a))
        b = references.find(database, parameters.b, _instant(parameters.as_of_b))
        period = Period(parameters.start, parameters.end)
        return Diff.model_validate(differences.diff(database, a, b, period))

    @routes.get("/compare", summary="How versions did, each against a baseline", responses=not_there)
    def compare(parameters: Annotated[CompareParameters, Query()]) -> Comparison:
        parameters.check()
        named = parameters.references()
        condition = EVERY_TRACE
        if parameters.filter.strip():
            condition = compile_filter(spellings.ours(parse(parameters.filter)))
        versions = [references.find(database, text, times.MAX_UNIX_NS) for text in named]
        ids = [version["model_id"] for version in versions]
        for position, model_id in enumerate(ids):
            if model_id in ids[:position]:
                first = named[ids.index(model_id)]
                raise invalid("models", f"{first!r} and {named[position]!r} are the same version")
        baseline = 0
        if parameters.baseline:
            wanted = references.find(database, parameters.baseline, times.MAX_UNIX_NS)["model_id"]
            if wanted not in ids:
                raise invalid("baseline", f"{parameters.baseline!r} is not one of models")
            baseline = ids.index(wanted)
        query = comparison.CompareQuery(
            condition, parameters.start or 0, parameters.end, parameters.confidence
        )
        return Comparison.model_validate(comparison.compare(database, versions, baseline, query))

    return routes


def _instant(as_of: int | None) -> int:
    return times.MAX_UNIX_NS if as_of is None else as_of
