"""A reply that was paid for is used again: by other threads, other processes, and after any death."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from spanfold.metrics import genai
from spanfold.metrics.genai._backend import JudgeReply, JudgeRequest
from spanfold.metrics.genai._cache import FILE_NAME, ReplyCache, default_folder
from tests.providers import script

if TYPE_CHECKING:
    from tests.providers.server import Provider

PROGRAM = Path(__file__).with_name("judge_process.py")
ROWS: dict[str, Any] = {"predictions": [f"{number} [judge:score:3]" for number in range(20)]}
DEADLINE_S = 60


def start(rows: int, concurrency: int) -> subprocess.Popen[str]:
    command = [sys.executable, str(PROGRAM), str(rows), str(concurrency)]
    return subprocess.Popen(command, env=dict(os.environ), stdout=subprocess.PIPE, text=True)


def asked_twice(provider: Provider) -> int:
    """Requests that were not the first with their content."""
    contents = Counter(one.body["messages"][1]["content"] for one in provider.exchanges)
    return sum(contents.values()) - len(contents)


def test_equal_questions_are_paid_once(provider: Provider) -> None:
    metric = genai.professionalism()
    first, again = metric.score(ROWS), metric.score(ROWS)
    assert first.scores == again.scores == [3] * 20
    assert (sum(first.calls or ()), sum(again.calls or ())) == (20, 0)
    assert again.costs_usd == [0.0] * 20
    assert len(provider.exchanges) == 20


@pytest.mark.parametrize(
    "change",
    [{"temperature": 0.5}, {"model": "openai:/gpt-5-nano"}, {"examples": [{"output": "x", "score": 1}]}],
)
def test_another_question_is_asked_anew(provider: Provider, change: dict[str, Any]) -> None:
    genai.professionalism().score({"predictions": ["a"]})
    genai.professionalism(**change).score({"predictions": ["a"]})
    assert len(provider.exchanges) == 2


def test_equal_rows_are_asked_once_within_one_call_and_across_threads(provider: Provider) -> None:
    provider.latency_s = 0.2
    metric = genai.professionalism()
    columns = {"predictions": ["same [judge:score:3]"] * 30}
    with ThreadPoolExecutor(5) as pool:
        values = list(pool.map(lambda _: metric.score(columns), range(5)))
    assert [value.scores for value in values] == [[3] * 30] * 5
    assert len(provider.exchanges) == 1
    assert sum(sum(value.calls or ()) for value in values) == 1


def test_it_can_be_turned_off(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = {"predictions": ["same [judge:score:3]"] * 3}
    assert genai.professionalism(cache=False).score(columns).calls == [1, 1, 1]
    assert len(set(provider.headers_named("Idempotency-Key"))) == 3
    monkeypatch.setenv("SPANFOLD_JUDGE_CACHE", "off")
    for _ in range(2):
        genai.professionalism().score(columns)
    assert len(provider.exchanges) == 5
    assert not (default_folder() / FILE_NAME).exists()


def test_a_reply_of_no_use_is_kept_for_an_hour_only(provider: Provider) -> None:
    columns = {"predictions": ["x [judge:garbage]", "y [judge:refuse]", "z [judge:score:3]"]}
    for _ in range(2):
        assert (genai.professionalism().score(columns).scores or [])[2] == 3
    assert len(provider.exchanges) == 4  # the garbage was asked for twice, at first
    with sqlite3.connect(default_folder() / FILE_NAME) as file:
        file.execute("UPDATE replies SET expires_at = expires_at - 3601")
    genai.professionalism().score(columns)
    assert len(provider.exchanges) == 7


def test_neither_keys_nor_others_can_read_it(provider: Provider) -> None:
    genai.professionalism().score(ROWS)
    assert provider.exchanges
    file = default_folder() / FILE_NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    stored = b"".join(one.read_bytes() for one in default_folder().iterdir())
    assert b"sk-test" not in stored
    assert script.JUSTIFICATION.encode() in stored


def test_a_folder_that_cannot_be_used_costs_the_cache_and_no_score(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("SPANFOLD_CACHE_DIR", str(tmp_path / "file"))
    assert genai.professionalism().score(ROWS).scores == [3] * 20
    assert len(provider.exchanges) == 20


def test_its_size_is_bounded_and_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path, max_bytes=200_000)
    text = "x" * 2_000
    for number in range(640):
        cache.put(f"{number}", JudgeReply(text))
    cache.close()
    with sqlite3.connect(tmp_path / FILE_NAME) as file:
        (count,) = file.execute("SELECT count(*) FROM replies").fetchone()
        kept = {int(key) for (key,) in file.execute("SELECT key FROM replies")}
    assert 0 < count < 200
    assert 639 in kept
    assert 0 not in kept


def test_threads_that_store_at_once_lose_nothing(tmp_path: Path) -> None:
    cache = ReplyCache(tmp_path)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: cache.put(str(n), JudgeReply(f"reply {n}", input_tokens=n)), range(400)))
    for number in range(400):
        reply = cache.get(str(number))
        assert reply is not None
        assert (reply.text, reply.input_tokens) == (f"reply {number}", number)
    cache.close()


def test_the_key_says_all_that_a_reply_depends_on() -> None:
    one = JudgeRequest(({"role": "user", "content": "a"},), {"type": "object"}, {"temperature": 0})
    others = [
        JudgeRequest(({"role": "user", "content": "b"},), {"type": "object"}, {"temperature": 0}),
        JudgeRequest(({"role": "system", "content": "a"},), {"type": "object"}, {"temperature": 0}),
        JudgeRequest(({"role": "user", "content": "a"},), None, {"temperature": 0}),
        JudgeRequest(({"role": "user", "content": "a"},), {"type": "object"}, {"temperature": 1}),
    ]
    assert len({one.digest("m"), one.digest("n"), *(other.digest("m") for other in others)}) == 6


def test_processes_share_it(provider: Provider) -> None:
    children = [start(40, 4) for _ in range(2)]
    counts = [int(child.communicate(timeout=DEADLINE_S)[0]) for child in children]
    assert all(child.returncode == 0 for child in children)
    assert sum(counts) == len(provider.exchanges)
    last = start(40, 4)
    assert last.communicate(timeout=DEADLINE_S)[0] == "0\n"
    assert sum(counts) == len(provider.exchanges)


def test_after_any_number_of_kills_only_calls_under_way_are_made_again(provider: Provider) -> None:
    rows, concurrency = 60, 4
    provider.latency_s = 0.02
    kills = 0
    for stop_at in (5, 13, 27, 40):
        child = start(rows, concurrency)
        provider.wait_for(lambda wanted=stop_at: len(provider.exchanges) >= wanted)  # type: ignore[misc]
        child.send_signal(signal.SIGKILL)
        assert child.wait(DEADLINE_S) == -signal.SIGKILL
        child.communicate()
        kills += 1
    child = start(rows, concurrency)
    assert child.communicate(timeout=DEADLINE_S)[0]
    assert child.returncode == 0
    # The provider had begun at most so many when each death came.
    assert asked_twice(provider) <= kills * concurrency
    assert len({one.body["messages"][1]["content"] for one in provider.exchanges}) == rows
