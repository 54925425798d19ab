"""A served model is spoken to by OpenAI's own client and in MLflow's words, over real sockets."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import openai
import pytest
from openai.types.chat import ChatCompletionChunk

import spanfold
from spanfold import pyfunc
from spanfold_deploy.model_server import wire
from tests.deploy.processes import COMMAND, TIMEOUT_S, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.processes import Server

CODE = Path(__file__).parent / "served_model.py"
SIGNATURE = pyfunc.infer_signature({"text": ["a"]}, ["a"], {"mark": ""})


@contextmanager
def served(uri: str | Path, *options: str, **more: str) -> Iterator[dict[str, Any]]:
    """A process that serves a model; what it said when it was ready."""
    more.setdefault("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    command = [*COMMAND, "models", "serve", str(uri), "--port", "0", *options]
    with subprocess.Popen(
        command, env=environment(**more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            line = process.stdout.readline()
            assert line, process.stderr.read()
            yield {**json.loads(line), "process": process}
        finally:
            process.kill()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("served") / "moody"
    pyfunc.save_model(path, python_model=CODE, signature=SIGNATURE)
    return path


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[str]:
    with served(folder) as ready:
        assert ready["ready"] is True
        yield ready["address"]


@pytest.fixture
def client(server: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{server}/v1", api_key="none", max_retries=0)


def said(text: str) -> Any:
    return [{"role": "user", "content": text}]


def test_the_official_client_chats_with_it(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="any", messages=said("hello"), temperature=0.5, extra_body={"mark": "!"}
    )
    assert answer.choices[0].message.content == "hello! of 1"
    assert answer.choices[0].finish_reason == "stop"
    assert [one.id for one in client.models.list()] == ["python_function"] or answer.model


def test_an_answer_is_streamed_as_the_model_makes_it(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(model="any", messages=said("hello"), stream=True)
    chunks = list(stream)
    assert [one.choices[0].delta.content for one in chunks] == [*"hello", None]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].choices[0].finish_reason == "stop"
    texts = client.completions.create(model="any", prompt="abc", stream=True)
    assert "".join(one.choices[0].text for one in texts) == "abc"


def test_a_stream_ends_with_its_usage_where_that_is_asked_for(client: openai.OpenAI) -> None:
    asked: Any = {"model": "any", "stream": True, "stream_options": {"include_usage": True}}
    *_, end, last = client.chat.completions.create(messages=said("hello"), **asked)
    assert (end.choices[0].finish_reason, last.choices) == ("stop", [])
    assert last.usage is not None
    assert (last.usage.prompt_tokens, last.usage.completion_tokens) == (1, 5)
    *_, text = client.completions.create(prompt="abc", **asked)
    assert (text.usage.completion_tokens, text.choices) == (3, [])


def test_a_whole_answer_in_openais_form_is_streamed_as_one_chunk() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    whole = {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }
    chunks = wire.Chunks("m", is_chat=True)
    (chunk,) = chunks.piece({**whole, "usage": {"total_tokens": 1}})
    assert ChatCompletionChunk.model_validate(chunk).choices[0].delta.tool_calls
    assert (chunk["object"], chunks.end()) == ("chat.completion.chunk", [])


def test_completions_answer_each_prompt(client: openai.OpenAI) -> None:
    answer = client.completions.create(model="any", prompt=["a", "b"])
    assert [one.text for one in answer.choices] == ["a of 2", "b of 2"]


def test_a_failing_model_is_an_error_before_and_within_a_stream(client: openai.OpenAI) -> None:
    with pytest.raises(openai.InternalServerError, match="RuntimeError: not in the mood"):
        client.chat.completions.create(model="any", messages=said("fail"))
    with pytest.raises(openai.InternalServerError, match="not in the mood"):
        client.chat.completions.create(model="any", messages=said("fail"), stream=True)
    stream = client.chat.completions.create(model="any", messages=said("a!b"), stream=True)
    taken: list[Any] = []
    with pytest.raises(openai.APIError, match="broke off"):
        taken.extend(one.choices[0].delta.content for one in stream)


def test_mlflows_forms_are_understood(server: str) -> None:
    assert httpx.get(f"{server}/ping").status_code == 200
    for body in (
        {"dataframe_split": {"columns": ["text"], "data": [["a"], ["b"]]}},
        {"dataframe_records": [{"text": "a"}, {"text": "b"}]},
        {"inputs": {"text": ["a", "b"]}},
        {"instances": [{"text": "a"}, {"text": "b"}]},
        {"inputs": ["a", "b"]},
    ):
        answer = httpx.post(f"{server}/invocations", json={**body, "params": {"mark": "?"}})
        assert answer.json() == {"predictions": ["a? of 2", "b? of 2"]}


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("/v1/chat/completions", {}, 400, "messages: a list of"),
        ("/v1/chat/completions", {"messages": said("a"), "n": 2}, 400, "gives one answer"),
        ("/v1/completions", {"prompt": [1, 2]}, 400, "prompt: a text, or a list of texts"),
        ("/v1/completions", {"prompt": ["a"] * 2_049}, 400, "at most 2048"),
        ("/v1/embeddings", {"input": "a"}, 500, "the model gives no embeddings"),
        ("/invocations", {"rows": []}, 400, "dataframe_split, dataframe_records"),
        ("/invocations", {"inputs": {"txt": ["a"]}}, 400, "the column 'text' is missing"),
        ("/invocations", {"inputs": "a", "params": {"x": 1}}, 400, r"the model has no such parameter"),
        ("/invocations", {"dataframe_split": {"columns": ["a", "b"], "data": [[1]]}}, 400, "a list of rows"),
    ],
)
def test_a_request_that_cannot_be_right_is_refused(
    server: str, path: str, body: Any, status: int, message: str
) -> None:
    answer = httpx.post(server + path, json=body)
    assert answer.status_code == status
    told = answer.json()
    assert message in (told["message"] if path == "/invocations" else told["error"]["message"])


def test_web_pages_and_other_media_types_are_refused(server: str) -> None:
    path, body = f"{server}/v1/chat/completions", json.dumps({"messages": said("a")})
    kind = {"Content-Type": "application/json"}
    assert httpx.post(path, content=body, headers={"Content-Type": "text/plain"}).status_code == 415
    assert (
        httpx.post(path, content=body, headers={**kind, "Origin": "https://evil.example"}).status_code == 403
    )
    assert httpx.post(path, content="{", headers=kind).status_code == 400
    assert httpx.post(path, content=b"x" * (17 * 2**20), headers=kind).status_code == 413


def test_requests_that_come_together_are_answered_together(server: str) -> None:
    def ask(text: str) -> str:
        body = {"messages": said(text)}
        answer = httpx.post(f"{server}/v1/chat/completions", json=body, timeout=TIMEOUT_S)
        text = answer.json()["choices"][0]["message"]["content"]
        return str(text)

    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(ask, "slow")  # while it runs, the others gather
        time.sleep(0.3)
        others = list(pool.map(ask, "abcdefgh"))
    assert first.result() == "slow of 1"
    assert [text[0] for text in others] == list("abcdefgh")
    assert not all(text.endswith("of 1") for text in others)


def test_one_bad_row_spoils_nothing_for_the_others(server: str) -> None:
    def ask(text: str) -> int:
        body = {"messages": said(text)}
        return httpx.post(f"{server}/v1/chat/completions", json=body, timeout=TIMEOUT_S).status_code

    with ThreadPoolExecutor(4) as pool:
        slow = pool.submit(ask, "slow")
        time.sleep(0.3)
        assert list(pool.map(ask, ["a", "fail", "b"])) == [200, 500, 200]
        assert slow.result() == 200


def test_waiting_is_bounded_in_number_and_in_time(folder: Path) -> None:
    with served(folder, "--max-waiting", "1", "--timeout-s", "0.5") as ready:

        def ask(_: int) -> httpx.Response:
            body = {"messages": said("slow")}
            return httpx.post(f"{ready['address']}/v1/chat/completions", json=body, timeout=TIMEOUT_S)

        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(ask, range(6)))
    statuses = {one.status_code for one in answers}
    assert statuses == {429, 504}
    assert all(one.headers["Retry-After"] == "1" for one in answers if one.status_code == 429)


def test_a_model_that_exits_ends_no_thread_that_others_need(server: str) -> None:
    def ask(text: str) -> httpx.Response:
        return httpx.post(f"{server}/v1/chat/completions", json={"messages": said(text)}, timeout=TIMEOUT_S)

    answer = ask("exit")
    assert answer.status_code == 500
    assert "tried to end the process: SystemExit: 3" in answer.json()["error"]["message"]
    assert ask("a").status_code == 200


def test_a_stream_that_takes_too_long_ends_with_an_error_and_nothing_else(folder: Path) -> None:
    with served(folder, "--timeout-s", "0.5") as ready:
        body = {"messages": said("slow"), "stream": True}
        answer = httpx.post(f"{ready['address']}/v1/chat/completions", json=body, timeout=TIMEOUT_S)
        process = ready["process"]
        process.send_signal(signal.SIGTERM)
        logged = process.stderr.read()
    assert "did not answer in time" in answer.text
    assert "Traceback" not in logged


def test_a_socket_is_for_this_user_alone(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.sock"
    with served(folder, "--socket", str(path)) as ready:
        assert ready["address"] == f"unix:{path}"
        assert path.stat().st_mode & 0o777 == 0o600
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as http:
            assert http.get("http://model/ping").status_code == 200
        process = ready["process"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT_S) == 0
        assert not path.exists()


def test_it_ends_with_the_process_that_started_it(folder: Path) -> None:
    parent = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True)\n"
        "print(child.pid, child.stdout.readline(), flush=True)\n"
        "time.sleep(600)\n"
    )
    command = [*COMMAND, "models", "serve", str(folder), "--port", "0", "--ends-with-parent"]
    with subprocess.Popen(
        [sys.executable, "-c", parent, *command], env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline().split()[0])
        process.kill()
    deadline = time.monotonic() + TIMEOUT_S
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        if Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split()[2] == "Z":
            break
        time.sleep(0.1)
    else:
        assert not Path(f"/proc/{pid}").exists()


def test_what_cannot_be_served_says_why(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "models", "serve", str(tmp_path), "--port", "0"],
        env=environment(), capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "has no file MLmodel" in done.stderr


@pytest.mark.usefixtures("connected")
def test_calls_of_a_served_model_are_traces_of_its_version_within_the_callers(
    stack: Server, tmp_path: Path
) -> None:
    info = pyfunc.log_model("moody", python_model=CODE, signature=SIGNATURE)
    addresses = {
        "SPANFOLD_ENDPOINT": stack.ready["api_url"],
        "OTEL_EXPORTER_OTLP_ENDPOINT": stack.ready["otlp_http_endpoint"],
        "SPANFOLD_CACHE_DIR": os.environ["SPANFOLD_CACHE_DIR"],
    }
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    with served("models:/moody", **addresses) as ready:
        assert ready["model_id"] == info.model_id
        answer = httpx.post(
            f"{ready['address']}/v1/chat/completions",
            json={"messages": said("a")},
            headers={"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"},
        )
        assert answer.json()["model"] == "moody"
        ready["process"].send_signal(signal.SIGTERM)
        ready["process"].wait(TIMEOUT_S)
    trace = spanfold.get_trace(trace_id)
    assert trace is not None
    (span,) = trace.data.spans
    assert (span.name, span.model_id, span.output) == ("predict moody", info.model_id, '"a of 1"')

    rows = tmp_path / "rows.csv"
    rows.write_text("text\na\nb\nc\n", encoding="utf-8")
    done = subprocess.run(
        [*COMMAND, "models", "predict", info.model_uri, "--data", str(rows), "--batch-rows", "2",
         "--params", '{"mark": "?"}'],
        env=environment(**addresses), capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == ["a? of 2", "b? of 2", "c? of 1"]
