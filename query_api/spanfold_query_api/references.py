"""Which version a request means that says an ID or a name."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from spanfold_query_api import models
from spanfold_query_api.problems import not_found
from spanfold_schemas.ids import is_model_id

if TYPE_CHECKING:
    from spanfold_schemas.database import Database


def find(database: Database, id_or_name: str, as_of_ns: int) -> dict[str, Any]:
    """The version with this ID, deleted or not, or else the newest of this name that is not deleted.

    Args:
        database: where to read.
        id_or_name: what the request says.
        as_of_ns: state, and newest, at this instant (unix ns).

    Raises:
        ProblemError: there is no such version.
    """
    found = None
    if is_model_id(id_or_name):
        found = models.get(database, id_or_name, as_of_ns)
    if found is None:
        asked = dataclasses.replace(models.MODELS, name=id_or_name, as_of_ns=as_of_ns)
        found = next(iter(models.listing(database, asked, limit=1)[0]), None)
    # An ID that only spans or tags tell of, such as a service and its version.
    found = found or models.get(database, id_or_name, as_of_ns)
    if found is None:
        raise not_found("model", id_or_name)
    return found
