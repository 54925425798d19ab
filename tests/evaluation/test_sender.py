"""Events that a caller waits for: sent to a real collector, which has them in its tables once it answers."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from spanfold.errors import InvalidArgumentError, ServerUnavailableError
from spanfold.evaluation._sender import EventSender, OutgoingEvent, entity_event, score_event
from spanfold_collector.collector import Collector
from spanfold_collector.settings import CollectorSettings
from spanfold_deploy.database import open_database
from spanfold_schemas import keys
from spanfold_schemas.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spanfold_schemas.database import Database

MODEL = "m-" + "5" * 32


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    opened = open_database(f"chdb://{tmp_path_factory.mktemp('database')}")
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def endpoint(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    settings = CollectorSettings(
        directory=tmp_path_factory.mktemp("collector"),
        grpc_port=0,
        http_port=0,
        linger_ms=10,
        min_free_disk_bytes=0,
        slow_after_s=60,
    )
    running = Collector(database, settings)
    running.start()
    yield f"http://127.0.0.1:{running.http_port}"
    assert running.stop()


def test_scores_are_readable_as_soon_as_they_were_sent(endpoint: str, database: Database) -> None:
    sent = [
        score_event(
            trace_id=f"{number + 1:032x}",
            span_id=f"{number + 1:016x}",
            name="token_f1",
            value=number / 10,
            explanation=f"because {number}",
            model_id=MODEL,
            evaluation_id="e-" + "1" * 32,
            input_hash="0011223344556677",
            cost_usd=0.25,
            calls=2,
            scorer="tests",
            source="CODE",
        )
        for number in range(10)
    ]
    EventSender(endpoint).send(sent)

    sql = "SELECT * FROM evaluation_events WHERE EvaluationName = 'token_f1' ORDER BY TraceId"
    rows = database.query(sql).dicts()
    assert [row["ScoreValue"] for row in rows] == [number / 10 for number in range(10)]
    assert [row["TraceId"].hex() for row in rows] == [f"{number + 1:032x}" for number in range(10)]
    assert rows[3]["SpanId"].hex() == f"{4:016x}"
    assert (rows[3]["ModelId"], rows[3]["Explanation"]) == (MODEL, "because 3")
    assert rows[3]["Attributes"][keys.SCORE_COST_USD] == "0.25"
    assert rows[3]["Attributes"][keys.SCORE_CALLS] == "2"
    assert rows[3]["Attributes"][keys.SCORE_SOURCE] == "CODE"


def test_an_entity_event_is_one_that_the_collector_folds(endpoint: str, database: Database) -> None:
    payload = {"tags": {"colour": "blue", "half": "x"}}
    EventSender(endpoint).send([entity_event(keys.MODEL_TAGS_SET, MODEL, payload, "query_api", actor="ann")])

    sql = "SELECT * FROM entity_events WHERE Stream = {stream:String}"
    (row,) = database.query(sql, {"stream": MODEL}).dicts()
    assert (row["EventType"], row["Source"], row["Actor"]) == (keys.MODEL_TAGS_SET, "query_api", "ann")
    assert json.loads(row["Payload"]) == payload


def test_many_events_leave_in_requests_that_the_collector_takes(endpoint: str, database: Database) -> None:
    text = "long " * 1_500
    sent = [
        score_event(trace_id="ab" * 16, span_id=f"{n + 1:016x}", name="long", value=1.0, explanation=text)
        for n in range(3_000)
    ]
    EventSender(endpoint).send(sent)
    seen = "SELECT uniqExact(SpanId), sum(length(Explanation)) FROM evaluation_events"
    assert database.query(f"{seen} WHERE EvaluationName = 'long'").rows == [(3_000, 3_000 * len(text))]


def test_text_with_half_a_character_is_sent_without_the_half(endpoint: str, database: Database) -> None:
    EventSender(endpoint).send(
        [score_event(trace_id="ab" * 16, span_id="cd" * 8, name="half", value=1, explanation="so \ud83d!")]
    )
    sql = "SELECT Explanation FROM evaluation_events WHERE EvaluationName = 'half'"
    assert database.query(sql).rows == [("so ?!",)]


def test_an_event_that_the_collector_refuses_is_an_error_that_says_why(endpoint: str) -> None:
    bad = OutgoingEvent(keys.MODEL_TAGS_SET, 1, {keys.EVENT_STREAM: "no model"}, body="{}")
    with pytest.raises(InvalidArgumentError, match="refused"):
        EventSender(endpoint).send([bad])
    with pytest.raises(InvalidArgumentError, match="tags: must be a mapping"):
        entity_event(keys.MODEL_TAGS_SET, MODEL, {"tags": "not-a-mapping"})


def test_a_score_without_any_score_or_with_no_finite_one_is_refused() -> None:
    for value in (None, float("nan"), float("inf")):
        with pytest.raises(InvalidArgumentError, match="token_f1"):
            score_event(trace_id="ab" * 16, span_id="cd" * 8, name="token_f1", value=value)


def test_a_collector_that_is_away_is_an_error_within_the_time_limit() -> None:
    sender = EventSender("http://127.0.0.1:9", timeout_s=0.5)
    with pytest.raises(ServerUnavailableError, match="did not take events within"):
        sender.send([score_event(trace_id="ab" * 16, span_id="cd" * 8, name="x", value=1)])


class Flaky(BaseHTTPRequestHandler):
    """Answers 503 twice, then passes each request on to nobody but says that it took it."""

    answers: tuple[int, ...] = ()
    seen: list[tuple[int, dict[str, str]]]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        number = len(self.seen)
        status = self.answers[number] if number < len(self.answers) else 200
        self.seen.append((status, dict(self.headers)))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def flaky(*answers: int) -> tuple[ThreadingHTTPServer, type[Flaky]]:
    handler = type("Handler", (Flaky,), {"answers": answers, "seen": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, handler


def test_busy_answers_are_met_by_trying_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=search%20one")
    server, handler = flaky(503, 429)
    try:
        sender = EventSender(f"http://127.0.0.1:{server.server_port}/")
        sender.send([score_event(trace_id="ab" * 16, span_id="cd" * 8, name="x", value=1)])
        sender.close()
    finally:
        server.shutdown()
        server.server_close()
    assert [status for status, _ in handler.seen] == [503, 429, 200]
    assert handler.seen[0][1]["x-team"] == "search one"


def test_a_request_that_is_too_large_is_halved_until_it_fits() -> None:
    server, handler = flaky(413, 413, 200, 200, 413)
    try:
        events = [score_event(trace_id="ab" * 16, span_id="cd" * 8, name="x", value=n) for n in range(4)]
        with_all = EventSender(f"http://127.0.0.1:{server.server_port}")
        with_all.send(events)
        with_all.close()
    finally:
        server.shutdown()
        server.server_close()
    # 4 refused, 2 refused, 1, 1, 2 refused, 1, 1
    assert [status for status, _ in handler.seen] == [413, 413, 200, 200, 413, 200, 200]


def test_the_environment_says_where_events_go_as_it_does_for_every_exporter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server, handler = flaky()
    try:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        sender = EventSender()
        sender.send([score_event(trace_id="ab" * 16, span_id="cd" * 8, name="x", value=1)])
        sender.close()
    finally:
        server.shutdown()
        server.server_close()
    assert len(handler.seen) == 1
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    with pytest.raises(InvalidArgumentError, match="OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"):
        EventSender()
