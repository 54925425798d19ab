"""The client with MLflow's names, and MLflow's own paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from spanfold import deployments
from spanfold.deployments import _client, get_deploy_client, set_deployments_target
from spanfold.errors import InvalidArgumentError, NotFoundError, ServerUnavailableError
from tests.gateway import served
from tests.providers import script

if TYPE_CHECKING:
    from tests.gateway.served import Served
    from tests.sdk.otlp_receiver import Server

INPUTS = {"messages": [{"role": "user", "content": "What is the capital of France?"}]}


def told(content: str) -> dict[str, list[dict[str, str]]]:
    return {"messages": [{"role": "user", "content": content}]}


def test_an_endpoint_answers_in_openais_form(gateway: Served) -> None:
    client = get_deploy_client(gateway.url)
    answer = client.predict(endpoint="chat", inputs=INPUTS)
    assert answer["choices"][0]["message"]["content"] == script.ANSWER
    assert answer["usage"]["total_tokens"] == script.INPUT_TOKENS + script.OUTPUT_TOKENS
    vectors = client.predict(endpoint="vectors", inputs={"input": ["a", "b"]})
    assert len(vectors["data"]) == 2
    assert client.predict("claude", INPUTS)["choices"][0]["message"]["content"] == script.ANSWER


def test_an_answer_comes_in_parts(gateway: Served) -> None:
    chunks = list(get_deploy_client(gateway.url).predict_stream(endpoint="chat", inputs=INPUTS))
    text = "".join(choice["delta"].get("content") or "" for one in chunks for choice in one["choices"])
    assert text == script.ANSWER


def test_a_stream_that_breaks_off_is_told(gateway: Served) -> None:
    stream = get_deploy_client(gateway.url).predict_stream(endpoint="chat", inputs=told("cut it"))
    with pytest.raises(ServerUnavailableError, match="broke off"):
        list(stream)


def test_endpoints_are_described_as_mlflow_describes_them(gateway: Served) -> None:
    client = get_deploy_client(gateway.url)
    assert [one.name for one in client.list_endpoints()] == ["chat", "claude", "vectors"]
    one = client.get_endpoint("chat")
    assert one.endpoint_url == f"{gateway.url}/endpoints/chat/invocations"
    assert (one.model["provider"], one.model["name"], one.limit) == ("openai", "gpt-4o", None)
    assert one.dict()["endpoint_type"] == "llm/v1/chat"
    with pytest.raises(NotFoundError, match="no endpoint 'x'"):
        client.get_endpoint("x")


def test_what_went_wrong_is_told_in_the_gateways_words(gateway: Served) -> None:
    client = get_deploy_client(gateway.url)
    with pytest.raises(NotFoundError, match="there are: chat, claude, vectors"):
        client.predict(endpoint="x", inputs=INPUTS)
    with pytest.raises(InvalidArgumentError, match="a list of messages"):
        client.predict(endpoint="chat", inputs={})
    with pytest.raises(ServerUnavailableError, match="answered 502"):
        client.predict(endpoint="chat", inputs=told("fail:401"))
    with pytest.raises(InvalidArgumentError, match="inputs: must be a dictionary"):
        client.predict(endpoint="chat")
    with pytest.raises(InvalidArgumentError, match="endpoint: name the endpoint"):
        client.predict(inputs=INPUTS)
    with pytest.raises(InvalidArgumentError, match="cannot be sent as JSON"):
        client.predict(endpoint="chat", inputs={"messages": object()})
    with pytest.raises(ServerUnavailableError, match="spanfold deployments start"):
        get_deploy_client("http://127.0.0.1:9").list_endpoints()


def test_a_call_within_a_span_is_part_of_its_trace(gateway: Served, collector: Server) -> None:
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - a provider of the test's own

    tracer = TracerProvider(shutdown_on_exit=False).get_tracer("test")
    with tracer.start_as_current_span("answer") as around:
        get_deploy_client(gateway.url).predict(endpoint="chat", inputs=INPUTS)
    span, _ = served.the_span(collector)
    assert int.from_bytes(span.parent_span_id) == around.get_span_context().span_id


def test_the_target_is_the_one_set_else_a_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_client, "_target", None)
    for name in _client._VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert deployments.get_deployments_target() == "http://localhost:4319"
    monkeypatch.setenv("MLFLOW_DEPLOYMENTS_TARGET", "http://mlflow:5000/")
    assert get_deploy_client().target_uri == "http://mlflow:5000"
    set_deployments_target("http://here:1")
    assert get_deploy_client().target_uri == "http://here:1"
    with pytest.raises(InvalidArgumentError, match="must be an address"):
        set_deployments_target("databricks")
