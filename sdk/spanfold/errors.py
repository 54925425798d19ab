"""Every exception that spanfold raises on purpose.

SpanfoldError
├── InvalidArgumentError (ValueError)   the call itself cannot be right: change it
├── ModelNotFoundError (LookupError)    the server answered that it has no such model version
└── ServerUnavailableError (OSError)    the query API gave no usable answer: the same call may work later

Faults of the SDK itself are none of these: they never reach the application. They are logged once and
counted, and raised only under :func:`spanfold.testing.raise_faults`.
"""

from __future__ import annotations


class SpanfoldError(Exception):
    """Base of all of spanfold's exceptions."""


class InvalidArgumentError(SpanfoldError, ValueError):
    """An argument that can never be right. The message names it and says what to write instead."""


class ModelNotFoundError(SpanfoldError, LookupError):
    """The server has no model version with this ID.

    Example:
        >>> print(ModelNotFoundError("m-0"))
        no model version has the ID 'm-0'
    """

    def __init__(self, model_id: str) -> None:
        super().__init__(f"no model version has the ID {model_id!r}")
        self.model_id = model_id


class ServerUnavailableError(SpanfoldError, OSError):
    """The query API is away, too slow, or answered something that is not its protocol."""
