"""Where telemetry goes: arguments, environment, the application's own OpenTelemetry, and the end of it."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import pytest
from opentelemetry import _logs

import spanfold
from spanfold._internal import exporters, retry
from spanfold.errors import InvalidArgumentError
from spanfold_schemas.ids import derive_model_id
from tests.sdk import otlp_receiver
from tests.sdk.otlp_receiver import attributes_of

if TYPE_CHECKING:
    from tests.sdk.conftest import RunScript
    from tests.sdk.otlp_receiver import Server

TRACE_ONE = """
import spanfold

@spanfold.trace
def work(): pass

work()
"""


def test_the_environment_alone_is_enough_and_nothing_is_lost_at_exit(run_script: RunScript) -> None:
    """No configure, no flush, and a name where MLflow's variable wants an ID: as in the article."""
    with otlp_receiver.running() as server:
        run_script(
            TRACE_ONE,
            OTEL_EXPORTER_OTLP_ENDPOINT=server.address,
            OTEL_SERVICE_NAME="shop",
            OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT="8",
            SPANFOLD_ENDPOINT=server.address,
            MLFLOW_ACTIVE_MODEL_ID="my-agent-v1.0",
        )
    model_id = derive_model_id("0", "my-agent-v1.0")
    assert server.questions == ["/v1/models?name=my-agent-v1.0&experiment_id=0&include_deleted=true&limit=10"]
    assert [span.name for span in server.spans] == ["work"]
    assert server.resources[0]["service.name"] == "shop"
    assert str(attributes_of(server.spans[0].attributes)["spanfold.model.id"]) == model_id[:8]
    (record,) = server.records
    attributes = attributes_of(record.attributes)
    assert attributes["spanfold.event.stream"] == model_id, "limits for the application's data do not cut IDs"
    assert attributes["spanfold.event.actor"] == "shop"


def test_an_id_in_the_environment_needs_no_server(run_script: RunScript) -> None:
    with otlp_receiver.running() as server:
        run_script(
            TRACE_ONE,
            OTEL_EXPORTER_OTLP_ENDPOINT=server.address,
            SPANFOLD_ACTIVE_MODEL_ID="m-" + "1" * 32,
            MLFLOW_ACTIVE_MODEL_ID="ignored",
            SPANFOLD_ENDPOINT=server.address,
        )
    assert server.model_of("work") == "m-" + "1" * 32
    assert server.questions == []


def test_an_applications_own_provider_is_joined_and_keeps_its_exporters(run_script: RunScript) -> None:
    with otlp_receiver.running() as server:
        run_script(
            """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
theirs = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(theirs))
trace.set_tracer_provider(provider)

import spanfold, sys
spanfold.configure(endpoint=sys.argv[0] or None)
spanfold.set_active_model(name="v1")
trace.get_tracer("app").start_span("app").end()
with spanfold.start_span("ours"): pass
assert trace.get_tracer_provider() is provider
assert [s.name for s in theirs.get_finished_spans()] == ["app", "ours"]
assert all(s.attributes["spanfold.model.id"].startswith("m-") for s in theirs.get_finished_spans())
spanfold.shutdown()
spanfold.configure(otlp_endpoint="ADDRESS")
with spanfold.start_span("both"): pass
""".replace("sys.argv[0] or None", '"ADDRESS"').replace("ADDRESS", server.address),
            OTEL_EXPORTER_OTLP_ENDPOINT=server.address,
        )
    assert [span.name for span in server.spans] == ["both"], "spans go twice only where that is asked for"
    assert [record.event_name for record in server.records] == ["spanfold.model.created"]


def test_importing_spanfold_loads_neither_opentelemetry_nor_a_server_package(run_script: RunScript) -> None:
    done = run_script("""
import sys, time
before = time.process_time()
import spanfold
print(int((time.process_time() - before) * 1000))
roots = {name.partition(".")[0] for name in sys.modules}
print(sorted(roots & {"opentelemetry", "requests", "urllib3", "google", "grpc", "fastapi", "pydantic", "chdb",
                      "asyncio", "email", "http", "spanfold_collector", "spanfold_query_api"}))
""")
    cpu_ms, loaded = done.stdout.splitlines()
    assert loaded == "[]"
    # The budget of 150 ms is for a machine of its own; what is shared may be several times slower.
    assert int(cpu_ms) < 600


def test_an_application_outlives_a_collector_that_is_away(run_script: RunScript) -> None:
    done = run_script(
        """
import time, logging
logging.getLogger("opentelemetry").disabled = True
"""
        + TRACE_ONE
        + """
spanfold.set_active_model(name="v1")
print(spanfold.flush(timeout_s=0.2))
begin = time.monotonic()
print(spanfold.shutdown(timeout_s=0.5))
print(time.monotonic() - begin < 3)
""",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9",
        SPANFOLD_ENDPOINT="http://127.0.0.1:9",
    )
    assert done.stdout.split() == ["False", "False", "True"]
    assert done.stderr.count("Traceback") == 0
    assert "IDs are derived from names" in done.stderr


def test_forked_children_trace_on_and_every_span_arrives_exactly_once(run_script: RunScript) -> None:
    """The parent has an open connection, a queue with a span, and an active version at the fork."""
    with otlp_receiver.running() as server:
        run_script(
            """
import os, sys, spanfold
spanfold.set_active_model(name="v1")
def trace_as(who):
    for turn in range(5):
        with spanfold.start_span("span", attributes={"who": who, "turn": turn}): pass
        if turn % 2: spanfold.flush()
trace_as("before")
children = []
for child in range(4):
    pid = os.fork()
    if pid == 0:
        trace_as(f"child {child}")
        sys.exit(0)
    children.append(pid)
trace_as("parent")
assert all(os.waitpid(pid, 0)[1] == 0 for pid in children)
""",
            OTEL_EXPORTER_OTLP_ENDPOINT=server.address,
            SPANFOLD_ENDPOINT=server.address,
        )
    seen = [(a["who"], a["turn"]) for a in (attributes_of(span.attributes) for span in server.spans)]
    who = ["before", "parent", *(f"child {child}" for child in range(4))]
    assert sorted(seen) == sorted((name, turn) for name in who for turn in range(5))
    ids = {attributes_of(span.attributes)["spanfold.model.id"] for span in server.spans}
    assert ids == {derive_model_id("0", "v1")}
    assert len(server.records) == 1, "the event was the parent's"
    for spans in server.by_connection.values():
        senders = {attributes_of(span.attributes)["who"].replace("before", "parent") for span in spans}
        assert len(senders) == 1, "no two processes write to one socket"


def test_twenty_processes_that_start_at_once_make_one_version(run_script: RunScript) -> None:
    """Forked before anything is configured, as a server forks its workers; and the query API is away."""
    with otlp_receiver.running() as server:
        run_script(
            """
import os, sys, spanfold
import opentelemetry.exporter.otlp.proto.http.trace_exporter
import opentelemetry.exporter.otlp.proto.http._log_exporter
import requests, opentelemetry.sdk._logs.export, importlib.metadata, urllib.request
children = []
for _ in range(20):
    pid = os.fork()
    if pid == 0:
        spanfold.set_active_model(name="my-agent-v1.0")
        with spanfold.start_span("span"): pass
        sys.exit(0)
    children.append(pid)
assert all(os.waitpid(pid, 0)[1] == 0 for pid in children)
""",
            OTEL_EXPORTER_OTLP_ENDPOINT=server.address,
            SPANFOLD_ENDPOINT="http://127.0.0.1:9",
        )
    model_id = derive_model_id("0", "my-agent-v1.0")
    assert len(server.spans) == len(server.records) == 20
    assert {attributes_of(span.attributes)["spanfold.model.id"] for span in server.spans} == {model_id}
    assert {attributes_of(r.attributes)["spanfold.event.stream"] for r in server.records} == {model_id}
    assert len({attributes_of(r.attributes)["spanfold.event.id"] for r in server.records}) == 20


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_events_outlive_a_collector_that_is_away(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_RETRY_S", 0.05)
    spanfold.shutdown()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.3")
    spanfold.configure(endpoint=server.address, otlp_endpoint=server.address)
    server.status = 503
    model = spanfold.create_external_model(name="v1")
    server.wait_for(lambda: "/v1/logs" in server.posts)
    assert server.records == []
    server.status = 200
    server.wait_for(lambda: bool(server.records))
    assert [attributes_of(r.attributes)["spanfold.event.stream"] for r in server.records] == [model.model_id]
    assert spanfold.flush()
    assert len(server.records) == 1


def test_records_of_other_instrumentations_reach_the_collector(server: Server) -> None:
    """GenAI instrumentations emit events of their own through the global logger provider."""
    _logs.get_logger("somebody.else").emit(event_name="gen_ai.evaluation.result", body="0.9")
    assert spanfold.flush()
    assert [record.event_name for record in server.records] == ["gen_ai.evaluation.result"]


def test_configuring_again_changes_nothing_and_says_so_if_it_was_meant_to(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    spanfold.configure()
    spanfold.configure(endpoint=server.address, otlp_endpoint=server.address)
    assert caplog.records == []
    with caplog.at_level(logging.WARNING, "spanfold"):
        spanfold.configure(endpoint="http://127.0.0.1:9")
    assert "configured already" in caplog.text
    with spanfold.start_span("once"):
        pass
    assert spanfold.flush()
    assert [span.name for span in server.spans] == ["once"]


def test_after_a_shutdown_nothing_is_sent_until_it_is_configured_again(server: Server) -> None:
    assert spanfold.shutdown()
    with spanfold.start_span("lost"):
        pass
    spanfold.configure(endpoint=server.address, otlp_endpoint=server.address)
    with spanfold.start_span("sent"):
        pass
    assert spanfold.flush()
    assert [span.name for span in server.spans] == ["sent"]


@pytest.mark.parametrize("argument", ["endpoint", "otlp_endpoint"])
def test_an_address_that_is_no_web_address_is_refused(argument: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"{argument} must be an address"):
        spanfold.configure(**{argument: "localhost:4318"})  # type: ignore[arg-type] # its value is a text


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        (None, "", ["OTLPSpanExporter"]),
        ("OTEL_TRACES_EXPORTER", "none", []),
        ("OTEL_TRACES_EXPORTER", "console,otlp", ["ConsoleSpanExporter", "OTLPSpanExporter"]),
        ("OTEL_LOGS_EXPORTER", "none", ["OTLPSpanExporter"]),
    ],
)
def test_the_standard_variables_choose_the_exporters(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, value: str, expected: list[str]
) -> None:
    if variable:
        monkeypatch.setenv(variable, value)
    made = exporters.span_exporters(None)
    assert [type(exporter).__name__ for exporter in made] == expected
    for exporter in made:
        exporter.shutdown()


def test_grpc_is_used_where_the_standard_variable_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    (made,) = exporters.span_exporters("http://127.0.0.1:9")
    assert type(made).__module__.startswith("opentelemetry.exporter.otlp.proto.grpc")
    made.shutdown()


@pytest.mark.parametrize(
    ("variable", "value"),
    [("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"), ("OTEL_TRACES_EXPORTER", "nonesuch")],
)
def test_an_exporter_that_does_not_exist_is_a_clear_error(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidArgumentError, match=value):
        exporters.span_exporters(None)


def test_a_disabled_sdk_sends_nothing_and_breaks_nothing(run_script: RunScript) -> None:
    with otlp_receiver.running() as server:
        run_script(
            TRACE_ONE + 'print(spanfold.set_active_model(name="v1").model_id)',
            OTEL_SDK_DISABLED="true",
            OTEL_EXPORTER_OTLP_ENDPOINT=server.address,
            SPANFOLD_ENDPOINT=server.address,
        )
    assert server.posts == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")
def test_a_fork_during_configuration_does_not_hang_the_child(run_script: RunScript) -> None:
    """A lock that a thread of the parent holds at the fork is held for ever in the child."""
    with otlp_receiver.running() as server:
        run_script(
            """
import os, sys, threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)
import spanfold
from spanfold._internal import active, resolve, setup
held, done = threading.Event(), threading.Event()
def hold():
    with setup._lock.current, active._lock.current, resolve._memory.lock.current:
        held.set()
        done.wait(30)
thread = threading.Thread(target=hold)
thread.start()
held.wait(30)
pid = os.fork()
if pid == 0:
    spanfold.set_active_model(name="v1")
    with spanfold.start_span("child"): pass
    sys.exit(0)
done.set()
thread.join()
assert os.waitpid(pid, 0)[1] == 0
""",
            OTEL_EXPORTER_OTLP_ENDPOINT=server.address,
            SPANFOLD_ENDPOINT=server.address,
        )
    assert server.model_of("child") == derive_model_id("0", "v1")
