"""Version tracking with real processes and a real server: many at once, without a server, and read back."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from spanfold_schemas.ids import derive_experiment_id, derive_model_id
from tests.deploy.processes import FREE_PORTS, TIMEOUT_S, Server, environment, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROCESSES = 200


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving("serve", tmp_path_factory.mktemp("versions") / "data", *FREE_PORTS) as started:
        yield started


def addresses(ready: dict[str, Any]) -> dict[str, str]:
    return {
        "SPANFOLD_ENDPOINT": ready["api_url"],
        "OTEL_EXPORTER_OTLP_ENDPOINT": ready["otlp_http_endpoint"],
    }


def run_python(ready: dict[str, Any], code: str, **more: str) -> Any:
    """Run a program to its end; what it printed, as JSON."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environment(**addresses(ready), **more),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S * 2,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def get(server: Server, path: str, **parameters: str) -> Any:
    response = httpx.get(f"{server.ready['api_url']}{path}", params=parameters, timeout=TIMEOUT_S)
    response.raise_for_status()
    return response.json()


AT_ONCE = """
import importlib, json, os, pkgutil, sys
import spanfold, spanfold._internal
# What a first use imports is imported once, by the parent: its children are to be light.
import opentelemetry.exporter.otlp.proto.http.trace_exporter
import opentelemetry.exporter.otlp.proto.http._log_exporter
import opentelemetry.sdk._logs.export, requests, urllib.request
for module in pkgutil.iter_modules(spanfold._internal.__path__, "spanfold._internal."):
    importlib.import_module(module.name)

ready, start = os.pipe(), os.pipe()
children = []
for _ in range(int(sys.argv[1])):
    child = os.fork()
    if child == 0:
        os.close(start[1])
        os.read(start[0], 1)  # until the parent closes its end: all of them start together
        model = spanfold.set_active_model(name="x")
        flushed = spanfold.flush(60)
        os.write(ready[1], f"{model.model_id} {flushed}\\n".encode())
        os._exit(0)
    children.append(child)
os.close(start[1])
os.close(ready[1])
failed = sum(os.waitpid(child, 0)[1] != 0 for child in children)
lines = b"".join(iter(lambda: os.read(ready[0], 65536), b"")).decode().splitlines()
print(json.dumps({"failed": failed, "lines": lines}))
"""


def test_two_hundred_processes_that_name_a_version_at_once_make_one(server: Server) -> None:
    done = subprocess.run(
        [sys.executable, "-c", AT_ONCE, str(PROCESSES)],
        env=environment(**addresses(server.ready)),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["failed"] == 0
    assert told["lines"] == [f"{derive_model_id('0', 'x')} True"] * PROCESSES
    (model,) = get(server, "/v1/models", name="x")["models"]
    assert model["model_id"] == derive_model_id("0", "x")


LIFE = """
import json, spanfold
experiment = spanfold.set_experiment("support bot")
with spanfold.start_run(run_name="trial", tags={"team": "ml"}) as outer:
    spanfold.log_params({"k": 5})
    spanfold.log_metric("loss", 0.25, step=1)
    with spanfold.start_run(nested=True) as inner:
        model = spanfold.initialize_logged_model(name="bot v1.0", params={"top_k": "5"})
    with spanfold.start_span("answer"):
        pass
before = model.creation_timestamp + 1
spanfold.set_logged_model_tags(model.model_id, {"stage": "dev", "gone": "x"})
spanfold.delete_logged_model_tag(model.model_id, "gone")
spanfold.log_model_params({"temperature": "0.5"}, model.model_id)
spanfold.log_metrics({"f1": 0.75}, model_id=model.model_id)
spanfold.finalize_logged_model(model.model_id, "READY")
other = spanfold.create_external_model(name="bot v1.1")
spanfold.log_metric("f1", 0.5, model_id=other.model_id)

now = spanfold.get_logged_model(model.model_id)
then = spanfold.get_logged_model(model.model_id, as_of=before)
found = spanfold.search_logged_models(
    filter_string="metrics.f1 > 0.1", order_by=[{"field_name": "metrics.f1", "ascending": True}],
    output_format="list")
frame = spanfold.search_logged_models([experiment.experiment_id], "params.top_k = '5'")
runs = spanfold.search_runs(output_format="list")
run_frame = spanfold.search_runs(filter_string="params.k = '5'")
read = spanfold.get_run(outer.info.run_id)
last = spanfold.last_logged_model()

spanfold.delete_logged_model(other.model_id)
left = spanfold.search_logged_models(output_format="list")
try:
    spanfold.get_logged_model(other.model_id)
    deleted = None
except LookupError as fault:
    deleted = str(fault)
again = spanfold.set_active_model(name="bot v1.1")
spanfold.restore_logged_model(other.model_id)
restored = spanfold.get_logged_model(other.model_id)
print(json.dumps({
    "model_id": model.model_id,
    "outer": outer.info.run_id,
    "now": [now.status, now.tags, now.params, now.metrics, now.source_run_id == inner.info.run_id],
    "then": [then.status, then.tags, then.params, then.metrics],
    "found": [one.name for one in found],
    "frame": [list(frame["name"]), list(frame["params"])],
    "runs": [[one.info.run_name, one.info.status, one.info.parent_run_id] for one in runs][-1:],
    "children": sum(one.info.parent_run_id == outer.info.run_id for one in runs),
    "run_frame": [list(run_frame["params.k"]), list(run_frame["metrics.loss"]),
        str(run_frame["end_time"].dt.tz)],
    "read": [read.data.params, read.data.metrics, read.data.tags, read.info.end_time is not None],
    "last": last.name,
    "left": [one.name for one in left],
    "deleted": deleted,
    "again": [again.model_id != other.model_id, again.name],
    "restored": restored.metrics,
    "history": [[event.event_type, event.actor, event.source] for event in spanfold.history(model.model_id)],
}))
"""


def test_a_versions_whole_life_is_recorded_and_read_back_by_the_program_that_made_it(server: Server) -> None:
    told = run_python(server.ready, LIFE, OTEL_SERVICE_NAME="shop")
    assert told["now"] == [
        *("READY", {"stage": "dev"}, {"top_k": "5", "temperature": "0.5"}, {"f1": 0.75}),
        True,
    ]
    assert told["then"] == ["PENDING", {}, {"top_k": "5"}, {}]
    assert told["found"] == ["bot v1.1", "bot v1.0"]
    assert told["frame"] == [["bot v1.0"], [{"top_k": "5", "temperature": "0.5"}]]
    assert told["runs"] == [["trial", "FINISHED", None]]
    assert told["children"] == 1
    assert told["run_frame"] == [["5"], [0.25], "UTC"]
    assert told["read"] == [{"k": "5"}, {"loss": 0.25}, {"team": "ml"}, True]
    assert told["last"] == "bot v1.1"
    assert told["left"] == ["bot v1.0"]
    assert "was deleted: restore_logged_model() brings it back" in told["deleted"]
    assert told["again"] == [True, "bot v1.1"]
    assert told["restored"] == {"f1": 0.5}
    assert told["history"] == [
        [f"spanfold.model.{what}", "shop", "sdk"]
        for what in (
            *("created", "tags_set", "tag_deleted", "params_logged", "metrics_logged", "status_set"),
        )
    ]
    model = get(server, f"/v1/models/{told['model_id']}")
    assert model["experiment_id"] == derive_experiment_id("support bot")


def test_a_deleted_versions_name_means_one_new_version_to_every_later_process(server: Server) -> None:
    program = "import json, spanfold\nmodel = spanfold.set_active_model(name='once deleted')\n"
    tell = "print(json.dumps(model.model_id))"
    first = run_python(server.ready, f"{program}spanfold.delete_logged_model(model.model_id)\n{tell}")
    second, third = (run_python(server.ready, program + tell) for _ in range(2))
    assert first != second == third
    assert [model["model_id"] for model in get(server, "/v1/models", name="once deleted")["models"]] == [
        second
    ]


WITHOUT_SERVER = """
import json, sys, time
import spanfold
from spanfold.errors import ServerUnavailableError

start = time.monotonic()
model = spanfold.set_active_model(name="made without a server")
with spanfold.start_run() as run:
    spanfold.log_metric("f1", 0.5)
spanfold.set_logged_model_tags(model.model_id, {"team": "ml"})
wrote_s = time.monotonic() - start
try:
    spanfold.get_run(run.info.run_id)
    refused = ""
except ServerUnavailableError as fault:
    refused = str(fault)
print(json.dumps({"model_id": model.model_id, "wrote_s": wrote_s, "refused": refused}), flush=True)
sys.stdin.readline()  # now there is a server
end = time.monotonic() + 60
while time.monotonic() < end:
    spanfold.flush(5)
    try:
        read, read_run = spanfold.get_logged_model(model.model_id), spanfold.get_run(run.info.run_id)
        break
    except (ServerUnavailableError, LookupError):
        time.sleep(0.2)
print(json.dumps({"name": read.name, "tags": read.tags, "status": read_run.info.status,
    "f1": [read.metrics["f1"], read_run.data.metrics["f1"]]}))
"""


def test_without_a_server_writes_go_on_reads_say_so_and_events_arrive_when_it_is_back(tmp_path: Path) -> None:
    with serving("serve", tmp_path / "data", *FREE_PORTS) as first:
        ready = first.ready
        assert first.stop() == 0
    program = subprocess.Popen(
        [sys.executable, "-c", WITHOUT_SERVER],
        env=environment(**addresses(ready)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with program:
        assert program.stdin is not None
        assert program.stdout is not None
        told = json.loads(program.stdout.readline())
        assert told["model_id"] == derive_model_id("0", "made without a server")
        assert told["wrote_s"] < 5
        assert ready["api_url"] in told["refused"]
        assert "spanfold serve" in told["refused"]
        ports = [
            *("--api-port", ready["api_url"].rpartition(":")[2], "--otlp-grpc-port", "0"),
            *("--otlp-http-port", ready["otlp_http_endpoint"].rpartition(":")[2]),
        ]
        with serving("serve", tmp_path / "data", *ports):
            program.stdin.write("go\n")
            program.stdin.flush()
            last = json.loads(program.stdout.readline())
            assert program.wait(TIMEOUT_S) == 0
    assert last == {
        "name": "made without a server",
        "tags": {"team": "ml"},
        "status": "FINISHED",
        "f1": [0.5, 0.5],
    }
