"""The same search in the published mlflow server: over its REST interface, and on its page."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx

from benchmarks._browser import Wanted, browser, person
from benchmarks._load import Load, send
from benchmarks._peers import MLFLOW
from benchmarks._processes import answers, free_port, run_server, run_spanfold
from benchmarks._traffic import BATCH_SPANS, SPANS_A_TRACE
from benchmarks._web_walks import ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks._processes import Server

LIMIT: Final = 100
_IDLE_S: Final = 3.0
_TIMEOUT_S: Final = 120
_QUESTIONS: Final = ("newest 100", "newest 100 of one version", "newest 100 with an error")


@dataclass(slots=True)
class Measured:
    """What a server needed."""

    ingest_cpu_s: float
    wall_ms: dict[str, float] = field(default_factory=dict)
    found: dict[str, int] = field(default_factory=dict)
    version: str = ""
    """The ID of the version with the most traces."""


def _ask(measured: Measured, rounds: int, requests: Mapping[str, Callable[[], httpx.Response]]) -> None:
    for question, request in requests.items():
        answer = request()  # the first pays for what the others find warm
        walls = []
        for _ in range(2 * rounds + 1):
            began = time.perf_counter()
            answer = request().raise_for_status()
            walls.append(time.perf_counter() - began)
        measured.wall_ms[question] = statistics.median(walls) * 1e3
        measured.found[question] = len(answer.json().get("traces", []))


def _look(
    measured: Measured, rounds: int, url: str, server: Server, pages: Mapping[str, tuple[str, Wanted]]
) -> None:
    with browser() as launched:
        for question, (path, wanted) in pages.items():
            waits = []
            for _ in range(rounds):
                with person(launched, url, server) as somebody:
                    somebody.open(question, path, [wanted])
                    waits.append(somebody.waits[question].seen_ms[wanted.name])
            measured.wall_ms[question] = statistics.median(waits)


def _filled(server: Server, load: Load) -> Measured:
    send(Load(url=load.url, requests=1, spans=SPANS_A_TRACE, seed=99, headers=load.headers))
    idle = server.idle_share(_IDLE_S)
    began = server.cpu_s()
    outcome = send(load)
    server.settle(idle)
    if outcome.refused_requests:
        raise RuntimeError(f"{load.url} refused {outcome.refused_requests} requests")
    return Measured(server.cpu_s() - began)


def measure_spanfold(spans: int, rounds: int) -> Measured:
    """``spanfold serve`` with so many spans in an empty directory."""
    with (
        tempfile.TemporaryDirectory() as folder,
        run_spanfold(Path(folder) / "data", Path(folder) / "log") as server,
    ):
        url = server.addresses["api_url"]
        measured = _filled(
            server, Load(url=server.addresses["otlp_http_endpoint"], requests=spans // BATCH_SPANS)
        )
        with httpx.Client(base_url=url, timeout=_TIMEOUT_S) as client:
            facets = client.get("/v1/traces/facets", params={"field": "model_id", "limit": 1}).json()[
                "facets"
            ]
            measured.version = facets[0]["values"][0]["value"]

            def search(**parameters: str) -> Callable[[], httpx.Response]:
                return lambda: client.get("/v1/traces", params={"limit": LIMIT, **parameters})

            searches = (search(), search(model_id=measured.version), search(filter="status = 'ERROR'"))
            _ask(measured, rounds, dict(zip(_QUESTIONS, searches, strict=True)))
        _look(measured, rounds, url, server, {"page of traces, first rows": ("/traces", ROWS)})
    return measured


def measure_mlflow(spans: int, rounds: int, cache_dir: Path, version: str) -> Measured:
    """The same spans in mlflow on SQLite, each trace told its version afterwards: spans do not tell it."""
    python = MLFLOW.python(cache_dir)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        with run_server(
            [str(python), *MLFLOW.arguments(port, directory)],
            directory / "log",
            lambda _: answers(url + MLFLOW.ready_path),
            MLFLOW.variables(port, directory),
        ) as server:
            headers = dict(MLFLOW.headers)
            load = Load(url=url, requests=spans // BATCH_SPANS, headers=headers, links=True)
            measured = _filled(server, load)
            with httpx.Client(base_url=f"{url}/api/3.0/mlflow", timeout=_TIMEOUT_S) as client:
                _ask(measured, rounds, _mlflow_searches(client, version))
            row = Wanted("rows", "[role=row] a, [role=row] [role=cell], tbody tr td")
            _look(
                measured,
                rounds,
                url,
                server,
                {"page of traces, first rows": ("/#/experiments/0/traces", row)},
            )
    return measured


def _mlflow_searches(client: httpx.Client, version: str) -> dict[str, Callable[[], httpx.Response]]:
    location = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}

    def search(condition: str) -> Callable[[], httpx.Response]:
        body = {
            "locations": [location],
            "filter": condition,
            "max_results": LIMIT,
            "order_by": ["timestamp_ms DESC"],
        }
        return lambda: client.post("/traces/search", json=body)

    conditions = ("", f"request_metadata.`mlflow.modelId` = '{version}'", "status = 'ERROR'")
    return dict(zip(_QUESTIONS, map(search, conditions), strict=True))


def measure_same_search(spans: int, cache_dir: Path, rounds: int) -> list[dict[str, Any]]:
    """Both servers, one after the other; a row for each question.

    Raises:
        RuntimeError: a server refused a request.
        subprocess.SubprocessError: mlflow could not be installed.
    """
    ours = measure_spanfold(spans, rounds)
    print("spanfold is done", file=sys.stderr)
    theirs = measure_mlflow(spans, rounds, cache_dir, ours.version)
    taken = {"question": "taking the spans, CPU ms", "spanfold ms": ours.ingest_cpu_s * 1e3}
    taken |= {"mlflow ms": theirs.ingest_cpu_s * 1e3, "times": theirs.ingest_cpu_s / ours.ingest_cpu_s}
    made: list[dict[str, Any]] = [{**taken, "found": ""}]
    for question, ms in ours.wall_ms.items():
        peer_ms = theirs.wall_ms[question]
        found = f"{ours.found[question]}, {theirs.found[question]}" if question in ours.found else ""
        row = {"question": question, "spanfold ms": ms, "mlflow ms": peer_ms, "times": peer_ms / ms}
        made.append({**row, "found": found})
    return made
