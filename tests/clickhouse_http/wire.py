"""ClickHouse's HTTP interface as bytes: reading a request, packing an answer. No engine, no sockets."""

from __future__ import annotations

import base64
import binascii
import gzip
import zlib
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from io import BytesIO
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

import lz4.frame  # type: ignore[import-untyped]
from clickhouse_connect.driver import compression

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from email.message import Message
    from io import BufferedIOBase

# Parameters that the HTTP interface consumes itself; all others are settings of the query.
_INTERFACE_PARAMETERS: Final = frozenset({
    "query", "database", "default_format", "user", "password", "query_id", "session_id", "session_timeout",
    "session_check", "compress", "decompress", "wait_end_of_query", "buffer_size", "client_protocol_version",
    "role", "quota_key", "stacktrace", "close_session",
})  # fmt: skip

_UNPACK: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
    # Clients send a frame for each block; a decompressor for one frame would drop all but the first.
    "lz4": lambda body: bytes(lz4.frame.open(BytesIO(body)).read()),
    "zstd": compression._zstd_decompress,
}
_PACK: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "lz4": lz4.frame.compress,
    "zstd": compression._zstd_compress,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}

_STATUSES: Final[Mapping[int, int]] = {
    **dict.fromkeys((192, 193, 291, 497, 516), 403),
    **dict.fromkeys((46, 47, 50, 56, 60, 63, 73, 78, 81, 115), 404),
    **dict.fromkeys((6, 25, 26, 27, 36, 38, 41, 42, 43, 44, 53, 62, 70, 72, 117, 376, 456, 457), 400),
    194: 401,
    48: 501,
    229: 413,
}


class BadRequestError(Exception):
    """The bytes are no request that the HTTP interface takes."""


@dataclass(frozen=True, slots=True)
class Request:
    """One statement, with all that came along."""

    statement: bytes
    """The query of the URL, then the body: for an insert, the data follow in it."""
    parameters: dict[str, str]
    """Values of ``{name:Type}``, in ClickHouse's escaped form."""
    settings: dict[str, str]
    database: str
    default_format: str
    user: str
    password: str
    query_id: str
    accepted_encodings: tuple[str, ...]

    @property
    def head(self) -> str:
        """The statement's beginning, fit to be matched and logged."""
        return self.statement[:2000].decode(errors="replace")


def read_request(path: str, headers: Message, body: bytes) -> Request:
    """Understand one request to the query endpoint.

    Raises:
        BadRequestError: an unknown encoding, a broken body, a broken Authorization header.
    """
    encoding = headers.get("Content-Encoding", "identity")
    if encoding != "identity":
        if encoding not in _UNPACK:
            message = f"unknown Content-Encoding {encoding}"
            raise BadRequestError(message)
        body = _UNPACK[encoding](body)
    values = dict(parse_qsl(urlsplit(path).query, keep_blank_values=True, strict_parsing=False))
    if headers.get_content_type() == "multipart/form-data":
        values |= _form(headers, body)
        body = b""
    user, password = _credentials(values, headers)
    query = values.get("query", "").encode()
    packed = values.get("enable_http_compression") == "1"
    accepted = [name.strip() for name in headers.get("Accept-Encoding", "").split(",")] if packed else []
    return Request(
        statement=query + b"\n" + body if query and body else query or body,
        parameters={name[6:]: value for name, value in values.items() if name.startswith("param_")},
        settings={
            name: value
            for name, value in values.items()
            if name not in _INTERFACE_PARAMETERS and not name.startswith("param_")
        },
        database=values.get("database") or _header(headers, "X-ClickHouse-Database", "default"),
        default_format=values.get("default_format")
        or _header(headers, "X-ClickHouse-Format", "TabSeparated"),
        user=user,
        password=password,
        query_id=values.get("query_id", ""),
        accepted_encodings=tuple(accepted),
    )


def _form(headers: Message, body: bytes) -> dict[str, str]:
    head = f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode()
    form = BytesParser(policy=HTTP).parsebytes(head + body)
    fields: dict[str, str] = {}
    for part in form.iter_parts():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        fields[str(part.get_param("name", header="content-disposition"))] = content.decode()
    return fields


def _credentials(values: Mapping[str, str], headers: Message) -> tuple[str, str]:
    kind, _, token = headers.get("Authorization", "").partition(" ")
    if kind == "Basic":
        try:
            user, _, password = base64.b64decode(token, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            message = "the Authorization header is not base64"
            raise BadRequestError(message) from error
        return user, password
    return (
        values.get("user") or _header(headers, "X-ClickHouse-User", "default"),
        values.get("password") or _header(headers, "X-ClickHouse-Key", ""),
    )


def _header(headers: Message, name: str, default: str) -> str:
    return str(headers.get(name, default))


def read_body(headers: Message, stream: BufferedIOBase) -> bytes:
    """A request's body, whether its length is announced or it comes in chunks."""
    if headers.get("Transfer-Encoding", "").lower() != "chunked":
        return stream.read(int(headers.get("Content-Length", "0")))
    chunks: list[bytes] = []
    while size := int(stream.readline().split(b";")[0], 16):
        chunks.append(stream.read(size))
        stream.readline()
    stream.readline()
    return b"".join(chunks)


def pack(body: bytes, accepted_encodings: tuple[str, ...]) -> tuple[bytes, str | None]:
    """The body in the first encoding that is both accepted and known, with that encoding's name."""
    for name, compress in _PACK.items():
        if name in accepted_encodings:
            return compress(body), name
    return body, None


def status_of(code: int) -> int:
    """The HTTP status that ClickHouse gives an error of this code."""
    return _STATUSES.get(code, 500)
