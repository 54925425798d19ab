"""Page tokens: where a listing goes on, for the one query that it belongs to.

A token is opaque to clients. It holds the sort key of the last item and a hash of the query, so that a
token of another query is refused instead of giving a page of nonsense. It is no secret and grants
nothing: what it holds is checked like any other input.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING, Any, Final

import orjson

from spanfold_query_api.problems import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_TOKEN_CHARS: Final = 4_000
_HASH_BYTES: Final = 12
_INT64: Final = range(-(2**63), 2**63)


def encode(query: Mapping[str, object], key: Sequence[str | int | float]) -> str:
    """Make the token that goes on after ``key`` in the listing that ``query`` asks for.

    Example:
        >>> token = encode({"name": "a"}, (5, "m-1"))
        >>> decode(token, {"name": "a"}, (int, str))
        (5, 'm-1')
    """
    text = orjson.dumps([_hash(query), *key])
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def decode(token: str, query: Mapping[str, object], types: Sequence[type]) -> tuple[Any, ...]:
    """The key in a token.

    Raises:
        ProblemError: it is no token, or one of another query.
    """
    try:
        parts = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, binascii.Error):
        parts = None
    well_formed = isinstance(parts, list) and [type(part) for part in parts] == [str, *types]
    if not well_formed or any(isinstance(part, int) and part not in _INT64 for part in parts):
        raise invalid("page_token", "this is no token of this listing: leave it out to start from the top")
    if parts[0] != _hash(query):
        raise invalid(
            "page_token", "this token belongs to another query: repeat all other parameters as they were"
        )
    return tuple(parts[1:])


def _hash(query: Mapping[str, object]) -> str:
    canonical = orjson.dumps(query, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(canonical).hexdigest()[: 2 * _HASH_BYTES]
