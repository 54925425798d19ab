"""``spanfold.search_traces`` and its kin in an application, over a real server and its own writes."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pytest

import spanfold
from spanfold import entities
from spanfold.errors import InvalidArgumentError, ServerUnavailableError
from tests.deploy.processes import FREE_PORTS, TIMEOUT_S, Server, environment, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

TRAFFIC = """
import spanfold, sys
from opentelemetry import trace

@spanfold.trace(span_type="RETRIEVER")
def find(question):
    return ["page 1", "page 2"]

@spanfold.trace(attributes={"spanfold.tag.tier": "pro"})
def answer(question):
    find(question)
    with spanfold.start_span("chat", span_type="LLM") as span:
        span.set_attributes({"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 10,
                             "gen_ai.usage.output_tokens": len(question), "spanfold.cost.usd": 0.25})
        trace.get_current_span().add_event("token", {"n": 1})
    if question == "3?":
        raise ValueError("no such question")
    return question.upper()

model = spanfold.set_active_model(name="reader-v1")
for number in range(int(sys.argv[1])):
    try:
        answer(f"{number}?")
    except ValueError:
        pass
spanfold.flush()
print(model.model_id)
"""
COUNT = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving("serve", tmp_path_factory.mktemp("reads") / "data", *FREE_PORTS) as started:
        yield started


@pytest.fixture(scope="module")
def model_id(server: Server) -> Iterator[str]:
    """The version that another process made traffic for; this process is configured to read it."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", TRAFFIC, str(COUNT)],
        env=environment(
            OTEL_EXPORTER_OTLP_ENDPOINT=server.ready["otlp_http_endpoint"],
            SPANFOLD_ENDPOINT=server.ready["api_url"],
        ),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    spanfold.shutdown()
    spanfold.configure(
        endpoint=server.ready["api_url"],
        otlp_endpoint=server.ready["otlp_http_endpoint"],
        service_name="test",
    )
    yield done.stdout.strip()
    spanfold.shutdown()


def test_a_search_gives_traces_with_spans_newest_first(model_id: str) -> None:
    found = spanfold.search_traces(model_id=model_id, max_results=30, return_type="list")
    assert [trace.info.inputs for trace in found] == [
        {"question": f"{number}?"} for number in reversed(range(COUNT - 30, COUNT))
    ]
    trace = found[0]
    assert (trace.info.model_id, trace.info.status, trace.info.outputs) == (
        model_id,
        "UNSET",
        f"{COUNT - 1}?",
    )
    assert (trace.info.input_tokens, trace.info.output_tokens, trace.info.cost_usd) == (10, 3, 0.25)
    assert trace.info.tags == {"tier": "pro"}
    assert [span.name for span in trace.data.spans] == ["answer", "find", "chat"]
    root, find, chat = trace.data.spans
    assert (find.parent_id, find.span_type, find.outputs) == (root.span_id, "RETRIEVER", ["page 1", "page 2"])
    assert trace.search_spans(span_type="LLM") == [chat]
    assert (chat.input_tokens, chat.events[0].attributes) == (10, {"n": "1"})
    assert root.end_time_ns > root.start_time_ns > 10**18
    assert trace.info.timestamp_ms == root.start_time_ns // 10**6


def test_one_trace_by_id_is_what_a_search_finds(model_id: str) -> None:
    (found,) = spanfold.search_traces(model_id=model_id, max_results=1, return_type="list")
    assert spanfold.get_trace(found.info.trace_id) == found
    assert spanfold.get_trace("0" * 31 + "1") is None
    with pytest.raises(InvalidArgumentError, match="32"):
        spanfold.get_trace("no-id")


def test_a_search_without_spans_has_no_spans(model_id: str) -> None:
    found = spanfold.search_traces(model_id=model_id, include_spans=False, return_type="list")
    assert len(found) == COUNT
    assert not any(trace.data.spans for trace in found)
    assert found[-1].info.inputs == {"question": "0?"}


def test_conditions_orders_and_times_reach_the_server(model_id: str) -> None:
    def inputs(**arguments: Any) -> list[str]:
        found = spanfold.search_traces(
            model_id=model_id, include_spans=False, return_type="list", **arguments
        )
        return [trace.info.inputs["question"] for trace in found]

    assert inputs(filter_string="status = 'ERROR'") == ["3?"]
    assert inputs(order_by=["output_tokens DESC", "timestamp_ms ASC"], max_results=2) == ["10?", "11?"]
    every = spanfold.search_traces(model_id=model_id, include_spans=False, return_type="list")
    fifth = every[-5].info.timestamp_ms
    assert len(inputs(start=fifth)) + len(inputs(end=fifth)) == COUNT
    assert inputs(caller_model_id="m-none") == inputs(experiment_ids=["9"]) == []
    with pytest.raises(InvalidArgumentError, match="did you mean status"):
        inputs(filter_string="stats = 'ERROR'")
    with pytest.raises(InvalidArgumentError, match="order"):
        inputs(order_by=["name"])
    with pytest.raises(InvalidArgumentError, match="return_type"):
        spanfold.search_traces(return_type="frame")  # type: ignore[call-overload]


def test_a_frame_has_a_row_a_trace(model_id: str) -> None:
    frame = spanfold.search_traces(model_id=model_id, max_results=5)
    assert isinstance(frame, pd.DataFrame)
    assert list(frame["request"]) == [{"question": f"{number}?"} for number in reversed(range(55, 60))]
    assert str(frame["request_time"].dtype).startswith("datetime64[")
    assert isinstance(frame["trace"][0], entities.Trace)
    assert len(frame["spans"][0]) == 3
    none = spanfold.search_traces(model_id="m-none")
    assert (len(none), list(none.columns)) == (0, list(frame.columns))


def test_a_program_finds_what_it_has_just_recorded(model_id: str) -> None:
    assert model_id
    conversation = uuid.uuid4().hex
    with spanfold.start_span("mine", attributes={"session.id": conversation}):
        pass
    (found,) = spanfold.search_traces(filter_string=f"conversation_id = '{conversation}'", return_type="list")
    assert found.info.name == "mine"


def test_streams_have_every_trace_and_span_as_the_same_objects(model_id: str) -> None:
    found = spanfold.search_traces(model_id=model_id, max_results=COUNT, return_type="list")
    assert list(spanfold.iter_traces(model_id=model_id)) == [trace.info for trace in found]
    spans = list(spanfold.iter_spans(model_id=model_id))
    by_id = {span.span_id: span for trace in found for span in trace.data.spans}
    assert len(spans) == 3 * COUNT
    assert all(by_id[span.span_id] == span for span in spans)
    keys = [span.start_time_unix_ns for span in spans]
    assert keys == sorted(keys, reverse=True)
    calls = spanfold.iter_spans(filter_string="span_type = 'LLM' AND output_tokens > 2", model_id=model_id)
    assert sum(1 for _ in calls) == COUNT - 10


def test_arrow_batches_have_the_columns_asked_for(model_id: str) -> None:
    reader = spanfold.arrow_traces(model_id=model_id, columns=["cost_usd", "trace_id"])
    assert isinstance(reader, pa.RecordBatchReader)
    table = reader.read_all()
    assert (table.column_names, table.num_rows) == (["cost_usd", "trace_id"], COUNT)
    assert sum(table.column("cost_usd").to_pylist()) == 0.25 * COUNT
    with pytest.raises(InvalidArgumentError, match="no column 'costs'"):
        spanfold.arrow_traces(columns=["costs"])


def test_a_stream_that_is_dropped_in_the_middle_makes_room_for_others(model_id: str) -> None:
    for _ in range(20):
        with closing(spanfold.iter_spans(model_id=model_id)) as spans:  # type: ignore[type-var]
            next(spans)
    assert len(list(spanfold.iter_traces(model_id=model_id))) == COUNT


def test_without_pyarrow_streams_name_the_extra_and_searches_give_lists(
    server: Server, model_id: str
) -> None:
    code = f"""
import json, sys
sys.modules["pyarrow"] = sys.modules["pandas"] = None
import importlib.util, spanfold
find_spec = importlib.util.find_spec
from spanfold._internal import frames
from spanfold._internal.traces import streams
streams.find_spec = frames.find_spec = lambda name: None
try:
    spanfold.iter_traces(model_id={model_id!r})
except ValueError as error:
    told = str(error)
found = spanfold.search_traces(model_id={model_id!r}, max_results=2)
print(json.dumps([told, type(found).__name__, len(found)]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(SPANFOLD_ENDPOINT=server.ready["api_url"]),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=True,
    )
    told, kind, count = json.loads(done.stdout)
    assert "pip install 'spanfold[dataframe]'" in told
    assert (kind, count) == ("list", 2)


def test_an_answer_that_breaks_off_is_an_error_not_an_end(
    model_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from http.client import HTTPResponse  # noqa: PLC0415

    read = HTTPResponse.read
    left = iter(range(3))

    def cut(self: HTTPResponse, amount: int | None = None) -> bytes:
        if next(left, None) is None:
            raise ConnectionResetError
        return read(self, amount)

    reader = spanfold.arrow_traces(model_id=model_id, rows="spans")
    monkeypatch.setattr(HTTPResponse, "read", cut)
    with pytest.raises(ServerUnavailableError, match="broke off"):
        reader.read_all()
