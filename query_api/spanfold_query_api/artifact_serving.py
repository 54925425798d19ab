"""Blobs as responses: by range, never as something that a browser would run."""

from __future__ import annotations

import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from fastapi import Response

from spanfold_query_api.artifact_uploads import told
from spanfold_query_api.artifacts import byte_range
from spanfold_query_api.problems import ProblemError
from spanfold_query_api.streaming import Pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import Request

    from spanfold.artifacts._blobs import BlobStore

MAX_DOWNLOADS: Final = 32
"""At one time: each holds a piece and now and then a thread."""
MEDIA_TYPE: Final = "application/octet-stream"


class Downloads:
    """Answers with blobs of one store."""

    def __init__(self, store: BlobStore) -> None:
        self._store: Final = store
        self._free: Final = threading.Semaphore(MAX_DOWNLOADS)

    def respond(self, request: Request, sha256: str, size_bytes: int, name: str) -> Response:
        """The bytes that a request asks for, as a file to be saved.

        Args:
            request: its headers ``Range``, ``If-Range`` and ``If-None-Match`` count.
            sha256: the blob, which is there; its hash is the entity tag, since a blob never changes.
            size_bytes: of the blob.
            name: of the file.

        Raises:
            ProblemError: none of the bytes exist, or as many downloads as may are running.
        """
        headers = _headers(sha256, name)
        tag = headers["ETag"]
        if _tags(request.headers.get("if-none-match", "")) & {tag, "*"}:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        if request.method == "HEAD":  # ranges are GET's alone
            headers["Content-Length"] = str(size_bytes)
            return Response(headers=headers, media_type=MEDIA_TYPE)
        asked = request.headers.get("range")
        if request.headers.get("if-range", tag) != tag:
            asked = None
        start, end, status = 0, size_bytes, HTTPStatus.OK
        try:
            if (wanted := byte_range(asked, size_bytes)) is not None:
                (start, end), status = wanted, HTTPStatus.PARTIAL_CONTENT
                headers["Content-Range"] = f"bytes {start}-{end - 1}/{size_bytes}"
        except ValueError as fault:
            raise ProblemError(
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                "no-such-range",
                f"Range: there are no {fault}",
                headers={"Content-Range": f"bytes */{size_bytes}"},
            ) from None
        if not self._free.acquire(blocking=False):
            detail = f"{MAX_DOWNLOADS} downloads are running: try again in a moment"
            raise ProblemError(
                HTTPStatus.SERVICE_UNAVAILABLE, "too-many-downloads", detail, headers={"Retry-After": "1"}
            )
        response = Pieces(self._pieces(sha256, start, end), MEDIA_TYPE, self._free.release)
        response.status_code = status
        response.headers.update({**headers, "Content-Length": str(end - start)})
        return response

    def _pieces(self, sha256: str, start: int, end: int) -> Iterator[bytes]:
        with told():
            yield from self._store.read(sha256, start, end)


def _headers(sha256: str, name: str) -> dict[str, str]:
    return {
        "ETag": f'"{sha256}"',
        "Accept-Ranges": "bytes",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-cache",
    }


def _tags(header: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}
