"""Routers over a provider of the tests, and what calls to them say."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api.gateway.config import Endpoint, RouteTable, Target
from spanfold_query_api.gateway.protocol import Call
from spanfold_query_api.gateway.router import Router

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from spanfold_query_api.gateway.ledger import Ledger
    from spanfold_query_api.gateway.protocol import GatewayError, Kind
    from tests.providers.server import Provider

KEY: Final = "sk-test-verysecret0123456789"
MODELS: Final = {"openai": "gpt-4o", "anthropic": "claude-sonnet-4-5"}


def target(provider: Provider | str, wire: str = "openai", **more: Any) -> Target:
    """A model of this provider."""
    address = provider if isinstance(provider, str) else provider.address
    base = f"{address}/v1" if wire == "openai" else address
    config = {f"{wire}_api_key": KEY, "base_url": base, **more.pop("config", {})}
    return Target(**{"provider": wire, "name": MODELS[wire], **more, "config": config})


def endpoint(name: str, *targets: Target, **more: Any) -> Endpoint:
    """An endpoint; for chat, unless said otherwise."""
    return Endpoint(**{"name": name, "endpoint_type": "llm/v1/chat", "models": list(targets), **more})


@asynccontextmanager
async def routed(*endpoints: Endpoint, ledger: Ledger | None = None) -> AsyncIterator[Router]:
    """A router of these, which has nothing under way at the end."""
    router = Router(RouteTable(endpoints=list(endpoints)), ledger)
    try:
        yield router
        assert router.under_way == 0
    finally:
        await router.close(0.1)


def chat(content: str = "What is the capital of France?", name: str = "chat", **more: Any) -> Call:
    """A chat call to the endpoint of this name."""
    given = {one: more.pop(one) for one in ("key", "headers") if one in more}
    return Call("chat", {"messages": [{"role": "user", "content": content}], **more}, name, **given)


def asking(kind: Kind, name: str = "chat", **body: Any) -> Call:
    """A call of any kind."""
    return Call(kind, body, name)


def shown(error: GatewayError) -> str:
    """All that a caller can see of an error."""
    return f"{error} {error.to_dict()} {error!r}"
