"""What can go wrong with a call to a provider, translated once, with every secret taken out."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final

from spanfold.metrics.genai._backend import JudgeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KEY_VARIABLES: Final = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "SPANFOLD_API_KEY")
MAX_MESSAGE_CHARS: Final = 600
_SHORTEST_SECRET: Final = 6
_SECRETS: Final = re.compile(r"(?i)\b(sk|pk|rk|key)-[\w*.-]{6,}|\bbearer\s+\S+|//[^/\s:@]+:[^/\s@]+@")
_TOO_SLOW: Final = frozenset({408, 429})
_SERVER_FAULTS: Final = 500
_NOT_FOUND: Final = 404
_SCHEMA_WORDS: Final = ("response_format", "output_config", "output_format", "json_schema")


class RefusedForNowError(Exception):
    """The same request may be answered later."""

    def __init__(self, message: str, *, retry_after_s: float | None = None, may_cost: bool = True) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        """What the provider asked for; None: nothing."""
        self.may_cost = may_cost
        """False where the provider surely did not work on the request."""


class RefusedRowError(Exception):
    """This request will never be answered, another one may be."""


class SchemaRefusedError(Exception):
    """The model cannot be held to a schema; it may be asked in words."""


@dataclass(frozen=True, slots=True)
class Scrubber:
    """Takes keys out of text: those that are known, and whatever looks like one.

    Example:
        >>> Scrubber(("topsecret",)).scrub("no access for topsecret or sk-abcdefgh")
        'no access for <key> or <key>'
    """

    secrets: tuple[str, ...]

    @classmethod
    def of(cls, headers: Iterable[tuple[str, str]], proxy_url: str | None = None) -> Scrubber:
        """For the keys of the environment, the values of headers, and what a proxy's URL holds."""
        known = [os.environ.get(name, "") for name in KEY_VARIABLES]
        known += [value for _, value in headers] + [proxy_url or ""]
        return cls(tuple(value for value in known if len(value) >= _SHORTEST_SECRET))

    def scrub(self, text: str) -> str:
        """The text without secrets, cut."""
        for secret in self.secrets:
            text = text.replace(secret, "<key>")
        text = _SECRETS.sub("<key>", text)
        return text if len(text) <= MAX_MESSAGE_CHARS else f"{text[:MAX_MESSAGE_CHARS]}..."


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer of a provider that is no reply."""

    status: int
    said: str
    """The provider's message, scrubbed."""
    detail: Mapping[str, Any]
    """The error object of the answer's body."""
    headers: Mapping[str, str]

    def fault(self, uri: str, asked: Iterable[str]) -> Exception:
        """What it means.

        Args:
            uri: the model's.
            asked: names of the parameters of the request.
        """
        code = str(self.detail.get("code") or self.detail.get("type") or "")
        if code == "insufficient_quota":
            return JudgeError(f"{uri}: the account has no quota left: {self.said}")
        if self.status in {401, 403}:
            return JudgeError(f"{uri}: the provider refused the API key ({self.status}): {self.said}")
        if self.status == _NOT_FOUND:
            return JudgeError(f"{uri}: the provider knows no such model or address (404): {self.said}")
        message = f"the provider answered {self.status}: {self.said}"
        if self.status in _TOO_SLOW or self.status >= _SERVER_FAULTS:
            return RefusedForNowError(message, retry_after_s=retry_after_s(self.headers), may_cost=False)
        parameter = str(self.detail.get("param") or "")
        if any(word in parameter or word in self.said for word in _SCHEMA_WORDS):
            return SchemaRefusedError(self.said)
        for name in asked:
            if name == parameter or re.search(rf"\b{re.escape(name)}\b", self.said):
                advice = "change or leave it out: parameters={...}"
                return JudgeError(
                    f"{uri}: the provider refused the parameter {name!r} ({self.said}); {advice}"
                )
        return RefusedRowError(message)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, as ``Retry-After-Ms`` and ``Retry-After`` say; None where they say nothing.

    Example:
        >>> retry_after_s({"retry-after": "2"}), retry_after_s({"retry-after": "soon"})
        (2.0, None)
    """
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        text = headers.get(name, "").strip()
        if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
            return float(text) * unit_s
    try:
        return max(0.0, parsedate_to_datetime(headers.get("retry-after", "")).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
