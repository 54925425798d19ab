"""Rows of ``spans`` and ``entity_events``, short to write."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanfold_schemas.database import Database

T0_NS: Final = 1_795_237_200_000_000_000
"""2026-11-21T05:00:00Z"""
MS: Final = 1_000_000
S: Final = 1_000 * MS
NO_PARENT: Final = bytes(8)


def trace_id(number: int) -> str:
    """An ID that ends with zero bytes, which the engine's strings tend to lose."""
    return f"{number:08x}" + "ab" * 8 + "00" * 4


def span_id(number: int) -> str:
    return f"{number:012x}0000"


def span(trace: int, number: int = 1, **columns: Any) -> dict[str, Any]:
    """A root span of 10 ms, unless told otherwise. IDs are numbers; times are unix ns."""
    parent = columns.pop("parent", None)
    return {
        "Timestamp": T0_NS,
        "TraceId": bytes.fromhex(trace_id(trace)),
        "SpanId": bytes.fromhex(span_id(number)),
        "ParentSpanId": NO_PARENT if parent is None else bytes.fromhex(span_id(parent)),
        "SpanName": "work",
        "SpanKind": 1,
        "ServiceName": "app",
        "ModelId": "",
        "Entry": 2 if parent is None else 0,
        "Duration": 10 * MS,
        **columns,
    }


def insert(database: Database, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, those that name the same columns together, each group as a part of its own."""
    groups: dict[tuple[str, ...], list[list[Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row), []).append(list(row.values()))
    for columns, values in groups.items():
        database.insert_rows(table, columns, values, token=uuid.uuid4().hex)


def event(stream: str, kind: str, payload: object, time_ns: int, number: int = 1) -> dict[str, Any]:
    return {
        "EventId": uuid.UUID(int=number),
        "EventType": f"spanfold.model.{kind}",
        "Stream": stream,
        "Timestamp": time_ns,
        "SchemaVersion": 1,
        "Payload": payload if isinstance(payload, str) else json.dumps(payload),
        "Actor": "ann",
        "Source": "sdk",
    }


def created(stream: str, name: str, time_ns: int, number: int = 1, **members: Any) -> dict[str, Any]:
    payload = {"name": name, "experiment_id": "0", "status": "READY", "params": {}, "tags": {}, **members}
    return event(stream, "created", payload, time_ns, number)


def run_event(stream: str, kind: str, payload: object, time_ns: int, number: int = 1) -> dict[str, Any]:
    return {**event(stream, kind, payload, time_ns, number), "EventType": f"spanfold.run.{kind}"}


def started(stream: str, name: str, time_ns: int, number: int = 1, **members: Any) -> dict[str, Any]:
    payload = {"experiment_id": "0", "run_name": name, "parent_run_id": None, "tags": {}, **members}
    return run_event(stream, "started", payload, time_ns, number)
