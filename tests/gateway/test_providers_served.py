"""Models of one's own behind the gateway, a folder's and a logged one: served by real child processes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from spanfold import pyfunc
from spanfold_query_api.gateway.config import Target
from tests.gateway.routing import asking, endpoint, routed
from tests.local_models import _models
from tests.pyfunc import served_model
from tests.pyfunc.conftest import connected, stack

if TYPE_CHECKING:
    from spanfold_query_api.gateway.protocol import Reply, StreamReply
    from tests.deploy.processes import Server

__all__ = ["connected", "stack"]

MODEL = Path(served_model.__file__)
QUESTION: Any = [{"role": "user", "content": "What is the capital of France?"}]
TIMEOUT_S = 200.0
pytestmark = pytest.mark.timeout(300)  # a process that imports torch, on a busy machine


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPANFOLD_DEVICE", "cpu")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")


def answered(asked: Target) -> tuple[Reply, str, StreamReply]:
    """What it answers as a whole and as a stream."""

    async def main() -> tuple[Reply, str, StreamReply]:
        async with routed(endpoint("chat", asked, timeout_s=TIMEOUT_S)) as router:
            call = asking("chat", messages=QUESTION, max_tokens=8)
            reply, stream = await asyncio.gather(router.call(call), router.stream(call))
            parts = [one["choices"][0]["delta"].get("content") or "" async for one in stream]
            return reply, "".join(parts), stream

    return asyncio.run(main())


def test_a_folder_of_transformers_answers_whole_and_streamed(tmp_path: Path) -> None:
    folder = _models.causal(tmp_path / "capitals", [(_models.chat_text(QUESTION), "Paris")])
    config = {"input_usd_per_million": 1, "output_usd_per_million": 1}
    reply, streamed, stream = answered(Target(provider="transformers", name=str(folder), config=config))
    assert reply.body["choices"][0]["message"]["content"] == streamed.strip() == "Paris"
    assert (reply.provider, reply.model) == ("transformers", str(folder))
    assert 0 < (reply.cost_usd or 0) < 0.001
    assert (stream.usage, stream.cost_usd) == (reply.usage, reply.cost_usd)


def test_a_logged_model_answers_by_its_uri(connected: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    signature = pyfunc.infer_signature({"text": ["a"]}, ["a"])
    info = pyfunc.log_model("moody", python_model=MODEL, signature=signature)
    monkeypatch.setenv("SPANFOLD_ENDPOINT", connected.ready["api_url"])
    reply, streamed, stream = answered(
        Target(provider="spanfold-model", name=info.model_uri, model_id=info.model_id)
    )
    text = QUESTION[0]["content"]
    assert reply.body["choices"][0]["message"]["content"].startswith(text)
    assert streamed == text
    assert (stream.usage or {})["completion_tokens"] == len(text)
    assert reply.model_id == info.model_id
