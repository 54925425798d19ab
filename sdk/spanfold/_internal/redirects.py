"""What ``requests`` carries along when it follows a redirect.

It sends the next request with a copy of the headers of the one before, inside one call that instrumentation
sees once. So the propagator is not asked about the next host, and has to take its entry away there.
"""

from __future__ import annotations

import sys
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from spanfold._internal.faults import contained

if TYPE_CHECKING:
    from collections.abc import Callable

_installed: Final = list[tuple[Any, Any, Any]]()


def watch(clean: Callable[[str, Any], None]) -> None:
    """Call ``clean`` with the next address and its headers before a redirect is followed.

    Does nothing where ``requests`` is not loaded, or is watched already.
    """
    sessions = sys.modules.get("requests.sessions")
    if sessions is None or _installed:
        return
    owner = sessions.SessionRedirectMixin
    # Called for every redirect, when the next address is known: it is where requests drops credentials.
    before = owner.rebuild_auth

    @wraps(before)
    def rebuild_auth(self: Any, prepared_request: Any, response: Any) -> Any:
        with contained("keep the active model from the host of a redirect"):
            clean(prepared_request.url, prepared_request.headers)
        return before(self, prepared_request, response)

    owner.rebuild_auth = rebuild_auth
    _installed.append((owner, before, rebuild_auth))


def leave() -> None:
    """Undo :func:`watch`, where nobody has patched on top of it."""
    while _installed:
        owner, before, ours = _installed.pop()
        if owner.rebuild_auth is ours:
            owner.rebuild_auth = before
