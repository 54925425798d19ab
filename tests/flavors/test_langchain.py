"""Chains of LangChain as logged models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langchain_openai import ChatOpenAI

from spanfold import langchain
from spanfold.errors import InvalidArgumentError, ModelError
from tests.providers import script

if TYPE_CHECKING:
    from pathlib import Path

    from spanfold.testing import Captured
    from tests.providers.server import Provider


def chain() -> Any:
    prompt = ChatPromptTemplate.from_messages([("system", "Answer in {language}."), ("user", "{question}")])
    return prompt | ChatOpenAI(model="gpt-4o-mini", temperature=0.5) | StrOutputParser()


ROWS = {"language": ["French", "German"], "question": ["Why?", "How?"]}


def test_a_chain_is_written_by_langchain_and_its_prompt_names_the_inputs(
    loaded: Any, provider: Provider, tmp_path: Path
) -> None:
    model = loaded(langchain, chain())
    assert model.signature.input_names == ("language", "question")
    assert model.predict(ROWS) == [script.ANSWER, script.ANSWER]
    sent = {one.body["messages"][0]["content"] for one in provider.exchanges}
    assert sent == {"Answer in French.", "Answer in German."}
    assert (tmp_path / "model" / "runnable.json").is_file()
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert b"sk-test" not in written


def test_what_data_frames_have_for_nothing_is_none(loaded: Any) -> None:
    prompt = ChatPromptTemplate.from_messages([("user", "{question}")])
    model = loaded(langchain, prompt | RunnableLambda(lambda value: value.messages[0].content))
    assert model.predict(pd.DataFrame({"question": ["Why?", None]})) == ["Why?", "None"]


def test_a_chain_streams(loaded: Any, provider: Provider) -> None:
    pieces = list(loaded(langchain, chain()).predict_stream({"language": "French", "question": "Why?"}))
    assert len(pieces) > 3
    assert "".join(pieces) == script.ANSWER
    assert provider.exchanges


def test_a_chat_model_takes_texts_and_conversations(loaded: Any, provider: Provider) -> None:
    model = loaded(langchain, ChatOpenAI(model="gpt-4o-mini"))
    turns = [{"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}]
    assert model.predict(["Why?"]) == [script.ANSWER]
    assert model.predict({"messages": [turns]}) == [script.ANSWER]
    assert provider.exchanges[1].body["messages"] == turns


def test_a_chain_with_functions_is_pickled(loaded: Any, tmp_path: Path) -> None:
    model = loaded(langchain, RunnableLambda(lambda row: row["a"] + row["b"]) | (lambda text: text.upper()))
    assert model.predict([{"a": "x", "b": "y"}, {"a": "z", "b": "!"}]) == ["XY", "Z!"]
    assert (tmp_path / "model" / "runnable.pkl").is_file()


def test_the_runnable_itself_can_be_loaded(provider: Provider, tmp_path: Path) -> None:
    langchain.save_model(chain(), tmp_path / "m")
    again = langchain.load_model(tmp_path / "m")
    assert again.invoke({"language": "French", "question": "Why?"}) == script.ANSWER
    assert provider.exchanges


def test_a_row_that_fails_is_named(loaded: Any, captured: Captured) -> None:
    def fail(row: dict[str, int]) -> int:
        return 1 // row["number"]

    with pytest.raises(ModelError, match=r"model_input\[1\]: ZeroDivisionError"):
        loaded(langchain, RunnableLambda(fail)).predict({"number": [1, 0]})
    assert captured.spans[-1].status.description is not None


def test_a_chain_that_holds_a_key_is_refused(provider: Provider, tmp_path: Path) -> None:
    key = provider.environment["OPENAI_API_KEY"]
    with pytest.raises(ModelError, match="the value of OPENAI_API_KEY"):
        langchain.save_model(RunnableLambda(lambda text: text + key), tmp_path / "m")


def test_what_is_no_runnable_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="lc_model: a Runnable of LangChain, not str"):
        langchain.save_model("a chain", tmp_path / "m")
    with pytest.raises(InvalidArgumentError, match="temperature"):
        langchain.save_model(RunnableLambda(len), tmp_path / "m", temperature=1)
