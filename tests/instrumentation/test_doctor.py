"""``spanfold doctor``: what is there, why something is not used, and a trace followed all the way."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from spanfold._internal.instrumentation import doctor, examination, installed
from tests.deploy.processes import FREE_PORTS, environment, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.processes import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving("serve", tmp_path_factory.mktemp("doctor"), *FREE_PORTS) as running:
        yield running


def examined(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "spanfold", "doctor", *arguments],
        env=environment(NO_PROXY="127.0.0.1", **variables),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def addresses(server: Server) -> dict[str, str]:
    ready = server.ready
    return {"SPANFOLD_ENDPOINT": ready["api_url"], "OTEL_EXPORTER_OTLP_ENDPOINT": ready["otlp_http_endpoint"]}


def by_distribution(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {str(one["instrumentor"]).partition(" ")[0]: one for one in report["libraries"]}


def test_a_test_trace_is_sent_and_read_back_through_the_query_api(server: Server) -> None:
    done = examined("--json", **addresses(server), OTEL_TRACES_SAMPLER="always_off")
    report = json.loads(done.stdout)
    assert (done.returncode, report["ok"], done.stderr) == (0, True, "")
    assert [probe["ok"] for probe in report["probes"]] == [True] * 4
    assert all(probe["ms"] > 0 for probe in report["probes"])


def test_what_is_used_and_what_is_skipped_is_told_with_versions_and_reasons(server: Server) -> None:
    done = examined("--json", **addresses(server), OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="celery")
    found = by_distribution(json.loads(done.stdout))
    used, skipped = (
        found["opentelemetry-instrumentation-genai-openai"],
        found["openinference-instrumentation-openai"],
    )
    assert (used["status"], used["version"], used["family"]) == (
        "instrumented",
        "3.52.0",
        "OpenTelemetry GenAI",
    )
    assert (skipped["status"], skipped["family"]) == ("skipped", "OpenInference")
    assert "double" in skipped["reason"]
    assert found["opentelemetry-instrumentation-openai"]["family"] == "OpenLLMetry"
    assert found["opentelemetry-instrumentation-celery"]["reason"] == (
        "disabled by OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"
    )


def test_servers_that_are_away_are_named_with_a_fix_and_an_exit_status() -> None:
    done = examined(SPANFOLD_ENDPOINT="http://127.0.0.1:9", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert done.returncode == 1
    assert "FAILED  query API http://127.0.0.1:9" in done.stdout
    assert "FAILED  collector http://127.0.0.1:9" in done.stdout
    assert "spanfold serve" in done.stdout
    assert done.stdout.endswith("something needs attention: see above\n")


def test_a_collector_that_refuses_is_quoted(server: Server) -> None:
    wrong = {
        **addresses(server),
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{server.ready['api_url']}/v1/traces",
    }
    report = json.loads(examined("--json", **wrong).stdout)
    assert not report["ok"]
    assert "405" in report["probes"][-1]["detail"] or "404" in report["probes"][-1]["detail"]


def test_secrets_of_the_environment_are_not_shown() -> None:
    given = {"OTEL_EXPORTER_OTLP_HEADERS": "key=1", "SPANFOLD_ENDPOINT": "http://me:pw@host", "PATH": "/bin"}
    shown = examination.environment_of(given)
    assert shown == {"OTEL_EXPORTER_OTLP_HEADERS": "***", "SPANFOLD_ENDPOINT": "http://***@host"}


def test_a_library_without_an_instrumentor_is_listed_with_the_line_that_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("spanfold._internal.instrumentation.autolog.plan", lambda _: [])
    found = {one.library: one for one in examination.findings()}
    assert found["openai"].status == "no instrumentor"
    assert found["openai"].reason == "pip install 'spanfold[openai]'"


def test_packages_that_do_not_fit_each_other_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert examination.mismatches() == []
    real = installed.version_of
    monkeypatch.setattr(
        examination,
        "version_of",
        lambda name: "0.48b0" if name == "opentelemetry-instrumentation" else real(name),
    )
    problems = examination.mismatches()
    assert any("opentelemetry-instrumentation==0.66b2, but 0.48b0 is installed" in line for line in problems)


def test_with_the_sdk_alone_the_doctor_says_how_to_get_instrumentors() -> None:
    code = (
        "import sys\n"
        "for name in ('packaging', 'packaging.requirements', 'typer', 'wrapt'): sys.modules[name] = None\n"
        "import importlib.metadata as metadata\n"
        "metadata.entry_points = lambda **_: ()\n"
        "from spanfold._internal.instrumentation import autolog, command, examination\n"
        "autolog.begin(autolog.wish())\n"
        "examination.version_of = {'openai': '3.52.0'}.get\n"
        "command.main(['doctor'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(
            SPANFOLD_ENDPOINT="http://127.0.0.1:9", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9"
        ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "no instrumentor of any library is installed: pip install 'spanfold[" in done.stderr
    assert "openai  3.52.0  no instrumentor    pip install 'spanfold[openai]'" in done.stdout
    assert "no instrumentor can be loaded: pip install 'spanfold[instrument]'" in done.stdout


def test_an_instrumentor_that_does_not_load_is_a_fault_of_the_installation() -> None:
    broken = examination.Finding("openai", "3.52.0", examination.BROKEN, reason="it does not load")
    report = doctor.Report("3.11", "0.1.0", "1.45.2", [broken], [], [], [], {})
    assert not report.ok
    assert "  openai  3.52.0  broken    it does not load" in list(doctor.lines(report))
