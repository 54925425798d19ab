"""LiteLLM, where it is installed: the providers that speak no protocol known here."""

from __future__ import annotations

import importlib
import importlib.util
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api.gateway import faults
from spanfold_query_api.gateway.protocol import Reply
from spanfold_query_api.gateway.providers.options import Options, ProviderConfigError, scrubber_of
from spanfold_query_api.gateway.providers.sdk import begun

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from types import ModuleType

    from spanfold.metrics.genai._faults import Scrubber
    from spanfold_query_api.gateway.protocol import Call, StreamReply

INSTALL: Final = "pip install litellm"
_FUNCTIONS: Final = {"chat": "acompletion", "completions": "atext_completion", "embeddings": "aembedding"}


class LiteLLMProvider:
    """One model that LiteLLM reaches; its name is LiteLLM's: `provider/model`."""

    def __init__(
        self, model: str, library: ModuleType, options: Mapping[str, Any], scrubber: Scrubber
    ) -> None:
        self.model = model
        self._library = library
        self._options = options
        self._scrubber = scrubber
        self._label = f"litellm ({model})"

    async def call(self, call: Call) -> Reply:
        """Ask once; see :class:`Provider`."""
        answer = await self._ask(call, {})
        return Reply(answer.model_dump(), "litellm", self.model)

    async def stream(self, call: Call) -> StreamReply:
        """Ask once, for chunks; see :class:`Provider`."""
        return await begun(self._chunks(call), "litellm", self.model, self._label)

    async def close(self) -> None:
        """Its connections are the library's own."""

    async def _ask(self, call: Call, more: Mapping[str, Any]) -> Any:
        function = getattr(self._library, _FUNCTIONS[call.kind])
        try:
            return await function(
                **call.body,
                **self._options,
                **more,
                model=self.model,
                extra_headers=dict(call.headers),
                num_retries=0,
                max_retries=0,
            )
        except Exception as error:
            raise self._fault(error) from error

    async def _chunks(self, call: Call) -> AsyncGenerator[dict[str, Any]]:
        wanted = {**(call.body.get("stream_options") or {}), "include_usage": True}
        rest = {name: value for name, value in call.body.items() if name != "stream_options"}
        stream = await self._ask(replace(call, body=rest), {"stream": True, "stream_options": wanted})
        try:
            async for chunk in stream:
                yield chunk.model_dump()
        except Exception as error:
            raise self._fault(error) from error

    def _fault(self, error: Exception) -> Exception:
        """Its exceptions take after OpenAI's, and name the status."""
        status = getattr(error, "status_code", None)
        response = getattr(error, "response", None)
        if isinstance(error, getattr(self._library, "Timeout", ())):
            return faults.timed_out(self._label)
        if not isinstance(status, int):
            return faults.broken(self._label, type(error).__name__, self._scrubber)
        said = {"message": str(getattr(error, "message", error)), "code": getattr(error, "code", None)}
        return faults.refusal(status, said, getattr(response, "headers", {}), self._label, self._scrubber)


def options(config: Mapping[str, Any]) -> dict[str, str]:
    """The library's own names for what the configuration says.

    Raises:
        ProviderConfigError: an entry is wrong, or the library is not installed.
    """
    given = Options(config)
    read = {
        "api_key": given.text("litellm_api_key", "api_key"),
        "api_base": given.text("litellm_api_base", "api_base", "base_url"),
        "api_version": given.text("api_version"),
    }
    given.refuse_others("litellm")
    if importlib.util.find_spec("litellm") is None:
        raise ProviderConfigError("provider", "litellm is not installed", INSTALL)
    return {name: value for name, value in read.items() if value is not None}


def litellm(_: str, model: str, config: Mapping[str, Any]) -> LiteLLMProvider:
    """The provider that a configuration names. Raises as :func:`options`."""
    read = options(config)
    # It would fetch a price list from the internet when it is imported, and wait for it.
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    library: Any = importlib.import_module("litellm")
    library.suppress_debug_info = True  # it would print advice beside each error
    return LiteLLMProvider(model, library, read, scrubber_of(read.get("api_key")))
