"""Parameters that several routes take, checked once."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query, Request

from spanfold_query_api import times
from spanfold_query_api.paging import MAX_TOKEN_CHARS
from spanfold_query_api.problems import invalid
from spanfold_schemas.database import Database

MAX_LIMIT = 1_000

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Most items on the page.")]
PageToken = Annotated[
    str | None, Query(max_length=MAX_TOKEN_CHARS, description="`next_page_token` of the page before.")
]
Instant = Annotated[str | None, Query(max_length=40, examples=["2026-11-21T05:00:00Z"])]
ModelId = Annotated[str, Path(min_length=1, max_length=600)]


def unix_ns(parameter: str, text: str | None) -> int | None:
    """The instant that a parameter names, or None where it is left out.

    Raises:
        ProblemError: the text is not RFC 3339.
    """
    if text is None:
        return None
    try:
        return times.parse_rfc3339(text)
    except ValueError as error:
        raise invalid(parameter, str(error)) from None


def database_of(request: Request) -> Database:
    """The database that the application was made with."""
    database: Database = request.app.state.database
    return database


Store = Annotated[Database, Depends(database_of)]
