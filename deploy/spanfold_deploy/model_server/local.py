"""A causal language model of transformers on this machine's disk, served as a chat without being logged."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError, ModelError
from spanfold.metrics._torch import libraries, load_model
from spanfold.metrics.genai import _transformers
from spanfold.metrics.genai._backend import JudgeReply, JudgeRequest
from spanfold.pyfunc import ColSpec, ModelSignature, PyFuncModel
from spanfold.pyfunc._description import Description
from spanfold.pyfunc._inputs import columns_of

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from pathlib import Path

_MESSAGES: Final = ColSpec(
    {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {name: {"type": "string", "required": True} for name in ("role", "content")},
        },
    },
    "messages",
)
_STREAM_WAIT_S: Final = 600.0
"""For the next piece."""


def load_local(folder: Path) -> PyFuncModel:
    """The model of a folder that ``save_pretrained`` wrote, called as every loaded model is.

    Raises:
        InvalidArgumentError: torch or transformers is not installed, or the folder holds no such model.
    """
    path = folder.resolve()
    description = Description(
        "transformers", "", signature=ModelSignature((_MESSAGES,), (ColSpec("any"),)), name=path.name
    )
    return PyFuncModel(LocalChat(path), description, None, path)


class LocalChat:
    """Answers chats: in batches, or one piece by piece. Without ``temperature`` it is greedy."""

    span_type: Final = "LLM"

    def __init__(self, folder: Path) -> None:
        """Load the model."""
        self._backend = _transformers.TransformersBackend(str(folder))
        self._loaded = load_model(str(folder), "causal")

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """An answer a row, in OpenAI's form.

        Raises:
            ModelError: the model failed.
            InvalidArgumentError: a parameter is not known, or a chat does not fit.
        """
        chats = _requests(model_input, params)
        replies: dict[int, JudgeReply] = dict(self._backend.complete(chats))
        return [_answer(replies[at], chats[at]) for at in range(len(chats))]

    def predict_stream(
        self, model_input: Any, params: Mapping[str, Any] | None = None
    ) -> Generator[str, None, dict[str, Any]]:
        """The answer to one chat, word by word; returns why it ended and its tokens, as OpenAI's last chunk.

        Raises:
            ModelError: the model failed.
            InvalidArgumentError: a parameter is not known, or the chat does not fit.
        """
        (chat,) = _requests(model_input, params)
        row = _transformers._prepared(self._loaded, 0, chat)  # noqa: SLF001 - ours
        if isinstance(row, str):
            raise InvalidArgumentError(row)
        torch, transformers = libraries()
        streamer = transformers.TextIteratorStreamer(
            self._loaded.tokenizer, skip_prompt=True, timeout=_STREAM_WAIT_S, skip_special_tokens=True
        )
        stopped = threading.Event()
        faults = list[BaseException]()
        made = list[int]()

        def generate() -> None:
            try:
                options = _transformers._options(self._loaded, row.parameters, row.new_tokens)  # noqa: SLF001
                inputs = self._loaded.inputs([row.encoded], side="left")
                inputs.pop("token_type_ids", None)
                with self._loaded.lock.current, _transformers._seeded(torch, row.parameters.get("seed")):  # noqa: SLF001
                    output = self._loaded.model.generate(
                        **inputs, **options, streamer=streamer, stopping_criteria=[_Stop(torch, stopped)]
                    )
                made.extend(output[0, row.encoded.tokens :].tolist())
            except BaseException as fault:  # noqa: BLE001 - told to the reader, in its thread
                faults.append(fault)
            finally:
                streamer.text_queue.put(streamer.stop_signal)  # also where generate() failed before its end

        worker = threading.Thread(target=generate, name="generate", daemon=True)
        worker.start()
        try:
            yield from (piece for piece in streamer if piece)
        finally:
            stopped.set()
            worker.join(_STREAM_WAIT_S)
        if faults:
            raise ModelError(f"the model failed: {type(faults[0]).__name__}: {faults[0]}") from faults[0]
        ends = _transformers._ends(self._loaded)  # noqa: SLF001 - ours
        count = next((at for at, token in enumerate(made) if token in ends), len(made))
        ending = {"index": 0, "delta": {}, "finish_reason": _reason(count, chat), "logprobs": None}
        return {"choices": [ending], "usage": _usage(row.encoded.tokens, count)}


class _Stop:
    """Ends the generation when nobody reads it any more."""

    def __init__(self, torch: Any, stopped: threading.Event) -> None:
        self._torch, self._stopped = torch, stopped

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        del scores
        is_over = self._stopped.is_set()
        return self._torch.full(
            (input_ids.shape[0],), is_over, device=input_ids.device, dtype=self._torch.bool
        )


def _requests(model_input: Any, params: Mapping[str, Any] | None) -> Sequence[JudgeRequest]:
    """Chats as the backend takes them.

    Raises:
        InvalidArgumentError: a parameter is not known.
    """
    known = _transformers._PARAMETERS  # noqa: SLF001 - ours
    if unknown := sorted(set(params or {}) - set(known)):
        raise InvalidArgumentError(f"{unknown[0]}: is not known here; there are {', '.join(known)}")
    chats = (columns_of(model_input) or {})["messages"]
    return [JudgeRequest(tuple(chat), parameters=dict(params or {})) for chat in chats]


def _answer(reply: JudgeReply, chat: JudgeRequest) -> dict[str, Any]:
    if reply.text is None:
        raise ModelError(reply.error or "the model gave no answer")
    used, made = reply.input_tokens or 0, reply.output_tokens or 0
    message = {"role": "assistant", "content": reply.text, "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": _reason(made, chat), "logprobs": None}
    return {"choices": [choice], "usage": _usage(used, made)}


def _reason(made: int, chat: JudgeRequest) -> str:
    most = next((chat.parameters[name] for name in _transformers._LENGTHS if name in chat.parameters), None)  # noqa: SLF001
    return "length" if made >= (most or _transformers.DEFAULT_NEW_TOKENS) else "stop"


def _usage(used: int, made: int) -> dict[str, int]:
    return {"prompt_tokens": used, "completion_tokens": made, "total_tokens": used + made}
