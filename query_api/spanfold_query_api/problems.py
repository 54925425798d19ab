"""Errors as RFC 9457 problem details: one shape for whatever goes wrong."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from spanfold_query_api.filter import FilterError
from spanfold_schemas.database import PermanentDatabaseError, RetryableDatabaseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI, Request

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 5
_log: Final = logging.getLogger(__name__)


class Problem(BaseModel):
    """What went wrong (RFC 9457). Members beyond these depend on the problem's type."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Which kind of problem; stable, for programs to compare.")
    title: str = Field(description="The kind of problem in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened this time, and what to do about it.")


class ProblemError(Exception):
    """A request that cannot be answered as asked; becomes the response."""

    def __init__(self, status: HTTPStatus, kind: str, detail: str, **members: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.members = members


def not_found(what: str, identifier: str) -> ProblemError:
    """There is no such thing."""
    return ProblemError(
        HTTPStatus.NOT_FOUND, f"{what}-not-found", f"there is no {what.replace('-', ' ')} {identifier!r}"
    )


def invalid(parameter: str, message: str) -> ProblemError:
    """A parameter whose value cannot be used."""
    return ProblemError(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid-parameter",
        f"{parameter}: {message}",
        errors=[{"parameter": parameter, "message": message}],
    )


def responses(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's description of the problems that an operation answers with, beside the ones all have."""
    every = {*statuses, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE}
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        status.value: {"description": _DESCRIPTIONS[status], "content": {MEDIA_TYPE: schema}}
        for status in sorted(every)
    }


_DESCRIPTIONS: Final[Mapping[HTTPStatus, str]] = {
    HTTPStatus.NOT_FOUND: "There is no such thing.",
    HTTPStatus.CONFLICT: "It is not in a state in which that can be done.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not `application/json`.",
    HTTPStatus.TOO_MANY_REQUESTS: "As much as may is waiting: try again after `Retry-After`.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "It is larger than may be.",
    HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE: "None of the bytes exist.",
    HTTPStatus.BAD_GATEWAY: "What was logged is missing or damaged in the store, or the store failed.",
    HTTPStatus.INSUFFICIENT_STORAGE: "There is no room for it.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "A parameter or the filter is not valid.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The database is away or too slow: try again after `Retry-After`.",
}


def install(app: FastAPI) -> None:
    """Make ``app`` answer every error with problem details."""

    @app.exception_handler(ProblemError)
    def on_problem(_: Request, error: ProblemError) -> JSONResponse:
        return _response(error.status, error.kind, error.detail, **error.members)

    @app.exception_handler(FilterError)
    def on_filter(_: Request, error: FilterError) -> JSONResponse:
        return _response(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "invalid-filter",
            str(error),
            position=error.position,
            found=error.found,
            expected=list(error.expected),
            suggestion=error.suggestion,
        )

    @app.exception_handler(RequestValidationError)
    def on_validation(_: Request, error: RequestValidationError) -> JSONResponse:
        errors = [
            {
                "parameter": ".".join(map(str, item["loc"][1:])),
                "message": item["msg"].removeprefix("Value error, "),
            }
            for item in error.errors()
        ]
        detail = "; ".join(f"{item['parameter']}: {item['message']}" for item in errors)
        return _response(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-parameter", detail, errors=errors)

    @app.exception_handler(HTTPException)
    def on_http(request: Request, error: HTTPException) -> JSONResponse:
        status = HTTPStatus(error.status_code)
        kind = status.phrase.lower().replace(" ", "-")
        detail = f"{request.method} {request.url.path} is not offered: see /openapi.json"
        return _response(status, kind, detail, headers=error.headers)

    @app.exception_handler(RetryableDatabaseError)
    def on_away(_: Request, error: RetryableDatabaseError) -> JSONResponse:
        _log.warning("the database did not answer: %s", error)
        detail = "the database is away or took too long: try again, or ask for a shorter time range"
        headers = {"Retry-After": str(RETRY_AFTER_S)}
        return _response(HTTPStatus.SERVICE_UNAVAILABLE, "database-unavailable", detail, headers=headers)

    @app.exception_handler(PermanentDatabaseError)
    def on_refused(_: Request, error: PermanentDatabaseError) -> JSONResponse:
        _log.error("the database refused a statement: %s", error)
        detail = "the database refused the statement; the server's log tells why"
        return _response(HTTPStatus.INTERNAL_SERVER_ERROR, "database-refused", detail)

    @app.exception_handler(Exception)
    def on_fault(_: Request, __: Exception) -> JSONResponse:
        detail = "a fault of the server; its log tells more"
        return _response(HTTPStatus.INTERNAL_SERVER_ERROR, "internal-error", detail)


def _response(
    status: HTTPStatus, kind: str, detail: str, headers: Mapping[str, str] | None = None, **members: Any
) -> JSONResponse:
    title = kind.replace("-", " ").capitalize()
    body = {
        "type": f"urn:spanfold:problem:{kind}",
        "title": title,
        "status": status,
        "detail": detail,
        **members,
    }
    return JSONResponse(body, status, headers, media_type=MEDIA_TYPE)
