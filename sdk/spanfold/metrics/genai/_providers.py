"""OpenAI's and Anthropic's client libraries: one request to each, one answer or one of our faults back."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError
from spanfold.metrics.genai._backend import Connection, JudgeError, JudgeRequest, Limits, parsed
from spanfold.metrics.genai._faults import (
    Refusal,
    RefusedForNowError,
    RefusedRowError,
    SchemaRefusedError,
    Scrubber,
)
from spanfold.metrics.genai._prices import Usage, cost_usd, is_known

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_MAX_TOKENS: Final = 1024
"""Of an Anthropic reply: that provider wants to be told."""
_SCHEMA_NAME: Final = "judgement"
_INSTALL: Final = "judges need the extra: pip install 'spanfold[evaluate]'"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider said."""

    text: str | None
    error: str | None
    """Why there is no text that can be used: it refused, or was cut off."""
    model: str
    usage: Usage | None


class Provider(ABC):
    """One model of one provider. Any number of threads may ask it."""

    price_provider: str | None = None
    """What the price list calls the provider."""

    def __init__(self, uri: str, limits: Limits, connection: Connection) -> None:
        self.uri = uri
        self.model = parsed(uri)[1]
        self._limits = limits
        self._connection = connection
        self._scrubber = Scrubber.of(connection.headers, connection.proxy_url)
        self._takes_schema = True
        self._client: Any = None

    @property
    @abstractmethod
    def address(self) -> str:
        """Where it is, if that is not the provider's own address: part of what a reply is known by."""

    @property
    def has_price(self) -> bool:
        """Whether the price of its tokens is known before it is asked."""
        return self.price_provider is not None and is_known(self.price_provider, self.model)

    @abstractmethod
    def open(self) -> None:
        """Make the client, which all threads share.

        Raises:
            InvalidArgumentError: the client library is not installed.
            JudgeError: there is no API key.
        """

    def ask(self, request: JudgeRequest, key: str) -> Answer:
        """One call.

        Args:
            request: what to ask.
            key: of the content, for providers that answer a repeated request once.

        Raises:
            RefusedForNowError: the same call may succeed later.
            RefusedRowError: it never will.
            JudgeError: no call will.
        """
        with_schema = request.schema is not None and self._takes_schema
        try:
            return self._asked(request, key, with_schema=with_schema)
        except SchemaRefusedError as fault:
            if not with_schema:
                raise RefusedRowError(str(fault)) from fault
        self._takes_schema = False  # the prompt says the form as well
        try:
            return self._asked(request, f"{key}-text", with_schema=False)
        except SchemaRefusedError as fault:
            raise RefusedRowError(str(fault)) from fault

    def cost_of(self, answer: Answer) -> float | None:
        """What it cost in US dollars; None: not known."""
        if answer.usage is None:
            return None
        known = is_known(self.price_provider, answer.model)
        return cost_usd(self.price_provider, answer.model if known else self.model, answer.usage)

    def _asked(self, request: JudgeRequest, key: str, *, with_schema: bool) -> Answer:
        library = self._library()
        try:
            given = self._call(request, {"Idempotency-Key": key}, with_schema=with_schema)
            return self._read(given)
        except library.APITimeoutError as fault:
            raise RefusedForNowError(f"no answer in {self._limits.timeout_s:g} s") from fault
        except library.APIStatusError as fault:
            raise self._refusal(fault).fault(self.uri, request.parameters) from fault
        except library.APIConnectionError as fault:
            said = self._scrubber.scrub(f"{fault} {fault.__cause__ or ''}".strip())
            raise RefusedForNowError(f"no connection: {said}") from fault
        except (library.APIError, AttributeError, IndexError, KeyError, TypeError, ValueError) as fault:
            said = self._scrubber.scrub(f"{type(fault).__name__}: {fault}")
            message = f"the answer is not the provider's protocol: {said}"
            raise RefusedForNowError(message) from fault

    def _refusal(self, fault: Any) -> Refusal:
        body = fault.body if isinstance(fault.body, dict) else {}
        detail = body.get("error", body)
        detail = detail if isinstance(detail, dict) else {}
        said = self._scrubber.scrub(str(detail.get("message") or fault.message))
        return Refusal(fault.status_code, said, detail, fault.response.headers)

    def _client_arguments(self, library: Any) -> dict[str, Any]:
        arguments: dict[str, Any] = {"max_retries": 0, "timeout": self._limits.timeout_s}
        if self._connection.headers:
            arguments["default_headers"] = dict(self._connection.headers)
        if self._connection.proxy_url:
            arguments["http_client"] = library.DefaultHttpxClient(proxy=self._connection.proxy_url)
        return arguments

    @abstractmethod
    def _library(self) -> Any: ...

    @abstractmethod
    def _call(self, request: JudgeRequest, headers: Mapping[str, str], *, with_schema: bool) -> Any:
        """One request, by the client's ``post``.

        The client's methods for it check the body key by key, which takes as long as all the rest, and
        instrumentations watch them.
        """

    @abstractmethod
    def _read(self, given: Any) -> Answer: ...


class OpenAIProvider(Provider):
    """``openai:/name``, and whatever speaks that protocol."""

    price_provider: str | None = "openai"

    @property
    def address(self) -> str:
        return os.environ.get("OPENAI_BASE_URL", "").rstrip("/")

    def open(self) -> None:
        library = self._library()
        key = os.environ.get("OPENAI_API_KEY") or ("none" if self.address else "")
        if not key:
            message = f"{self.uri}: there is no API key; set OPENAI_API_KEY"
            raise JudgeError(message)
        arguments = self._client_arguments(library)
        if self.address:
            arguments["base_url"] = self.address
        self._client = library.OpenAI(api_key=key, **arguments)

    def _library(self) -> Any:
        try:
            import openai  # noqa: PLC0415 - optional, and slow to import
        except ImportError as fault:
            raise InvalidArgumentError(_INSTALL) from fault
        return openai

    def _call(self, request: JudgeRequest, headers: Mapping[str, str], *, with_schema: bool) -> Any:
        body = {
            **request.parameters,
            "model": self.model,
            "messages": [dict(one) for one in request.messages],
        }
        if with_schema:
            schema = {"name": _SCHEMA_NAME, "strict": True, "schema": request.schema}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        kind = self._library().types.chat.ChatCompletion
        return self._client.post("/chat/completions", cast_to=kind, body=body, options={"headers": headers})

    def _read(self, given: Any) -> Answer:
        choice = given.choices[0]
        text, error = choice.message.content, None
        if choice.message.refusal or choice.finish_reason == "content_filter":
            said = self._scrubber.scrub(choice.message.refusal or "by its content filter")
            text, error = None, f"the judge refused to answer: {said}"
        elif choice.finish_reason == "length":
            text, error = None, "the judge's reply was cut off: allow it more tokens in parameters"
        elif text is None:
            error = "the judge's reply is empty"
        usage = given.usage
        if usage is None:
            return Answer(text, error, given.model, None)
        cached = getattr(usage.prompt_tokens_details, "cached_tokens", None) or 0
        tokens = Usage(usage.prompt_tokens, usage.completion_tokens, cached)
        return Answer(text, error, given.model, tokens)


class EndpointProvider(OpenAIProvider):
    """``endpoints:/name``: a gateway, which speaks OpenAI's protocol and holds the providers' keys."""

    price_provider = None

    @property
    def address(self) -> str:
        target = os.environ.get("SPANFOLD_DEPLOYMENTS_TARGET", "").rstrip("/")
        server = os.environ.get("SPANFOLD_ENDPOINT", "http://localhost:4319").rstrip("/")
        return target or f"{server}/gateway/v1"

    def open(self) -> None:
        library = self._library()
        # A provider's key is none of the gateway's business.
        key = os.environ.get("SPANFOLD_API_KEY") or "none"
        self._client = library.OpenAI(api_key=key, base_url=self.address, **self._client_arguments(library))


class AnthropicProvider(Provider):
    """``anthropic:/name``."""

    price_provider = "anthropic"

    @property
    def address(self) -> str:
        return os.environ.get("ANTHROPIC_BASE_URL", "").rstrip("/")

    def open(self) -> None:
        library = self._library()
        key = os.environ.get("ANTHROPIC_API_KEY")
        if not key and not os.environ.get("ANTHROPIC_AUTH_TOKEN"):
            message = f"{self.uri}: there is no API key; set ANTHROPIC_API_KEY"
            raise JudgeError(message)
        arguments = self._client_arguments(library)
        if self.address:
            arguments["base_url"] = self.address
        self._client = library.Anthropic(api_key=key, **arguments)

    def _library(self) -> Any:
        try:
            import anthropic  # noqa: PLC0415 - optional, and slow to import
        except ImportError as fault:
            raise InvalidArgumentError(_INSTALL) from fault
        return anthropic

    def _call(self, request: JudgeRequest, headers: Mapping[str, str], *, with_schema: bool) -> Any:
        body = {"max_tokens": DEFAULT_MAX_TOKENS, **request.parameters, "model": self.model}
        body["messages"] = [dict(one) for one in request.messages if one["role"] != "system"]
        system = "\n\n".join(one["content"] for one in request.messages if one["role"] == "system")
        if system:
            body["system"] = system
        if with_schema:
            body["output_config"] = {"format": {"type": "json_schema", "schema": request.schema}}
        kind = self._library().types.Message
        return self._client.post("/v1/messages", cast_to=kind, body=body, options={"headers": headers})

    def _read(self, given: Any) -> Answer:
        text: str | None = "".join(block.text for block in given.content if block.type == "text")
        error = None
        if given.stop_reason == "refusal":
            text, error = None, "the judge refused to answer"
        elif given.stop_reason == "max_tokens":
            text, error = (
                None,
                "the judge's reply was cut off: allow it more tokens, parameters={'max_tokens': 4096}",
            )
        elif not text:
            text, error = None, "the judge's reply is empty"
        usage = given.usage
        cached, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
        tokens = Usage(usage.input_tokens + cached + written, usage.output_tokens, cached, written)
        return Answer(text, error, given.model, tokens)


def provider_of(uri: str, limits: Limits, connection: Connection) -> Provider:
    """The provider that a URI names; not opened yet."""
    kinds: dict[str, type[Provider]] = {
        "openai": OpenAIProvider,
        "anthropic": AnthropicProvider,
        "endpoints": EndpointProvider,
    }
    return kinds[parsed(uri)[0]](uri, limits, connection)
