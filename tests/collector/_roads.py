"""The two roads into the database, engine and Python, and whether they lead to the same rows."""

from __future__ import annotations

import itertools
import uuid
from typing import TYPE_CHECKING, Any, Final

from spanfold_collector.frames import frame, split_frames
from tests.collector._otlp import NOW_UNIX_NS

if TYPE_CHECKING:
    from collections.abc import Callable

    from spanfold_collector.signals import Signal
    from spanfold_schemas.database import Database

RECEIVED_UNIX_MS: Final = NOW_UNIX_NS // 1_000_000
TABLES: Final = {
    "spans": "SELECT * REPLACE (toUnixTimestamp64Nano(Timestamp) AS Timestamp,"
    " arrayMap(t -> toUnixTimestamp64Nano(t), `Events.Timestamp`) AS `Events.Timestamp`)"
    " FROM spans WHERE Tenant = {tenant:String} ORDER BY ALL",
    "logs": "SELECT * REPLACE (toUnixTimestamp64Nano(Timestamp) AS Timestamp)"
    " FROM logs WHERE Tenant = {tenant:String} ORDER BY ALL",
    "entity_events": "SELECT * REPLACE (toUnixTimestamp64Nano(Timestamp) AS Timestamp)"
    " FROM entity_events WHERE Tenant = {tenant:String} ORDER BY ALL",
    "evaluation_events": "SELECT * REPLACE (toUnixTimestamp64Nano(Timestamp) AS Timestamp)"
    " FROM evaluation_events WHERE Tenant = {tenant:String} ORDER BY ALL",
}
_TENANTS: Final = itertools.count()


def insert_both_ways(
    database: Database,
    signal: Signal,
    *bodies: bytes,
    service_version: bool = False,
    prices: Callable[[bytes], bytes] = lambda _: b"",
) -> str:
    """Insert the same requests by either road, as two tenants; returns the part of their names in common."""
    number = f"{next(_TENANTS)}"
    for road in ("engine", "python"):
        framed = b"".join(
            frame(
                body,
                received_time_unix_ms=RECEIVED_UNIX_MS,
                tenant=f"{road}-{number}",
                service_version_as_model=service_version,
                more=prices(body),
            )
            for body in bodies
        )
        if road == "engine":
            database.insert_protobuf(
                signal.landing_table, framed, message=signal.message, token=uuid.uuid4().hex
            )
        else:
            rows = list(signal.rows(message for _, message in split_frames(framed)))
            database.insert_rows(signal.row_table, signal.row_columns, rows, token=uuid.uuid4().hex)
    return number


def read(database: Database, table: str, tenant: str) -> list[dict[str, Any]]:
    rows = database.query(TABLES[table], {"tenant": tenant}).dicts()
    return [{**row, "Tenant": ""} for row in rows]


def assert_same_rows(database: Database, number: str, *tables: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for table in tables:
        engine, python = (read(database, table, f"{road}-{number}") for road in ("engine", "python"))
        # As text, since NaN is not equal to itself.
        assert [repr(row) for row in python] == [repr(row) for row in engine]
        found += engine
    return found
