"""How requests are joined: length-delimited messages, with the collector's own fields appended.

Protobuf fields may come in any order, so appending ``received_time_unix_ms`` and ``tenant`` to a request's
untouched bytes makes a valid message of the schema in ``otlp.proto``. Framed messages concatenate.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

OWN_FIELDS: Final = range(1001, 1006)
"""Numbers of the fields that are the collector's to set (otlp.proto)."""
_MORE_BYTES: Final = 0x80
"""A varint's continuation bit."""
_RECEIVED_TAG: Final = b"\xc8\x3e"  # field 1001, varint
_TENANT_TAG: Final = b"\xd2\x3e"  # field 1002, length-delimited
_SERVICE_VERSION_TAG: Final = b"\xd8\x3e"  # field 1003, varint


def varint(number: int) -> bytes:
    """``number`` in protobuf's base-128 encoding.

    Example:
        >>> varint(300).hex()
        'ac02'
    """
    out = bytearray()
    while number >= _MORE_BYTES:
        out.append(number & 0x7F | _MORE_BYTES)
        number >>= 7
    out.append(number)
    return bytes(out)


def frame(
    body: bytes,
    *,
    received_time_unix_ms: int,
    tenant: str = "",
    service_version_as_model: bool = False,
    more: bytes = b"",
) -> bytes:
    """One request as a length-delimited message of the landing table's schema; ``more`` are fields of it."""
    extra = more + _RECEIVED_TAG + varint(received_time_unix_ms)
    if service_version_as_model:
        extra += _SERVICE_VERSION_TAG + b"\x01"
    if tenant:
        name = tenant.encode()
        extra += _TENANT_TAG + varint(len(name)) + name
    return varint(len(body) + len(extra)) + body + extra


def split_frames(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each frame of concatenated frames: with its length in front, and the message alone.

    Raises:
        ValueError: the data ends inside a frame.
    """
    position = 0
    while position < len(data):
        start = position
        length = shift = 0
        while True:
            if position >= len(data):
                raise ValueError("the data ends inside a length")
            byte = data[position]
            position += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < _MORE_BYTES:
                break
        if position + length > len(data):
            raise ValueError("the data ends inside a message")
        yield data[start : position + length], data[position : position + length]
        position += length


def digest(body: bytes) -> bytes:
    """16 bytes that stand for a request's content: equal bodies are the same request sent again."""
    return hashlib.blake2b(body, digest_size=16).digest()


def token(framed: Iterable[bytes]) -> str:
    """Deduplication token of a group: the same frames give the same token, in any process."""
    state = hashlib.blake2b(digest_size=16)
    for part in framed:
        state.update(part)
    return state.hexdigest()
