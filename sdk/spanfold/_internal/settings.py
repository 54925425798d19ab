"""What ``configure`` was told, completed by the environment. Arguments win over variables."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spanfold._internal.faults import warn_once
from spanfold._internal.hosts import AllowList

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Settings:
    """The arguments of ``configure``; None where it was not told."""

    endpoint: str | None = None
    otlp_endpoint: str | None = None
    service_name: str | None = None
    propagate_to: tuple[str, ...] | None = None

    def allow_list(self) -> AllowList:
        """Whom to tell the active model; ``SPANFOLD_PROPAGATE_TO``.

        Raises:
            InvalidArgumentError: a pattern is no host.
        """
        if self.propagate_to is not None:
            return AllowList(self.propagate_to)
        return AllowList(listed("SPANFOLD_PROPAGATE_TO"))


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
