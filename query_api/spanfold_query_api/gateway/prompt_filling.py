"""Registered prompts in chats: `prompt: {"id": "prompts:/greeting@production", "variables": {...}}`."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError, NotFoundError, ServerUnavailableError
from spanfold_query_api.gateway.protocol import GatewayError
from spanfold_query_api.gateway.wire import refused
from spanfold_query_api.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from spanfold.prompts._version import PromptVersion

CACHED_S: Final = 5.0
"""How long an alias may still mean what it meant."""
MAX_CACHED: Final = 1_000
_NOT_THERE: Final = 404
_BELOW_FAULTS: Final = 500
_NEVER: Final = frozenset({"model", "model_name", "provider", "messages", "prompt", "stream"})
"""Settings of a prompt that the endpoint decides."""


class Prompts:
    """Looks prompts up, and puts them into bodies. Used in one event loop."""

    def __init__(self, resolve: Callable[[str], PromptVersion], *, cached_s: float = CACHED_S) -> None:
        """Prepare.

        Args:
            resolve: gives the version that a URI stands for; may block.
            cached_s: how long what it gave is used again.
        """
        self._resolve = resolve
        self._cached_s = cached_s
        self._cache: dict[str, tuple[float, PromptVersion]] = {}

    async def fill(self, given: Mapping[str, Any], body: dict[str, Any]) -> list[str]:
        """Put a prompt into a body: its messages come first, its settings hold where the body says nothing.

        A prompt of one text is the user's message, or the system's where the body has messages of its own.

        Args:
            given: `id` is the prompt's URI, `variables` the values of its variables.
            body: of a chat completion; is changed.

        Returns:
            What was used, such as `["greeting/3"]`.

        Raises:
            GatewayError: there is no such prompt, or its variables are others.
        """
        uri, variables = given.get("id"), given.get("variables", {})
        if not isinstance(uri, str) or not isinstance(variables, dict):
            text = 'prompt: must be {"id": "prompts:/name@alias", "variables": {...}}'
            raise refused(text, param="prompt")
        if others := sorted(set(given) - {"id", "variables"}):
            raise refused(f"prompt: there is no member {others[0]!r}, only id and variables", param="prompt")
        version = await self._version(uri)
        try:
            made = version.render(variables)
        except InvalidArgumentError as error:
            raise refused(f"prompt: {error}", param="prompt") from None
        own = body.get("messages")
        own = own if isinstance(own, list) else []
        first = [{"role": "system" if own else "user", "content": made}] if isinstance(made, str) else made
        body["messages"] = [*first, *own]
        for name, value in (version.model_settings or {}).items():
            if name not in _NEVER:
                body.setdefault(name, value)
        if version.response_format is not None:
            schema = {"name": "answer", "schema": dict(version.response_format)}
            body.setdefault("response_format", {"type": "json_schema", "json_schema": schema})
        return [f"{version.name}/{version.version}"]

    async def _version(self, uri: str) -> PromptVersion:
        now_s = time.monotonic()
        known = self._cache.get(uri)
        if known is not None and known[0] > now_s:
            return known[1]
        try:
            version = await asyncio.to_thread(self._resolve, uri)
        except ProblemError as error:
            if error.status >= _BELOW_FAULTS:
                raise _away() from error
            raise _not_usable(error.detail, is_missing=error.status == _NOT_THERE) from None
        except NotFoundError as error:
            raise _not_usable(str(error), is_missing=True) from None
        except InvalidArgumentError as error:
            raise _not_usable(str(error), is_missing=False) from None
        except ServerUnavailableError as error:
            raise _away() from error
        if len(self._cache) >= MAX_CACHED:
            self._cache.clear()
        self._cache[uri] = (now_s + self._cached_s, version)
        return version


def _not_usable(why: str, *, is_missing: bool) -> GatewayError:
    code = "prompt_not_found" if is_missing else None
    status = _NOT_THERE if is_missing else 400
    return GatewayError(status, "invalid_request_error", f"prompt: {why}", code=code, param="prompt")


def _away() -> GatewayError:
    text = "prompt: prompts cannot be read now: try again in a moment"
    return GatewayError(503, "api_error", text, code="prompts_unavailable", retry_after_s=5.0)
