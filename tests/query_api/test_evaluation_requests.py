"""Requests that would do harm, or cannot be what was meant: refused before anything is recorded or run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.query_api.test_evaluation_workers import ASKED

if TYPE_CHECKING:
    import httpx

PATH: Final = "/v1/evaluations"
JUDGE: Final = "answer_similarity"


def _deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    for _ in range(levels):
        schema = {"properties": {"a": schema}}
    return schema


@pytest.mark.parametrize(
    "metric",
    [
        {"name": JUDGE, "parameters": {"model": 5}},
        {"name": JUDGE, "parameters": {"parameters": 5}},
        {"name": JUDGE, "parameters": {"examples": 5}},
        {"name": JUDGE, "parameters": {"extra_headers": 5}},
        {"name": "guidelines", "parameters": {"guidelines": 5}},
        {"name": "genai", "parameters": {"name": "x", "definition": 5, "grading_prompt": 7}},
        {"name": "semantic_similarity", "parameters": {"model": 5}},
        {"name": "json_schema_match", "parameters": {"schema": _deep(100)}},
    ],
)
def test_parameters_that_no_metric_expects_are_the_callers_fault(
    api: httpx.Client, metric: dict[str, Any]
) -> None:
    response = api.post(PATH, json={**ASKED, "metrics": [metric]})
    assert response.status_code == 422, response.text


@pytest.mark.parametrize(
    "parameters",
    [
        {"extra_headers": {"Authorization": "Bearer hush-hush"}},
        {"proxy_url": "http://user:hush-hush@proxy"},
        {"parameters": {"api_key": "hush-hush"}},
        {"parameters": {"extra_body": [{"authToken": "hush-hush"}]}},
        {"parameters": {"X-Api-Key": "hush-hush"}},
    ],
)
@pytest.mark.parametrize("path", [PATH, "/v1/monitors"])
def test_secrets_are_refused_and_not_repeated(
    api: httpx.Client, parameters: dict[str, Any], path: str
) -> None:
    metric = {"name": JUDGE, "parameters": parameters}
    response = api.post(path, json={"name": "n", "selection": {}, "metrics": [metric]})
    assert response.status_code == 422
    assert "environment" in response.json()["detail"]
    assert "hush-hush" not in response.text


def test_a_metric_may_not_ask_for_any_number_of_threads(api: httpx.Client) -> None:
    metric = {"name": JUDGE, "parameters": {"max_workers": 10**9}}
    response = api.post(PATH, json={**ASKED, "metrics": [metric]})
    assert response.status_code == 422
    assert "max_workers" in response.json()["detail"]


@pytest.mark.parametrize(
    ("selection", "kind"),
    [
        ({"model": 5}, "invalid-parameter"),
        ({"where": "status = 'OK'; DROP TABLE spans"}, "invalid-filter"),
        ({"where": "(" * 3000}, "invalid-filter"),
        ({"where": "statsu = 'OK'"}, "invalid-filter"),
    ],
)
@pytest.mark.parametrize("path", [PATH, "/v1/monitors"])
def test_a_selection_that_can_never_be_read_is_refused_at_once(
    api: httpx.Client, path: str, selection: dict[str, Any], kind: str
) -> None:
    response = api.post(path, json={"name": "n", "selection": selection, "metrics": ["token_f1"]})
    assert response.status_code == 422, response.text
    assert response.json()["type"].endswith(kind)


@pytest.mark.parametrize("options", [{"max_calls": True}, {"max_calls": "5"}, {"retry_failed": "yes"}])
def test_a_limit_is_not_guessed_from_another_type(api: httpx.Client, options: dict[str, Any]) -> None:
    response = api.post(PATH, json={**ASKED, "options": options})
    assert response.status_code == 422
    assert response.json()["errors"][0]["parameter"] == f"options.{next(iter(options))}"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://[broken"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://rebound.example:4319", "Host": "rebound.example:4319"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_web_page_of_another_server_cannot_write(api: httpx.Client, headers: dict[str, str]) -> None:
    for method, path in (
        ("POST", PATH),
        ("POST", f"{PATH}/e-0/resume"),
        ("POST", f"{PATH}/e-0/cancel"),
        ("POST", "/v1/monitors/mon-0/resume"),
        ("DELETE", "/v1/monitors/mon-0"),
        ("POST", f"/v1/traces/{'0' * 32}/feedback"),
    ):
        response = api.request(method, path, headers=headers)
        assert (response.status_code, response.json()["type"]) == (403, "urn:spanfold:problem:foreign-page")
    assert api.get(PATH, headers=headers).status_code == 200


@pytest.mark.parametrize("site", [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}])
def test_programs_and_the_servers_own_pages_can_write(api: httpx.Client, site: dict[str, str]) -> None:
    own = str(api.base_url).rstrip("/")
    for headers in (site, {**site, "Origin": own}):
        assert api.post(f"{PATH}/e-0/cancel", headers=headers).status_code == 404
