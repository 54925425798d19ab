"""The two ways a request can fail, sorted by what its sender should do.

CollectorError
├── InvalidRequestError   permanent: these bytes will be refused again     400 / INVALID_ARGUMENT
│   └── TooLargeError     ... because there are too many of them           413 / INVALID_ARGUMENT
└── OverloadedError       retryable: send the same bytes again later       503 / RESOURCE_EXHAUSTED

Each receiver translates them into its protocol once, at its edge.
"""

from typing import Final

_MAX_MESSAGE_CHARS: Final = 1_000


def shortened(message: str) -> str:
    """A message fit for an answer: causes quote what was sent, and gRPC carries only a few kilobytes."""
    return message if len(message) <= _MAX_MESSAGE_CHARS else message[: _MAX_MESSAGE_CHARS - 3] + "..."


class CollectorError(Exception):
    """A request was not taken; nothing of it was stored."""

    def __init__(self, message: str) -> None:
        super().__init__(shortened(message))


class InvalidRequestError(CollectorError):
    """The request is malformed or too large: repeating it changes nothing."""


class TooLargeError(InvalidRequestError):
    """The request is over the limit on its size: send less at a time."""


class OverloadedError(CollectorError):
    """The collector cannot make the request durable now; ``retry_after_s`` says when to try again."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
