r"""Arrow IPC streams as bytes: several whole ones of one schema become one, without an Arrow library.

A stream is a schema message, record batches, and an end marker. A message begins with ``FF FF FF FF`` and
the size of its metadata (32 bits, little endian); a schema message has no body, so it ends with its metadata.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CONTINUATION: Final = b"\xff\xff\xff\xff"
END: Final = _CONTINUATION + b"\x00\x00\x00\x00"
_PREFIX_BYTES: Final = 8


def join(streams: Iterable[bytes]) -> Iterator[bytes]:
    r"""Give the first stream's schema, the record batches of all, then one end.

    Raises:
        ValueError: one is not a whole stream, or has another schema than the first.

    Example:
        >>> schema = b"\xff\xff\xff\xff\x08\x00\x00\x00metadata"
        >>> b"".join(join([schema + b"batch 1" + END, schema + END])) == schema + b"batch 1" + END
        True
    """
    schema: bytes | None = None
    for stream in streams:
        if not stream.startswith(_CONTINUATION) or not stream.endswith(END):
            message = "this is no whole Arrow IPC stream"
            raise ValueError(message)
        if schema is None:
            size = int.from_bytes(stream[len(_CONTINUATION) : _PREFIX_BYTES], "little")
            schema = stream[: _PREFIX_BYTES + size]
            yield schema
        elif not stream.startswith(schema):
            message = "the schema changed from one stream to the next"
            raise ValueError(message)
        batches = stream[len(schema) : -len(END)]
        if batches:
            yield batches
    if schema is not None:
        yield END
