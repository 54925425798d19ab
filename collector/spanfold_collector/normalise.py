"""Nested attribute values as JSON strings: what a flat schema cannot hold, kept as text.

Only requests that :func:`spanfold_collector.guard.is_flat` rejects come here, so the cost of touching each
attribute in Python is paid by the few. The JSON form is that of OpenTelemetry's ClickHouse exporter:
arrays as ``[...]``, key-value lists as ``{...}``, bytes in base64.
"""

from __future__ import annotations

import base64
import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
    from opentelemetry.proto.logs.v1.logs_pb2 import LogsData
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData


def to_python(value: AnyValue) -> Any:
    """The plain Python value of ``value``; bytes become base64 text, an unset value None.

    Doubles that JSON cannot hold (NaN and the infinities) become their names.
    """
    match value.WhichOneof("value"):
        case "array_value":
            return [to_python(item) for item in value.array_value.values]
        case "kvlist_value":
            return {item.key: to_python(item.value) for item in value.kvlist_value.values}
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case "double_value":
            return value.double_value if math.isfinite(value.double_value) else str(value.double_value)
        case None:
            return None
        case kind:
            return getattr(value, kind)


def to_json(value: AnyValue) -> str:
    """``value`` as compact JSON, any script left readable."""
    return json.dumps(to_python(value), ensure_ascii=False, separators=(",", ":"))


def _flatten(value: AnyValue) -> None:
    kind = value.WhichOneof("value")
    if kind == "kvlist_value":
        value.string_value = to_json(value)
    elif kind == "array_value":
        items = value.array_value.values
        if not items or any(item.WhichOneof("value") != "string_value" for item in items):
            value.string_value = to_json(value)


def _attribute_lists(data: TracesData) -> Iterator[Iterable[KeyValue]]:
    for resource_spans in data.resource_spans:
        yield resource_spans.resource.attributes
        for scope_spans in resource_spans.scope_spans:
            yield scope_spans.scope.attributes
            for span in scope_spans.spans:
                yield span.attributes
                yield from (event.attributes for event in span.events)
                yield from (link.attributes for link in span.links)


def flatten_traces(data: TracesData) -> None:
    """Replace every nested value in ``data`` by its JSON text, in place."""
    for attributes in _attribute_lists(data):
        for attribute in attributes:
            _flatten(attribute.value)


def flatten_logs(data: LogsData) -> None:
    """Replace every nested value in ``data``, bodies included, by its JSON text, in place."""
    for resource_logs in data.resource_logs:
        lists: list[Iterable[KeyValue]] = [resource_logs.resource.attributes]
        for scope_logs in resource_logs.scope_logs:
            lists.append(scope_logs.scope.attributes)
            for record in scope_logs.log_records:
                lists.append(record.attributes)
                _flatten(record.body)
        for attributes in lists:
            for attribute in attributes:
                _flatten(attribute.value)
