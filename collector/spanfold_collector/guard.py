"""Messages that prove a request well-formed in C, without a Python object per span.

The guard classes are OpenTelemetry's own messages with one change: what the engine's flat schema cannot
hold (key-value lists, and arrays of anything but strings) carries a *required* field that no sender ever
sets. So one parse proves the bytes valid, UTF-8 included, and ``IsInitialized()``, which runs in C over
the whole message, says whether any such value occurs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

if TYPE_CHECKING:
    from google.protobuf.message import Message

EMPTY_ARRAYS: Final = (b"\x12\x02\x2a\x00", b"\x2a\x02\x2a\x00")
"""A KeyValue's value, and a log record's body, that is an empty array: flat columns cannot tell it from one
that is not set."""


def _add_required(message: Any, name: str, number: int, kind: Any) -> None:
    field = message.field.add(
        name=name, number=number, type=kind, label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL
    )
    field.options.features.field_presence = descriptor_pb2.FeatureSet.LEGACY_REQUIRED


def _guard_common(file: descriptor_pb2.FileDescriptorProto) -> None:
    """Turn the file with AnyValue into its guarding form (editions: proto3 has no required fields)."""
    file.syntax = "editions"
    file.edition = descriptor_pb2.EDITION_2023
    file.options.features.field_presence = descriptor_pb2.FeatureSet.IMPLICIT
    by_name = {message.name: message for message in file.message_type}
    fields = descriptor_pb2.FieldDescriptorProto
    _add_required(by_name["KeyValueList"], "never_set", 1000, fields.TYPE_BOOL)
    element = file.message_type.add(name="StringElement")
    _add_required(element, "string_value", 1, fields.TYPE_STRING)
    by_name["ArrayValue"].field[0].type_name = f".{file.package}.StringElement"


def _build_pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for module in (common_pb2, resource_pb2, trace_pb2, logs_pb2):
        file = descriptor_pb2.FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)
        if module is common_pb2:
            _guard_common(file)
        pool.Add(file)
    return pool


_POOL: Final = _build_pool()


def _message_class(name: str) -> type[Message]:
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(name))


GuardedTraces: Final = _message_class("opentelemetry.proto.trace.v1.TracesData")
GuardedLogs: Final = _message_class("opentelemetry.proto.logs.v1.LogsData")


def is_flat(message: Message, body: bytes) -> bool:
    """Whether the engine can decode ``body`` (parsed as ``message``, a guard class) as it stands."""
    return message.IsInitialized() and not any(array in body for array in EMPTY_ARRAYS)
