"""Questions to the query API: asked as given, answered within a limit, refused clearly."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.context import get_value

import spanfold
from spanfold._internal import lookup, reading
from spanfold._internal.lookup import QueryApi
from spanfold.errors import InvalidArgumentError, ServerUnavailableError

if TYPE_CHECKING:
    from tests.sdk.otlp_receiver import Server

NO_SUCH_MODEL = {"type": "urn:spanfold:problem:model-not-found", "detail": "there is no model 'x'"}
NO_SUCH_ROUTE = {"type": "urn:spanfold:problem:not-found", "detail": "GET /v1/x is not offered"}
INVALID = {"type": "urn:spanfold:problem:invalid-filter", "detail": "column 3: what is this?"}


def answering(server: Server, monkeypatch: pytest.MonkeyPatch, status: int, answer: Any) -> QueryApi:
    asked = list[str]()

    def reply(path: str) -> tuple[int, Any]:
        asked.append(path)
        server.questions.append(path)
        return status, answer

    monkeypatch.setattr(server, "answer", reply)
    return QueryApi(server.address)


def test_parameters_are_sent_as_given_repeated_or_left_out(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = answering(server, monkeypatch, 200, {"ok": 1})
    assert api.get("/v1/models", a=None, b=["1", "x y"], limit=5, deep=True) == {"ok": 1}
    assert server.questions == ["/v1/models?b=1&b=x+y&limit=5&deep=true"]
    assert lookup.path_of("models", "shop/v1?x", "events") == "/v1/models/shop%2Fv1%3Fx/events"


def test_what_does_not_exist_is_none_and_a_route_that_does_not_is_an_old_server(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = answering(server, monkeypatch, 404, NO_SUCH_MODEL)
    assert api.get("/v1/models/x") is None
    with pytest.raises(InvalidArgumentError, match="no model 'x'"), api.open("/v1/models/x"):
        pass
    api = answering(server, monkeypatch, 404, NO_SUCH_ROUTE)
    with pytest.raises(ServerUnavailableError, match="older than this SDK"):
        api.get("/v1/x")


def test_a_refused_question_is_the_callers_fault_in_the_servers_words(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = answering(server, monkeypatch, 422, INVALID)
    with pytest.raises(InvalidArgumentError, match="column 3: what is this"):
        api.get("/v1/models", filter="?")
    with pytest.raises(InvalidArgumentError, match="column 3: what is this"), api.open("/v1/models"):
        pass


def test_a_server_that_cannot_answer_now_is_unavailable_and_says_why(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = answering(server, monkeypatch, 503, {"detail": "the database is away"})
    with pytest.raises(ServerUnavailableError, match=r"503 .*the database is away"):
        api.get("/v1/models")


def test_an_answer_can_be_read_piece_by_piece_and_no_instrumentation_is_off_meanwhile(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = answering(server, monkeypatch, 200, list(range(1000)))
    with api.open("/v1/traces/export") as response:
        assert get_value("suppress_instrumentation") is None
        pieces = iter(lambda: response.read(100), b"")
        assert json.loads(b"".join(pieces)) == list(range(1000))


def test_nobody_there_is_told_with_the_address_and_the_fix_each_time() -> None:
    api = QueryApi("http://127.0.0.1:9")
    for _ in range(2):
        with pytest.raises(
            ServerUnavailableError, match=r"127\.0\.0\.1:9.*spanfold serve.*SPANFOLD_ENDPOINT"
        ):
            api.get("/v1/models", timeout_s=1)


def test_a_server_that_accepts_and_says_nothing_costs_the_limit_and_no_more() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        api = QueryApi(f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(ServerUnavailableError, match="timed out"):
            api.get("/v1/models", timeout_s=0.05)


def test_a_read_sees_the_programs_own_writes(server: Server) -> None:
    spanfold.create_external_model(name="mine")
    reading.query_api()
    assert [record.event_name for record in server.records] == ["spanfold.model.created"]


@pytest.mark.usefixtures("captured")
def test_under_capture_there_is_nobody_to_ask_and_it_says_so() -> None:
    with pytest.raises(ServerUnavailableError, match="capture"):
        reading.query_api()
