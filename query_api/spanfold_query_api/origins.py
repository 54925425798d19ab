"""Web pages of others may not write: whatever page somebody has open must not start what costs money."""

from __future__ import annotations

import ipaddress
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request  # noqa: TC002 - FastAPI reads the annotations of dependencies

from spanfold_query_api.problems import ProblemError

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES: Final = frozenset({"same-origin", "none"})


async def refuse_foreign_pages(request: Request) -> None:
    """Let programs write, and pages of this server; a browser says of every request whose page made it.

    A page counts as this server's only under an address or ``localhost``: any other name may be one
    that its owner has pointed at this machine for a moment.

    Raises:
        ProblemError: the page is another's.
    """
    if request.method in _SAFE_METHODS:
        return
    origin = request.headers.get("origin")
    if origin is None:
        is_own = request.headers.get("sec-fetch-site", "none") in _OWN_SITES
    else:
        is_own = _is_own(origin, request.headers.get("host", ""))
    if not is_own:
        detail = "web pages of other servers, and under names other than localhost, may not write here"
        raise ProblemError(HTTPStatus.FORBIDDEN, "foreign-page", detail)


def _is_own(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin)
        name = parts.hostname or ""
    except ValueError:
        return False
    if parts.netloc.lower() != host.lower():
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
