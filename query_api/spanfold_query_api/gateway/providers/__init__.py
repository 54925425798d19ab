"""Providers: whoever answers a call. By the name that a configuration gives them.

Example:
    >>> from spanfold_query_api.gateway.config import Target
    >>> check_target(Target(provider="ollama", name="llama3"), "llm/v1/chat")
"""

from __future__ import annotations

import difflib
import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api.gateway.prices import Prices
from spanfold_query_api.gateway.providers import anthropic, child, compatible, litellm, table
from spanfold_query_api.gateway.providers.options import ProviderConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from spanfold_query_api.gateway.config import Target
    from spanfold_query_api.gateway.protocol import Provider

__all__ = ["ProviderConfigError", "check_target", "import_libraries", "make", "prices_of"]

_CHILDREN: Final = frozenset({"spanfold-model", "transformers"})
_log: Final = logging.getLogger(__name__)


def check_target(target: Target, endpoint_type: str) -> None:
    """Whether the provider is known and has what it needs. Starts nothing, imports no client library.

    Raises:
        ProviderConfigError: no. The first line says what is wrong, the second how to put it right.
    """
    provider = target.provider
    if provider == "anthropic":
        anthropic.address(provider, target.config)
        if endpoint_type == "llm/v1/embeddings":
            raise ProviderConfigError("provider", "anthropic has no embeddings", "name another provider")
    elif provider == "litellm":
        litellm.options(target.config)
    elif provider in _CHILDREN:
        child.check(provider, target.name, target.config)
    elif table.ALIASES.get(provider, provider) in table.COMPATIBLE:
        compatible.address(provider, target.name, target.config)
    else:
        close = difflib.get_close_matches(provider, table.names(), 1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(table.names())}"
        raise ProviderConfigError("provider", f"there is no provider {provider!r}", hint)


def import_libraries(names: Iterable[str]) -> None:
    """Import what asking these providers takes: seconds, for which no call should wait. In any thread."""
    names = set(names)
    # What is not Anthropic's protocol is OpenAI's, here and in child processes.
    wanted = {"anthropic"} & names | ({"openai"} if names - {"anthropic", "litellm"} else set())
    for library in sorted(wanted):
        try:
            import_module(library)
            import_module(f"{library}.resources")
        except ImportError as error:  # the call that needs it says so, too
            _log.warning("%s cannot be imported: %s", library, error)


def make(target: Target) -> Provider:
    """The provider of a target that was checked. To be called within an event loop, which it belongs to.

    Raises:
        ProviderConfigError: as :func:`check_target`.
    """
    check_target(target, "llm/v1/chat")
    makers: dict[str, Callable[[str, str, Mapping[str, Any]], Provider]] = {
        "anthropic": anthropic.anthropic,
        "litellm": litellm.litellm,
        **dict.fromkeys(_CHILDREN, child.child),
    }
    maker = makers.get(target.provider, compatible.compatible)
    return maker(target.provider, target.name, target.config)


def prices_of(target: Target) -> Prices:
    """What its tokens cost."""
    name, model = table.ALIASES.get(target.provider, target.provider), target.name
    if name == "litellm" and "/" in model:
        name, _, model = model.partition("/")
    if name == "openai" and str(target.config.get("openai_api_type", "")).lower().startswith("azure"):
        name = "azure"
    known = table.COMPATIBLE.get(name)
    provider = known.price_provider if known is not None else "anthropic" if name == "anthropic" else None
    return Prices(provider, model, target.config)
