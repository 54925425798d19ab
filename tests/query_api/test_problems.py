"""Errors over HTTP alone: no engine is needed to refuse a request, or to say that the engine is away."""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest

from spanfold_query_api.app import create_app
from spanfold_schemas.database import PermanentDatabaseError, RetryableDatabaseError
from tests.query_api.conftest import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from spanfold_schemas.database import Database


class FailingDatabase:
    """Fails every call in the same way."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def query(self, *_: object, **__: object) -> Any:
        raise self._error

    query_raw = command = insert_protobuf = insert_rows = query

    def close(self) -> None: ...


@pytest.fixture(scope="module")
def api() -> Iterator[httpx.Client]:
    database: Database = FailingDatabase(AssertionError("the database was asked"))
    with served(database) as client:
        yield client


def problem(response: httpx.Response) -> dict[str, Any]:
    """The body, after checking what every problem has."""
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == response.status_code
    assert body["type"].startswith("urn:spanfold:problem:")
    assert body["title"]
    assert body["detail"]
    return body


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/v1/traces?limit=0", "limit"),
        ("/v1/traces?limit=1001", "limit"),
        ("/v1/traces?limit=many", "limit"),
        ("/v1/traces?start=yesterday", "start"),
        ("/v1/traces?start=2026-11-21T05:00:00Z&end=2026-11-21T05:00:00Z", "end"),
        ("/v1/traces?page_token=" + "a" * 1001, "page_token"),
        ("/v1/traces?page_token=junk", "page_token"),
        ("/v1/traces?model_id=" + "m" * 601, "model_id"),
        ("/v1/traces?modelid=m", "modelid"),
        ("/v1/traces/not-an-id", "trace_id"),
        ("/v1/traces/" + "0" * 31, "trace_id"),
        ("/v1/models?as_of=2026", "as_of"),
        ("/v1/models/m/events?limit=-1", "limit"),
        ("/v1/models/m/summary?end=x", "end"),
        ("/v1/models/" + "m" * 601, "model_id"),
    ],
)
def test_a_bad_parameter_is_refused_by_name_before_the_database_is_asked(
    api: httpx.Client, path: str, parameter: str
) -> None:
    response = api.get(path)
    assert response.status_code == 422
    body = problem(response)
    assert [item["parameter"] for item in body["errors"]] == [parameter]
    assert parameter in body["detail"]


def test_a_bad_filter_gets_the_position_and_what_was_expected(api: httpx.Client) -> None:
    response = api.get("/v1/traces", params={"filter": "status = 'OK' AND stats = 'x'"})
    body = problem(response)
    assert body["type"] == "urn:spanfold:problem:invalid-filter"
    assert (body["position"], body["found"], body["suggestion"]) == (18, "stats", "status")
    body = problem(api.get("/v1/traces", params={"filter": "status = OK"}))
    assert body["position"] == 9
    assert "a string in single quotes" in body["expected"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/nothing", 404), ("POST", "/v1/traces", 405), ("GET", "/v1/traces/", 404)],
)
def test_what_is_not_offered_is_a_problem_too(api: httpx.Client, method: str, path: str, status: int) -> None:
    response = api.request(method, path)
    assert response.status_code == status
    problem(response)


def test_health_does_not_depend_on_the_database(api: httpx.Client) -> None:
    assert api.get("/health").json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/v1/traces", "/v1/traces/" + "0" * 32, "/v1/models", "/v1/models/m"])
def test_a_database_that_is_away_is_answered_with_503_and_when_to_try_again(path: str) -> None:
    with served(FailingDatabase(RetryableDatabaseError("secret-host refused"))) as client:
        response = client.get(path)
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0
    assert "secret-host" not in json.dumps(problem(response))


@pytest.mark.parametrize(
    ("error", "kind"),
    [(PermanentDatabaseError("secret sql"), "database-refused"), (KeyError("secret"), "internal-error")],
)
def test_a_fault_of_the_server_is_logged_and_tells_the_client_nothing_of_its_insides(
    error: Exception, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    with served(FailingDatabase(error)) as client, caplog.at_level(logging.ERROR):
        response = client.get("/v1/traces")
    assert response.status_code == 500
    body = problem(response)
    assert body["type"].endswith(kind)
    assert "secret" not in json.dumps(body)
    assert "secret" in caplog.text


PATHS = {
    "/health",
    "/v1/agreement",
    "/v1/artifacts/{sha256}",
    "/v1/changes",
    "/v1/compare",
    "/v1/diff",
    "/v1/evaluations",
    "/v1/evaluations/compare",
    "/v1/evaluations/estimate",
    "/v1/evaluations/{evaluation_id}",
    "/v1/evaluations/{evaluation_id}/cancel",
    "/v1/evaluations/{evaluation_id}/events",
    "/v1/evaluations/{evaluation_id}/resume",
    "/v1/evaluations/{evaluation_id}/scores",
    "/v1/experiments",
    "/v1/experiments/{experiment_id}",
    "/v1/metrics",
    "/v1/models",
    "/v1/models/trends",
    "/v1/models/{model_id}",
    "/v1/models/{model_id}/artifacts",
    "/v1/models/{model_id}/artifacts/{path}",
    "/v1/models/{model_id}/events",
    "/v1/models/{model_id}/summary",
    "/v1/monitors",
    "/v1/monitors/{monitor_id}",
    "/v1/monitors/{monitor_id}/pause",
    "/v1/monitors/{monitor_id}/resume",
    "/v1/operations",
    "/v1/prompts",
    "/v1/prompts/{name}",
    "/v1/prompts/{name}/aliases/{alias}",
    "/v1/prompts/{name}/diff",
    "/v1/prompts/{name}/events",
    "/v1/prompts/{name}/tags",
    "/v1/prompts/{name}/tags/{key}",
    "/v1/prompts/{name}/versions",
    "/v1/prompts/{name}/versions/{version}",
    "/v1/regressions",
    "/v1/runs",
    "/v1/runs/{run_id}",
    "/v1/runs/{run_id}/events",
    "/v1/traces",
    "/v1/traces/count",
    "/v1/traces/details",
    "/v1/traces/export",
    "/v1/traces/facets",
    "/v1/traces/fields",
    "/v1/traces/histogram",
    "/v1/traces/scatter",
    "/v1/traces/{trace_id}",
    "/v1/traces/{trace_id}/expectations",
    "/v1/traces/{trace_id}/feedback",
    "/v1/traces/{trace_id}/logs",
}


def test_openapi_documents_every_operation_with_its_problems_and_no_broken_reference() -> None:
    document = create_app(FailingDatabase(AssertionError())).openapi()
    assert set(document["paths"]) == PATHS
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"]
            if path != "/health":
                assert {"422", "503"} <= set(operation["responses"])
                assert {"200", "201", "202", "204"} & set(operation["responses"])
                assert "application/problem+json" in operation["responses"]["503"]["content"]
    text = json.dumps(document)
    references = set(re.findall(r'"\$ref": "([^"]+)"', text))
    assert references
    defined = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references <= defined
    assert "HTTPValidationError" not in text
