"""One request to the gateway, from its body to the answer: checked, traced, and handed to the router."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api.gateway import wire
from spanfold_query_api.gateway.protocol import KINDS, PATHS, Call, GatewayError
from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

    from fastapi import Request
    from fastapi.responses import Response

    from spanfold_query_api.gateway.config import Endpoint
    from spanfold_query_api.gateway.protocol import Kind, Reply, StreamReply
    from spanfold_query_api.gateway.reload import Gateway, Serving
    from spanfold_query_api.gateway.spans import CallSpan, Spans

    FillPrompt = Callable[[Mapping[str, Any], dict[str, Any]], Awaitable[list[str]]]
    """Puts a registered prompt into a body; returns the versions that it used."""

USER_HEADER: Final = "spanfold-user-id"
CONVERSATION_HEADER: Final = "spanfold-conversation-id"
ENDPOINT_ANSWERED: Final = "spanfold-endpoint"
MODEL_ID_ANSWERED: Final = "spanfold-model-id"
_MAX_KEY_CHARS: Final = 500
_WANTED: Final[Mapping[str, str]] = {"chat": "messages", "completions": "prompt", "embeddings": "input"}


class Calls:
    """Answers requests."""

    def __init__(self, gateway: Gateway, spans: Spans, fill_prompt: FillPrompt | None = None) -> None:
        self._gateway = gateway
        self._spans = spans
        self._fill_prompt = fill_prompt
        self._held = wire.Held()

    async def answer(self, request: Request, kind: Kind | None, name: str | None = None) -> Response:
        """The response to a request.

        Args:
            request: with a body in OpenAI's shape.
            kind: what is asked; None: what the endpoint takes.
            name: of the endpoint; None: the body's `model` is it.
        """
        stack = AsyncExitStack()
        try:
            serving = await stack.enter_async_context(self._gateway.serving())
            body, taken = await wire.read_object(request, self._held)
            stack.callback(self._held.give_back, taken)
            endpoint = _endpoint(serving, body, kind, name)
            response = await self._answered(request, serving, endpoint, body, stack)
        except GatewayError as error:
            await stack.aclose()
            return wire.error_answer(_fit(error, self._gateway))
        except BaseException:
            await stack.aclose()
            raise
        if not isinstance(response, wire.EventStream):
            await stack.aclose()
        return response

    async def _answered(
        self,
        request: Request,
        serving: Serving,
        endpoint: Endpoint,
        body: dict[str, Any],
        stack: AsyncExitStack,
    ) -> Response:
        kind = KINDS[endpoint.endpoint_type]
        stream = _is_stream(body, kind)
        used = await self._filled(body, kind)
        _check(body, kind)
        facts, key = _who(request.headers, body, endpoint)
        if used:
            facts[keys.USED_PROMPTS] = used
        wants_usage = _wants_usage(body)
        call = Call(kind, body, endpoint.name, stream, key)
        span = self._spans.begin(call, request.headers, facts)
        call = Call(kind, body, endpoint.name, stream, key, span.headers)
        try:
            if stream:
                reply = await wire.while_client_waits(request, serving.router.stream(call))
                stack.push_async_callback(reply.aclose)
                pieces = self._pieces(reply, span, stack, wants_usage=wants_usage)
                return wire.EventStream(pieces, _headers(reply, span))
            answered = await wire.while_client_waits(request, serving.router.call(call))
            span.replied(answered)
            response = wire.answer(answered.body, _headers(answered, span))
        except BaseException as error:
            if isinstance(error, GatewayError):
                error.headers = span.answer_headers
            span.failed(_fit(error, self._gateway))
            span.end()
            raise
        span.end()
        return response

    async def _pieces(
        self, reply: StreamReply, span: CallSpan, stack: AsyncExitStack, *, wants_usage: bool
    ) -> AsyncGenerator[bytes, None]:
        """A streamed answer as events. However it ends, its span tells of what came."""
        try:
            async for chunk in reply:
                span.chunk(chunk)
                shown = chunk if wants_usage else _without_usage(chunk)
                if shown is not None:
                    yield wire.event(shown)
            yield wire.DONE
        except GatewayError as error:
            fit = _fit(error, self._gateway)
            span.failed(fit)
            yield wire.event(fit.to_dict())
        except BaseException as error:
            span.failed(error)
            raise
        finally:
            try:
                await stack.aclose()
            finally:
                span.streamed(reply)
                span.end()

    async def _filled(self, body: dict[str, Any], kind: Kind) -> list[str]:
        """Put the registered prompt into the body that it asks for: `prompt: {id, variables}` of a chat."""
        given = body.get("prompt")
        if kind != "chat" or given is None:
            return []
        if self._fill_prompt is None or not isinstance(given, dict):
            text = 'must be {"id": "prompts:/name@alias", "variables": {...}}, of a registered prompt'
            raise wire.refused(f"prompt: {text}", param="prompt")
        del body["prompt"]
        return await self._fill_prompt(given, body)


def _endpoint(serving: Serving, body: dict[str, Any], kind: Kind | None, name: str | None) -> Endpoint:
    """The endpoint that a request means; takes `model` out of the body.

    Raises:
        GatewayError: there is none, or it takes something else.
    """
    said = body.pop("model", None)
    wanted = name if name is not None else said
    if not isinstance(wanted, str) or not wanted:
        raise wire.refused("model: name the endpoint here: GET /gateway/v1/models lists them", param="model")
    endpoint = serving.table.endpoint(wanted)
    if endpoint is None:
        shown = ", ".join(one.name for one in serving.table.endpoints[:20]) or "none"
        text = f"there is no endpoint {wanted[:200]!r}; there are: {shown}"
        raise GatewayError(404, "invalid_request_error", text, code="model_not_found", param="model")
    if kind is not None and KINDS[endpoint.endpoint_type] != kind:
        path = PATHS[KINDS[endpoint.endpoint_type]]
        text = f"endpoint {wanted!r} is of type {endpoint.endpoint_type}: call /gateway/v1{path}"
        raise GatewayError(400, "invalid_request_error", text, code="wrong_endpoint_type", param="model")
    return endpoint


def _is_stream(body: dict[str, Any], kind: Kind) -> bool:
    """Whether the answer is wanted in parts; takes `stream` out of the body."""
    stream = body.pop("stream", None)
    if stream is not None and not isinstance(stream, bool):
        raise wire.refused("stream: must be true or false", param="stream")
    if stream and kind == "embeddings":
        raise wire.refused("stream: embeddings come whole", param="stream")
    return bool(stream)


def _check(body: Mapping[str, Any], kind: Kind) -> None:
    """What every provider wants; the rest is the provider's to judge."""
    wanted = _WANTED[kind]
    value = body.get(wanted)
    if kind == "chat":
        if not isinstance(value, list) or not value or not all(isinstance(one, dict) for one in value):
            raise wire.refused(
                f"{wanted}: must be a list of messages, each with role and content", param=wanted
            )
    elif not isinstance(value, str | list) or not value:
        raise wire.refused(f"{wanted}: must be a text, or a list of them", param=wanted)


def _wants_usage(body: dict[str, Any]) -> bool:
    """Whether the caller asked for the tokens of a stream; the gateway itself always does."""
    options = body.get("stream_options")
    if options is not None and not isinstance(options, dict):
        raise wire.refused("stream_options: must be an object", param="stream_options")
    return options is not None and options.get("include_usage") is True


def _without_usage(chunk: dict[str, Any]) -> dict[str, Any] | None:
    """A chunk as it comes to who did not ask for usage; None: nothing is left of it."""
    if "usage" not in chunk:
        return chunk
    if not chunk.get("choices"):
        return None
    return {name: value for name, value in chunk.items() if name != "usage"}


def _who(
    headers: Mapping[str, str], body: dict[str, Any], endpoint: Endpoint
) -> tuple[dict[str, Any], str | None]:
    """User and conversation of a call, as attributes; and by which of them its version is chosen."""
    user = _first(headers.get(USER_HEADER), body.get("user"), body.get("safety_identifier"))
    metadata = body.get("metadata")
    said = metadata if isinstance(metadata, dict) else {}
    conversation = _first(
        headers.get(CONVERSATION_HEADER), said.get("conversation_id"), said.get("session_id")
    )
    facts = {"user.id": user, "gen_ai.conversation.id": conversation}
    key = {"user": user, "conversation": conversation}.get(endpoint.sticky_by or "")
    return {name: value for name, value in facts.items() if value is not None}, key


def _first(*values: object) -> str | None:
    return next((value[:_MAX_KEY_CHARS] for value in values if isinstance(value, str) and value), None)


def _headers(reply: Reply | StreamReply, span: CallSpan) -> dict[str, str]:
    """Who answered, and in which trace, for whoever wants to know: scores belong to both."""
    return {
        **span.answer_headers,
        **({ENDPOINT_ANSWERED: reply.endpoint} if reply.endpoint else {}),
        **({MODEL_ID_ANSWERED: reply.model_id} if reply.model_id else {}),
    }


def _fit(error: BaseException, gateway: Gateway) -> Any:
    """The error with no key in it, whoever wrote it."""
    if not isinstance(error, GatewayError):
        return error
    clean = gateway.table.without_secrets(error.message)
    if clean != error.message:
        error.message = clean
        error.args = (clean,)
    return error
