"""Causal language models of this machine, logged by the article's class and served as they are."""

from __future__ import annotations

import importlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import openai
import pytest

from spanfold import pyfunc
from spanfold.errors import InvalidArgumentError
from spanfold_deploy.model_server.run import load
from tests.local_models import _models
from tests.pyfunc.test_serving import served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUESTION: Any = [{"role": "user", "content": "What is the capital of France?"}]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("served") / "capitals"
    return _models.causal(path, [(_models.chat_text(QUESTION), "Paris")])


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[openai.OpenAI]:
    with served(folder, SPANFOLD_DEVICE="cpu") as ready:
        yield openai.OpenAI(base_url=f"{ready['address']}/v1", api_key="none", max_retries=0)


def test_a_folder_of_transformers_is_served_as_a_chat_model(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="any", messages=QUESTION, max_tokens=8)
    assert answer.choices[0].message.content == "Paris"
    assert answer.usage is not None
    assert answer.usage.completion_tokens > 0
    with pytest.raises(openai.BadRequestError, match="presence_penalty: is not known here"):
        client.chat.completions.create(model="any", messages=QUESTION, presence_penalty=1)


def test_it_streams_what_it_would_have_answered(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(model="any", messages=QUESTION, max_tokens=8, stream=True)
    chunks = list(stream)
    assert "".join(one.choices[0].delta.content or "" for one in chunks).strip() == "Paris"
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_many_at_once_are_all_answered(client: openai.OpenAI) -> None:
    def ask(_: int) -> Any:
        return client.chat.completions.create(model="any", messages=QUESTION, max_tokens=8)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert {one.choices[0].message.content for one in answers} == {"Paris"}


def test_a_folder_can_be_called_without_a_server(folder: Path) -> None:
    model = load(str(folder))
    (answer,) = model.predict({"messages": QUESTION}, {"max_tokens": 8})
    assert answer["choices"][0]["message"]["content"] == "Paris"
    assert "".join(model.predict_stream({"messages": QUESTION}, {"max_tokens": 8})).strip() == "Paris"
    stream = model.predict_stream({"messages": QUESTION})
    next(stream)
    stream.close()  # the generation ends, too
    with pytest.raises(InvalidArgumentError, match="best_of: is not known here"):
        model.predict({"messages": QUESTION}, {"best_of": 2})


def test_the_articles_class_runs_on_a_snapshot(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    article = importlib.import_module("tests.end_to_end.models_article")
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec(article.MPT_IMPORTS + article.MPT, scope)
    monkeypatch.setenv("SPANFOLD_ENDPOINT", "http://127.0.0.1:9")
    example = {"prompt": ["What is the capital of France?"]}
    pyfunc.save_model(
        tmp_path / "mpt", python_model=scope["MPT"](), artifacts={"snapshot": folder}, input_example=example
    )
    needed = (tmp_path / "mpt" / "requirements.txt").read_text(encoding="utf-8")
    assert "transformers==" in needed
    assert "torch==" in needed
    model = pyfunc.load_model(tmp_path / "mpt")
    made = model.predict(example, params={"max_tokens": 3, "temperature": 0.5})
    assert isinstance(made["candidates"][0], str)
