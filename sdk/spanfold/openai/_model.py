"""Calls of OpenAI's client library."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any, Final

from spanfold._flavors._remote import RemoteModel, Request
from spanfold._flavors._spans import Answer, Tokens, is_original

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

_BROKEN_OFF: Final = "the stream broke off before its end"
_LAST_EVENTS: Final = frozenset({"response.completed", "response.incomplete", "response.failed"})


class OpenAIModel(RemoteModel):
    """A model behind OpenAI's protocol: ``OPENAI_BASE_URL`` says where, ``OPENAI_API_KEY`` for whom."""

    library = "openai"
    install = "pip install openai"
    provider = "openai"

    def _merged(self, params: Mapping[str, Any] | None) -> dict[str, Any]:
        limits = ("max_tokens", "max_completion_tokens")
        if self.task == "responses":
            params = {
                "max_output_tokens" if name in limits else name: one for name, one in (params or {}).items()
            }
        return super()._merged(params)

    def _open(self) -> Any:
        import openai  # noqa: PLC0415 - optional, and slow to import

        return openai.OpenAI(timeout=self.calls.timeout_s, max_retries=self.calls.max_retries)

    def _is_instrumented(self) -> bool:
        openai: Any = sys.modules.get("openai")
        if openai is None:
            return False
        # The library loads its resources when they are first used, and so it may not have this one yet.
        module = importlib.import_module(f"openai.resources.{self.task}")
        kind = getattr(module, self.task.rpartition(".")[2].capitalize())
        # OpenInference replaces the method that all others send by.
        return not (is_original(kind.create, "openai") and is_original(openai.OpenAI.request, "openai"))

    def _ask(self, client: Any, request: Request, parameters: Mapping[str, Any]) -> Answer:
        given = self._resource(client).create(**self._body(request, parameters))
        if self.task == "embeddings":
            vectors = sorted(given.data, key=lambda one: one.index)
            tokens = Tokens(getattr(given.usage, "prompt_tokens", None))
            return Answer([one.embedding for one in vectors], tokens, given.model)
        if self.task == "responses":
            _check_response(given)
            calls = [
                {"type": "function", "id": one.call_id, "name": one.name, "arguments": one.arguments}
                for one in given.output
                if one.type == "function_call"
            ]
            output: Any = {"tool_calls": calls} if calls and not given.output_text else given.output_text
            return Answer([output], _response_tokens(given.usage), given.model, given.id, given.status)
        choice = given.choices[0]
        if self.task == "completions":
            return Answer([choice.text], _tokens(given.usage), given.model, given.id, choice.finish_reason)
        message = choice.message
        output = message.content if message.content is not None else message.refusal
        if message.tool_calls:
            output = {
                "content": output,
                "tool_calls": [one.model_dump(mode="json") for one in message.tool_calls],
            }
        return Answer([output], _tokens(given.usage), given.model, given.id, choice.finish_reason)

    def _stream(
        self, client: Any, request: Request, parameters: Mapping[str, Any]
    ) -> Generator[str, None, Answer]:
        body = {**self._body(request, parameters), "stream": True}
        if self.task == "responses":
            return (yield from self._response_stream(client, body))
        body.setdefault("stream_options", {"include_usage": True})
        texts: list[str] = []
        tokens, model, response_id, finish = Tokens(), None, None, None
        with self._resource(client).create(**body) as stream:
            for chunk in stream:
                model, response_id = chunk.model or model, chunk.id or response_id
                if chunk.usage is not None:
                    tokens = _tokens(chunk.usage)
                for choice in chunk.choices[:1]:
                    finish = choice.finish_reason or finish
                    text = choice.text if self.task == "completions" else choice.delta.content
                    if text:
                        texts.append(text)
                        yield text
        if finish is None:
            raise ConnectionError(_BROKEN_OFF)
        return Answer(["".join(texts)], tokens, model, response_id, finish)

    def _response_stream(self, client: Any, body: Mapping[str, Any]) -> Generator[str, None, Answer]:
        answer = None
        texts: list[str] = []
        with client.responses.create(**body) as stream:
            for event in stream:
                if event.type == "response.output_text.delta":
                    texts.append(event.delta)
                    yield event.delta
                elif event.type in _LAST_EVENTS:
                    given = event.response
                    _check_response(given)
                    tokens = _response_tokens(given.usage)
                    answer = Answer(["".join(texts)], tokens, given.model, given.id, given.status)
        if answer is None:
            raise ConnectionError(_BROKEN_OFF)
        return answer

    def _resource(self, client: Any) -> Any:
        return client.chat.completions if self.task == "chat.completions" else getattr(client, self.task)

    def _body(self, request: Request, parameters: Mapping[str, Any]) -> dict[str, Any]:
        key = {"chat.completions": "messages", "completions": "prompt"}.get(self.task, "input")
        return {**parameters, "model": self.model, key: request.content}


def _check_response(given: Any) -> None:
    """See to it that a response is an answer: a failed one comes with status 200, too."""
    if given.error is not None or given.status in {"failed", "cancelled"}:
        message = (
            f"the response {given.status}: {getattr(given.error, 'message', 'the provider does not say why')}"
        )
        raise ValueError(message)


def _tokens(usage: Any) -> Tokens:
    if usage is None:
        return Tokens()
    cached = getattr(usage.prompt_tokens_details, "cached_tokens", None)
    reasoning = getattr(usage.completion_tokens_details, "reasoning_tokens", None)
    return Tokens(usage.prompt_tokens, usage.completion_tokens, cached, reasoning=reasoning)


def _response_tokens(usage: Any) -> Tokens:
    if usage is None:
        return Tokens()
    cached = getattr(usage.input_tokens_details, "cached_tokens", None)
    reasoning = getattr(usage.output_tokens_details, "reasoning_tokens", None)
    return Tokens(usage.input_tokens, usage.output_tokens, cached, reasoning=reasoning)
