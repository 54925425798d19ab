"""What people think of traces: feedback (a score) and expectations (right answers)."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr

from spanfold.evaluation._sender import OutgoingEvent, score_event
from spanfold_query_api import bodies
from spanfold_query_api.answers import Answer
from spanfold_query_api.bodies import JsonBody  # noqa: TC001 - FastAPI reads the annotations of routes
from spanfold_query_api.inputs import TraceId  # noqa: TC001
from spanfold_query_api.problems import invalid, not_found, responses
from spanfold_query_api.statements import statement
from spanfold_schemas import keys
from spanfold_schemas.checks import InvalidEventError, check_name

if TYPE_CHECKING:
    from spanfold_query_api.outgoing import Outgoing
    from spanfold_schemas.database import Database

_Plain = StrictBool | StrictInt | StrictFloat | StrictStr
_SpanId = Annotated[str, Field(pattern="^[0-9a-fA-F]{16}$", description="The span, if only one is meant.")]
_SourceId = Annotated[str, Field(max_length=500, description="Who says so.")]


class NewFeedback(bodies.Posted):
    """A score that a person gives."""

    name: Annotated[str, Field(max_length=500, examples=["helpful"])]
    value: Annotated[_Plain, Field(description="A number, true or false (1 and 0), or a label.")]
    rationale: Annotated[str | None, Field(max_length=8_000, description="Why.")] = None
    source_id: _SourceId = ""
    source_type: Literal["HUMAN", "LLM_JUDGE", "CODE"] = "HUMAN"
    span_id: _SpanId | None = None
    metadata: Annotated[dict[str, _Plain], Field(max_length=20, description="Further facts.")] = {}  # noqa: RUF012


class NewExpectation(bodies.Posted):
    """What would have been right."""

    name: Annotated[str, Field(max_length=250)] = "expected_response"
    value: Annotated[Any, Field(description="Anything that JSON can say, but null.")]
    source_id: _SourceId = ""
    span_id: _SpanId | None = None


class Recorded(Answer):
    """What was recorded, durably."""

    trace_id: str
    span_id: Annotated[str | None, Field(description="The span that it belongs to.")]
    model_id: Annotated[str, Field(description="The version that made it; empty where none is known.")]
    name: str


def router(database: Database, outgoing: Outgoing) -> APIRouter:
    """The routes ``/v1/traces/{trace_id}/feedback`` and ``.../expectations``."""
    routes = APIRouter(prefix="/v1/traces/{trace_id}", tags=["traces"])
    not_there = responses(HTTPStatus.NOT_FOUND)

    @routes.post(
        "/feedback",
        status_code=HTTPStatus.CREATED,
        summary="Record what a person thinks of a trace",
        responses=not_there,
        openapi_extra=dict(bodies.described(NewFeedback)),
    )
    def log_feedback(trace_id: TraceId, body: JsonBody) -> Recorded:
        given = bodies.checked(NewFeedback, body)
        _check_name("name", given.name)
        for key in given.metadata:
            _check_name("metadata", key)
        if isinstance(given.value, str):
            _check_name("value", given.value)
        elif not math.isfinite(given.value):
            raise invalid("value", "must be a finite number")
        place = _place(database, trace_id, given.span_id)
        event = score_event(
            trace_id=place.trace_id,
            span_id=place.span_id or "",
            name=given.name,
            value=given.value,
            explanation=given.rationale,
            model_id=place.model_id,
            scorer=given.source_id,
            source=given.source_type,
        )
        facts = {keys.SCORE_METADATA_PREFIX + key: value for key, value in given.metadata.items()}
        outgoing.send([_with(event, facts)])
        return place.model_copy(update={"name": given.name})

    @routes.post(
        "/expectations",
        status_code=HTTPStatus.CREATED,
        summary="Record what would have been right",
        responses=not_there,
        openapi_extra=dict(bodies.described(NewExpectation)),
    )
    def log_expectation(trace_id: TraceId, body: JsonBody) -> Recorded:
        given = bodies.checked(NewExpectation, body)
        if given.value is None:
            raise invalid("value", "say what would have been right")
        place = _place(database, trace_id, given.span_id)
        payload = {
            "name": given.name,
            "value": given.value,
            "source_id": given.source_id or None,
            "span_id": None if given.span_id is None else place.span_id,
        }
        outgoing.send_fact(keys.TRACE_EXPECTATION_LOGGED, place.trace_id, payload, actor=given.source_id)
        return place.model_copy(update={"name": given.name})

    return routes


def _place(database: Database, trace_id: str, span_id: str | None) -> Recorded:
    """The entry span of a trace, or the span that is named.

    Raises:
        ProblemError: there is none.
    """
    asked = {"trace_id": trace_id.lower(), "span_id": (span_id or "").lower()}
    found = database.query(statement("trace_place"), asked).dicts()
    if not found:
        whole = database.query(statement("trace_place"), {**asked, "span_id": ""}).dicts()
        raise not_found("span", str(span_id)) if whole else not_found("trace", trace_id)
    return Recorded(trace_id=asked["trace_id"], name="", **found[0])


def _with(event: OutgoingEvent, facts: dict[str, Any]) -> OutgoingEvent:
    return OutgoingEvent(
        event.event_name,
        event.time_unix_ns,
        {**event.attributes, **facts},
        event.body,
        event.trace_id,
        event.span_id,
    )


def _check_name(field_name: str, text: str) -> None:
    try:
        check_name(field_name, text)
    except InvalidEventError as error:
        raise invalid(error.field, error.message) from None
