"""Answers what the SDK asks of a query API, inside the query API itself: no request to itself is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import unquote

from pydantic import ValidationError

from spanfold.errors import InvalidArgumentError
from spanfold_query_api import models, times, trace_counts
from spanfold_query_api.entity_inputs import ModelListParameters
from spanfold_query_api.trace_inputs import TraceCountParameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spanfold_query_api.inputs import Parameters
    from spanfold_schemas.database import Database

_MODELS: Final = "/v1/models"
_COUNT: Final = "/v1/traces/count"

P = TypeVar("P", bound="Parameters")


class InProcess:
    """As much of :class:`spanfold._internal.lookup.QueryApi` as settling a selection of traces takes."""

    address: Final = "this server"

    def __init__(self, database: Database) -> None:
        self._database: Final = database

    def get(self, path: str, /, *, timeout_s: float = 0.0, **query: Any) -> Any | None:  # noqa: ARG002 - theirs
        """The decoded answer; None if there is no such thing.

        Raises:
            InvalidArgumentError: a parameter is beyond its limits.
            ProblemError: as the route would be refused for anything else.
            RetryableDatabaseError: as :meth:`Database.query`.
        """
        given = {name: value for name, value in query.items() if value is not None}
        if path == _COUNT:
            return trace_counts.counted(self._database, _checked(TraceCountParameters, given))
        if path == _MODELS:
            if "experiment_id" in given:
                given["experiment_id"] = [given["experiment_id"]]
            parameters = _checked(ModelListParameters, given)
            found, more = models.listing(
                self._database,
                parameters.asked(models.MODELS),
                page_token=parameters.page_token,
                limit=parameters.limit,
            )
            return {"models": found, "next_page_token": more}
        model_id = unquote(path.removeprefix(f"{_MODELS}/"))
        return models.get(self._database, model_id, times.MAX_UNIX_NS)


def _checked(kind: type[P], given: Mapping[str, Any]) -> P:
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(map(str, first["loc"]))
        message = f"{name}: {first['msg'].removeprefix('Value error, ')}"
        raise InvalidArgumentError(message) from None
