"""The real clients of model providers, instrumented: not one of their requests says which version calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.providers import server as providers
from tests.sdk import otlp_receiver

if TYPE_CHECKING:
    from tests.sdk.conftest import RunScript

CALLS = """
import warnings
warnings.simplefilter("default")
import asyncio, sys
import spanfold
spanfold.autolog()
import anthropic, openai

ask = [{"role": "user", "content": "Which version answered?"}]

async def asynchronously():
    async with openai.AsyncOpenAI() as client:
        await client.chat.completions.create(model="gpt-4o-mini", messages=ask)
        stream = await client.chat.completions.create(model="gpt-4o-mini", messages=ask, stream=True)
        async for _ in stream: pass
    async with anthropic.AsyncAnthropic() as client:
        await client.messages.create(model="claude-sonnet-4-0", max_tokens=9, messages=ask)

with spanfold.set_active_model(name="v1"), spanfold.start_span("request"):
    client = openai.OpenAI()
    client.chat.completions.create(model="gpt-4o-mini", messages=ask)
    client.responses.create(model="gpt-4o-mini", input="Which?")
    client.embeddings.create(model="text-embedding-3-small", input="Which?")
    anthropic.Anthropic().messages.create(model="claude-sonnet-4-0", max_tokens=9, messages=ask)
    asyncio.run(asynchronously())
"""


def test_not_one_request_to_a_provider_tells_the_version(run_script: RunScript) -> None:
    """Though the provider is on loopback, where others are told."""
    with otlp_receiver.running() as server, providers.running() as provider:
        run_script(
            CALLS,
            **provider.environment,
            OTEL_EXPORTER_OTLP_ENDPOINT=server.address,
            SPANFOLD_ENDPOINT=server.address,
        )
    assert len(provider.exchanges) == 7
    assert provider.headers_named("baggage") == []
    traced = [exchange.path for exchange in provider.exchanges if "traceparent" in exchange.headers]
    assert set(traced) >= {"/v1/chat/completions", "/v1/messages"}, "the calls were instrumented"
