"""Anthropic: OpenAI's chat and completions, asked and answered in the words of its messages API."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from spanfold_query_api.gateway import faults
from spanfold_query_api.gateway.protocol import GatewayError
from spanfold_query_api.gateway.providers import anthropic_answers, anthropic_requests
from spanfold_query_api.gateway.providers.options import Options, scrubber_of
from spanfold_query_api.gateway.providers.sdk import SdkProvider, bounded_client

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from spanfold_query_api.gateway.protocol import Call, Reply, StreamReply

_PATH = "/v1/messages"
T = TypeVar("T")
P = ParamSpec("P")


class AnthropicProvider(SdkProvider):
    """One model of Anthropic's, or of a server that speaks its protocol."""

    async def call(self, call: Call) -> Reply:
        """Ask once; see :class:`Provider`."""
        message = await self._ask(_PATH, self._request(call), call.headers)
        if not isinstance(message.get("content"), list):
            raise faults.unusable(self._label, "a JSON object without a list of 'content'")
        return self._reply(self._translated(anthropic_answers.answer, message, call.kind))

    async def stream(self, call: Call) -> StreamReply:
        """Ask once, for chunks; see :class:`Provider`."""
        body = self._request(call) | {"stream": True}
        return await self._begun(self._chunks(body, call))

    async def _chunks(self, body: Mapping[str, Any], call: Call) -> AsyncGenerator[dict[str, Any]]:
        translation = anthropic_answers.Chunks(call.kind)
        async with contextlib.aclosing(self._events(_PATH, body, call.headers)) as events:
            async for event in events:
                for chunk in self._translated(translation.of, event):
                    yield chunk
        if not translation.is_complete:
            raise faults.broken(self._label, "the stream ended in the middle", self._scrubber)

    def _translated(self, translate: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        try:
            return translate(*given, **named)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise faults.unusable(self._label, "JSON of another shape") from error

    def _request(self, call: Call) -> dict[str, Any]:
        if call.kind == "embeddings":
            text = f"{self._label} has no embeddings: use another provider for such an endpoint"
            raise GatewayError(400, "invalid_request_error", text)
        return anthropic_requests.request(call, self.model)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the model is, and with what it is asked."""

    base_url: str | None
    """None leaves it to the client library, which looks at ANTHROPIC_BASE_URL."""
    key: str | None
    version: str | None
    """Of the interface; None: the client library's."""


def address(provider: str, config: Mapping[str, Any]) -> Address:
    """What a configuration says, completed by the environment.

    Raises:
        ProviderConfigError: an entry is missing or wrong.
    """
    options = Options(config)
    found = Address(
        options.text("anthropic_api_base", "api_base", "base_url"),
        options.key(["anthropic_api_key", "api_key"], ["ANTHROPIC_API_KEY"]),
        options.text("anthropic_version"),
    )
    options.refuse_others(provider)
    return found


def anthropic(provider: str, model: str, config: Mapping[str, Any]) -> AnthropicProvider:
    """The provider that a configuration names. Raises as :func:`address`."""
    import anthropic as library  # noqa: PLC0415 - takes seconds to import

    found = address(provider, config)
    client = library.AsyncAnthropic(
        api_key=found.key,
        base_url=found.base_url,
        default_headers={"anthropic-version": found.version} if found.version is not None else None,
        max_retries=0,
        http_client=bounded_client(library),
    )
    return AnthropicProvider(provider, model, library, client, scrubber_of(found.key))
