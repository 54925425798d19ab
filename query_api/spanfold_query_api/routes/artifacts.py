"""Files of model versions: blobs in and out, and what a version has."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import anyio
import anyio.to_thread
from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.concurrency import contextmanager_in_threadpool
from pydantic import Field
from starlette.requests import ClientDisconnect

from spanfold_query_api import artifacts as model_files
from spanfold_query_api import models
from spanfold_query_api.answers import Answer, NextPage
from spanfold_query_api.artifact_serving import Downloads
from spanfold_query_api.inputs import DEFAULT_LIMIT, MAX_ID_CHARS, Limit, PageToken, Parameters
from spanfold_query_api.problems import ProblemError, invalid, not_found, responses

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from spanfold_query_api.artifact_uploads import Artifacts, Upload
    from spanfold_schemas.database import Database

T = TypeVar("T")
MAX_PATH_CHARS: Final = 1_000
STALLED_AFTER_S: Final = 60.0
"""How long a client may send no byte before its part ends where it is."""
_MAX_DRAINED_BYTES: Final = 64 * 2**20
_WRITE_BYTES: Final = 4 * 2**20
"""How much is gathered before a thread writes it."""
_BYTES: Final = responses(
    HTTPStatus.NOT_FOUND, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, HTTPStatus.BAD_GATEWAY
)
_WHOLE: Final = {True: "?1", False: "?0"}

Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="Of the content.")]
# No slash: the path of a file follows. Logged models have none.
LoggedModelId = Annotated[
    str, Path(min_length=1, max_length=MAX_ID_CHARS, examples=["m-0fce7525246d382493329980499c83b6"])
]
FilePath = Annotated[str, Path(min_length=1, max_length=MAX_PATH_CHARS, examples=["MLmodel"])]
Bytes = Annotated[int | None, Header(ge=0, le=2**53)]


class ArtifactEntry(Answer):
    """A file of a model version, or a folder of them."""

    path: Annotated[str, Field(examples=["data/model.bin"])]
    is_dir: bool
    size_bytes: Annotated[int | None, Field(description="Null for a folder.")]
    sha256: Annotated[str | None, Field(description="Of the content; null for a folder.")]


class ArtifactPage(Answer):
    """What is in a folder, in the order of paths."""

    artifacts: list[ArtifactEntry]
    next_page_token: NextPage


class ArtifactListParameters(Parameters):
    """Of the listing of a model version's files."""

    path: Annotated[
        str, Field(max_length=MAX_PATH_CHARS, description="A folder, or a file; empty for all.")
    ] = ""
    recursive: Annotated[bool, Field(description="All files below it, and no folders.")] = False
    limit: Limit = DEFAULT_LIMIT
    page_token: PageToken = None


def router(database: Database, artifacts: Artifacts) -> APIRouter:
    """The routes of blobs, and of the files of model versions."""
    routes = APIRouter(prefix="/v1", tags=["artifacts"])
    downloads = Downloads(artifacts.store)
    _add_blobs(routes, artifacts, downloads)
    _add_files(routes, database, artifacts, downloads)
    return routes


def _add_blobs(routes: APIRouter, artifacts: Artifacts, downloads: Downloads) -> None:
    @routes.head("/artifacts/{sha256}", summary="How much of a blob is here", responses=responses())
    def state(sha256: Sha256) -> Response:
        """`Upload-Offset`: bytes that are here for good. `Upload-Complete`: `?1` if that is all."""
        return Response(headers=_progress(*artifacts.state(sha256, is_logged=True)))

    @routes.put(
        "/artifacts/{sha256}",
        summary="Send a blob, or its next part",
        status_code=HTTPStatus.CREATED,
        responses=responses(
            HTTPStatus.CONFLICT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.INSUFFICIENT_STORAGE
        ),
        openapi_extra={"requestBody": {"content": {"application/octet-stream": {}}}},
    )
    async def put(
        sha256: Sha256,
        request: Request,
        upload_offset: Bytes = None,
        upload_length: Bytes = None,
    ) -> Response:
        """A part begins at `Upload-Offset` of `Upload-Length` bytes; without them, the body is the blob.

        201 when the blob is whole and has the hash it must have, 204 when parts are missing. What came is
        kept when the connection breaks: `HEAD` tells how much.
        """
        offset = upload_offset or 0
        pieces = _received(request)
        try:
            length = _length(request, offset, upload_length)
            async with contextmanager_in_threadpool(artifacts.upload(sha256, offset, length)) as upload:
                if upload is not None:
                    is_whole = await _take(upload, pieces)
                    status = HTTPStatus.CREATED if is_whole else HTTPStatus.NO_CONTENT
                    return Response(status_code=status, headers=_progress(upload.offset, is_whole))
            await _drain(pieces)
            return Response(status_code=HTTPStatus.CREATED, headers=_progress(length, is_whole=True))
        except ProblemError:
            # A client that still sends would see a broken connection instead of the reason.
            if "expect" not in request.headers:
                await _drain(pieces)
            raise
        except (ClientDisconnect, TimeoutError):
            return Response(status_code=HTTPStatus.REQUEST_TIMEOUT)

    @routes.get("/artifacts/{sha256}", summary="The bytes of a blob", responses=_BYTES)
    def get(sha256: Sha256, request: Request) -> Response:
        size_bytes, is_whole = artifacts.state(sha256)
        if not is_whole:
            raise not_found("artifact", sha256)
        return downloads.respond(request, sha256, size_bytes, name=sha256)


def _add_files(routes: APIRouter, database: Database, artifacts: Artifacts, downloads: Downloads) -> None:

    @routes.get(
        "/models/{model_id}/artifacts",
        summary="The files of a model version",
        responses=responses(HTTPStatus.NOT_FOUND),
    )
    def list_files(
        model_id: LoggedModelId, parameters: Annotated[ArtifactListParameters, Query()]
    ) -> ArtifactPage:
        path = parameters.path.strip("/")
        every = _files(database, model_id)
        found, more = model_files.listing(
            every,
            path,
            recursive=parameters.recursive,
            page_token=parameters.page_token,
            limit=parameters.limit,
        )
        if path and not found:
            raise not_found("artifact", path)
        return ArtifactPage.model_validate({"artifacts": found, "next_page_token": more})

    @routes.head("/models/{model_id}/artifacts/{path:path}", include_in_schema=False)
    @routes.get(
        "/models/{model_id}/artifacts/{path:path}", summary="A file of a model version", responses=_BYTES
    )
    def get_file(model_id: LoggedModelId, path: FilePath, request: Request) -> Response:
        file = _files(database, model_id).get(path)
        if file is None:
            raise not_found("artifact", path)
        size_bytes, is_whole = artifacts.state(file.sha256)
        if not is_whole or size_bytes != file.size_bytes:
            fault = "is missing" if not is_whole else f"has {size_bytes} bytes instead of {file.size_bytes}"
            detail = f"{path} was logged, but {fault} in the store: log it again from its origin"
            raise ProblemError(HTTPStatus.BAD_GATEWAY, "artifact-damaged", detail)
        return downloads.respond(request, file.sha256, size_bytes, name=path.rpartition("/")[2])


def _files(database: Database, model_id: str) -> dict[str, model_files.File]:
    found = model_files.files(database, model_id)
    if found is None:
        if not models.exists(database, model_id):
            raise not_found("model", model_id)
        return {}
    return found


def _progress(offset: int, is_whole: bool) -> dict[str, str]:  # noqa: FBT001 - what the store says
    return {"Upload-Offset": str(offset), "Upload-Complete": _WHOLE[is_whole]}


def _length(request: Request, offset: int, announced: int | None) -> int:
    """The size of the whole blob.

    Raises:
        ProblemError: nothing tells.
    """
    if announced is not None:
        return announced
    content_length = request.headers.get("content-length", "")
    if offset == 0 and content_length.isascii() and content_length.isdigit():
        return int(content_length)
    raise invalid("Upload-Length", "send the size of the whole file in bytes as the header Upload-Length")


async def _received(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes, with an end to the wait for each piece."""
    stream = request.stream()
    while True:
        with anyio.fail_after(STALLED_AFTER_S):
            piece = await anext(stream, None)
        if piece is None:
            return
        yield piece


async def _take(upload: Upload, pieces: AsyncIterator[bytes]) -> bool:
    """Write what comes, and keep it when the client goes away; whether the blob is whole.

    A thread hashes and writes what was gathered, while the next bytes come in.
    """
    gathered, writing = bytearray(), _in_thread(upload.write, b"")
    try:
        async for piece in pieces:
            gathered += piece
            if len(gathered) >= _WRITE_BYTES:
                await writing
                writing = _in_thread(upload.write, gathered)
                gathered = bytearray()
    finally:
        # A thread writes to the end whatever happens here: the file must stay open for it.
        with anyio.CancelScope(shield=True):
            await writing
            await _in_thread(upload.write, gathered)
            is_whole = await _in_thread(upload.finish)
    return is_whole


def _in_thread(work: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
    return asyncio.ensure_future(anyio.to_thread.run_sync(work, *arguments))


async def _drain(pieces: AsyncIterator[Any]) -> None:
    """Read what the client still sends, as far as one part may be."""
    left = _MAX_DRAINED_BYTES
    try:
        async for piece in pieces:
            left -= len(piece)
            if left < 0:
                return
    except (ClientDisconnect, TimeoutError):
        return
