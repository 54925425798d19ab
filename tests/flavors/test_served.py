"""Models of flavors behind the server of models, asked by OpenAI's own client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai as library
import pytest

from spanfold import google, openai
from tests.flavors.conftest import QUESTION
from tests.providers import script
from tests.pyfunc.test_serving import served

if TYPE_CHECKING:
    from pathlib import Path

    from tests.providers.clouds import Clouds
    from tests.providers.server import Provider


def chat(address: str, **arguments: Any) -> Any:
    with library.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as client:
        create: Any = client.chat.completions.create
        answer = create(model="any", **arguments)
        return list(answer) if arguments.get("stream") else answer


TURNS = [
    {"role": "user", "content": "one"},
    {"role": "assistant", "content": "two"},
    {"role": "user", "content": "three"},
]


def test_a_model_without_variables_continues_the_conversation(tmp_path: Path, clouds: Clouds) -> None:
    google.save_model("gemini-2.5-flash", path=tmp_path / "m", messages=QUESTION[:1])
    with served(tmp_path / "m", **clouds.environment) as ready:
        answer = chat(ready["address"], messages=TURNS, max_tokens=9, stop=["END"])
        chunks = chat(ready["address"], messages=TURNS, stream=True)
    assert answer.choices[0].message.content == script.ANSWER
    assert "".join(one.choices[0].delta.content or "" for one in chunks) == script.ANSWER
    body = clouds.exchanges[0].body
    assert [one["parts"][0]["text"] for one in body["contents"]] == ["one", "two", "three"]
    assert body["generationConfig"] == {"maxOutputTokens": 9, "stopSequences": ["END"]}


def test_a_model_with_a_variable_gets_what_the_user_said_last(tmp_path: Path, provider: Provider) -> None:
    openai.save_model("gpt-4o", "chat.completions", path=tmp_path / "m", messages=QUESTION)
    with served(tmp_path / "m", **provider.environment) as ready:
        answer = chat(ready["address"], messages=TURNS)
        with pytest.raises(library.APIStatusError, match="400"):
            chat(ready["address"], messages=[{"role": "user", "content": "fail:400"}])
    assert answer.choices[0].message.content == script.ANSWER
    assert provider.exchanges[0].body["messages"] == [QUESTION[0], {"role": "user", "content": "three"}]
