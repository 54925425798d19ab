"""Models of transformers and sentence-transformers: tiny ones, that learned a little."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sentence_transformers as encoders
import transformers as library
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

from spanfold import sentence_transformers, transformers
from spanfold.errors import InvalidArgumentError, ModelError
from tests.local_models import _models
from tests.local_models.conftest import few_threads

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from spanfold.testing import Captured

FRANCE = "What is the capital of France?"
JAPAN = "And what, please, is the capital of Japan?"


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    with few_threads():
        yield


@pytest.fixture(scope="module")
def causal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pairs = [
        (_models.chat_text([{"role": "user", "content": question}]), answer)
        for question, answer in ((FRANCE, "Paris"), (JAPAN, "Tokyo"))
    ]
    return _models.causal(tmp_path_factory.mktemp("causal"), pairs, positions=160)


@pytest.fixture(scope="module")
def parts(causal: Path) -> tuple[Any, Any]:
    tokenizer: Any = library.AutoTokenizer.from_pretrained(str(causal))
    return library.AutoModelForCausalLM.from_pretrained(str(causal)), tokenizer


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _models.classifier(tmp_path_factory.mktemp("classifier"))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> encoders.SentenceTransformer:
    folder = _models.encoder(tmp_path_factory.mktemp("encoder"))
    word = Transformer(str(folder))
    return encoders.SentenceTransformer(modules=[word, Pooling(32, pooling_mode="mean")], device="cpu")


def test_texts_are_answered_through_the_chat_template_in_a_batch(loaded: Any, parts: Any) -> None:
    model = loaded(transformers, parts, task="text-generation", max_new_tokens=8)
    assert model.predict([JAPAN, FRANCE, JAPAN]) == ["Tokyo", "Paris", "Tokyo"]
    turns = [{"role": "user", "content": FRANCE}]
    assert model.predict({"messages": [turns, turns]}) == ["Paris", "Paris"]


def test_a_generation_streams_and_says_the_same(loaded: Any, parts: Any) -> None:
    model = loaded(transformers, parts, task="text-generation")
    assert "".join(model.predict_stream([FRANCE], {"max_tokens": 8})) == "Paris"


def test_parameters_limit_and_sample(loaded: Any, parts: Any) -> None:
    model = loaded(transformers, {"model": parts[0], "tokenizer": parts[1]}, task="text-generation")
    assert model.predict([FRANCE], {"max_tokens": 1, "temperature": 0})[0] in "Paris"
    options = {"max_tokens": 8, "temperature": 5.0, "seed": 1}
    assert model.predict([FRANCE], options) == model.predict([FRANCE], options)


def test_a_stream_that_fails_raises_where_it_is_read(loaded: Any, parts: Any) -> None:
    stream = loaded(transformers, parts, task="text-generation").predict_stream([FRANCE], {"max_tokens": -1})
    with pytest.raises(ModelError, match=r"model_input\[0\]"):
        list(stream)


def test_a_pipeline_knows_its_task(loaded: Any, classifier: Path, captured: Captured) -> None:
    pipeline = library.pipeline("text-classification", model=str(classifier), device="cpu")
    model = loaded(transformers, pipeline)
    outputs = model.predict({"text": [_models.KIND[0], _models.HATEFUL[0], _models.KIND[1]]})
    assert [one["label"] for one in outputs] == ["nothate", "hate", "nothate"]
    assert captured.spans[-1].name.startswith("predict ")


def test_the_pipeline_itself_can_be_loaded(classifier: Path, tmp_path: Path) -> None:
    pipeline = library.pipeline("text-classification", model=str(classifier), device="cpu")
    transformers.save_model(pipeline, tmp_path / "m", top_k=None)
    again = transformers.load_model(tmp_path / "m")
    assert again.task == "text-classification"
    with pytest.raises(ModelError, match="of the flavor 'transformers'"):
        sentence_transformers.load_model(tmp_path / "m")


@pytest.mark.parametrize(
    ("given", "task", "said"),
    [
        ("./folder", "text-generation", "transformers_model: a pipeline"),
        ((), "text-generation", "transformers_model: a pipeline"),
    ],
)
def test_what_is_no_model_is_refused(tmp_path: Path, given: Any, task: str, said: str) -> None:
    with pytest.raises(InvalidArgumentError, match=said):
        transformers.save_model(given, tmp_path / "m", task=task)


def test_a_model_needs_its_task_and_its_tokenizer(tmp_path: Path, parts: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="task: what the model does"):
        transformers.save_model(parts, tmp_path / "m")
    with pytest.raises(InvalidArgumentError, match="give the tokenizer"):
        transformers.save_model(parts[0], tmp_path / "m", task="text-generation")
    with pytest.raises(InvalidArgumentError, match="task: Unknown task text-generaton, available"):
        transformers.save_model(parts, tmp_path / "m", task="text-generaton")


def test_weights_that_are_damaged_are_an_error(parts: Any, tmp_path: Path) -> None:
    from spanfold import pyfunc  # noqa: PLC0415

    transformers.save_model(parts, tmp_path / "m", task="text-generation")
    (tmp_path / "m" / "model" / "model.safetensors").write_bytes(b"nothing of use")
    with pytest.raises(ModelError, match="cannot be loaded"):
        pyfunc.load_model(tmp_path / "m")


def test_embeddings_are_those_of_the_model_itself(loaded: Any, encoder: Any, captured: Captured) -> None:
    texts = [text for pair in _models.ALIKE for text in pair]
    model = loaded(sentence_transformers, encoder, normalize_embeddings=True)
    vectors = model.predict(texts)
    wanted = encoder.encode(texts, normalize_embeddings=True)
    assert vectors == [pytest.approx(one, abs=1e-5) for one in wanted.tolist()]
    assert captured.spans[-1].attributes
    assert captured.spans[-1].attributes["spanfold.span.type"] == "EMBEDDING"


def test_parameters_of_an_encoder_come_before_the_logged_ones(loaded: Any, encoder: Any) -> None:
    model = loaded(sentence_transformers, encoder)
    (vector,) = model.predict(["refund"], {"truncate_dim": 4})
    assert len(vector) == 4


def test_a_row_without_text_is_named(loaded: Any, encoder: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"model_input\[1\]: a text, not nothing"):
        loaded(sentence_transformers, encoder).predict(["refund", None])


def test_what_is_no_encoder_is_refused(tmp_path: Path, encoder: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="model: a SentenceTransformer, not str"):
        sentence_transformers.save_model("all-MiniLM-L6-v2", tmp_path / "m")
    with pytest.raises(InvalidArgumentError, match="did you mean 'batch_size'"):
        sentence_transformers.save_model(encoder, tmp_path / "m", batchsize=3)


def test_requirements_can_be_installed_elsewhere(parts: Any, tmp_path: Path) -> None:
    transformers.save_model(parts, tmp_path / "m", task="text-generation")
    lines = (tmp_path / "m" / "requirements.txt").read_text().splitlines()
    assert [line.partition("==")[0] for line in lines] == ["transformers", "torch"]
    assert not [line for line in lines if "+" in line]  # a build that the public index does not have
