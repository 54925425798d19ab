"""Explicit reads: a program that asks what was recorded sees its own writes, or a clear error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from spanfold._internal import setup
from spanfold._internal.faults import warn_once
from spanfold.errors import ServerUnavailableError

if TYPE_CHECKING:
    from spanfold._internal.lookup import QueryApi

FLUSH_TIMEOUT_S: Final = 5.0


def query_api() -> QueryApi:
    """The query API, after what this process has recorded so far was sent to the collector.

    Configures the SDK if nobody has. A collector that does not take what is queued within five seconds is
    warned about once: the answer may then be older than this process's own writes.

    Raises:
        ServerUnavailableError: nobody is to be asked, as under :func:`spanfold.testing.capture`.
    """
    asked = setup.ready().query_api
    if asked is None:
        message = "there is no query API to ask here: spanfold.testing.capture() records without a server"
        raise ServerUnavailableError(message)
    if not setup.flush(FLUSH_TIMEOUT_S):
        warn_once(
            "read-before-written",
            "the collector has not taken all of this process's events within %s s: what is read may lack them"
            " (logged once)",
            FLUSH_TIMEOUT_S,
        )
    return asked
