"""Judges on this machine's own disk: ``transformers:/path``, batched with torch."""

from __future__ import annotations

import importlib
import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from spanfold.errors import InvalidArgumentError
from spanfold.metrics._torch import find_model, in_batches, libraries, load_model
from spanfold.metrics.genai._backend import JudgeError, JudgeReply

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from spanfold.metrics._torch import Encoded, LocalModel
    from spanfold.metrics.genai._backend import JudgeRequest, Limits

DEFAULT_NEW_TOKENS: Final = 512
MOST_NEW_TOKENS: Final = 8_192
LEAST_NEW_TOKENS: Final = 32
"""With less room behind the prompt, no answer could be complete."""
BATCH_ROWS: Final = 8
_LENGTHS: Final = ("max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens")
_PARAMETERS: Final = (*_LENGTHS, "temperature", "top_p", "top_k", "seed")
_THOUGHT_END: Final = "</think>"


class _Row(NamedTuple):
    at: int
    """Its position among the requests."""
    encoded: Encoded
    new_tokens: int
    is_tight: bool
    """There is room for fewer new tokens than were asked for."""
    parameters: Mapping[str, Any]


class TransformersBackend:
    """A causal language model of transformers, loaded when it is first asked.

    Its replies cost nothing and are no calls to anyone, so neither budget, cache nor limits apply. Without
    ``temperature`` it answers greedily, and so the same each time on the same machine.
    """

    def __init__(self, name: str, *, limits: Limits | None = None) -> None:
        """Find the model.

        Args:
            name: a folder, or ``/`` and a name in the Hugging Face cache of this machine.
            limits: nothing here waits for a server, so none applies.

        Raises:
            InvalidArgumentError: the model is not on this machine; the message says how to get it.
        """
        del limits
        self._uri = f"transformers:{name}"
        short = name.removeprefix("/")
        self._name = name if Path(name).expanduser().is_dir() or short.count("/") > 1 else short
        try:
            find_model(self._name)
        except InvalidArgumentError as fault:
            raise InvalidArgumentError(f"{self._uri}: {fault}") from fault

    @property
    def uri(self) -> str:
        """What names the model: ``transformers:/models/judge``."""
        return self._uri

    def complete(self, requests: Sequence[JudgeRequest]) -> Iterator[tuple[int, JudgeReply]]:
        """Ask; requests of like length are answered together.

        Raises:
            InvalidArgumentError: the model cannot be loaded.
            JudgeError: a parameter is not known here.
        """
        for request in requests:
            if unknown := sorted(set(request.parameters) - set(_PARAMETERS)):
                message = f"{self._uri}: parameter {unknown[0]!r} is none of {', '.join(_PARAMETERS)}"
                raise JudgeError(message)
        loaded = load_model(self._name, "causal")
        groups: dict[str, list[_Row]] = {}
        for at, request in enumerate(requests):
            row = _prepared(loaded, at, request)
            if isinstance(row, str):
                yield at, JudgeReply(None, error=row)
            else:
                # Those that ask for the same can be generated together. One that leaves little room is alone:
                # the others would have no more.
                key = json.dumps([dict(row.parameters), at if row.is_tight else None], sort_keys=True)
                groups.setdefault(key, []).append(row)
        for rows in groups.values():
            lengths = [row.encoded.tokens + row.new_tokens for row in rows]

            def run(batch: list[int], rows: list[_Row] = rows) -> list[JudgeReply]:
                return _generated(loaded, [rows[at] for at in batch])

            for batch, replies in in_batches(lengths, run, rows=BATCH_ROWS):
                yield from ((rows[at].at, reply) for at, reply in zip(batch, replies, strict=True))


def _prepared(loaded: LocalModel, at: int, request: JudgeRequest) -> _Row | str:
    """The prompt in tokens, or why it cannot be asked."""
    text, has_marks = _prompt(loaded, request)
    (encoded,) = loaded.encode([text], marks=not has_marks)
    asked = next((request.parameters[name] for name in _LENGTHS if name in request.parameters), None)
    wanted = DEFAULT_NEW_TOKENS if asked is None else asked
    if isinstance(wanted, bool) or not isinstance(wanted, int) or not 1 <= wanted <= MOST_NEW_TOKENS:
        return f"max_tokens={wanted!r}: write a whole number from 1 to {MOST_NEW_TOKENS}"
    room = wanted if loaded.max_tokens is None else loaded.max_tokens - encoded.full_tokens
    if room < min(wanted, LEAST_NEW_TOKENS):
        return (
            f"the prompt has {encoded.full_tokens} tokens, and the model reads and writes "
            f"{loaded.max_tokens} together: no room for an answer is left"
        )
    others = {name: value for name, value in request.parameters.items() if name not in _LENGTHS}
    return _Row(at, encoded, min(wanted, room), room < wanted, others)


def _prompt(loaded: LocalModel, request: JudgeRequest) -> tuple[str, bool]:
    """The text that the model goes on from, and whether it has the marks of its beginning already."""
    messages = [dict(message) for message in request.messages]
    if request.schema is not None:
        schema = json.dumps(request.schema, ensure_ascii=False)
        messages[-1]["content"] += (
            f"\n\nAnswer with one JSON object of this JSON schema and nothing else:\n{schema}"
        )
    tokenizer = loaded.tokenizer
    if not tokenizer.chat_template:
        turns = [f"{message['role'].capitalize()}: {message['content']}" for message in messages]
        return "\n\n".join([*turns, "Assistant:"]), False
    errors = importlib.import_module("jinja2.exceptions")
    with loaded.lock.current:
        try:
            text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        except errors.TemplateError:  # some models know no system messages
            joined = "\n\n".join(message["content"] for message in messages)
            text = tokenizer.apply_chat_template(
                [{"role": "user", "content": joined}], tokenize=False, add_generation_prompt=True
            )
    return str(text), True


def _generated(loaded: LocalModel, rows: list[_Row]) -> list[JudgeReply]:
    """Answers to prompts with the same parameters."""
    torch, _ = libraries()
    try:
        inputs = loaded.inputs([row.encoded for row in rows], side="left")
        inputs.pop("token_type_ids", None)
        # All rows are as long as the longest: what it leaves free is what there is.
        longest = max(row.encoded.tokens for row in rows)
        room = MOST_NEW_TOKENS if loaded.max_tokens is None else loaded.max_tokens - longest
        most = min(room, max(row.new_tokens for row in rows))
        with loaded.lock.current, _seeded(torch, rows[0].parameters.get("seed")):
            output = loaded.model.generate(**inputs, **_options(loaded, rows[0].parameters, most))
    except torch.OutOfMemoryError as fault:
        if len(rows) > 1:
            raise  # fewer at a time may do
        return [JudgeReply(None, error=f"the model ran out of memory: {fault}")]
    except (RuntimeError, ValueError, TypeError, IndexError) as fault:
        return [JudgeReply(None, error=f"the model failed: {type(fault).__name__}: {fault}") for _ in rows]
    return [
        _reply(loaded, row, new[: row.new_tokens])
        for row, new in zip(rows, output[:, longest:].tolist(), strict=True)
    ]


def _reply(loaded: LocalModel, row: _Row, new: list[int]) -> JudgeReply:
    ends = _ends(loaded)
    count = next((at for at, token in enumerate(new) if token in ends), len(new))
    with loaded.lock.current:
        text = loaded.tokenizer.decode(new[:count], skip_special_tokens=True)
    answer = text.rpartition(_THOUGHT_END)[2].strip()
    return JudgeReply(answer, input_tokens=row.encoded.tokens, output_tokens=count, cost_usd=0.0)


def _ends(loaded: LocalModel) -> list[int]:
    """Tokens that end an answer."""
    known = loaded.model.generation_config.eos_token_id
    if known is None:
        known = loaded.tokenizer.eos_token_id
    return [] if known is None else list(known) if isinstance(known, list) else [known]


def _options(loaded: LocalModel, parameters: Mapping[str, Any], most: int) -> dict[str, Any]:
    """Arguments of ``generate``. Each is said: models bring sampling defaults of their own."""
    temperature = float(parameters.get("temperature") or 0.0)
    samples = temperature > 0
    return {
        "max_new_tokens": most,
        "do_sample": samples,
        "temperature": temperature if samples else 1.0,
        "top_p": float(parameters.get("top_p") or 1.0) if samples else 1.0,
        "top_k": int(parameters.get("top_k") or 0) if samples else 50,
        "num_beams": 1,
        "num_return_sequences": 1,
        "repetition_penalty": 1.0,
        "pad_token_id": loaded.pad_id,
        "eos_token_id": _ends(loaded) or None,
    }


@contextmanager
def _seeded(torch: Any, seed: object) -> Iterator[None]:
    """Random numbers from a seed, without a trace in the application's own."""
    if seed is None:
        yield
        return
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield
