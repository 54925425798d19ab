"""The demo from start to end: server, services, traffic, and what the server then knows of the versions."""

from __future__ import annotations

import os
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any, Final

import httpx

import spanfold
from spanfold_deploy.demo.answer import RETRIEVER_VARIABLE
from spanfold_deploy.demo.process import Child, ChildError, stop_all
from spanfold_deploy.demo.questions import ask
from spanfold_deploy.demo.traffic import Deployment, Feedback, send_traffic
from spanfold_deploy.demo.versions import VERSIONS
from spanfold_deploy.errors import ApiError, StartError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from spanfold_deploy.demo.traffic import Tally

ARRIVAL_TIMEOUT_S: Final = 30.0
_SERVICE_ENVIRONMENT: Final = {"OTEL_SEMCONV_STABILITY_OPT_IN": "http"}
"""The instrumentations still write the attribute names of old unless they are asked for the stable ones."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a spanfold server answers."""

    api_url: str
    otlp_http_endpoint: str


@dataclass(frozen=True, slots=True)
class VersionReport:
    """One line of the result: the server's summary, beside what the users counted."""

    model: Mapping[str, Any]
    summary: Mapping[str, Any]
    tally: Tally


def start_server(directory: Path, log: IO[bytes]) -> tuple[Child, Server]:
    """Start ``spanfold serve`` in a process of its own, on free ports where the usual ones are taken.

    Raises:
        StartError: it did not start; the log says why.
    """
    usual = {"--otlp-grpc-port": 4317, "--otlp-http-port": 4318, "--api-port": 4319}
    ports = [part for flag, port in usual.items() for part in (flag, str(port if _is_free(port) else 0))]
    arguments = ["serve", "--json", "--host", "127.0.0.1", "--data", str(directory), *ports]
    child = Child("spanfold_deploy.cli", *arguments, environment={}, log=log)
    try:
        ready = child.ready()
    except ChildError:
        child.terminate()
        child.wait()
        message = f"spanfold serve did not start; see {log.name}:\n{_last_lines(log)}"
        raise StartError(message) from None
    return child, Server(ready["api_url"], ready["otlp_http_endpoint"])


def stop_server(child: Child) -> None:
    """Stop the server in order."""
    child.terminate()
    child.wait()


def run_traffic(
    server: Server, questions_per_version: int, log: IO[bytes], on_answer: Callable[[], object]
) -> list[VersionReport]:
    """Deploy the three versions, send the traffic, and report once all of it is queryable.

    Raises:
        StartError: a service did not start.
        ApiError: the server lost contact, or traces did not arrive.
    """
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = server.otlp_http_endpoint
    os.environ["SPANFOLD_ENDPOINT"] = server.api_url
    spanfold.configure(service_name="docs-qa-rollout")
    begun = time.time()
    with ExitStack() as opened, httpx.Client(base_url=server.api_url, timeout=30) as api:
        models = {name: _register(api, name) for name in VERSIONS}
        services: list[Child] = []
        opened.callback(stop_all, services)
        deployments = _deploy(services, models, log)
        feedback = Feedback(server.otlp_http_endpoint)
        tallies = send_traffic(deployments, ask(questions_per_version), feedback, on_answer)
        feedback.close()
        stop_all(services)  # which flushes the last spans
        services.clear()
        return [
            VersionReport(
                models[name], _wait_for_summary(api, models[name]["model_id"], tally.sent, begun), tally
            )
            for name, tally in tallies.items()
        ]


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def _register(api: httpx.Client, name: str) -> Mapping[str, Any]:
    """The model version of that name: registered now, or by an earlier demo with the same parameters."""
    params = VERSIONS[name].params()
    for model in _get(api, "/v1/models", name=name)["models"]:
        if model["name"] == name and model["params"] == params and not model["deleted"]:
            return dict(model)
    model_id = spanfold.create_external_model(name=name, params=params, model_type="docs-qa").model_id
    return {"name": name, "model_id": model_id, "params": params}


def _deploy(
    services: list[Child], models: Mapping[str, Mapping[str, Any]], log: IO[bytes]
) -> list[Deployment]:
    """Start the retriever and one answer service a version, and warm the indexes up.

    Raises:
        StartError: one of them did not start.
    """
    retriever = Child("spanfold_deploy.demo.retriever", environment=_SERVICE_ENVIRONMENT, log=log)
    services.append(retriever)
    try:
        retriever_url = retriever.ready()["url"]
        for name, model in models.items():
            environment = {
                **_SERVICE_ENVIRONMENT,
                "SPANFOLD_ACTIVE_MODEL_ID": model["model_id"],
                RETRIEVER_VARIABLE: retriever_url,
            }
            services.append(Child("spanfold_deploy.demo.answer", name, environment=environment, log=log))
        for version in VERSIONS.values():
            index = {"passage_words": version.passage_words, "title_boost": version.title_boost}
            httpx.put(f"{retriever_url}/indexes", params=index, timeout=60).raise_for_status()
        return [
            Deployment(name, model["model_id"], service.ready()["url"])
            for (name, model), service in zip(models.items(), services[1:], strict=True)
        ]
    except (ChildError, httpx.HTTPError) as error:
        message = f"the demo service did not start: {error}; see {log.name}:\n{_last_lines(log)}"
        raise StartError(message) from error


def _wait_for_summary(api: httpx.Client, model_id: str, traces: int, since: float) -> Mapping[str, Any]:
    """The server's summary of this run, once every trace is in it.

    Raises:
        ApiError: traces are missing after half a minute.
    """
    deadline = time.monotonic() + ARRIVAL_TIMEOUT_S
    start = datetime.fromtimestamp(since, UTC).isoformat()
    while True:
        summary: Mapping[str, Any] = _get(api, f"/v1/models/{model_id}/summary", start=start)
        if summary["trace_count"] >= traces:
            return summary
        if time.monotonic() > deadline:
            message = f"only {summary['trace_count']} of {traces} traces of {model_id} arrived"
            raise ApiError(message)
        time.sleep(0.2)


def _get(api: httpx.Client, path: str, **parameters: str) -> Any:
    try:
        return api.get(path, params=parameters).raise_for_status().json()
    except httpx.HTTPError as error:
        message = f"the query API at {api.base_url} failed: {error}"
        raise ApiError(message) from error


def _last_lines(log: IO[bytes]) -> str:
    with open(log.name, "rb") as written:  # noqa: PTH123 - the name of an open file
        return b"".join(written.readlines()[-5:]).decode(errors="replace").rstrip()
