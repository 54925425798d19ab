"""Calls of Google's client library."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, ClassVar, Final

from spanfold._flavors._remote import RemoteModel, Request, system_and_others
from spanfold._flavors._spans import Answer, Tokens, is_original

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

_STATUSES: Final = [408, 409, 429, 500, 502, 503, 504]
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0
_VERTEX_VARIABLE: Final = "GOOGLE_GENAI_USE_VERTEXAI"


class GoogleModel(RemoteModel):
    """A model of Google's. Its library reads ``GEMINI_API_KEY``, ``GOOGLE_API_KEY`` or Vertex's."""

    library = "google-genai"
    install = "pip install google-genai"
    aliases: ClassVar[Mapping[str, str]] = {
        "stop": "stop_sequences",
        "max_tokens": "max_output_tokens",
        "max_completion_tokens": "max_output_tokens",
    }

    @property
    def provider(self) -> str:  # type: ignore[override] # the environment says which service answers
        """As OpenTelemetry's conventions name it."""
        on_vertex = os.environ.get(_VERTEX_VARIABLE, "").strip().lower() in {"1", "true"}
        return "gcp.vertex_ai" if on_vertex else "gcp.gemini"

    def _open(self) -> Any:
        from google import genai  # noqa: PLC0415 - optional, and slow to import

        retries = genai.types.HttpRetryOptions(
            attempts=self.calls.max_retries + 1,
            initial_delay=_FIRST_PAUSE_S,
            max_delay=_LONGEST_PAUSE_S,
            http_status_codes=_STATUSES,
        )
        options = genai.types.HttpOptions(timeout=int(self.calls.timeout_s * 1_000), retry_options=retries)
        return genai.Client(http_options=options)

    def _is_instrumented(self) -> bool:
        models: Any = sys.modules.get("google.genai.models")
        name = "embed_content" if self.task == "embeddings" else "generate_content"
        return models is not None and not is_original(getattr(models.Models, name), "google.genai")

    def _ask(self, client: Any, request: Request, parameters: Mapping[str, Any]) -> Answer:
        if self.task == "embeddings":
            given = client.models.embed_content(
                model=self.model, contents=request.content, config=dict(parameters) or None
            )
            vectors = [list(one.values) for one in given.embeddings]
            if len(vectors) != len(request.content):
                message = f"{len(vectors)} embeddings came for {len(request.content)} texts"
                raise ValueError(message)
            return Answer(vectors)
        given = client.models.generate_content(**self._body(request, parameters))
        return _answer(given, _text(given), _calls(given))

    def _stream(
        self, client: Any, request: Request, parameters: Mapping[str, Any]
    ) -> Generator[str, None, Answer]:
        texts: list[str] = []
        last: Any = None
        for chunk in client.models.generate_content_stream(**self._body(request, parameters)):
            last = chunk
            if text := _text(chunk):
                texts.append(text)
                yield text
        return Answer([""]) if last is None else _answer(last, "".join(texts), [])

    def _body(self, request: Request, parameters: Mapping[str, Any]) -> dict[str, Any]:
        system, messages = system_and_others(request.content)
        config = dict(parameters)
        if isinstance(config.get("stop_sequences"), str):
            config["stop_sequences"] = [config["stop_sequences"]]
        if system:
            config["system_instruction"] = [part for one in system for part in _parts(one)]
        contents = [
            {"role": "model" if one["role"] == "assistant" else one["role"], "parts": _parts(one["content"])}
            for one in messages
        ]
        return {"model": self.model, "contents": contents, "config": config}


def _parts(content: Any) -> list[Any]:
    if isinstance(content, list):
        return [part for one in content for part in _parts(one)]
    # ``{"type": "text"}`` is how the other providers mark a text; Google's parts know no such field.
    if isinstance(content, dict):
        return [{name: value for name, value in content.items() if name != "type" or value != "text"}]
    return [{"text": content}]


def _content_parts(given: Any) -> list[Any]:
    if not given.candidates or given.candidates[0].content is None:
        return []
    return given.candidates[0].content.parts or []


def _text(given: Any) -> str:
    # Not `given.text`: it warns of every part that is no text.
    return "".join(part.text for part in _content_parts(given) if part.text and not part.thought)


def _calls(given: Any) -> list[dict[str, Any]]:
    return [
        part.function_call.model_dump(mode="json", exclude_none=True)
        for part in _content_parts(given)
        if part.function_call
    ]


def _answer(given: Any, text: str, calls: list[dict[str, Any]]) -> Answer:
    finish = given.candidates[0].finish_reason if given.candidates else None
    if not text and not calls:
        blocked = getattr(given.prompt_feedback, "block_reason", None)
        if blocked is not None:
            message = f"Google blocked the prompt: {getattr(blocked, 'value', blocked)}"
            raise ValueError(message)
    usage = given.usage_metadata
    tokens = Tokens()
    if usage is not None:
        thoughts = usage.thoughts_token_count
        output = usage.candidates_token_count
        # Google counts thoughts apart; the conventions count them among the output.
        total = None if output is None else output + (thoughts or 0)
        tokens = Tokens(usage.prompt_token_count, total, usage.cached_content_token_count, reasoning=thoughts)
    made: Any = {"content": text or None, "tool_calls": calls} if calls else text
    return Answer([made], tokens, given.model_version, given.response_id, getattr(finish, "value", finish))
