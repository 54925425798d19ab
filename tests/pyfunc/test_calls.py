"""Calls of loaded models: traced under their version, in batches, in pieces, from several threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import spanfold
from spanfold import pyfunc
from spanfold.errors import InvalidArgumentError, ModelError
from spanfold.pyfunc._loaded import PARAMS
from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from opentelemetry.sdk.trace import ReadableSpan

    from spanfold.testing import Captured

MODEL_ID = "m-" + "5" * 32


class Counting(pyfunc.PythonModel):
    """Says what it is given; notes the sizes of calls."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def predict(self, context: Any, model_input: Any, params: Any = None) -> list[str]:
        del context, params
        self.sizes.append(len(model_input))
        with spanfold.start_span("inside"):
            return [f"{text}!" for text in model_input["text"]]

    def predict_stream(self, context: Any, model_input: Any, params: Any = None) -> Iterator[str]:
        del context, params
        with spanfold.start_span("inside"):
            yield from model_input["text"][0]


@pytest.fixture
def model(tmp_path: Path, captured: Captured) -> pyfunc.PyFuncModel:
    del captured
    signature = pyfunc.infer_signature({"text": ["a"]}, ["a!"])
    pyfunc.save_model(tmp_path / "model", python_model=Counting(), signature=signature)
    saved = pyfunc.load_model(tmp_path / "model")
    return pyfunc.PyFuncModel(saved._model, saved.metadata, MODEL_ID, tmp_path / "model")


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_a_prediction_and_what_is_inside_belong_to_the_models_version(
    model: pyfunc.PyFuncModel, captured: Captured
) -> None:
    with spanfold.set_active_model(name="the-application"):
        assert model.predict("a", {"temperature": 0.5}) == ["a!"]
        with spanfold.start_span("after"):
            pass
    inside, outer, after = captured.spans
    assert {attributes(one)[keys.MODEL_ID] for one in (inside, outer)} == {MODEL_ID}
    assert attributes(after)[keys.MODEL_ID] != MODEL_ID
    assert inside.parent is not None
    assert inside.parent.span_id == outer.context.span_id
    said = attributes(outer)
    assert (outer.name, said[keys.SPAN_TYPE]) == ("predict python_function", "CHAIN")
    assert (said[keys.INPUT], said[keys.OUTPUT]) == ('{"text": "a"}', '"a!"')
    assert said[PARAMS] == '{"temperature": 0.5}'


def test_several_rows_are_recorded_as_columns(model: pyfunc.PyFuncModel, captured: Captured) -> None:
    model.predict(pd.DataFrame({"text": ["a", "b"]}))
    said = attributes(captured.spans[-1])
    assert (said[keys.INPUT], said[keys.OUTPUT]) == ('{"text": ["a", "b"]}', '["a!", "b!"]')


def test_an_error_of_the_model_comes_as_it_is_and_marks_the_span(tmp_path: Path, captured: Captured) -> None:
    def divide(rows: list[float]) -> list[float]:
        return [1 / row for row in rows]

    pyfunc.save_model(tmp_path / "divides", python_model=divide)
    with pytest.raises(ZeroDivisionError):
        pyfunc.load_model(tmp_path / "divides").predict([0.0])
    (span,) = captured.spans
    assert not span.status.is_ok
    assert span.status.description == "ZeroDivisionError: float division by zero"


def test_a_stream_is_one_span_of_the_version_however_late_it_is_read(
    model: pyfunc.PyFuncModel, captured: Captured
) -> None:
    with spanfold.set_active_model(name="the-application"):
        stream = model.predict_stream("abc")
    assert list(stream) == ["a", "b", "c"]
    inside, outer = captured.spans
    assert {attributes(one)[keys.MODEL_ID] for one in (inside, outer)} == {MODEL_ID}
    assert attributes(outer)[keys.OUTPUT] == '["a", "b", "c"]'


def test_a_model_that_cannot_stream_says_so(tmp_path: Path, captured: Captured) -> None:
    del captured
    pyfunc.save_model(tmp_path / "model", python_model=len)
    plain = pyfunc.load_model(tmp_path / "model")
    assert not plain.can_stream
    with pytest.raises(ModelError, match="has no predict_stream"):
        plain.predict_stream("a")


@pytest.mark.parametrize(
    "data",
    [
        {"text": list("abcde")},
        [{"text": one} for one in "abcde"],
        list("abcde"),
        pd.DataFrame({"text": list("abcde")}, index=range(7, 12)),
        iter(list("abcde")),
    ],
    ids=lambda data: type(data).__name__,
)
def test_many_rows_are_answered_batch_by_batch(
    model: pyfunc.PyFuncModel, captured: Captured, data: Any
) -> None:
    batches = list(model.predict_batches(data, batch_rows=2, progress=False))
    assert batches == [["a!", "b!"], ["c!", "d!"], ["e!"]]
    assert model.unwrap_python_model().sizes == [2, 2, 1]
    assert len([one for one in captured.spans if one.name.startswith("predict")]) == 3


def test_no_more_of_an_iterator_is_held_than_a_batch(model: pyfunc.PyFuncModel) -> None:
    taken = []

    def rows() -> Iterator[str]:
        for number in range(1_000_000):
            taken.append(number)
            yield str(number)

    batches = model.predict_batches(rows(), batch_rows=10)
    assert next(batches)[0] == "0!"
    assert len(taken) == 10


def test_a_batch_of_no_rows_makes_no_sense(model: pyfunc.PyFuncModel) -> None:
    with pytest.raises(InvalidArgumentError, match="batch_rows=0"):
        model.predict_batches(["a"], batch_rows=0)


def test_a_model_that_is_not_safe_for_threads_is_called_by_one_at_a_time(
    tmp_path: Path, captured: Captured
) -> None:
    del captured

    class Alone(pyfunc.PythonModel):
        is_thread_safe = False

        def predict(self, context: Any, model_input: Any, params: Any = None) -> list[int]:
            del context, params
            before = threading.active_count()
            self.inside = getattr(self, "inside", 0) + 1
            seen = self.inside
            threading.Event().wait(0.01)
            self.inside -= 1
            return [seen, before, len(model_input)][:1]

    pyfunc.save_model(tmp_path / "model", python_model=Alone())
    alone = pyfunc.load_model(tmp_path / "model")
    with ThreadPoolExecutor(8) as pool:
        assert {made[0] for made in pool.map(alone.predict, [["a"]] * 16)} == {1}
