"""How judges reach a language model: requests in, replies out, whatever serves the model."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Protocol

from spanfold._internal.cutting import encodable
from spanfold.errors import InvalidArgumentError, SpanfoldError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SCHEMES: Final = ("openai", "anthropic", "endpoints", "transformers", "models")


class JudgeError(SpanfoldError):
    """A judge cannot be asked at all: a wrong key, no such model, a parameter that the provider refuses.

    It concerns every row, so it ends the metric rather than being recorded row by row.
    """


@dataclass(frozen=True, slots=True)
class JudgeRequest:
    """One question to a judge, complete: equal requests may share one reply."""

    messages: tuple[Mapping[str, str], ...]
    """``{"role": "system" | "user" | "assistant", "content": text}``, in order."""
    schema: Mapping[str, Any] | None = None
    """JSON schema of the reply; None: plain text."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Passed on to the model: ``temperature``, ``max_tokens``, ..."""

    def __post_init__(self) -> None:
        """Leave out halves of characters: no request could hold them, and rows of others may."""
        messages = tuple({**one, "content": encodable(one["content"])} for one in self.messages)
        object.__setattr__(self, "messages", messages)

    def digest(self, model: str) -> str:
        """What the request is known by: SHA-256 of model and content, 64 hexadecimal digits."""
        content = [model, [dict(one) for one in self.messages], self.schema, dict(self.parameters)]
        text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=repr)
        return sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class JudgeReply:
    """What came of a request: text, or an error for this row."""

    text: str | None
    error: str | None = None
    """Why there is no text; holds no key and no header."""
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    """US dollars; None: not known; 0 where it is ``cached``."""
    cached: bool = False
    """Nothing was asked for it: the cache knew, or an equal request was under way."""
    calls: int = 0
    """Calls made for it that may be charged for; more than 1 where some were cut off by a timeout."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How hard a model may be asked. Judges with the same model and limits share them."""

    concurrency: int = 10
    """Calls under way at once."""
    requests_per_minute: float | None = None
    """Calls begun in a minute, spaced evenly; None: as many as ``concurrency`` lets through."""
    timeout_s: float = 60.0
    """For one call."""
    total_timeout_s: float = 600.0
    """For one request: all its calls and the waiting between them."""
    max_retries: int = 6
    """Further calls after one that was refused for now (429, 5xx), timed out or lost its connection."""

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            InvalidArgumentError: one of them makes no sense.
        """
        for name in ("concurrency", "requests_per_minute", "timeout_s", "total_timeout_s"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                message = f"{name} is {value!r}: write a number above 0"
                raise InvalidArgumentError(message)
        if self.max_retries < 0:
            raise InvalidArgumentError(f"max_retries is {self.max_retries!r}: write 0 or more")


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach a provider, beyond its environment variables. Never stored: headers may hold secrets."""

    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    proxy_url: str | None = field(default=None, repr=False)
    is_cached: bool = True
    """Whether replies are kept on disk and used again."""


class JudgeBackend(Protocol):
    """A language model that judges can be asked of. Any number of threads may use it."""

    @property
    def uri(self) -> str:
        """What names the model: ``openai:/gpt-5-mini``."""

    def complete(self, requests: Sequence[JudgeRequest]) -> Iterator[tuple[int, JudgeReply]]:
        """Ask; yields the position of each request with its reply, as they are done, in any order.

        A row's fault is in its reply. Replies that were paid for are durable in the cache before they are
        yielded. The budget in force (:func:`spanfold.metrics.genai._budget.current`) is that of the call.

        Raises:
            JudgeError: no request can be answered. Replies that came before it have been yielded.
            BudgetExceededError: the next call would pass the budget. Likewise.
            InvalidArgumentError: the budget limits dollars, and the model's price is not known.
        """


def open_backend(
    uri: str, *, limits: Limits | None = None, connection: Connection | None = None
) -> JudgeBackend:
    """The model that a URI names. Nothing is connected to yet.

    Args:
        uri: ``openai:/name`` (``OPENAI_API_KEY``, ``OPENAI_BASE_URL``), ``anthropic:/name``
            (``ANTHROPIC_API_KEY``), ``endpoints:/name`` (a gateway), ``models:/name`` or its ID (a logged
            model), ``transformers:/path`` (a folder on this machine).
        limits: how hard it may be asked.
        connection: headers and a proxy.

    Raises:
        InvalidArgumentError: the URI names no model that can be asked; the message says what to write.
    """
    scheme, name = parsed(uri)
    limits = limits or Limits()
    if scheme == "transformers":
        # By name: torch is optional, and slow to import.
        local = importlib.import_module("spanfold.metrics.genai._transformers")
        backend: JudgeBackend = local.TransformersBackend(name, limits=limits)
        return backend
    if scheme == "models":
        from spanfold.metrics.genai._logged import LoggedBackend  # noqa: PLC0415 - loads what loads models

        return LoggedBackend(uri, limits)
    from spanfold.metrics.genai._remote import shared_backend  # noqa: PLC0415 - `import spanfold` stays light

    return shared_backend(uri, limits, connection or Connection())


def parsed(uri: str) -> tuple[str, str]:
    """Scheme and name of a model URI, checked without opening anything.

    Raises:
        InvalidArgumentError: the URI names no model that can be asked; the message says what to write.

    Example:
        >>> parsed("openai:/gpt-5-mini")
        ('openai', 'gpt-5-mini')
        >>> parsed("transformers:/models/judge")
        ('transformers', '/models/judge')
    """
    scheme, _, path = uri.partition(":")
    name = path.lstrip("/")
    if scheme not in SCHEMES or not name or not (path.startswith("/") or scheme == "transformers"):
        message = (
            f"model {uri!r} names no judge: write openai:/<model>, anthropic:/<model>, endpoints:/<name>, "
            "models:/<name or ID> or transformers:/<folder>"
        )
        raise InvalidArgumentError(message)
    if scheme == "transformers":
        return scheme, f"/{name}" if path.startswith("/") else path
    return scheme, name
