"""From record batches of the export to :mod:`spanfold.entities`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from spanfold.entities import Score, Span, SpanEvent, SpanLink, TraceInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAPS: Final = ("tags", "attributes", "resource_attributes", "scope_attributes")
_EVENTS: Final = pa.list_(
    pa.struct(
        [("name", pa.string()), ("time", pa.int64()), ("attributes", pa.map_(pa.string(), pa.string()))]
    )
)


def infos(batch: pa.RecordBatch) -> Iterator[TraceInfo]:
    """The traces of a batch with all columns."""
    for row in _rows(batch):
        row["duration_ms"] = row.pop("latency_ms")
        row["scores"] = tuple(Score(**_known(score)) for score in row["scores"])
        del row["model_name"]
        yield TraceInfo(**row)


def spans(batch: pa.RecordBatch) -> Iterator[Span]:
    """The spans of a batch with all columns."""
    for row in _rows(batch):
        row["finish_reasons"] = tuple(row["finish_reasons"])
        row["events"] = tuple(
            SpanEvent(event["name"], event["time"], dict(event["attributes"])) for event in row["events"]
        )
        row["links"] = tuple(
            SpanLink(link["trace_id"], link["span_id"], dict(link["attributes"])) for link in row["links"]
        )
        yield Span(**row)


def _rows(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """Rows as plain values, with times as nanoseconds since 1970: Python's own lack those."""
    columns = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        if name == "start_time":
            columns["start_time_unix_ns"] = column.cast(pa.int64()).to_pylist()
        elif name == "events":
            columns[name] = column.cast(_EVENTS).to_pylist()
        elif name in _MAPS:
            columns[name] = [dict(entries) for entries in column.to_pylist()]
        else:
            columns[name] = column.to_pylist()
    names = tuple(columns)
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(names, values, strict=True))


def _known(score: dict[str, Any]) -> dict[str, Any]:
    """Empty text is what nobody said."""
    return {name: None if value == "" else value for name, value in score.items()}
