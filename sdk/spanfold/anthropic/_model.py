"""Calls of Anthropic's client library."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, ClassVar, Final

from spanfold._flavors._remote import RemoteModel, Request, system_and_others
from spanfold._flavors._spans import Answer, Tokens, is_original
from spanfold.anthropic import SAMPLING

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

_OWN_SPANS: Final = "ANTHROPIC_OPEN_TELEMETRY"
"""Has the library make spans by itself, which it does unless it is told not to."""


class AnthropicModel(RemoteModel):
    """A model of Anthropic's. The library reads ``ANTHROPIC_API_KEY`` and ``ANTHROPIC_BASE_URL``."""

    library = "anthropic"
    install = "pip install anthropic"
    provider = "anthropic"
    aliases: ClassVar[Mapping[str, str]] = {"stop": "stop_sequences", "max_completion_tokens": "max_tokens"}

    def _open(self) -> Any:
        import anthropic  # noqa: PLC0415 - optional, and slow to import

        options: dict[str, Any] = {"timeout": self.calls.timeout_s, "max_retries": self.calls.max_retries}
        if not _has_own_spans():
            options["open_telemetry"] = False  # ours, or those of an instrumentation, are there already
        return anthropic.Anthropic(**options)

    def _is_instrumented(self) -> bool:
        anthropic: Any = sys.modules.get("anthropic")
        if anthropic is None:
            return _has_own_spans()
        create = importlib.import_module("anthropic.resources.messages").Messages.create
        originals = is_original(create, "anthropic") and is_original(anthropic.Anthropic.request, "anthropic")
        return _has_own_spans() or not originals

    def _ask(self, client: Any, request: Request, parameters: Mapping[str, Any]) -> Answer:
        return _answer(client.messages.create(**self._body(request, parameters)))

    def _stream(
        self, client: Any, request: Request, parameters: Mapping[str, Any]
    ) -> Generator[str, None, Answer]:
        with client.messages.stream(**self._body(request, parameters)) as stream:
            yield from stream.text_stream
            return _answer(stream.get_final_message())

    def _body(self, request: Request, parameters: Mapping[str, Any]) -> dict[str, Any]:
        system, messages = system_and_others(request.content)
        body = {**parameters, "model": self.model, "messages": messages}
        if sampling := {name: body.pop(name) for name in SAMPLING & body.keys()}:
            body["extra_body"] = {**body.get("extra_body", {}), **sampling}
        if isinstance(body.get("stop_sequences"), str):
            body["stop_sequences"] = [body["stop_sequences"]]
        if system:
            is_text = all(isinstance(one, str) for one in system)
            blocks = [
                block
                for one in system
                for block in (one if isinstance(one, list) else [{"type": "text", "text": one}])
            ]
            body["system"] = "\n\n".join(system) if is_text else blocks
        return body


def _answer(given: Any) -> Answer:
    text = "".join(block.text for block in given.content if block.type == "text")
    calls = [block.model_dump(mode="json") for block in given.content if block.type == "tool_use"]
    usage = given.usage
    cached, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
    # Anthropic counts what was cached apart; the conventions count it among the input.
    tokens = Tokens(usage.input_tokens + cached + written, usage.output_tokens, cached, written)
    output: Any = {"content": text or None, "tool_calls": calls} if calls else text
    return Answer([output], tokens, given.model, given.id, given.stop_reason)


def _has_own_spans() -> bool:
    return os.environ.get(_OWN_SPANS, "false").strip().lower() not in {"", "false"}
