"""Bodies as they come over HTTP: compression with a bound, and OTLP's JSON form. Pure."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import TYPE_CHECKING, Any, Final

import orjson
from google.protobuf import json_format

from spanfold_collector.errors import InvalidRequestError, TooLargeError

if TYPE_CHECKING:
    from google.protobuf.message import Message

_ID_FIELDS: Final = ("traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id")
_MAX_GZIP_MEMBERS: Final = 100
_WINDOW_BITS: Final = {"gzip": 31, "deflate": 15}


def decompress(body: bytes, encoding: str, max_bytes: int) -> bytes:
    """``body`` with its Content-Encoding undone.

    Raises:
        InvalidRequestError: an unknown encoding, or damaged data.
        TooLargeError: more than ``max_bytes`` come out.
    """
    if encoding in ("", "identity"):
        return body
    bits = _WINDOW_BITS.get(encoding)
    if bits is None:
        message = f"Content-Encoding {encoding!r} is not supported: use gzip, deflate or identity"
        raise InvalidRequestError(message)
    out = b""
    for _ in range(_MAX_GZIP_MEMBERS):
        inflater = zlib.decompressobj(bits)
        try:
            out += inflater.decompress(body, max_bytes + 1 - len(out))
        except zlib.error as error:
            message = f"the body is not valid {encoding}: {error}"
            raise InvalidRequestError(message) from error
        if len(out) > max_bytes:
            message = f"the body has over {max_bytes} bytes once decompressed: send smaller batches"
            raise TooLargeError(message)
        if not inflater.eof:
            message = f"the {encoding} body ends too early"
            raise InvalidRequestError(message)
        body = inflater.unused_data
        if not body:
            return out
        # gzip allows several members in a row; what follows must not be dropped in silence.
        if encoding != "gzip":
            break
    message = f"the {encoding} body is followed by other data"
    raise InvalidRequestError(message)


def _base64_ids(node: Any) -> None:
    """OTLP/JSON writes IDs in hex, protobuf's JSON form in base64. Iterative: depth is the sender's."""
    todo = [node]
    while todo:
        item = todo.pop()
        if isinstance(item, list):
            todo.extend(item)
        elif isinstance(item, dict):
            for name in _ID_FIELDS:
                value = item.get(name)
                if isinstance(value, str):
                    item[name] = base64.b64encode(binascii.unhexlify(value)).decode()
            todo.extend(value for value in item.values() if isinstance(value, list | dict))


def from_json(body: bytes, request_class: type[Message]) -> bytes:
    """An OTLP/JSON request as protobuf bytes.

    Raises:
        InvalidRequestError: not JSON, or not such a request; names what is wrong.
    """
    try:
        document = orjson.loads(body)
        if not isinstance(document, dict):
            raise InvalidRequestError("the body must be a JSON object")
        _base64_ids(document)
        message = json_format.ParseDict(document, request_class(), ignore_unknown_fields=True)
    except (json_format.ParseError, ValueError, RecursionError) as error:
        text = f"the body is not valid OTLP/JSON: {error}"
        raise InvalidRequestError(text) from error
    return message.SerializeToString()
