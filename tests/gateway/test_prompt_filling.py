"""A chat may name a registered prompt: the provider gets its messages and settings, the span its version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from spanfold.errors import InvalidArgumentError, NotFoundError
from spanfold.prompts._version import PromptVersion
from spanfold_schemas import keys
from tests.gateway import served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.gateway.served import Served
    from tests.providers.server import Provider
    from tests.sdk.otlp_receiver import Server

CHAT = "/gateway/v1/chat/completions"
TEXT = PromptVersion(
    "greeting", 3, "Greet {{ name }}.", model_settings={"temperature": 0.5, "model": "gpt-9"}
)
TALK = PromptVersion("talk", 1, [{"role": "system", "content": "Be {{ how }}."}])


def resolve(uri: str) -> PromptVersion:
    if not uri.startswith("prompts:/"):
        raise InvalidArgumentError(f"{uri!r} is no prompt's URI")
    found = {"prompts:/greeting@production": TEXT, "prompts:/talk": TALK}.get(uri)
    if found is None:
        raise NotFoundError(f"there is no prompt {uri}")
    return found


@pytest.fixture
def gateway(
    tmp_path: Path, provider: Provider, collector: Server, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Served]:
    monkeypatch.setenv("GATEWAY_TEST_KEY", served.KEY)
    with served.served(served.all_kinds(tmp_path, provider), collector, resolve) as running:
        yield running


def asked(uri: str, variables: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"model": "chat", "prompt": {"id": uri, "variables": variables}, **more}


def test_a_text_is_the_users_message_and_its_settings_hold(
    gateway: Served, provider: Provider, collector: Server
) -> None:
    gateway.http.post(CHAT, json=asked("prompts:/greeting@production", {"name": "Ann"})).raise_for_status()
    body = provider.exchanges[-1].body
    assert body["messages"] == [{"role": "user", "content": "Greet Ann."}]
    assert (body["temperature"], body["model"]) == (0.5, "gpt-4o")
    assert "prompt" not in body
    _, attributes = served.the_span(collector)
    assert [one.string_value for one in attributes[keys.USED_PROMPTS].values] == ["greeting/3"]


def test_messages_of_the_request_come_after_the_prompts_and_its_own_settings_win(
    gateway: Served, provider: Provider
) -> None:
    own = [{"role": "user", "content": "Hi"}]
    prompt = asked("prompts:/greeting@production", {"name": "Ann"}, messages=own, temperature=0)
    gateway.http.post(CHAT, json=prompt).raise_for_status()
    body = provider.exchanges[-1].body
    assert body["messages"] == [{"role": "system", "content": "Greet Ann."}, *own]
    assert body["temperature"] == 0
    gateway.http.post(CHAT, json=asked("prompts:/talk", {"how": "brief"}, messages=own)).raise_for_status()
    assert provider.exchanges[-1].body["messages"] == [{"role": "system", "content": "Be brief."}, *own]


@pytest.mark.parametrize(
    ("uri", "variables", "status", "words"),
    [
        ("prompts:/none", {}, 404, "there is no prompt"),
        ("greeting", {}, 400, "no prompt's URI"),
        ("prompts:/greeting@production", {}, 400, "name"),
        ("prompts:/greeting@production", {"name": "a", "mood": "b"}, 400, "mood"),
    ],
)
def test_what_is_wrong_with_a_prompt_is_told(  # noqa: PLR0913, PLR0917 - the case
    gateway: Served, provider: Provider, uri: str, variables: dict[str, str], status: int, words: str
) -> None:
    answer = gateway.http.post(CHAT, json=asked(uri, variables))
    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (status, "prompt")
    assert words in error["message"]
    assert not provider.exchanges
