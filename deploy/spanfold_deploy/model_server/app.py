"""Routes of the model server: OpenAI's and MLflow's, over one :class:`Served` model."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import context as otel_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.routing import Route

from spanfold.errors import InvalidArgumentError, SpanfoldError
from spanfold.pyfunc import _chats
from spanfold_deploy.model_server import wire
from spanfold_deploy.model_server.jobs import BusyError
from spanfold_query_api.origins import refuse_foreign_pages
from spanfold_query_api.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from spanfold_deploy.model_server.served import Served

MAX_BODY_BYTES: Final = 16 * 1024 * 1024
_MAX_MESSAGE_CHARS: Final = 2_000
_KINDS: Final = {400: "invalid_request_error", 429: "rate_limit_error", 504: "timeout_error"}
_log: Final = logging.getLogger("spanfold")
_propagator: Final = TraceContextTextMapPropagator()


def create_app(served: Served) -> Starlette:
    """The server's application. The model stays the caller's, to close after the server has stopped."""
    server = _Server(served)
    return Starlette(
        routes=[
            Route("/v1/chat/completions", _answered(server.chat), methods=["POST"]),
            Route("/v1/completions", _answered(server.completions), methods=["POST"]),
            Route("/v1/embeddings", _answered(server.embeddings), methods=["POST"]),
            Route("/v1/models", server.models),
            Route("/invocations", _answered(server.invocations), methods=["POST"]),
            Route("/ping", server.ping),
            Route("/health", server.ping),
            Route("/version", server.version),
        ],
        exception_handlers={HTTPException: _refused},
    )


class _Server:
    """What each route does."""

    def __init__(self, served: Served) -> None:
        self._served = served

    async def chat(self, request: Request) -> Response:
        """OpenAI's chat completions, streamed where that is asked for."""
        body = await _body(request)
        row = _chats.chat_row(wire.messages_of(body), self._served.signature)
        params = self._params(body)
        if body.get("stream"):
            chunks = wire.Chunks(self._served.name, is_chat=True, with_usage=wire.wants_usage(body))
            return await self._stream(row, params, chunks)
        (output,) = await self._served.outputs([row], params)
        return JSONResponse(wire.chat_answer(output, self._served.name))

    async def completions(self, request: Request) -> Response:
        """OpenAI's completions, streamed where that is asked for."""
        body = await _body(request)
        texts = wire.texts_of("prompt", body.get("prompt"))
        rows = [_chats.text_row(text, self._served.signature) for text in texts]
        params = self._params(body)
        if body.get("stream"):
            if len(rows) > 1:
                raise InvalidArgumentError("prompt: one text where the answer is streamed")
            chunks = wire.Chunks(self._served.name, is_chat=False, with_usage=wire.wants_usage(body))
            return await self._stream(rows[0], params, chunks)
        return JSONResponse(
            wire.completion_answer(await self._served.outputs(rows, params), self._served.name)
        )

    async def embeddings(self, request: Request) -> Response:
        """OpenAI's embeddings."""
        body = await _body(request)
        texts = wire.texts_of("input", body.get("input"))
        rows = [_chats.text_row(text, self._served.signature) for text in texts]
        outputs = await self._served.outputs(rows, wire.params_of(body, self._served.signature))
        return JSONResponse(wire.embeddings_answer(outputs, self._served.name, body.get("encoding_format")))

    async def invocations(self, request: Request) -> Response:
        """MLflow's scoring: rows in, what the model returns out."""
        data, params = wire.invocation_input(await _body(request))
        model = self._served.model
        made = await self._served.whole(lambda: model.predict(data, params))
        return JSONResponse({"predictions": _chats.plain(made)})

    async def models(self, request: Request) -> Response:  # noqa: ARG002 - Starlette's signature
        """OpenAI's list of models: the one that is served."""
        one = {"id": self._served.name, "object": "model", "created": 0, "owned_by": "spanfold"}
        return JSONResponse({"object": "list", "data": [one]})

    async def ping(self, request: Request) -> Response:  # noqa: ARG002 - Starlette's signature
        """Whether the server answers: it does so only with its model loaded."""
        return PlainTextResponse("\n")

    async def version(self, request: Request) -> Response:  # noqa: ARG002 - Starlette's signature
        """Which version of the model answers."""
        return JSONResponse({"model_id": self._served.model.model_id, "name": self._served.name})

    def _params(self, body: dict[str, Any]) -> dict[str, Any] | None:
        if body.get("n") not in {None, 1}:
            raise InvalidArgumentError("n: this model gives one answer")
        return wire.params_of(body, self._served.signature)

    async def _stream(self, row: Any, params: dict[str, Any] | None, chunks: wire.Chunks) -> Response:
        """Server-sent events; an error before the first piece is still an ordinary refusal."""
        pieces = self._served.pieces(row, params)
        try:
            first = [await anext(pieces)]
        except StopAsyncIteration:
            first = []

        async def events() -> AsyncIterator[str]:
            try:
                for piece in first:
                    for chunk in chunks.piece(piece):
                        yield _event(chunk)
                async for piece in pieces:
                    for chunk in chunks.piece(piece):
                        yield _event(chunk)
                for chunk in chunks.end():
                    yield _event(chunk)
            except Exception as fault:  # noqa: BLE001 - the status has been sent: the stream says it
                status, message = _told(fault)
                yield _event({"error": _error(status, message)})
            finally:
                await pieces.aclose()  # type: ignore[attr-defined] # an async generator
            yield "data: [DONE]\n\n"

        return StreamingResponse(
            events(), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
        )


async def _body(request: Request) -> dict[str, Any]:
    """The JSON object of a request; what follows is part of the caller's trace.

    Raises:
        HTTPException: another site's page asks, or the body is too large, or no JSON object.
    """
    await refuse_foreign_pages(request)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise HTTPException(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send the header Content-Type: application/json"
        )
    read = bytearray()
    async for piece in request.stream():
        read += piece
        if len(read) > MAX_BODY_BYTES:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"more than {MAX_BODY_BYTES} bytes")
    try:
        body = json.loads(read)
    except ValueError as fault:
        raise HTTPException(HTTPStatus.BAD_REQUEST, f"the body is no JSON: {fault}") from fault
    if not isinstance(body, dict):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "the body must be a JSON object")
    # Each request has a context of its own, which ends with it.
    otel_context.attach(_propagator.extract(dict(request.headers)))
    return body


_EXPECTED: Final = (BusyError, SpanfoldError, TimeoutError, ProblemError)


def _told(fault: Exception) -> tuple[int, str]:
    """Status and text of an error."""
    if isinstance(fault, BusyError):
        return HTTPStatus.TOO_MANY_REQUESTS, "as many requests wait for the model as may wait"
    if isinstance(fault, ProblemError):
        return fault.status, fault.detail
    if isinstance(fault, TimeoutError):
        return HTTPStatus.GATEWAY_TIMEOUT, "the model did not answer in time"
    if isinstance(fault, InvalidArgumentError):
        return HTTPStatus.BAD_REQUEST, str(fault)
    said = f"the model failed: {type(fault).__name__}: {fault}"
    return HTTPStatus.INTERNAL_SERVER_ERROR, said[:_MAX_MESSAGE_CHARS]


def _answered(route: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """A route whose every error is an answer. Those of the model's own code go to the log as well."""

    async def answer(request: Request) -> Response:
        try:
            return await route(request)
        except HTTPException:
            raise
        except Exception as fault:  # noqa: BLE001 - the model's own code: it may raise anything
            if not isinstance(fault, _EXPECTED):
                _log.exception("the model failed")
            status, message = _told(fault)
            return _answer(request, status, message)

    return answer


async def _refused(request: Request, fault: Exception) -> Response:
    status = getattr(fault, "status_code", HTTPStatus.BAD_REQUEST)
    return _answer(request, status, str(getattr(fault, "detail", fault)))


def _answer(request: Request, status: int, message: str) -> Response:
    """An error in the words of the protocol that was spoken."""
    if request.url.path == "/invocations":
        code = "BAD_REQUEST" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "INTERNAL_ERROR"
        content: dict[str, Any] = {"error_code": code, "message": message}
    else:
        content = {"error": _error(status, message)}
    headers = {"Retry-After": "1"} if status == HTTPStatus.TOO_MANY_REQUESTS else None
    return JSONResponse(content, int(status), headers)


def _error(status: int, message: str) -> dict[str, Any]:
    return {"message": message, "type": _KINDS.get(int(status), "server_error"), "param": None, "code": None}


def _event(chunk: dict[str, Any]) -> str:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"
