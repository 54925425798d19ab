"""Who may be told which model version is calling: an allow-list of hosts, gRPC services and queues."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final, Literal

from spanfold.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Kind = Literal["host", "grpc", "queue"]

NOBODY: Final = "none"
_PROVIDERS: Final = re.compile(
    r"""(.+\.)? (
        openai\.com | openai\.azure\.com | anthropic\.com | generativelanguage\.googleapis\.com
        | ([\w-]+-)?aiplatform\.googleapis\.com | bedrock[\w-]*\.[\w-]+\.amazonaws\.com
        | mistral\.ai | cohere\.(com|ai) | groq\.com | together\.(xyz|ai) | openrouter\.ai | deepseek\.com
        | x\.ai | fireworks\.ai | perplexity\.ai | huggingface\.co | replicate\.com | cerebras\.ai
    )""",
    re.VERBOSE,
)
"""Model providers are never told, whatever the patterns say: ``*`` is easily written."""
_MAX_HOSTS_KNOWN: Final = 1_024


class AllowList:
    """Loopback, and what the patterns name.

    Example:
        >>> allowed = AllowList(["*.shop.internal", "10.0.0.0/8", "grpc:shop.*"])
        >>> [allowed.allows("host", name) for name in ("cart.shop.internal", "10.1.2.3", "api.openai.com")]
        [True, True, False]
        >>> allowed.allows("grpc", "shop.Cart"), allowed.allows("host", "127.0.0.1")
        (True, True)
    """

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        """Read patterns.

        Args:
            patterns: host names in which ``*`` stands for anything, addresses, networks such as
                ``10.0.0.0/8``, ``grpc:`` and a service, ``queue:`` and a destination. ``none`` alone
                allows nobody, not even loopback.

        Raises:
            InvalidArgumentError: a pattern is none of these.
        """
        given = [pattern.strip().lower() for pattern in patterns if pattern.strip()]
        self._nobody = given == [NOBODY]
        self._patterns = [] if self._nobody else [_parsed(pattern) for pattern in given]
        # Asked for each request that goes out; the hosts of a process are few.
        self.allows: Callable[[Kind, str], bool] = lru_cache(_MAX_HOSTS_KNOWN)(self._allows)

    def _allows(self, kind: Kind, name: str) -> bool:
        name = name.strip("[]").rstrip(".").lower()
        if self._nobody or not name:
            return False
        if kind == "host" and (name == "localhost" or name.endswith(".localhost") or _is_loopback(name)):
            return True
        if kind == "host" and _PROVIDERS.fullmatch(name):
            return False
        return any(wanted == kind and matches(name) for wanted, matches in self._patterns)


def _parsed(pattern: str) -> tuple[Kind, Callable[[str], bool]]:
    prefix, found, rest = pattern.partition(":")
    if found and prefix in {"grpc", "queue"}:
        return ("grpc" if prefix == "grpc" else "queue"), _wildcard(rest)
    try:
        network = ip_network(pattern.strip("[]"), strict=False)
    except ValueError:
        if not re.fullmatch(r"[\w*.-]+", pattern):
            message = (
                f"SPANFOLD_PROPAGATE_TO: {pattern!r} is no host: write names such as *.shop.internal, "
                "addresses, networks such as 10.0.0.0/8, grpc:SERVICE, queue:NAME, or none"
            )
            raise InvalidArgumentError(message) from None
        return "host", _wildcard(pattern)

    def contains(name: str) -> bool:
        try:
            return ip_address(name) in network
        except ValueError:
            return False

    return "host", contains


def _wildcard(pattern: str) -> Callable[[str], bool]:
    parts = pattern.split("*")
    whole = re.compile(".*".join(re.escape(part) for part in parts), re.DOTALL)
    return lambda name: whole.fullmatch(name) is not None


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
