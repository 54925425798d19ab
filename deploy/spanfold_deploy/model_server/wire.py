"""OpenAI's and MLflow's words on one side, rows and outputs of a model on the other."""

from __future__ import annotations

import base64
import struct
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from spanfold.errors import InvalidArgumentError, ModelError
from spanfold.pyfunc._chats import MESSAGES, is_whole, plain, text_of

if TYPE_CHECKING:
    from spanfold.pyfunc import ModelSignature

_PARAMETERS: Final = (
    "temperature", "max_tokens", "top_p", "top_k", "stop", "seed", "presence_penalty", "frequency_penalty",
    "tools", "tool_choice", "response_format", "dimensions",
)  # fmt: skip
_ALIASES: Final = {"max_completion_tokens": "max_tokens", "max_output_tokens": "max_tokens"}
_MAX_PROMPTS: Final = 2_048
_TENSOR_FORMS: Final = ("instances", "inputs")


def params_of(body: Mapping[str, Any], signature: ModelSignature | None) -> dict[str, Any] | None:
    """Parameters of a request that the model takes; all usual ones where it does not say which.

    Example:
        >>> params_of({"temperature": 0.5, "max_completion_tokens": 9, "user": "ada"}, None)
        {'temperature': 0.5, 'max_tokens': 9}
    """
    named = {_ALIASES.get(name, name): value for name, value in body.items() if value is not None}
    if signature is not None and signature.params is not None:
        known = {one.name for one in signature.params}
        chosen = {name: value for name, value in named.items() if name in known and name != MESSAGES}
    else:
        chosen = {name: value for name, value in named.items() if name in _PARAMETERS}
    return chosen or None


def messages_of(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The messages of a chat.

    Raises:
        InvalidArgumentError: the body holds none.
    """
    messages = body.get(MESSAGES)
    if (
        not isinstance(messages, list)
        or not messages
        or not all(isinstance(one, Mapping) for one in messages)
    ):
        raise InvalidArgumentError("messages: a list of {role, content}, at least one")
    return messages


def texts_of(argument: str, given: Any) -> list[str]:
    """A text or several.

    Raises:
        InvalidArgumentError: it is neither; tokens are no texts.
    """
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or not all(isinstance(one, str) for one in texts):
        raise InvalidArgumentError(f"{argument}: a text, or a list of texts")
    if len(texts) > _MAX_PROMPTS:
        raise InvalidArgumentError(f"{argument}: {len(texts)} texts; at most {_MAX_PROMPTS} in one request")
    return texts


def chat_answer(output: Any, model: str) -> dict[str, Any]:
    """A model's output as a chat's answer; one that has OpenAI's form already stays as it is."""
    if is_whole(output):
        return {"model": model, **output}
    message = {"role": "assistant", "content": text_of(output), "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return {**_head("chatcmpl", "chat.completion", model), "choices": [choice]}


def completion_answer(outputs: Sequence[Any], model: str) -> dict[str, Any]:
    """Outputs as completions, a choice each."""
    choices = [
        {"index": at, "text": text_of(one), "finish_reason": "stop", "logprobs": None}
        for at, one in enumerate(outputs)
    ]
    return {**_head("cmpl", "text_completion", model), "choices": choices}


def embeddings_answer(outputs: Sequence[Any], model: str, encoding: object) -> dict[str, Any]:
    """Outputs as embeddings.

    Raises:
        ModelError: one of them is no list of numbers.
    """
    data = [
        {"object": "embedding", "index": at, "embedding": _encoded(_vector(one), encoding)}
        for at, one in enumerate(outputs)
    ]
    # OpenAI's form has to have numbers here; what the model counts is not known.
    return {"object": "list", "model": model, "data": data, "usage": {"prompt_tokens": 0, "total_tokens": 0}}


class Chunks:
    """The pieces of a streamed answer, in OpenAI's form."""

    def __init__(self, model: str, *, is_chat: bool, with_usage: bool = False) -> None:
        """Of one answer: its ID is the same in all of them.

        Args:
            model: its name.
            is_chat: else completions.
            with_usage: whether the caller asked for the tokens, which come last where the model counts them.
        """
        kind = ("chatcmpl", "chat.completion.chunk") if is_chat else ("cmpl", "text_completion")
        self._head = _head(*kind, model)
        self._is_chat = is_chat
        self._is_first = True
        self._is_ended = False
        self._with_usage = with_usage
        self._usage: Any = None

    def piece(self, output: Any) -> list[dict[str, Any]]:
        """What a piece that the model yielded comes to; one that has OpenAI's form already stays as it is."""
        if not isinstance(output, Mapping) or not isinstance(output.get("choices"), list):
            return [self._chunk(text_of(output), None)]
        self._usage = output.get("usage") or self._usage
        choices = [_as_part(one) for one in output["choices"]]
        self._is_ended = self._is_ended or any(one.get("finish_reason") for one in choices)
        rest = {name: value for name, value in output.items() if name not in {"usage", "object"}}
        return [{**self._head, **rest, "choices": choices}] if choices else []

    def end(self) -> list[dict[str, Any]]:
        """The last ones."""
        last = [] if self._is_ended else [self._chunk("", "stop")]
        if self._with_usage and self._usage is not None:
            last.append({**self._head, "choices": [], "usage": self._usage})
        return last

    def _chunk(self, text: str, reason: str | None) -> dict[str, Any]:
        if not self._is_chat:
            return {**self._head, "choices": [{"index": 0, "text": text, "finish_reason": reason}]}
        delta: dict[str, Any] = {} if reason else {"content": text}
        if self._is_first:
            delta = {"role": "assistant", **delta}
            self._is_first = False
        return {**self._head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


def _as_part(choice: Mapping[str, Any]) -> dict[str, Any]:
    """A choice as chunks have it: a whole answer's message is all of its delta."""
    part = dict(choice)
    if isinstance(part.get("message"), Mapping) and "delta" not in part:
        delta = dict(part.pop("message"))
        if delta.get("tool_calls"):
            delta["tool_calls"] = [{"index": at, **one} for at, one in enumerate(delta["tool_calls"])]
        part["delta"] = delta
    return part


def wants_usage(body: Mapping[str, Any]) -> bool:
    """Whether the caller of a stream asked for its tokens."""
    options = body.get("stream_options")
    return isinstance(options, Mapping) and options.get("include_usage") is True


def invocation_input(body: Any) -> tuple[Any, Mapping[str, Any] | None]:
    """Rows and parameters of MLflow's ``/invocations``.

    Raises:
        InvalidArgumentError: it is none of MLflow's forms; the message lists them.

    Example:
        >>> invocation_input({"dataframe_split": {"columns": ["q"], "data": [["why?"]]}})
        ({'q': ['why?']}, None)
    """
    if isinstance(body, Mapping):
        params = body.get("params")
        if params is not None and not isinstance(params, Mapping):
            raise InvalidArgumentError("params: an object")
        if "dataframe_split" in body:
            return _split(body["dataframe_split"]), params
        if "dataframe_records" in body:
            records = body["dataframe_records"]
            if not isinstance(records, list) or not all(isinstance(one, Mapping) for one in records):
                raise InvalidArgumentError("dataframe_records: a list of objects")
            return records, params
        for name in _TENSOR_FORMS:
            if name in body:
                return body[name], params
    raise InvalidArgumentError(
        "the body must be an object with dataframe_split, dataframe_records, instances or inputs; params may "
        "stand beside it"
    )


def _split(given: Any) -> dict[str, list[Any]]:
    try:
        columns, rows = list(given["columns"]), list(given["data"])
        return {str(name): [row[at] for row in rows] for at, name in enumerate(columns)}
    except (TypeError, KeyError, IndexError) as fault:
        raise InvalidArgumentError(
            "dataframe_split: an object with columns and data, a list of rows"
        ) from fault


def _vector(output: Any) -> list[float]:
    values = plain(output)
    if isinstance(values, Mapping) and "embedding" in values:
        values = values["embedding"]
    if not isinstance(values, list) or not all(isinstance(one, int | float) for one in values):
        raise ModelError("the model gives no embeddings: an output must be a list of numbers")
    return [float(one) for one in values]


def _encoded(vector: list[float], encoding: object) -> list[float] | str:
    """As numbers, or as OpenAI's client asks by default: 32-bit floats in base64."""
    return (
        base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
        if encoding == "base64"
        else vector
    )


def _head(prefix: str, kind: str, model: str) -> dict[str, Any]:
    return {"id": f"{prefix}-{uuid4().hex}", "object": kind, "created": int(time.time()), "model": model}
