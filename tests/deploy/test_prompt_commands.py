"""``spanfold prompts`` over a real server."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.deploy.processes import COMMAND, FREE_PORTS, TIMEOUT_S, Server, environment, run, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving("serve", tmp_path_factory.mktemp("prompts") / "data", *FREE_PORTS) as started:
        yield started


def told(server: Server, *arguments: str) -> str:
    done = run("prompts", *arguments, SPANFOLD_ENDPOINT=server.ready["api_url"], COLUMNS="160")
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(server: Server, *arguments: str) -> str:
    done = run("prompts", *arguments, SPANFOLD_ENDPOINT=server.ready["api_url"], COLUMNS="160")
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_prompt_is_registered_shown_compared_and_given_an_alias(server: Server, tmp_path: Path) -> None:
    template = tmp_path / "greeting.txt"
    template.write_text("Be kind.\nGreet {{ name }}.")
    said = told(server, "register", "team/greeting", str(template), "-m", "first", "--alias", "production")
    assert "registered prompts:/team/greeting/1; variables: name" in said
    template.write_text("Be kind.\nGreet {{ name }} in {{ language }}.")
    said = told(
        server,
        *("register", "team/greeting", str(template), "--settings", '{"temperature": 0}', "--tag", "a=b=c"),
        "--json",
    )
    assert json.loads(said)["tags"] == {"a": "b=c"}
    diff = told(server, "diff", "team/greeting", "production").splitlines()
    assert "-Greet {{ name }}." in diff
    assert "+Greet {{ name }} in {{ language }}." in diff
    assert '+  "temperature": 0' in diff
    assert "say the same" in told(server, "diff", "team/greeting", "1", "1")
    shown = told(server, "show", "prompts:/team/greeting@production")
    assert "prompts:/team/greeting/1" in shown
    assert "Greet {{ name }}." in shown
    assert json.loads(told(server, "show", "team/greeting", "--json"))["version"] == 2
    assert "production=2" in told(server, "alias", "team/greeting", "production", "2")
    assert "none" in told(server, "alias", "team/greeting", "production", "--delete")
    listed = told(server, "versions", "team/greeting")
    assert "first" in listed
    history = told(server, "history", "team/greeting")
    assert [word for word in ("version_created", "alias_set", "alias_deleted") if word not in history] == []
    assert "team/greeting" in told(server, "list", "--filter", "name LIKE 'team/%'")
    told(server, "delete", "team/greeting")
    assert "No prompt is like that" in told(server, "list", "--filter", "name LIKE 'team/%'")


def test_a_chat_is_a_file_of_messages(server: Server, tmp_path: Path) -> None:
    chat = tmp_path / "chat.json"
    chat.write_text(json.dumps([{"role": "user", "content": "{{ question }}"}]))
    told(server, "register", "chat", str(chat))
    assert "[user]\n{{ question }}" in told(server, "show", "chat")


def test_every_page_of_versions_is_listed(server: Server, tmp_path: Path) -> None:
    template = tmp_path / "t.txt"
    for number in range(3):
        template.write_text(f"version {number}")
        told(server, "register", "paged", str(template))
    found = json.loads(told(server, "versions", "paged", "--limit", "2", "--json"))["versions"]
    assert [one["version"] for one in found] == [3, 2]


def test_what_cannot_be_is_told_in_a_sentence(server: Server, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    assert "is no JSON" in refused(server, "register", "x", str(broken))
    assert "cannot be read" in refused(server, "register", "x", str(tmp_path / "missing.txt"))
    empty = tmp_path / "plain.txt"
    empty.write_text("x")
    assert "no =" in refused(server, "register", "x", str(empty), "--tag", "k")
    assert "is no JSON" in refused(server, "register", "x", str(empty), "--settings", "{")
    assert "model_settings" in refused(server, "register", "x", str(empty), "--settings", "[]")
    assert "there is no prompt 'nowhere'" in refused(server, "show", "nowhere")
    assert "version" in refused(server, "show", "prompts:/a/0")
    assert "name a version, or --delete" in refused(server, "alias", "x", "live")


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_what_is_piped_in_is_utf_8_whatever_the_locale(server: Server, locale: str) -> None:
    def piped(given: bytes) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*COMMAND, "prompts", "register", "piped"],
            env=environment(SPANFOLD_ENDPOINT=server.ready["api_url"], LC_ALL=locale),
            input=given,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )

    done = piped("Grüße, {{ name }}".encode())
    assert done.returncode == 0, done.stderr
    assert "Grüße, {{ name }}" in told(server, "show", "piped")
    done = piped(b"\xff\xfe")
    assert done.returncode == 2
    assert b"cannot be read" in done.stderr
    assert b"Traceback" not in done.stderr
