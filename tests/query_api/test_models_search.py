"""Model versions by condition and in any order, at any instant, page by page."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.query_api.rows import T0_NS, S, created, event, insert, span

if TYPE_CHECKING:
    import httpx

    from tests.query_api.conftest import RecordingDatabase

SEEN: Final = "chat@1.2"
"""A version that only spans tell of."""
COUNT: Final = 40


def model_id(number: int) -> str:
    return f"m-{number:032x}"


def f1_of(number: int) -> float | None:
    """Of every third version, none; ties between others."""
    return None if number % 3 == 0 else number % 7 / 10


@pytest.fixture(scope="module", autouse=True)
def _filled(database: RecordingDatabase) -> None:
    events = []
    for number in range(COUNT):
        stream, time_ns = model_id(number), T0_NS + number * S
        events.append(
            created(
                stream,
                f"bot-{number % 4}",
                time_ns,
                1,
                experiment_id="17" if number % 2 else "0",
                model_type="agent" if number % 5 else None,
                status="READY" if number % 8 else "PENDING",
                params={"top_k": str(number % 10), "the llm": "big" if number % 2 else "small", "empty": ""},
                tags={"team": "ml", "git.commit": f"c{number:03}"},
            )
        )
        if f1_of(number) is not None:
            events.append(event(stream, "metrics_logged", {"metrics": {"f1": 0.05}}, time_ns + 1, 2))
            events.append(event(stream, "metrics_logged", {"metrics": {"f1": f1_of(number)}}, time_ns + 2, 3))
        if number % 10 == 9:
            events.append(event(stream, "tag_deleted", {"key": "team"}, time_ns + 3, 4))
            events.append(event(stream, "deleted", {}, time_ns + 100 * S, 5))
    events.append(event("m-early", "tags_set", {"tags": {"team": "x"}}, T0_NS - 5 * S, 9))
    random.Random(7).shuffle(events)
    insert(database, "entity_events", events)
    insert(database, "entity_events", events[:50])  # sent again
    insert(database, "spans", [span(1, ModelId=SEEN, Timestamp=T0_NS)])


def search(api: httpx.Client, **parameters: Any) -> list[dict[str, Any]]:
    response = api.get("/v1/models", params={"limit": 1000, **parameters})
    assert response.status_code == 200, response.text
    models: list[dict[str, Any]] = response.json()["models"]
    return models


def numbers(models: list[dict[str, Any]]) -> list[int]:
    return [int(model["model_id"].removeprefix("m-"), 16) for model in models]


LIVING: Final = [number for number in reversed(range(COUNT)) if number % 10 != 9]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("params.top_k = '3'", [n for n in LIVING if n % 10 == 3]),
        ("params.top_k > 7", [n for n in LIVING if n % 10 == 8]),
        ("params.`the llm` = 'big' AND tags.git.commit LIKE 'c00%'", [7, 5, 3, 1]),
        ("params['the llm'] IN ('big', 'huge') AND status = 'PENDING'", []),
        ("metrics.f1 >= 0.6", [n for n in LIVING if (f1_of(n) or 0) >= 0.6]),
        ("metric.f1 = 0.05", []),
        ("metrics.f1 IS NOT NULL", [n for n in LIVING if f1_of(n) is not None]),
        ("NOT metrics.f1 < 9 AND name LIKE 'bot-%'", [n for n in LIVING if f1_of(n) is None]),
        ("metrics.f1 != 0.6 AND name = 'bot-1'", [n for n in LIVING if n % 4 == 1 and f1_of(n) != 0.6]),
        ("name = 'bot-1' AND experiment_id = '17'", [n for n in LIVING if n % 4 == 1]),
        ("model_type IS NULL AND name LIKE 'bot%'", [n for n in LIVING if n % 5 == 0]),
        ("attributes.status = 'PENDING'", [n for n in LIVING if n % 8 == 0]),
        (
            "params.empty = '' AND params.none IS NULL AND params.top_k = 0",
            [n for n in LIVING if n % 10 == 0],
        ),
        (f"creation_timestamp < {T0_NS // 10**6 + 2000} AND name LIKE 'bot%'", [1, 0]),
        (f"attributes.creation_time >= {T0_NS // 10**6 + 38000}", [38]),
        (f"last_updated_timestamp = {T0_NS // 10**6 + 38000}", [38]),
        ("tags.git.commit = 'c011' OR model_id = 'm-" + f"{12:032x}'", [12, 11]),
    ],
)
def test_a_condition_finds_exactly_those_that_meet_it(
    api: httpx.Client, condition: str, expected: list[int]
) -> None:
    assert numbers(search(api, filter=condition)) == expected


def test_versions_that_only_spans_or_tags_tell_of_can_be_found_too(api: httpx.Client) -> None:
    found = search(api, filter="status = 'UNSPECIFIED'")
    assert [model["model_id"] for model in found] == [SEEN, "m-early"]
    assert [model["model_id"] for model in search(api, filter="tags.team = 'x'")] == ["m-early"]


def test_deleted_versions_are_found_on_demand(api: httpx.Client) -> None:
    found = search(api, filter="tags.team IS NULL AND name LIKE 'bot%'", include_deleted=True)
    assert numbers(found) == [39, 29, 19, 9]


def test_only_those_of_some_experiments(api: httpx.Client) -> None:
    assert numbers(search(api, experiment_id=["17", "18"])) == [n for n in LIVING if n % 2]
    assert len(search(api, experiment_id=["17", "0"])) == len(LIVING) + 2


def test_a_state_is_searched_as_it_was(api: httpx.Client) -> None:
    at = "2026-11-21T05:00:08.000000001Z"  # T0 + 8 s and 1 ns: the first value of version 8's metric
    assert numbers(search(api, as_of=at, filter="metrics.f1 = 0.05")) == [8]
    assert numbers(search(api, as_of=at, filter="name LIKE 'bot%'")) == [8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert numbers(search(api, as_of=at, name="bot-1")) == [5, 1]
    assert 9 in numbers(search(api, as_of="2026-11-21T05:01:00Z", filter="name LIKE 'bot%'"))


def rank(number: int, *, descending: bool) -> tuple[bool, float, int]:
    value = f1_of(number)
    return (value is None, (-1 if descending else 1) * (value or 0), -number)


@pytest.mark.parametrize("order", ["metrics.f1 DESC", "metrics['f1']"])
def test_any_field_orders_missing_values_last_and_ties_newest_first(api: httpx.Client, order: str) -> None:
    descending = order.endswith("DESC")
    found = search(api, order_by=order, filter="name LIKE 'bot%'")
    assert numbers(found) == sorted(LIVING, key=lambda number: rank(number, descending=descending))


def test_orders_are_applied_one_after_the_other(api: httpx.Client) -> None:
    orders = ["tags.team", "params.top_k DESC", "name", "creation_timestamp ASC"]
    found = numbers(search(api, order_by=orders, filter="name LIKE 'bot%'"))
    assert found == sorted(LIVING, key=lambda number: (-(number % 10), number % 4, number))


@pytest.mark.parametrize(
    "orders",
    [
        [],
        ["creation_timestamp ASC"],
        ["metrics.f1 DESC"],
        ["metrics.f1 ASC", "params.top_k DESC"],
        ["model_type DESC", "status", "params.nowhere", "tags.team DESC", "last_updated_timestamp"],
    ],
)
@pytest.mark.parametrize("limit", [1, 7])
def test_pages_make_the_same_listing_in_every_order(api: httpx.Client, orders: list[str], limit: int) -> None:
    everything, paged, token = search(api, order_by=orders), [], None
    while True:
        page = api.get(
            "/v1/models",
            params={"limit": limit, "order_by": orders, **({"page_token": token} if token else {})},
        ).json()
        paged += page["models"]
        token = page["next_page_token"]
        if token is None:
            break
        assert len(page["models"]) == limit
    assert paged == everything


def test_a_version_that_comes_in_between_two_pages_shifts_nothing(
    api: httpx.Client, database: RecordingDatabase
) -> None:
    """In a module of its own experiment, so that the tests above stay as they are."""
    names = [f"m-{number:032x}" for number in range(1000, 1006)]
    insert(
        database,
        "entity_events",
        [
            created(one, "late", T0_NS + number * S, 1, experiment_id="late")
            for number, one in enumerate(names[:4])
        ],
    )
    first = api.get("/v1/models", params={"limit": 2, "experiment_id": "late"}).json()
    insert(
        database,
        "entity_events",
        [created(one, "late", T0_NS + 900 * S, 1, experiment_id="late") for one in names[4:]],
    )
    parameters = {"limit": 10, "experiment_id": "late", "page_token": first["next_page_token"]}
    second = api.get("/v1/models", params=parameters).json()

    assert [model["model_id"] for model in first["models"] + second["models"]] == list(reversed(names[:4]))


@pytest.mark.parametrize(
    ("parameters", "kind", "message"),
    [
        ({"filter": "metrics.f1 = 'high'"}, "invalid-filter", "expected a number"),
        ({"filter": "metrics.f1 LIKE 'x'"}, "invalid-filter", "cannot be compared by LIKE"),
        ({"filter": "metrics = 1"}, "invalid-filter", "needs a key"),
        ({"filter": "name.x = 'a'"}, "invalid-filter", "has no keys"),
        ({"filter": "latency_ms > 1"}, "invalid-filter", "no field 'latency_ms'"),
        ({"filter": "span.name = 'a'"}, "invalid-filter", "span. is for filters of traces"),
        ({"filter": "status LIKE 'a\\'"}, "invalid-filter", "escapes nothing"),
        ({"order_by": "metrics"}, "invalid-parameter", "order_by: At character 1: metrics needs a key"),
        ({"order_by": "name up"}, "invalid-parameter", "order_by: At character 6"),
        ({"order_by": ["name"] * 6}, "invalid-parameter", "at most 5"),
        ({"experiment_id": ["1"] * 101}, "invalid-parameter", "at most 100"),
        ({"page_token": "bm9uc2Vuc2U"}, "invalid-parameter", "no token of this listing"),
        ({"page": "2"}, "invalid-parameter", "page"),
    ],
)
def test_what_makes_no_sense_is_refused_with_advice(
    api: httpx.Client, parameters: dict[str, Any], kind: str, message: str
) -> None:
    response = api.get("/v1/models", params=parameters)
    assert response.status_code == 422
    problem = response.json()
    assert problem["type"] == f"urn:spanfold:problem:{kind}"
    assert message in problem["detail"]


def test_a_token_of_another_order_is_refused(api: httpx.Client) -> None:
    token = api.get("/v1/models", params={"limit": 1, "order_by": "name"}).json()["next_page_token"]
    response = api.get("/v1/models", params={"limit": 1, "order_by": "name DESC", "page_token": token})
    assert "belongs to another query" in response.json()["detail"]


@pytest.mark.parametrize("escaped", [False, True])
def test_a_name_of_any_script_is_found_however_the_sender_spelled_its_json(
    api: httpx.Client, database: RecordingDatabase, *, escaped: bool
) -> None:
    name, stream = f'版/é: "quoted" \\ {escaped}', f"m-spelled-{escaped}"
    payload = {"name": name, "experiment_id": "spelled", "status": "READY"}
    row = event(stream, "created", json.dumps(payload, ensure_ascii=escaped), T0_NS)
    insert(database, "entity_events", [row])

    assert [(model["model_id"], model["name"]) for model in search(api, name=name)] == [(stream, name)]
    assert search(api, name=name[:-1]) == []
