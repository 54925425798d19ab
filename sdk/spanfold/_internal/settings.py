"""What ``configure`` was told, completed by the environment. Arguments win over variables."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spanfold._internal.faults import warn_once
from spanfold.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spanfold._internal.hosts import AllowList
    from spanfold._internal.privacy import Privacy


@dataclass(frozen=True, slots=True)
class Settings:
    """The arguments of ``configure``; None where it was not told."""

    endpoint: str | None = None
    otlp_endpoint: str | None = None
    service_name: str | None = None
    propagate_to: tuple[str, ...] | None = None
    capture_content: str | int | None = None
    redact: tuple[str | re.Pattern[str], ...] | None = None
    sample_ratio: float | None = None

    def allow_list(self) -> AllowList:
        """Whom to tell the active model; ``SPANFOLD_PROPAGATE_TO``.

        Raises:
            InvalidArgumentError: a pattern is no host.
        """
        from spanfold._internal.hosts import AllowList  # noqa: PLC0415 - `import spanfold` stays light

        if self.propagate_to is not None:
            return AllowList(self.propagate_to)
        return AllowList(listed("SPANFOLD_PROPAGATE_TO"))

    def privacy(self) -> Privacy:
        """What may leave; ``SPANFOLD_CAPTURE_CONTENT``, ``SPANFOLD_REDACT``, ``SPANFOLD_REDACT_PATTERNS``.

        Raises:
            InvalidArgumentError: a rule is not known, no regular expression, or too slow.
        """
        from spanfold._internal.detectors import DEFAULT  # noqa: PLC0415
        from spanfold._internal.privacy import Privacy  # noqa: PLC0415 - loads OpenTelemetry's SDK
        from spanfold._internal.redaction import Redactor, compiled  # noqa: PLC0415

        rules: list[str | re.Pattern[str]] = list(self.redact or ())
        if self.redact is None:
            patterns = re.split(r"\n|;;", os.environ.get("SPANFOLD_REDACT_PATTERNS", ""))
            rules = [*(listed("SPANFOLD_REDACT") or DEFAULT)]
            own = [compiled(pattern.strip()) for pattern in patterns if pattern.strip()]
            rules = [*([] if own and rules == ["none"] else rules), *own]
        return Privacy(max_content_chars=self._content_chars(), redactor=Redactor(rules))

    def ratio(self) -> float | None:
        """The share of traces to keep, if it is for us to decide; ``SPANFOLD_SAMPLE_RATIO``.

        Raises:
            InvalidArgumentError: it is no number from 0 to 1.
        """
        given = os.environ.get("SPANFOLD_SAMPLE_RATIO") if self.sample_ratio is None else self.sample_ratio
        if given is None or not str(given).strip():
            return None
        try:
            ratio = float(given)
        except ValueError:
            ratio = -1.0
        if not 0 <= ratio <= 1:
            message = f"SPANFOLD_SAMPLE_RATIO is {given!r}: write a number from 0 to 1, such as 0.1"
            raise InvalidArgumentError(message)
        if os.environ.get("OTEL_TRACES_SAMPLER"):
            warn_once("two-samplers", "OTEL_TRACES_SAMPLER is set, so SPANFOLD_SAMPLE_RATIO has no effect")
            return None
        return ratio if ratio < 1 else None

    def _content_chars(self) -> int | None:
        given = self.capture_content
        if given is None:
            given = os.environ.get("SPANFOLD_CAPTURE_CONTENT", "")
        text = str(given).strip().lower()
        if text in {"", "full"}:
            return None
        if text == "none":
            return 0
        if text.isascii() and text.isdigit():
            return int(text)
        message = f"SPANFOLD_CAPTURE_CONTENT is {given!r}: write full, none, or a number of characters"
        raise InvalidArgumentError(message)


def listed(variable: str) -> Sequence[str]:
    """The items of a comma-separated variable."""
    return [item.strip() for item in os.environ.get(variable, "").split(",") if item.strip()]


def number(variable: str, default: int) -> int:
    """A variable that holds a positive whole number. Anything else is reported, and the default holds."""
    text = os.environ.get(variable, "").strip()
    if not text:
        return default
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    warn_once(variable, "%s=%r is no positive whole number: %d holds", variable, text, default)
    return default


def switched_on(variable: str) -> bool:
    """A variable that is on unless it says ``false``, ``0``, ``off`` or ``no``."""
    return os.environ.get(variable, "").strip().lower() not in {"false", "0", "off", "no"}
