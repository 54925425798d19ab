"""A changed file takes the place of the one before it, and no call notices."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.gateway import served
from tests.providers import script
from tests.sdk.otlp_receiver import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.gateway.served import Served
    from tests.providers.server import Provider

RELOADS = 1_000
CHAT = {"model": "chat", "messages": [{"role": "user", "content": "What is the capital of France?"}]}


def replaced(file: Path, text: str) -> None:
    """As editors and configuration systems do: another file under the same name."""
    other = file.with_suffix(".new")
    other.write_text(text)
    other.replace(file)


def test_a_changed_file_is_in_force_within_a_second(gateway: Served, provider: Provider) -> None:
    begun = time.monotonic()
    replaced(gateway.file, gateway.file.read_text().replace("gpt-4o", "gpt-4o-mini"))
    gateway.wait_for(lambda status: status["reloads"] == 1)
    assert time.monotonic() - begun < 1
    assert gateway.http.post("/gateway/v1/chat/completions", json=CHAT).status_code == 200
    assert provider.exchanges[-1].body["model"] == "gpt-4o-mini"


def test_a_bad_change_keeps_the_table_before_it_and_says_why(
    gateway: Served, caplog: pytest.LogCaptureFixture
) -> None:
    good = gateway.file.read_text()
    replaced(gateway.file, good.replace("llm/v1/chat", "llm/v1/chatt"))
    status = gateway.wait_for(lambda status: status["error"] is not None)
    assert "gateway.yaml:3:18: endpoints[0].endpoint_type" in status["error"]
    assert "did you mean llm/v1/chat?" in status["error"]
    assert "did you mean llm/v1/chat?" in caplog.text
    assert gateway.http.post("/gateway/v1/chat/completions", json=CHAT).status_code == 200
    replaced(gateway.file, good)
    assert gateway.wait_for(lambda status: status["error"] is None)["reloads"] == 0
    gateway.file.unlink()
    assert "cannot be read" in gateway.wait_for(lambda status: status["error"] is not None)["error"]
    assert gateway.http.post("/gateway/v1/chat/completions", json=CHAT).status_code == 200


def test_a_key_that_changes_in_its_file_is_used_at_once(tmp_path: Path, provider: Provider) -> None:
    key = tmp_path / "openai.key"
    key.write_text("first-key-0123")
    text = served.ALL.replace("{base}", provider.address).replace("$GATEWAY_TEST_KEY", "./openai.key")
    with served.served(served.written(tmp_path, text)) as gateway:
        gateway.http.post("/gateway/v1/chat/completions", json=CHAT).raise_for_status()
        key.write_text("second-key-0123")
        gateway.wait_for(lambda status: status["reloads"] == 1)
        gateway.http.post("/gateway/v1/chat/completions", json=CHAT).raise_for_status()
    sent = [one.headers["authorization"] for one in provider.exchanges]
    assert sent == ["Bearer first-key-0123", "Bearer second-key-0123"]


def test_a_stream_ends_on_the_table_that_it_began_with(gateway: Served, provider: Provider) -> None:
    body = {**CHAT, "stream": True, "messages": [{"role": "user", "content": "long story"}]}
    with gateway.http.stream("POST", "/gateway/v1/chat/completions", json=body) as response:
        lines = response.iter_lines()
        next(lines)
        text = gateway.file.read_text().replace("- name: chat", "- name: other")
        replaced(gateway.file, text)
        gateway.wait_for(lambda status: status["reloads"] == 1)
        rest = [line for line in lines if line]
    assert rest[-1] == "data: [DONE]"
    assert "word199" in "".join(rest)
    assert not provider.left_early
    assert gateway.http.post("/gateway/v1/chat/completions", json=CHAT).status_code == 404


@pytest.mark.timeout(300)  # as long as it takes where other work shares the processors
def test_a_thousand_reloads_under_load_fail_no_call(gateway: Served) -> None:
    ends = threading.Event()
    statuses: list[int] = []
    wrong: list[str] = []

    def call() -> None:
        with httpx.Client(base_url=gateway.url, timeout=30) as client:
            while not ends.wait(0.1):
                for body in (CHAT, {**CHAT, "stream": True}):
                    answer = client.post("/gateway/v1/chat/completions", json=body)
                    statuses.append(answer.status_code)
                    whole = script.ANSWER in answer.text or "[DONE]" in answer.text
                    if answer.status_code != 200 or not whole or '"error"' in answer.text:
                        wrong.append(answer.text)

    text = gateway.file.read_text()
    target = gateway.deployments.gateway
    loop = target._watcher.get_loop() if target._watcher is not None else None
    assert loop is not None
    callers = [threading.Thread(target=call) for _ in range(2)]
    for caller in callers:
        caller.start()
    try:
        for number in range(RELOADS):
            replaced(gateway.file, text.replace("gpt-4o", f"gpt-{number}"))
            # The watch may have been faster: then there is nothing left to take.
            asyncio.run_coroutine_threadsafe(target.reload(), loop).result(served.DEADLINE_S)
    finally:
        ends.set()
        for caller in callers:
            caller.join()
    assert gateway.status()["reloads"] >= RELOADS
    assert len(statuses) > 100
    assert wrong == []
    gateway.wait_for(lambda status: status["calls_underway"] == 0)
    serving = target._serving
    assert serving is not None
    wait_until(lambda: len(serving.router._backends._providers) <= 2)
