"""Prompts from Python, against a real query API: what is asked, what is remembered, what if it is away."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

import spanfold
from spanfold.errors import InvalidArgumentError, PromptNotFoundError, ServerUnavailableError
from spanfold.prompts import _memory
from spanfold_query_api.outgoing import Outgoing
from tests.query_api.conftest import served

if TYPE_CHECKING:
    import httpx

    from tests.query_api.conftest import RecordingDatabase

CHAT = [{"role": "system", "content": "In {{ language }}."}, {"role": "user", "content": "{{ question }}"}]


class Answer(BaseModel):
    """What a model is to answer with."""

    text: str


class ModelConfig(BaseModel):
    """As MLflow's PromptModelConfig."""

    model_name: str
    temperature: float


def asked(database: RecordingDatabase) -> int:
    """How many questions about prompts the database got since the last call."""
    count = sum("StreamType" in sql for sql, _ in database.statements)
    database.statements.clear()
    return count


@pytest.mark.usefixtures("api")
def test_what_is_registered_is_loaded_by_number_alias_and_name() -> None:
    first = spanfold.register_prompt(
        "team/greeting", "Say hello to {{ name }}.", commit_message="short", tags={"tone": "kind"}
    )
    second = spanfold.genai.register_prompt(
        name="team/greeting",
        template=CHAT,
        response_format=Answer,
        model_config=ModelConfig(model_name="gpt-4o", temperature=0.2),
    )
    assert (first.version, second.version) == (1, 2)
    assert (first.commit_message, first.tags) == ("short", {"tone": "kind"})
    assert first.user
    assert first.creation_timestamp > 0
    assert second.model_config == second.model_settings == {"model_name": "gpt-4o", "temperature": 0.2}
    assert second.response_format is not None
    assert second.response_format["properties"]["text"]["type"] == "string"
    spanfold.set_prompt_alias("team/greeting", "production", 1)
    assert spanfold.load_prompt("prompts:/team/greeting@production").template == first.template
    assert spanfold.load_prompt("prompts:/team/greeting/2").format(language="French", question="Why?") == [
        {"role": "system", "content": "In French."},
        {"role": "user", "content": "Why?"},
    ]
    assert spanfold.load_prompt("team/greeting").version == 2
    assert spanfold.load_prompt("team/greeting", 1) == spanfold.load_prompt("team/greeting", "1")
    assert spanfold.load_prompt("team/greeting", "production").version == 1


def test_a_number_is_asked_for_once(api: httpx.Client, database: RecordingDatabase) -> None:
    spanfold.register_prompt("once", "one")
    asked(database)
    _memory.forget(str(api.base_url).rstrip("/"), "once")
    versions = [spanfold.load_prompt("prompts:/once/1") for _ in range(5)]
    assert asked(database) == 1
    assert all(one is versions[0] for one in versions)


def test_an_alias_is_asked_for_once_a_minute(
    api: httpx.Client, database: RecordingDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = [1_000.0]
    monkeypatch.setattr(_memory, "clock_s", lambda: now_s[0])
    spanfold.register_prompt("minute", "one")
    spanfold.register_prompt("minute", "two")
    spanfold.set_prompt_alias("minute", "live", 1)
    asked(database)
    for _ in range(5):
        assert spanfold.load_prompt("prompts:/minute@live").template == "one"
    assert asked(database) == 2, "the alias, and its template"
    api.put("/v1/prompts/minute/aliases/live", json={"version": 2}).raise_for_status()
    asked(database)
    now_s[0] += 59
    assert spanfold.load_prompt("prompts:/minute@live").template == "one"
    assert asked(database) == 0
    now_s[0] += 2
    assert spanfold.load_prompt("prompts:/minute@live").template == "two"
    assert spanfold.load_prompt("prompts:/minute@live", cache_ttl_seconds=0).template == "two"
    monkeypatch.setenv("SPANFOLD_PROMPT_CACHE_S", "0")
    asked(database)
    spanfold.load_prompt("prompts:/minute@live")
    assert asked(database) > 0


@pytest.mark.usefixtures("api")
def test_a_strange_setting_is_told_and_the_default_holds(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    spanfold.register_prompt("strange", "one")
    monkeypatch.setenv("SPANFOLD_PROMPT_CACHE_S", "a minute")
    with caplog.at_level(logging.WARNING, "spanfold"):
        spanfold.load_prompt("strange")
    assert "SPANFOLD_PROMPT_CACHE_S='a minute' is no number of seconds: 60 holds" in caplog.text


@pytest.mark.usefixtures("api")
def test_a_change_made_here_is_seen_at_once() -> None:
    spanfold.register_prompt("here", "one")
    assert spanfold.load_prompt("here").version == 1
    spanfold.register_prompt("here", "two")
    assert spanfold.load_prompt("here").version == 2
    spanfold.set_prompt_alias("here", "live", 1)
    assert spanfold.load_prompt("prompts:/here@live").version == 1
    spanfold.set_prompt_alias("here", "live", 2)
    assert spanfold.load_prompt("prompts:/here@live").version == 2
    spanfold.delete_prompt_alias("here", "live")
    assert spanfold.load_prompt("prompts:/here@live", allow_missing=True) is None
    spanfold.delete_prompt("here")
    assert spanfold.load_prompt("prompts:/here/1", allow_missing=True) is None


def test_while_the_server_is_away_prompts_are_used_as_they_were(
    database: RecordingDatabase, collector_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    spanfold.shutdown()
    outgoing = Outgoing(collector_url)
    with served(database, outgoing=outgoing) as client:
        spanfold.configure(endpoint=str(client.base_url), otlp_endpoint=collector_url)
        spanfold.register_prompt("away", "one")
        spanfold.set_prompt_alias("away", "live", 1)
        spanfold.load_prompt("prompts:/away@live")
    outgoing.close()
    with caplog.at_level(logging.WARNING, "spanfold"):
        for _ in range(3):
            assert spanfold.load_prompt("prompts:/away@live", cache_ttl_seconds=0).template == "one"
    assert spanfold.load_prompt("prompts:/away/1").template == "one"
    assert [record.message for record in caplog.records if "prompts are used as they were" in record.message]
    assert len(caplog.records) == 1, "it is told once"
    with pytest.raises(ServerUnavailableError, match="SPANFOLD_ENDPOINT"):
        spanfold.load_prompt("prompts:/never-loaded/1")
    with pytest.raises(ServerUnavailableError):
        spanfold.register_prompt("away", "two")
    assert spanfold.shutdown()


@pytest.mark.usefixtures("api")
def test_what_is_not_there_is_told_by_name() -> None:
    spanfold.register_prompt("alone", "one")
    for uri in ("prompts:/nowhere/1", "prompts:/alone/2", "prompts:/alone@live", "prompts:/nowhere@latest"):
        with pytest.raises(PromptNotFoundError, match=uri):
            spanfold.load_prompt(uri)
        assert spanfold.load_prompt(uri, allow_missing=True) is None
    with pytest.raises(PromptNotFoundError, match="prompts:/alone/7"):
        spanfold.set_prompt_alias("alone", "live", 7)
    with pytest.raises(PromptNotFoundError, match="nowhere"):
        spanfold.set_prompt_tag("nowhere", "team", "ml")
    with pytest.raises(PromptNotFoundError, match="nowhere"):
        spanfold.delete_prompt("nowhere")


@pytest.mark.usefixtures("api")
def test_prompts_are_searched_by_name_and_tag() -> None:
    for name in ("find-a", "find-b"):
        spanfold.register_prompt(name, "x")
    spanfold.set_prompt_tag("find-a", "team", "ml")
    (found,) = spanfold.search_prompts("name LIKE 'find-%' AND tags.team = 'ml'")
    assert (found.name, found.latest_version, found.tags) == ("find-a", 1, {"team": "ml"})
    assert found.last_updated_timestamp >= found.creation_timestamp > 0
    assert len(spanfold.search_prompts("name LIKE 'find-%'", max_results=1)) == 1
    spanfold.delete_prompt_tag("find-a", "team")
    assert not spanfold.search_prompts("tags.team = 'ml'")
    with pytest.raises(InvalidArgumentError, match="nmae"):
        spanfold.search_prompts("nmae = 'a'")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"name": ""}, "name"),
        ({"name": "prompts:/a/1"}, "taken for an address"),
        ({"template": 3}, "template"),
        ({"template": []}, "template"),
        ({"template": [{"role": "judge", "content": "x"}]}, "role"),
        ({"template": ["x"]}, "template"),
        ({"tags": {"k": 1}}, r"tags\['k'\]: must be a string"),
        ({"model_config": {"a": 1}, "model_settings": {"a": 1}}, "model_config"),
        ({"model_settings": {"a": object()}}, "model_settings"),
        ({"response_format": "json"}, "response_format"),
        ({"commit_message": 3}, "commit_message"),
    ],
)
def test_what_cannot_be_registered_is_refused_before_it_is_sent(arguments: dict[str, Any], part: str) -> None:
    with pytest.raises(InvalidArgumentError, match=part):
        spanfold.register_prompt(**{"name": "refused", "template": "x", **arguments})


@pytest.mark.parametrize("alias", ["latest", "v3", "3", "a b", ""])
def test_what_can_be_no_alias_is_refused(alias: str) -> None:
    with pytest.raises(InvalidArgumentError, match="alias"):
        spanfold.set_prompt_alias("any", alias, 1)


@pytest.mark.usefixtures("api")
def test_memory_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_memory, "MAX_VERSIONS", 2)
    monkeypatch.setattr(_memory, "MAX_POINTERS", 2)
    for number in range(4):
        spanfold.register_prompt(f"bound-{number}", "x")
    assert len(_memory._memory.versions) == 2
    assert len(_memory._memory.pointers) == 2
    assert spanfold.load_prompt("bound-0").version == 1


@pytest.mark.usefixtures("api")
def test_any_number_of_threads_may_load_while_an_alias_moves() -> None:
    spanfold.register_prompt("busy", "one")
    spanfold.register_prompt("busy", "two")
    spanfold.set_prompt_alias("busy", "live", 1)
    seen: set[str] = set()
    over = threading.Event()

    def load() -> None:
        while not over.is_set():
            seen.add(str(spanfold.load_prompt("prompts:/busy@live", cache_ttl_seconds=0).template))

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    spanfold.set_prompt_alias("busy", "live", 2)
    over.set()
    for thread in threads:
        thread.join(30)
    assert seen <= {"one", "two"}
    assert spanfold.load_prompt("prompts:/busy@live", cache_ttl_seconds=0).template == "two"
