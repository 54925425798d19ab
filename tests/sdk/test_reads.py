"""Explicit reads: what is asked, how pages and orders become lists and frames, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from importlib import util
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

import spanfold
from spanfold._internal import frames, instants, pages
from spanfold.errors import InvalidArgumentError, ModelNotFoundError, RunNotFoundError, ServerUnavailableError
from tests.sdk.otlp_receiver import model_json

if TYPE_CHECKING:
    from tests.sdk.otlp_receiver import Server

MODEL_ID = "m-" + "a" * 32


@pytest.fixture
def paged(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server with 2,500 models, of which it lists at most 1,000 a page."""
    monkeypatch.setattr(pages, "PAGE_SIZE", 1_000)

    def answer(path: str) -> tuple[int, dict[str, Any]]:
        server.questions.append(path)
        query = {key: values[0] for key, values in parse_qs(urlsplit(path).query).items()}
        start, limit = int(query.get("page_token", 0)), int(query["limit"])
        numbers = range(start, min(start + limit, 2_500))
        models = [model_json(f"m-{number}", f"v{number}", params={"n": str(number)}) for number in numbers]
        more = str(start + limit) if start + limit < 2_500 else None
        return 200, {"models": models, "next_page_token": more}

    monkeypatch.setattr(server, "answer", answer)
    return server


def test_a_search_reads_on_past_every_page_and_stops_where_it_is_told(paged: Server) -> None:
    every = spanfold.search_logged_models(output_format="list")
    assert [model.name for model in every] == [f"v{number}" for number in range(2_500)]
    assert len(paged.questions) == 3
    some = spanfold.search_logged_models(max_results=1_001, output_format="list")
    assert len(some) == 1_001
    assert "limit=1&" in paged.questions[-1] + "&"
    assert spanfold.search_logged_models(max_results=0, output_format="list") == []


def test_a_search_asks_for_the_active_experiment_and_passes_filter_and_order_on(paged: Server) -> None:
    spanfold.search_logged_models(
        filter_string="metrics.f1 > 0.5",
        order_by=[{"field_name": "metrics.f1", "ascending": False}, {"field_name": "name"}],
        max_results=1,
    )
    spanfold.search_logged_models(["1", "2"], order_by=["name DESC"], max_results=1)
    first, second = (parse_qs(urlsplit(path).query) for path in paged.questions)
    assert (first["experiment_id"], first["filter"]) == (["0"], ["metrics.f1 > 0.5"])
    assert first["order_by"] == ["metrics.f1 DESC", "name ASC"]
    assert (second["experiment_id"], second["order_by"]) == (["1", "2"], ["name DESC"])
    assert "filter" not in second


def test_models_become_a_frame_with_all_properties_or_a_list_where_there_is_no_pandas(
    paged: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = spanfold.search_logged_models(max_results=2)
    assert list(frame["model_id"]) == ["m-0", "m-1"]
    assert list(frame["params"]) == [{"n": "0"}, {"n": "1"}]
    assert list(frame["model_uri"]) == ["models:/m-0", "models:/m-1"]
    assert {"status", "tags", "metrics", "creation_timestamp"} <= set(frame.columns)
    assert list(spanfold.search_logged_models(max_results=0).columns) == list(frame.columns)
    monkeypatch.setattr(frames, "find_spec", lambda _: None)
    models: Any = spanfold.search_logged_models(max_results=2)
    assert [model.name for model in models] == ["v0", "v1"]
    assert len(paged.questions) == 2
    assert util.find_spec("pandas") is not None


@pytest.mark.parametrize(
    "arguments",
    [
        {"order_by": [{"ascending": True}]},
        {"order_by": [{"field_name": "name", "dataset_name": "x"}]},
        {"order_by": [3]},
        {"output_format": "arrow"},
        {"max_results": -1},
        {"datasets": [{"dataset_name": "x"}]},
    ],
)
def test_a_search_that_cannot_be_right_is_refused_before_it_is_asked(server: Server, arguments: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=next(iter(arguments))):
        spanfold.search_logged_models(**arguments)
    assert server.questions == []


def test_a_version_is_read_as_of_an_instant_however_that_is_written(server: Server) -> None:
    server.models = [model_json(MODEL_ID, "v1")]
    moment = datetime(2026, 11, 21, 6, 0, 0, 500_000, timezone(timedelta(hours=1)))
    for instant in (moment, 1_795_237_200_500, "2026-11-21T05:00:00.5Z"):
        spanfold.get_logged_model(MODEL_ID, as_of=instant)
    asked = [parse_qs(urlsplit(path).query)["as_of"][0] for path in server.questions]
    assert asked == ["2026-11-21T05:00:00.500000Z", "2026-11-21T05:00:00.500000Z", "2026-11-21T05:00:00.5Z"]


@pytest.mark.parametrize("instant", [datetime(2026, 1, 1), True, 1.5, 10**30])  # noqa: DTZ001 - it is refused
def test_an_instant_without_a_zone_or_of_no_form_is_refused(instant: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="as_of"):
        instants.to_rfc3339("as_of", instant)
    assert instants.to_rfc3339("as_of", datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000000Z"


def test_what_is_not_there_or_was_deleted_is_told(server: Server) -> None:
    server.models = [model_json(MODEL_ID, "v1", deleted=True)]
    with pytest.raises(ModelNotFoundError, match="was deleted"):
        spanfold.get_logged_model(MODEL_ID)
    with pytest.raises(ModelNotFoundError, match="no model version"):
        spanfold.get_logged_model("m-none")
    with pytest.raises(ModelNotFoundError):
        spanfold.history("m-none")
    with pytest.raises(RunNotFoundError, match="'none'"):
        spanfold.get_run("none")


@pytest.mark.parametrize("answer", [[], {}, {"models": None}, {"models": [{}], "next_page_token": None}])
def test_an_answer_that_is_none_is_a_server_that_is_not_usable(
    server: Server, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    monkeypatch.setattr(server, "answer", lambda _: (200, answer))
    with pytest.raises(ServerUnavailableError):
        spanfold.search_logged_models()


def test_runs_are_searched_in_one_way_at_a_time(server: Server) -> None:
    with pytest.raises(InvalidArgumentError, match="one of experiment_ids"):
        spanfold.search_runs(["1"], experiment_names=["a"])
    assert server.questions == []
