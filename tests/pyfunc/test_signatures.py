"""What models take and give: written and read again, inferred, and held against what callers give."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanfold.errors import InvalidArgumentError
from spanfold.pyfunc import ColSpec, ModelSignature, ParamSpec, _inputs, infer_signature
from spanfold.pyfunc._signature import of_hints, of_names
from spanfold.pyfunc._types import SCALARS, converted, inferred

CHAT = [{"role": "user", "content": "why?"}]

names = st.text(min_size=1, max_size=8)
scalars = st.sampled_from(SCALARS)
types = st.recursive(
    scalars,
    lambda inner: (
        st.builds(lambda items: {"type": "array", "items": items}, inner)
        | st.builds(
            lambda properties: {"type": "object", "properties": properties},
            st.dictionaries(
                names,
                st.builds(
                    lambda kind, required: {
                        **({"type": kind} if isinstance(kind, str) else kind),
                        "required": required,
                    },
                    inner,
                    st.booleans(),
                ),
                min_size=1,
                max_size=3,
            ),
        )
    ),
    max_leaves=4,
)
columns = st.lists(st.builds(ColSpec, types, names, st.booleans()), max_size=4).map(tuple)
signatures = st.builds(
    ModelSignature,
    st.none() | columns,
    st.none() | columns,
    st.none() | st.lists(st.builds(ParamSpec, names, scalars, st.none() | st.integers())).map(tuple),
)


@given(signatures)
def test_a_signature_is_read_as_it_was_written(signature: ModelSignature) -> None:
    assert ModelSignature.from_dict(signature.to_dict()) == signature
    assert ModelSignature.from_dict(json.loads(json.dumps(signature.to_dict()))) == signature


values = st.recursive(
    st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, min_size=1, max_size=3),
    max_leaves=6,
)


@given(values)
def test_a_value_is_of_the_type_that_was_inferred_from_it(value: Any) -> None:
    assert converted("it", value, inferred(value)) == value


def test_mlflows_own_json_of_a_signature_is_read() -> None:
    written = {
        "inputs": '[{"type": "string", "name": "question", "required": true}]',
        "outputs": '[{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 3]}}]',
        "params": '[{"name": "k", "default": 3, "shape": null, "type": "long"}]',
    }
    signature = ModelSignature.from_dict(written)
    assert signature.input_names == ("question",)
    assert signature.outputs == (ColSpec("any"),)
    assert signature.params == (ParamSpec("k", "long", 3),)


@pytest.mark.parametrize("broken", [{"inputs": "{"}, {"inputs": "[1]"}, {"inputs": '[{"type": "strng"}]'}])
def test_what_is_no_signature_is_an_error(broken: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError):
        ModelSignature.from_dict(broken)


def test_examples_of_every_kind_give_the_same_signature() -> None:
    wanted = infer_signature({"q": ["a", "b"], "k": [1, 2]})
    assert infer_signature(pd.DataFrame({"q": ["a", "b"], "k": [1, 2]})) == wanted
    assert infer_signature([{"q": "a", "k": 1}, {"q": "b", "k": 2}]) == wanted
    assert infer_signature({"q": "a", "k": 1}) == wanted
    assert infer_signature({"q": np.array(["a", "b"]), "k": np.array([1, 2])}) == wanted


def test_a_column_with_gaps_is_not_required() -> None:
    assert infer_signature([{"q": "a"}, {"q": "b", "k": 2}]).inputs == (
        ColSpec("string", "q"),
        ColSpec("long", "k", required=False),
    )


def test_a_chat_is_one_row_not_a_column_of_messages() -> None:
    signature = infer_signature({"messages": CHAT})
    assert isinstance(signature.inputs, tuple)
    assert isinstance(signature.inputs[0].type, dict)
    assert signature.inputs[0].type["type"] == "array"
    frame = _inputs.converted({"messages": CHAT}, signature, is_table=True)
    assert frame["messages"].tolist() == [CHAT]


QUESTION = of_names(["question"])


@pytest.mark.parametrize(
    "data",
    [
        "why?",
        ["why?"],
        {"question": "why?"},
        {"question": ["why?"]},
        [{"question": "why?"}],
        {"question": ["why?"], "more": [1]},
        pd.DataFrame({"question": ["why?"]}),
        pd.Series(["why?"]),
        np.array(["why?"]),
    ],
    ids=lambda data: type(data).__name__,
)
def test_whatever_is_given_becomes_the_column_of_the_model(data: Any) -> None:
    frame = _inputs.converted(data, QUESTION, is_table=True)
    assert isinstance(frame, pd.DataFrame)
    assert frame.to_dict(orient="list") == {"question": ["why?"]}


TWO = infer_signature({"question": ["a"], "k": [1]})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("why?", r"the model takes the columns 'question', 'k'"),
        ({"question": ["a"]}, r"the column 'k' is missing; given are 'question'"),
        (
            {"question": ["a"], "k": ["1"]},
            r"model_input\['k'\]\[0\]: the model takes long, not string \('1'\)",
        ),
        ({"question": ["a"], "k": [1.5]}, r"takes long, not double"),
        ({"question": ["a"], "k": [2**63]}, r"takes long, not long \(9223372036854775808"),
        ({"question": ["a"], "k": [1, 2]}, r"columns differ in length: 'question' has 1, 'k' has 2"),
        ({"question": ["a"], 3: [1]}, r"names of columns are text, not int: rename 3"),
    ],
)
def test_what_does_not_fit_is_named(data: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        _inputs.converted(data, TWO, is_table=True)


def test_whole_numbers_become_what_the_model_takes() -> None:
    signature = ModelSignature((ColSpec("double", "x"), ColSpec("integer", "n")))
    frame = _inputs.converted({"x": [1], "n": [2.0]}, signature, is_table=True)
    assert (frame["x"][0], frame["n"][0]) == (1.0, 2)


def test_without_a_signature_a_model_of_ones_own_gets_what_the_caller_gives() -> None:
    data = object()
    assert _inputs.converted(data, None, is_table=False) is data


def test_parameters_have_the_signatures_defaults_and_types() -> None:
    signature = infer_signature(params={"temperature": 0.1, "stop": "x"})
    assert _inputs.with_defaults(None, signature) == {"temperature": 0.1, "stop": "x"}
    assert _inputs.with_defaults({"temperature": 1}, signature) == {"temperature": 1.0, "stop": "x"}
    with pytest.raises(
        InvalidArgumentError, match=r"params\['top_p'\]: the model has no such parameter; it has"
    ):
        _inputs.with_defaults({"top_p": 1}, signature)
    with pytest.raises(InvalidArgumentError, match=r"params\['stop'\]: the model takes string, not long"):
        _inputs.with_defaults({"stop": 1}, signature)
    assert _inputs.with_defaults({"anything": 1}, None) == {"anything": 1}
    with pytest.raises(InvalidArgumentError, match="params: a dict"):
        _inputs.with_defaults([1], None)  # type: ignore[arg-type] # what a user may do


def test_hints_tell_a_list_of_texts() -> None:
    def plain(rows: Any) -> Any:
        return rows

    def hinted(rows: list[str], params: Any = None) -> Any:
        return rows or params

    def rows(rows: list[dict[str, Any]]) -> Any:
        return rows

    assert of_hints(plain) is None
    assert of_hints(rows) is None
    assert of_hints(hinted) == ModelSignature((ColSpec("string"),))
