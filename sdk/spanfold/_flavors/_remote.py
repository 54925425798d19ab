"""A logged model of a provider: rows in, one answer a row out, by the provider's own client library."""

from __future__ import annotations

import os
import weakref
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from spanfold._flavors import _calls, _rows, _templates
from spanfold._flavors._config import Calls, check_parameters
from spanfold._flavors._rows import CONTENT, MESSAGES
from spanfold._flavors._spans import Asked, call_span
from spanfold._internal.forks import ForkedLock
from spanfold.errors import InvalidArgumentError, ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spanfold._flavors._rows import Rows
    from spanfold._flavors._spans import Answer

EMBEDDING_TEXTS: Final = 100
"""Texts of one request for embeddings: Google takes no more."""
OWN_PARAMETERS: Final = frozenset({"model", "model_id", "modelId", "messages", "stream", "api_key"})


@dataclass(frozen=True, slots=True)
class Request:
    """One call: the rows from ``first`` on, and what they ask."""

    first: int
    content: Any
    """Messages of a chat, a prompt, or texts to embed."""

    @property
    def place(self) -> str:
        """Of the row, for messages."""
        return f"model_input[{self.first}]"


class RemoteModel(ABC):
    """What the loaders of the providers' flavors give. Any number of threads may use it."""

    library: ClassVar[str]
    """What has to be imported; also the name of its extra or distribution."""
    install: ClassVar[str]
    provider: ClassVar[str]
    """As OpenTelemetry's conventions name it."""
    aliases: ClassVar[Mapping[str, str]] = {}
    """Names of parameters in OpenAI's protocol, which servers get, and what this provider calls them."""
    span_type: ClassVar[str] = "CHAIN"
    """Of the span around a prediction; the call inside it is the one of the model."""
    takes_table: ClassVar[bool] = False
    """Rows are read here, whatever form they come in."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Take what ``log_model`` wrote down.

        Raises:
            ModelError: it is not what this version of spanfold writes.
        """
        try:
            self.model = str(config["model"])
            self.task = str(config["task"])
            self.template: Any = config.get("template")
            self.variables = tuple(config.get("variables") or ())
            self.parameters: dict[str, Any] = dict(config.get("parameters") or {})
            self.calls = Calls(**(config.get("calls") or {}))
        except (KeyError, TypeError, ValueError) as fault:
            raise ModelError(f"the configuration of the model cannot be read: {fault!r}") from fault
        self._lock = ForkedLock()
        self._client: Any = None
        self._client_pid = 0

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> list[Any]:
        """The answer to each row, in order.

        Args:
            model_input: a data frame, columns, rows or texts. The columns are the template's variables;
                where it has none, ``content``, or the only column, or ``messages``: a conversation.
            params: parameters of the provider's call, instead of the logged ones of the same names.

        Raises:
            InvalidArgumentError: a column is missing, or a parameter cannot be right.
            ModelError: a row was not answered; the message names it and says why.
        """
        parameters = self._merged(params)
        rows = _rows.rows_of(model_input)
        requests = self._requests(rows)
        if not requests:
            return []

        def answer(request: Request) -> Sequence[Any]:
            return self._answered(request, parameters).outputs

        found = _calls.answers(requests, answer, self.calls.concurrency)
        return [output for outputs in found for output in outputs]

    def predict_stream(self, model_input: Any, params: Mapping[str, Any] | None = None) -> Iterator[str]:
        """The answer to one row, in pieces, as the provider sends them.

        Raises:
            InvalidArgumentError: there is not exactly one row, or the task has no streams.
            ModelError: the provider did not answer, or broke off.
        """
        parameters = self._merged(params)
        requests = self._requests(_rows.rows_of(model_input))
        if len(requests) != 1 or self.operation() == "embeddings":
            raise InvalidArgumentError(
                f"predict_stream: one row of a model that writes text, not {len(requests)} of {self.task!r}"
            )
        return self._streamed(requests[0], parameters)

    def operation(self) -> str:
        """What OpenTelemetry's conventions call the task."""
        return {"embeddings": "embeddings", "completions": "text_completion"}.get(self.task, "chat")

    def _answered(self, request: Request, parameters: Mapping[str, Any]) -> Answer:
        client = self._opened()  # first: an instrumentation comes with the library's import
        with call_span(self._asked(request, parameters), is_made=not self._is_instrumented()) as span:
            try:
                answer = self._ask(client, request, parameters)
            except Exception as fault:
                raise _calls.row_error(request.place, fault) from fault
            span.answered(answer)
        return answer

    def _streamed(self, request: Request, parameters: Mapping[str, Any]) -> Iterator[str]:
        client = self._opened()
        asked, is_made = self._asked(request, parameters), not self._is_instrumented()
        with call_span(asked, is_made=is_made, is_current=False) as span:
            try:
                answer = yield from self._stream(client, request, parameters)
            except Exception as fault:
                raise _calls.row_error(request.place, fault) from fault
            span.answered(answer)

    def _asked(self, request: Request, parameters: Mapping[str, Any]) -> Asked:
        content = request.content
        if self.operation() == "embeddings":
            messages: list[Mapping[str, Any]] = []
        elif isinstance(content, str):
            messages = [{"role": "user", "content": content}]
        else:
            messages = list(content)
        return Asked(self.operation(), self.provider, self.model, parameters, messages)

    def _merged(self, params: Mapping[str, Any] | None) -> dict[str, Any]:
        named = {self.aliases.get(name, name): value for name, value in (params or {}).items()}
        given = check_parameters(named, OWN_PARAMETERS, "params.")
        return {**self.parameters, **given}

    def _requests(self, rows: Rows) -> list[Request]:
        if self.variables:
            rows.require(self.variables)
            _check_values(rows, self.variables)
        if self.task == "embeddings":
            texts = self._texts(rows)
            starts = range(0, len(texts), EMBEDDING_TEXTS)
            return [Request(start, texts[start : start + EMBEDDING_TEXTS]) for start in starts]
        if self.task == "completions":
            return [Request(index, text) for index, text in enumerate(self._texts(rows))]
        return [Request(index, messages) for index, messages in enumerate(self._conversations(rows))]

    def _texts(self, rows: Rows) -> list[str]:
        if self.variables:
            return [_templates.filled(self.template, row) for row in rows]
        values = rows.one(CONTENT) if len(rows) else []
        for index, value in enumerate(values):
            if _rows.is_missing(value):
                raise InvalidArgumentError(f"model_input[{index}]: the row has no text")
        return [str(value) for value in values]

    def _conversations(self, rows: Rows) -> list[list[dict[str, Any]]]:
        template: list[dict[str, Any]] = self.template or []
        made = []
        has_own = MESSAGES in rows.names
        texts: Sequence[Any] = [None] * len(rows)
        if not self.variables and len(rows) and not (has_own and CONTENT not in rows.names):
            texts = rows.one(CONTENT)
        for index, (row, text) in enumerate(zip(rows, texts, strict=True)):
            messages = _templates.filled_messages(template, row if self.variables else {})
            own = row.get(MESSAGES) if has_own else None
            if own is not None and not _rows.is_missing(own):
                messages += _conversation(own, f"model_input[{index}].{MESSAGES}")
            elif not self.variables:
                if _rows.is_missing(text):
                    raise InvalidArgumentError(
                        f"model_input[{index}]: the row has neither content nor messages"
                    )
                messages.append({"role": "user", "content": text if isinstance(text, list) else str(text)})
            made.append(messages)
        return made

    def _opened(self) -> Any:
        """The client, made when it is first needed, and again after a fork: sockets cannot be shared."""
        with self._lock.current:
            if self._client is None or self._client_pid != os.getpid():
                try:
                    self._client = self._open()
                except ImportError as fault:
                    raise ModelError(f"{self.library} is not installed: {self.install}") from fault
                except Exception as fault:
                    raise _calls.row_error(f"{self.library} cannot be used", fault) from fault
                self._client_pid = os.getpid()
                # With the model, not whenever a collector of garbage comes to its sockets.
                weakref.finalize(self, _closed, self._client, self._client_pid).atexit = False
            return self._client

    @abstractmethod
    def _open(self) -> Any:
        """Make the client, which all threads share. The library reads its keys from the environment."""

    @abstractmethod
    def _is_instrumented(self) -> bool:
        """Whether an instrumentation makes spans of the client's calls."""

    @abstractmethod
    def _ask(self, client: Any, request: Request, parameters: Mapping[str, Any]) -> Answer:
        """One call; the library's own exceptions are translated by the caller."""

    @abstractmethod
    def _stream(
        self, client: Any, request: Request, parameters: Mapping[str, Any]
    ) -> Any:  # Generator[str, None, Answer]
        """One call; yields pieces of the answer, and returns what is known at the end."""


def system_and_others(messages: Sequence[Mapping[str, Any]]) -> tuple[list[Any], list[dict[str, Any]]]:
    """The contents of system messages, and the other messages, for providers that take them apart.

    Example:
        >>> system_and_others([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}])
        (['Be brief.'], [{'role': 'user', 'content': 'Hi'}])
    """
    system = [one["content"] for one in messages if one["role"] == "system"]
    return system, [dict(one) for one in messages if one["role"] != "system"]


def _check_values(rows: Rows, variables: Sequence[str]) -> None:
    for index, row in enumerate(rows):
        for name in variables:
            if _rows.is_missing(row.get(name)):
                raise InvalidArgumentError(f"model_input[{index}]: the variable {name!r} has no value")


def _conversation(value: Any, place: str) -> list[dict[str, Any]]:
    if hasattr(value, "tolist"):
        value = value.tolist()
    is_one = isinstance(value, Sequence) and not isinstance(value, str)
    if not is_one or not all(isinstance(one, Mapping) and "role" in one for one in value):
        raise InvalidArgumentError(f"{place}: a list of messages, each a dict with role and content")
    return [dict(one) for one in value]


def _closed(client: Any, pid: int) -> None:
    """Close a client's connections, unless they are those of the process that this one was forked from."""
    close = getattr(client, "close", None)
    if callable(close) and pid == os.getpid():
        with suppress(Exception):  # of any library: the model is gone, and nobody asks
            close()
