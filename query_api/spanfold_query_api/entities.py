"""Reads the streams of models, runs and experiments: what each slot holds, and the events that wrote it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import orjson

from spanfold_query_api import paging, times
from spanfold_query_api.statements import statement
from spanfold_schemas.fold import Slots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spanfold_schemas.database import Database


_LATEST: Final = """entity_slots
WHERE StreamType = {stream_type:String}"""
_UP_TO_THEN: Final = """entity_slot_writes
WHERE StreamType = {stream_type:String}
    AND Timestamp <= fromUnixTimestamp64Nano({as_of_ns:Int64})"""


def writes(as_of_ns: int) -> str:
    """The table and condition whose rows hold each slot's winning write as of an instant (unix ns).

    Parameters to bind: ``stream_type`` and ``as_of_ns``. The present has a table of its own, which merges
    keep at a row a slot; for an earlier instant, all writes up to it are read.
    """
    return _LATEST if as_of_ns >= times.MAX_UNIX_NS else _UP_TO_THEN


def slots(
    database: Database, stream_type: str, streams: Sequence[str], as_of_ns: int = times.MAX_UNIX_NS
) -> dict[str, Slots]:
    """The winning value of each slot, by stream; streams that no event tells of by then are left out.

    Args:
        database: where to read.
        stream_type: ``model``, ``run`` or ``experiment``.
        streams: IDs, a page of them at most.
        as_of_ns: state at this instant (unix ns). The present is cheap however many events there are;
            an earlier instant reads all of a stream's events up to it.
    """
    if not streams:
        return {}
    parameters = {"stream_type": stream_type, "streams": list(streams), "as_of_ns": as_of_ns}
    result = database.query(statement("slots", writes=writes(as_of_ns)), parameters)
    values: dict[str, dict[str, Any]] = {}
    updated_ns: dict[str, int] = {}
    for stream, slot, value, written_ns in result:
        written = values.setdefault(stream, {})
        updated_ns[stream] = max(written_ns, updated_ns.get(stream, written_ns))
        if value:  # else its last write was a deletion
            written[slot] = orjson.loads(value)
    return {stream: Slots(stream, values[stream], updated_ns[stream]) for stream in values}


def event_page(
    database: Database, stream_type: str, stream: str, *, page_token: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of a stream's events, oldest first, and the token of the next page if there are more.

    Raises:
        ProblemError: the token is none of this listing.
    """
    query = {"listing": "events", "stream_type": stream_type, "stream": stream}
    after: Sequence[object] = (0, "")
    if page_token is not None:
        after = paging.decode(page_token, query, (int, str))
    parameters = {
        "stream_type": stream_type,
        "stream": stream,
        "after_ns": after[0],
        "after_event_id": after[1],
        "limit": limit + 1,
    }
    rows = database.query(statement("events"), parameters).dicts()
    page = rows[:limit]
    for row in page:
        row["event_time"] = times.format_rfc3339(row["event_time_unix_ns"])
        with suppress(orjson.JSONDecodeError):
            row["payload"] = orjson.loads(row["payload"])
    if len(rows) <= limit:
        return page, None
    return page, paging.encode(query, (page[-1]["event_time_unix_ns"], page[-1]["event_id"]))
