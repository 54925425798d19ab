"""The two ways a request can fail, sorted by what its sender should do.

CollectorError
├── InvalidRequestError   permanent: these bytes will be refused again     400 / INVALID_ARGUMENT
└── OverloadedError       retryable: send the same bytes again later       503 / RESOURCE_EXHAUSTED

Each receiver translates them into its protocol once, at its edge.
"""


class CollectorError(Exception):
    """A request was not taken; nothing of it was stored."""


class InvalidRequestError(CollectorError):
    """The request is malformed or too large: repeating it changes nothing."""


class OverloadedError(CollectorError):
    """The collector cannot make the request durable now; ``retry_after_s`` says when to try again."""

    def __init__(self, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
