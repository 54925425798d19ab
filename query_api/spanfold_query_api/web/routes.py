"""Serves the built page, under the paths of the page's own router."""

from __future__ import annotations

import hashlib
import mimetypes
import re
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Request, Response
from fastapi import Path as PathParameter

from spanfold_query_api.problems import not_found

BUILT: Final = Path(__file__).parent / "dist"
PAGES: Final = ("traces", "models", "compare", "evaluations", "prompts", "operations")
"""First segments of the page's own addresses, beside ``/`` (``pages/`` in its source)."""
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Only the page's own files run, and nothing is fetched from elsewhere, whatever a recorded text says."""
_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_NOT_BUILT: Final = (
    "This server has no web page: it was installed from a checkout without building it.\n"
    "In the checkout: `make setup`, or `python scripts/web.py` to see why it cannot be built.\n"
    "The REST interface answers under /v1 (see /docs), and the `spanfold` command prints the same.\n"
)
_HASHED: Final = re.compile(r".+-[\w-]{8}\.\w+")
_COMPRESSED: Final = ".gz"


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    compressed: bytes | None
    """The same by gzip, where that was made."""
    media_type: str
    cache_control: str
    tag: str


def router(built: Path = BUILT) -> APIRouter:
    """The routes of the page. Its files (1 MB) are read once: a later build harms no running server.

    Args:
        built: the folder with its files; where it is missing, the page says how to make it.

    Example:
        >>> app.include_router(router())  # doctest: +SKIP
    """
    routes = APIRouter(include_in_schema=False)
    files = _files(built)

    def page(request: Request) -> Response:
        if "index.html" not in files:
            return Response(_NOT_BUILT, HTTPStatus.NOT_FOUND, media_type="text/plain", headers=_HEADERS)
        return _respond(files["index.html"], request)

    routes.get("/")(page)
    for name in PAGES:
        routes.get(f"/{name}")(page)
        routes.get(f"/{name}/{{rest:path}}")(page)

    @routes.get("/assets/{name}")
    def asset(request: Request, name: Annotated[str, PathParameter(max_length=200)]) -> Response:
        file = files.get(f"assets/{name}")
        if file is None:
            raise not_found("file", name)
        return _respond(file, request)

    return routes


def _files(built: Path) -> dict[str, _File]:
    """All files by their address: no path is ever composed from a request."""
    found = (file for file in built.rglob("*") if file.is_file() and file.suffix != _COMPRESSED)
    return {file.relative_to(built).as_posix(): _read(file) for file in found}


def _read(file: Path) -> _File:
    content = file.read_bytes()
    compressed = file.with_name(file.name + _COMPRESSED)
    return _File(
        content,
        compressed.read_bytes() if compressed.exists() else None,
        mimetypes.guess_type(file.name)[0] or "application/octet-stream",
        # A file whose name holds the hash of its content is never asked for twice.
        "public, max-age=31536000, immutable" if _HASHED.fullmatch(file.name) else "no-cache",
        f'"{hashlib.sha256(content).hexdigest()[:32]}"',
    )


def _respond(file: _File, request: Request) -> Response:
    headers = {**_HEADERS, "Cache-Control": file.cache_control, "ETag": file.tag, "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == file.tag:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if file.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(file.compressed, media_type=file.media_type, headers=headers)
    return Response(file.content, media_type=file.media_type, headers=headers)
