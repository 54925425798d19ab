"""What the gateway's parts say to each other: a call in OpenAI's words, its answer, and what went wrong.

Routes make a :class:`Call` and hand it to a router, which picks a :class:`Provider` and hands it on. Requests
and answers are OpenAI's shapes as plain dicts; providers that speak otherwise translate inside.

Example:
    >>> call = Call("chat", {"messages": [{"role": "user", "content": "Hi"}]}, endpoint="support")
    >>> call.stream, call.key
    (False, None)
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from spanfold_query_api.gateway.config import Target

Kind = Literal["chat", "completions", "embeddings"]
KINDS: Final[dict[str, Kind]] = {
    "llm/v1/chat": "chat",
    "llm/v1/completions": "completions",
    "llm/v1/embeddings": "embeddings",
}
"""What each type of endpoint takes."""
PATHS: Final[dict[Kind, str]] = {
    "chat": "/chat/completions",
    "completions": "/completions",
    "embeddings": "/embeddings",
}
"""Below the base URL, in OpenAI's protocol."""
CLIENT_LEFT: Final = "client_left"
"""Code of the error that nobody gets: who called has gone."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request, as the caller made it."""

    kind: Kind
    body: Mapping[str, Any]
    """OpenAI-shaped; `model` and `stream` left out: the router puts them."""
    endpoint: str
    """Name of the endpoint that is to answer."""
    stream: bool = False
    key: str | None = None
    """User or conversation: calls of one key go to the same model version."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What to send to the provider beside its own headers: `traceparent` and the like. Lower-case names."""

    def at(self, endpoint: str) -> Call:
        """The same call to another endpoint."""
        return replace(self, endpoint=endpoint)


@dataclass(slots=True)
class Reply:
    """A whole answer."""

    body: dict[str, Any]
    """OpenAI-shaped, usage inside."""
    provider: str
    model: str
    """Name of the model that was asked, as the configuration has it."""
    model_id: str | None = None
    """The model version that the split chose, where the configuration names one."""
    cost_usd: float | None = None
    """None where the price is not known."""
    attempts: int = 1
    """Requests that it took, retries and fallbacks included."""
    endpoint: str = ""
    """The endpoint that answered: another than the one that was asked after a fallback."""

    @property
    def usage(self) -> Mapping[str, Any] | None:
        """OpenAI-shaped token counts; None where the provider gave none."""
        usage = self.body.get("usage")
        return usage if isinstance(usage, dict) else None


class StreamReply:
    """An answer in parts: an async iterator of OpenAI-shaped chunks.

    The first chunk is there already, so whatever could be tried again was. Iterating raises
    :class:`GatewayError` when the provider breaks off or falls silent. :attr:`usage` and :attr:`cost_usd` are
    complete once the iterator ended; one that is left early must be closed with :meth:`aclose`, which frees
    the connection.
    """

    def __init__(
        self, chunks: AsyncIterator[dict[str, Any]], provider: str, model: str, model_id: str | None = None
    ) -> None:
        self.chunks = chunks
        self.provider = provider
        self.model = model
        self.model_id = model_id
        self.endpoint = ""
        self.attempts = 1
        self.usage: Mapping[str, Any] | None = None
        self.cost_usd: float | None = None
        self.close_with: Callable[[], Awaitable[None]] | None = None
        """An async function that is called once, when the iterator has ended or is closed."""

    def __aiter__(self) -> StreamReply:
        return self

    async def __anext__(self) -> dict[str, Any]:
        """The next chunk.

        Raises:
            GatewayError: the provider broke off, or sent nothing for too long. There is no more to come.
            StopAsyncIteration: that was all.
        """
        try:
            chunk = await self.chunks.__anext__()
        except BaseException:
            await self._finish()
            raise
        usage = chunk.get("usage")
        if isinstance(usage, dict):
            self.usage = usage
        return chunk

    async def aclose(self) -> None:
        """Free what the stream holds; any number of times, at any point."""
        close = getattr(self.chunks, "aclose", None)
        try:
            if close is not None:
                await close()
        finally:
            await self._finish()

    async def _finish(self) -> None:
        closing, self.close_with = self.close_with, None
        if closing is not None:
            await closing()


class Provider(Protocol):
    """One model of one provider. Any number of tasks of one event loop may call it at once.

    It makes one request a call and does not retry: whether to, and after what pause, the router decides by
    the error. It has no timeout of its own for an answer: the router cancels.
    """

    async def call(self, call: Call) -> Reply:
        """Ask once, for a whole answer.

        Raises:
            GatewayError: there is no answer; `is_retryable` says whether asking again may help.
        """
        ...

    async def stream(self, call: Call) -> StreamReply:
        """Ask once, for an answer in parts; returns when the provider begins to answer. Raises as `call`."""
        ...

    async def close(self) -> None:
        """Free connections and processes; calls under way fail."""
        ...


class GatewayError(Exception):
    """A call that has no answer. The message is fit to be shown: it holds no key.

    Example:
        >>> GatewayError(404, "invalid_request_error", "there is no endpoint 'x'").to_dict()["error"]["type"]
        'invalid_request_error'
    """

    def __init__(  # noqa: PLR0913 - all by name but the first three
        self,
        status: int,
        type: str,  # noqa: A002 - OpenAI's word
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        retry_after_s: float | None = None,
        is_retryable: bool = False,
    ) -> None:
        """Make one.

        Args:
            status: HTTP status to answer with.
            type: OpenAI's kind of error: `invalid_request_error`, `rate_limit_error`, `api_error`, ...
            message: what happened and what to do about it.
            code: OpenAI's finer kind: `model_not_found`, `rate_limit_exceeded`, ...
            param: which parameter is at fault.
            retry_after_s: for the header `Retry-After`.
            is_retryable: whether the same request may succeed later.
        """
        super().__init__(message)
        self.status = status
        self.type = type
        self.message = message
        self.code = code
        self.param = param
        self.retry_after_s = retry_after_s
        self.is_retryable = is_retryable
        self.attempts = 0
        """Requests that were made in vain."""
        self.target: Target | None = None
        """The model that was asked last."""
        self.headers: Mapping[str, str] = {}
        """Further ones of the answer."""

    def to_dict(self) -> dict[str, Any]:
        """The body of the answer, as OpenAI words it."""
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}
