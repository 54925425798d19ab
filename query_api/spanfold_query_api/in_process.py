"""Answers what the SDK asks of a query API, inside the query API itself: no request to itself is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from spanfold_query_api import models, times, trace_counts
from spanfold_query_api.entity_inputs import ModelListParameters
from spanfold_query_api.trace_inputs import TraceCountParameters

if TYPE_CHECKING:
    from spanfold_schemas.database import Database

_MODELS: Final = "/v1/models"
_COUNT: Final = "/v1/traces/count"


class InProcess:
    """As much of :class:`spanfold._internal.lookup.QueryApi` as settling a selection of traces takes."""

    address: Final = "this server"

    def __init__(self, database: Database) -> None:
        self._database: Final = database

    def get(self, path: str, /, *, timeout_s: float = 0.0, **query: Any) -> Any | None:  # noqa: ARG002 - theirs
        """The decoded answer; None if there is no such thing.

        Raises:
            ProblemError: as the route would be refused.
            RetryableDatabaseError: as :meth:`Database.query`.
        """
        given = {name: value for name, value in query.items() if value is not None}
        if path == _COUNT:
            return trace_counts.counted(self._database, TraceCountParameters.model_validate(given))
        if path == _MODELS:
            if "experiment_id" in given:
                given["experiment_id"] = [given["experiment_id"]]
            parameters = ModelListParameters.model_validate(given)
            found, more = models.listing(
                self._database,
                parameters.asked(models.MODELS),
                page_token=parameters.page_token,
                limit=parameters.limit,
            )
            return {"models": found, "next_page_token": more}
        model_id = unquote(path.removeprefix(f"{_MODELS}/"))
        return models.get(self._database, model_id, times.MAX_UNIX_NS)
