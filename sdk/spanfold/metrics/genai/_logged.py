"""Judges that are logged models: ``models:/<ID or name>``, loaded here when they are first asked."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError, SpanfoldError
from spanfold.metrics.genai import _budget
from spanfold.metrics.genai._backend import JudgeError, JudgeReply
from spanfold.metrics.genai._workers import in_threads
from spanfold.pyfunc import load_model
from spanfold.pyfunc._chats import MESSAGES, chat_row, is_whole, outputs_of, table_of, text_of, text_row

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Mapping, Sequence

    from spanfold.metrics.genai._backend import JudgeRequest, Limits
    from spanfold.pyfunc import PyFuncModel

VARIABLE: Final = "SPANFOLD_LOGGED_JUDGES"
"""``off``: this process runs no code of models that whoever asks for an evaluation may name."""
_MAX_LOADED: Final = 4


def check_allowed(uri: str) -> None:
    """See to it that this process may run a logged model.

    Raises:
        InvalidArgumentError: it may not.
    """
    if os.environ.get(VARIABLE, "on").strip().lower() == "off":
        message = (
            f"{uri}: logged models run code, and this server runs only its own. Evaluate in a program that "
            f"names the model, or start the server with {VARIABLE}=on"
        )
        raise InvalidArgumentError(message)


class LoggedBackend:
    """A logged model as a judge; see :class:`spanfold.metrics.genai._backend.JudgeBackend`.

    What the model itself pays is not known, so a budget in dollars cannot be kept; calls are counted. Its
    replies are not cached: it may be anything.
    """

    def __init__(self, uri: str, limits: Limits) -> None:
        """Name the model; it is loaded when it is first asked."""
        check_allowed(uri)
        self.uri = uri
        self._limits = limits

    def complete(self, requests: Sequence[JudgeRequest]) -> Iterator[tuple[int, JudgeReply]]:
        """Ask; a conversation each.

        Raises:
            JudgeError: the model cannot be loaded.
            BudgetExceededError: the next call would pass the budget.
            InvalidArgumentError: the budget limits dollars.
        """
        budget = _budget.current()
        if budget is not None and budget.max_cost_usd is not None:
            message = f"max_cost_usd: what {self.uri} costs is not known; use max_calls"
            raise InvalidArgumentError(message)
        try:
            model = _loaded(self.uri)
        except (SpanfoldError, OSError) as fault:
            raise JudgeError(f"{self.uri}: {fault}") from fault

        def answer(at: int, stop: threading.Event) -> JudgeReply:
            if budget is None:
                return _reply(model, requests[at])
            budget.reserve(0.0, stop)
            calls = 0
            try:
                reply = _reply(model, requests[at])
                calls = reply.calls
                return reply
            finally:
                budget.settle(0.0, None, calls=calls)

        return in_threads(range(len(requests)), answer, self._limits.concurrency)


@lru_cache(_MAX_LOADED)
def _loaded(uri: str) -> PyFuncModel:
    return load_model(uri)


def _reply(model: PyFuncModel, request: JudgeRequest) -> JudgeReply:
    """The model's answer; its fault concerns this row only."""
    messages = [dict(one) for one in request.messages]
    if request.schema is not None:
        schema = json.dumps(request.schema, ensure_ascii=False)
        messages[-1]["content"] += (
            f"\n\nAnswer with one JSON object of this JSON schema and nothing else:\n{schema}"
        )
    try:
        row = _row(model, messages)
        made = model.predict(table_of([row], model.signature), _params(model, request.parameters))
        (output,) = outputs_of(made, 1)
    except Exception as fault:  # noqa: BLE001 - the model's own code: it may raise anything
        return JudgeReply(None, error=f"the model failed: {type(fault).__name__}: {fault}", calls=1)
    usage = (output.get("usage") or {}) if is_whole(output) else {}
    return JudgeReply(
        text_of(output),
        input_tokens=usage.get("prompt_tokens"),
        output_tokens=usage.get("completion_tokens"),
        calls=1,
    )


def _row(model: PyFuncModel, messages: Sequence[Mapping[str, Any]]) -> Any:
    """The conversation, or all that it says for a model that takes one text."""
    signature = model.signature
    if signature is None or not signature.inputs or MESSAGES in signature.input_names:
        return chat_row(messages, signature)
    return text_row("\n\n".join(str(one["content"]) for one in messages), signature)


def _params(model: PyFuncModel, given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Parameters that the model knows; all, where it does not say which."""
    specs = None if model.signature is None else model.signature.params
    known = None if specs is None else {one.name for one in specs}
    return {name: value for name, value in given.items() if known is None or name in known} or None
