"""Prompts over REST: numbers, aliases, tags, history, as of any instant, whatever characters a name has."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import pytest

from spanfold.errors import InvalidArgumentError
from spanfold_query_api import prompts
from spanfold_query_api.outgoing import Outgoing
from spanfold_query_api.problems import ProblemError
from spanfold_query_api.prompt_answers import Prompt, PromptDiff, PromptPage, PromptVersion
from spanfold_schemas.prompt_events import MAX_TEMPLATE_BYTES
from tests.query_api.conftest import served

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from tests.query_api.conftest import RecordingDatabase

CHAT: Final = [
    {"role": "system", "content": "You answer in {{ language }}."},
    {"role": "user", "content": "{{ question }}"},
]


@pytest.fixture(scope="module")
def api(database: RecordingDatabase, collector_url: str) -> Iterator[httpx.Client]:
    outgoing = Outgoing(collector_url)
    with served(database, outgoing=outgoing) as client:
        yield client
    outgoing.close()


def path(name: str, *more: object) -> str:
    return "/".join(("/v1/prompts", quote(name, safe=""), *(quote(str(part), safe="") for part in more)))


def register(
    api: httpx.Client, name: str, template: object = "Hello {{ name }}", **members: Any
) -> PromptVersion:
    response = api.post(path(name, "versions"), json={"template": template, **members})
    assert response.status_code == 201, response.text
    return PromptVersion.model_validate_json(response.content, strict=True)


def get(api: httpx.Client, name: str, *more: object, **parameters: str) -> Any:
    response = api.get(path(name, *more), params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


def test_versions_are_numbered_from_1_and_kept_whole(api: httpx.Client) -> None:
    first = register(api, "whole")
    assert (first.version, first.uri, first.variables) == (1, "prompts:/whole/1", ["name"])
    second = register(
        api,
        "whole",
        CHAT,
        model_settings={"model": "gpt-4o", "temperature": 0.2},
        response_format={"type": "object"},
        commit_message="as a chat",
        user="ann",
        tags={"team": "ml"},
    )
    read = PromptVersion.model_validate(get(api, "whole", "versions", 2), strict=True)
    assert read == second
    assert (read.template, read.variables) == (CHAT, ["language", "question"])
    assert read.model_settings == {"model": "gpt-4o", "temperature": 0.2}
    assert (read.commit_message, read.user, read.tags) == ("as a chat", "ann", {"team": "ml"})
    assert get(api, "whole", "versions", "latest") == get(api, "whole", "versions", 2)
    assert register(api, "whole", CHAT).version == 3, "the same content is a new version, as in MLflow"


@pytest.mark.parametrize(
    "name", ["team/greeting", "a/versions/3", "x/events", "ü b%c?d#e", "@at", "3", 'q"\\', "b&c=d+e f"]
)
def test_a_name_may_hold_anything(api: httpx.Client, name: str) -> None:
    registered = register(api, name, f"of {name}")
    assert (registered.name, registered.version) == (name, 1)
    assert get(api, name)["name"] == name
    assert get(api, name, "versions", 1)["template"] == f"of {name}"
    (event,) = get(api, name, "events")["events"]
    assert event["payload"]["prompt"]["template"] == f"of {name}"
    assert api.put(path(name, "aliases", "live"), json={"version": 1}).json()["aliases"] == {"live": 1}


def test_an_alias_stands_for_a_version_until_it_is_moved(
    api: httpx.Client, database: RecordingDatabase
) -> None:
    register(api, "aliased", "one")
    register(api, "aliased", "two")
    moved = api.put(path("aliased", "aliases", "production"), json={"version": 1, "user": "ann"})
    assert Prompt.model_validate_json(moved.content, strict=True).aliases == {"production": 1}
    before_ns = time.time_ns()
    assert get(api, "aliased", "versions", "production")["template"] == "one"
    assert get(api, "aliased", "versions", 1)["aliases"] == ["production"]
    assert api.put(path("aliased", "aliases", "production"), json={"version": 2}).status_code == 200
    assert get(api, "aliased", "versions", "production")["template"] == "two"
    assert prompts.resolve(database, "prompts:/aliased@production").version == 2
    assert prompts.resolve(database, "prompts:/aliased@production", as_of_ns=before_ns).version == 1
    assert api.delete(path("aliased", "aliases", "production")).json()["aliases"] == {}
    assert api.get(path("aliased", "versions", "production")).status_code == 404
    events = get(api, "aliased", "events")["events"]
    assert [one["event_type"].rpartition(".")[2] for one in events] == [
        *["version_created"] * 2,
        *["alias_set"] * 2,
        "alias_deleted",
    ]
    assert events[2]["actor"] == "ann"


def test_a_prompt_is_shown_as_it_was(api: httpx.Client) -> None:
    register(api, "then", "one")
    between = get(api, "then")["last_updated_time"]
    register(api, "then", "two")
    assert get(api, "then", as_of=between)["latest_version"] == 1
    assert get(api, "then", "versions", "latest", as_of=between)["template"] == "one"
    assert len(get(api, "then", "versions", as_of=between)["versions"]) == 1


def test_a_deleted_prompt_is_gone_until_it_is_registered_again(api: httpx.Client) -> None:
    register(api, "gone", "one")
    assert api.delete(path("gone")).status_code == 204
    assert api.get(path("gone", "versions", 1)).status_code == 404
    assert api.delete(path("gone")).status_code == 404
    assert get(api, "gone")["deleted"]
    assert "gone" not in listed(api)
    assert "gone" in listed(api, include_deleted="true")
    assert register(api, "gone", "two").version == 2, "a number is never given twice"
    assert get(api, "gone", "versions", 1)["template"] == "one"


def test_tags_of_prompts_are_searched(api: httpx.Client) -> None:
    for name in ("tagged-a", "tagged-b", "tagged-c"):
        register(api, name)
    assert api.post(path("tagged-a", "tags"), json={"tags": {"team": "ml"}}).json()["tags"] == {"team": "ml"}
    api.post(path("tagged-b", "tags"), json={"tags": {"team": "web", "a/b": "1"}})
    assert listed(api, filter="tags.team = 'ml' AND name LIKE 'tagged-%'") == ["tagged-a"]
    assert listed(api, filter="name LIKE 'tagged-%'") == ["tagged-c", "tagged-b", "tagged-a"]
    assert listed(api, filter="name LIKE 'tagged-%'", order_by="name ASC")[0] == "tagged-a"
    assert api.delete(path("tagged-b", "tags", "a/b")).json()["tags"] == {"team": "web"}
    assert api.delete(path("no such", "tags", "k")).status_code == 404


def listed(api: httpx.Client, **parameters: str) -> list[str]:
    names: list[str] = []
    token: str | None = None
    while True:
        more = {} if token is None else {"page_token": token}
        response = api.get("/v1/prompts", params={"limit": "2", **parameters, **more})
        page = PromptPage.model_validate_json(response.content, strict=True)
        names += [one.name for one in page.prompts]
        token = page.next_page_token
        if token is None:
            return names


def test_versions_are_listed_newest_first_by_pages(api: httpx.Client) -> None:
    for number in range(1, 6):
        register(api, "many", f"version {number}")
    first = get(api, "many", "versions", limit="2")
    second = get(api, "many", "versions", limit="2", page_token=first["next_page_token"])
    third = get(api, "many", "versions", limit="2", page_token=second["next_page_token"])
    pages = [[one["version"] for one in page["versions"]] for page in (first, second, third)]
    assert pages == [[5, 4], [3, 2], [1]]
    assert third["next_page_token"] is None
    assert first["versions"][0]["template"] == "version 5"


def test_two_versions_are_compared_line_by_line(api: httpx.Client) -> None:
    register(api, "compared", "Be kind.\nAnswer {{ question }}.", model_settings={"temperature": 0})
    register(api, "compared", "Be kind.\nAnswer {{ question }} briefly.", model_settings={"temperature": 0})
    found = PromptDiff.model_validate(get(api, "compared", "diff", a="1", b="latest"), strict=True)
    assert (found.a.version, found.b.version) == (1, 2)
    assert found.diff is not None
    changed = [line for line in found.diff.splitlines()[2:] if line[0] in "+-"]
    assert changed == ["-Answer {{ question }}.", "+Answer {{ question }} briefly."]
    assert get(api, "compared", "diff", a="1", b="1")["diff"] == ""


def test_a_diff_of_too_many_lines_is_left_out(api: httpx.Client) -> None:
    register(api, "long", "x\n" * 5_000)
    assert get(api, "long", "diff", a="1", b="1")["diff"] is None


def test_the_largest_template_is_kept_and_a_larger_one_refused(api: httpx.Client) -> None:
    largest = "ü" * (MAX_TEMPLATE_BYTES // 2 - 1)
    assert register(api, "large", largest).template == largest
    response = api.post(path("large", "versions"), json={"template": largest + "ü"})
    assert response.status_code == 422
    assert f"at most {MAX_TEMPLATE_BYTES}" in response.json()["detail"]
    assert api.post(path("large", "versions"), json={"template": "x" * 3_000_000}).status_code == 413


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({}, "template"),
        ({"template": 3}, "template: must be text"),
        ({"template": []}, "template: must be text"),
        ({"template": [{"role": "judge", "content": "x"}]}, "template[0]: must be a mapping of role"),
        ({"template": "x", "tags": {"k": 1}}, "tags.k"),
        ({"template": "x", "model_settings": 7}, "model_settings"),
        ({"template": "x", "surprise": 1}, "surprise"),
    ],
)
def test_what_is_no_version_is_refused_by_name(api: httpx.Client, body: object, part: str) -> None:
    response = api.post(path("refused", "versions"), json=body)
    assert response.status_code == 422, response.text
    assert part in response.json()["detail"]
    assert api.get(path("refused")).status_code == 404


@pytest.mark.parametrize("name", ["prompts:/a/1", "line\nbreak", "x" * 501])
def test_what_is_no_name_is_refused(api: httpx.Client, name: str) -> None:
    response = api.post(path(name, "versions"), json={"template": "x"})
    assert response.status_code == 422
    assert "name" in response.json()["detail"]


def test_what_is_not_there_is_told(api: httpx.Client, database: RecordingDatabase) -> None:
    register(api, "there")
    for missing in (path("nowhere"), path("nowhere", "events"), path("nowhere", "versions", 1)):
        response = api.get(missing)
        assert response.status_code == 404
        assert response.json()["type"] == "urn:spanfold:problem:prompt-not-found"
    for which in ("2", "live"):
        response = api.get(path("there", "versions", which))
        assert response.status_code == 404
        assert response.json()["type"] == "urn:spanfold:problem:prompt-version-not-found"
    for which in ("0", "v3", "no alias"):
        assert api.get(path("there", "versions", which)).status_code == 422
    assert api.put(path("there", "aliases", "live"), json={"version": 2}).status_code == 404
    assert api.put(path("there", "aliases", "latest"), json={"version": 1}).status_code == 422
    for uri in ("prompts:/nowhere/1", "prompts:/there/2", "prompts:/there@live"):
        with pytest.raises(ProblemError, match=r"there is no prompt") as caught:
            prompts.resolve(database, uri)
        assert caught.value.status == 404
    with pytest.raises(ProblemError, match="version") as caught:
        prompts.resolve(database, "prompts:/there/0")
    assert caught.value.status == 422


def test_what_a_uri_stands_for_is_rendered(api: httpx.Client, database: RecordingDatabase) -> None:
    register(api, "served/chat", CHAT, model_settings={"model": "gpt-4o"})
    found = prompts.resolve(database, "prompts:/served/chat/1")
    assert found.model_settings == {"model": "gpt-4o"}
    messages = found.render({"language": "French", "question": "Why {{ language }}?"})
    assert messages == [
        {"role": "system", "content": "You answer in French."},
        {"role": "user", "content": "Why {{ language }}?"},
    ]
    with pytest.raises(InvalidArgumentError, match="'question'"):
        found.render({"language": "French"})
    assert prompts.resolve(database, "served/chat") == prompts.resolve(database, "prompts:/served/chat")


def test_templates_are_read_of_the_versions_only_that_are_shown(
    api: httpx.Client, database: RecordingDatabase
) -> None:
    for number in range(3):
        register(api, "lean", f"version {number}")
    database.statements.clear()
    get(api, "lean")
    get(api, "lean", "versions", 2)
    wanted = [parameters["templates"] for _, parameters in database.statements if "templates" in parameters]
    assert wanted == [[], ["created.versions.2"]]


def test_a_crowd_of_registrations_holds_up_no_other_request(api: httpx.Client) -> None:
    clients = 44  # more than the server has threads for all other requests together
    with ThreadPoolExecutor(clients) as threads:
        registered = [threads.submit(register, api, "crowd") for _ in range(clients)]
        time.sleep(0.5)
        began_s = time.monotonic()
        assert api.get("/v1/prompts").status_code == 200
        waited_s = time.monotonic() - began_s
        numbers = sorted(one.result().version for one in registered)
    assert numbers == list(range(1, clients + 1))
    assert waited_s < 1
