"""From traces as they are recorded to the columns that metrics ask for."""

from __future__ import annotations

import json
from typing import Any

import pytest

from spanfold.errors import InvalidArgumentError
from spanfold.evaluation import _mapping_paths
from spanfold.evaluation._mapping import input_hash, map_trace, mapping_of, missing, reason_for
from tests.evaluation.recorded import messages

ENTRY = "aa" * 8


def span(number: int, parent: str = ENTRY, **more: Any) -> dict[str, Any]:
    return {
        "span_id": f"{number:016x}", "parent_span_id": parent, "name": "work", "span_type": "",
        "operation": "", "service_name": "app", "status": "UNSET", "start_time_unix_ns": number,
        "duration_ns": 2_000_000, "input": "", "output": "", "attributes": {}, **more,
    }  # fmt: skip


def trace(*spans: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "trace_id": "ab" * 16, "span_id": ENTRY, "start_time_unix_ns": 1_800_000_000_000_000_001,
        "model_id": "m-1", "model_name": "bot", "name": "ask", "experiment_id": "0", "run_id": "",
        "status": "OK", "latency_ms": 12.5, "input_tokens": None, "output_tokens": None, "cost_usd": None,
        "input": None, "output": None, "tags": {"tier": "pro"}, "expectations": {},
        "spans": [span(0, "") | {"span_id": ENTRY}, *spans], **more,
    }  # fmt: skip


def row(*spans: dict[str, Any], mapping: Any = None, **more: Any) -> dict[str, Any]:
    return map_trace(trace(*spans, **more), mapping_of(mapping))


@pytest.mark.parametrize(
    "recorded",
    ['""', '{"answer": ""}', messages(("assistant", "")), '[{"role": "assistant", "content": ""}]'],
)
def test_an_answer_that_was_recorded_and_is_empty_is_an_answer(recorded: str) -> None:
    assert row(input="why?", output=recorded)["predictions"] == ""


def test_a_function_that_returned_nothing_gave_no_answer() -> None:
    assert row(input="why?", output="null")["predictions"] is None


def test_a_traced_function_gives_all_columns() -> None:
    made = row(
        span(1, span_type="RETRIEVER", output='[{"id": "d1", "text": "one"}, {"id": "d2", "text": "two"}]'),
        span(2, span_type="TOOL", name="execute_tool add", input='{"a": 1}', output="3"),
        input='{"question": "why?"}',
        output='"because"',
        input_tokens=10,
        output_tokens=None,
        cost_usd=0.5,
        expectations={"expected_response": '"since"', "expected_documents": '["d1"]'},
    )
    assert (made["inputs"], made["predictions"], made["targets"]) == ("why?", "because", "since")
    assert (made["context"], made["retrieved_doc_ids"]) == (["one", "two"], ["d1", "d2"])
    assert made["expected_documents"] == ["d1"]
    assert made["tool_calls"] == [{"name": "add", "arguments": {"a": 1}, "result": "3"}]
    assert (made["total_tokens"], made["cost_usd"], made["latency_ms"]) == (10, 0.5, 12.5)
    assert (made["tags"], made["start_time_unix_ns"]) == ({"tier": "pro"}, 1_800_000_000_000_000_001)
    assert made["input_hash"] == input_hash('{"question":"why?"}')


def test_a_request_without_content_is_read_from_the_spans_below_it() -> None:
    chain = span(1, span_type="CHAIN", input='{"question": "why?"}', output='"because"')
    inside = span(2, chain["span_id"], span_type="LLM", input="prompt", output="raw")
    db = span(3, span_type="CLIENT", input="SELECT 1", output="1")
    made = row(db, inside, chain)
    assert (made["inputs"], made["predictions"]) == ("why?", "because")
    assert made["input_hash"] == input_hash('{"question": "why?"}')


def test_of_several_calls_the_first_question_and_the_last_answer_count() -> None:
    first = span(1, span_type="LLM", input=messages(("user", "why?")))
    last = span(2, span_type="LLM", output=messages(("assistant", "because")))
    made = row(first, last)
    assert (made["inputs"], made["predictions"]) == ("why?", "because")


def test_of_calls_side_by_side_the_last_one_answers() -> None:
    asks = span(1, span_type="LLM", input=messages(("user", "why?")), output="let me see")
    answers = span(2, span_type="LLM", input="what the tool said", output="because")
    made = row(asks, answers)
    assert (made["inputs"], made["predictions"]) == ("why?", "because")


def test_content_below_a_span_that_was_not_recorded_is_found() -> None:
    other = span(3, "", name="another service", span_type="LLM", input="not it", output="nor this")
    lost = span(1, "ee" * 8, span_type="LLM", input="why?", output="because")
    made = row(other, lost)
    assert (made["inputs"], made["predictions"]) == ("why?", "because")


def test_a_search_that_found_nothing_has_no_documents_and_is_scored() -> None:
    made = row(span(1, span_type="RETRIEVER", output="[]"))
    assert (made["context"], made["retrieved_doc_ids"]) == ([], [])
    made = row(span(1, span_type="RETRIEVER"))
    assert (made["context"], made["retrieved_doc_ids"]) == (None, None)


def test_a_trace_without_content_says_what_it_lacks() -> None:
    made = row(span(1))
    assert missing(made, ("inputs", "predictions", "targets", "context", "latency_ms")) == [
        "inputs",
        "predictions",
        "targets",
        "context",
    ]
    assert "entry span" in reason_for("inputs", mapping_of(None))
    assert "mapping=" in reason_for("grade", mapping_of(None))
    assert made["input_hash"] == ""


def test_tool_calls_of_messages_have_their_answers() -> None:
    asked = [
        {
            "role": "assistant",
            "parts": [{"type": "tool_call", "id": "c1", "name": "add", "arguments": {"a": 1}}],
        }
    ]
    told = [*asked, {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "3"}]}]
    made = row(
        span(1, span_type="LLM", output=json.dumps(asked)),
        span(2, span_type="LLM", input=json.dumps(told), output=messages(("assistant", "3"))),
    )
    assert made["tool_calls"] == [{"name": "add", "arguments": {"a": 1}, "result": "3"}]


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (
            json.dumps(
                {
                    "choices": [
                        {
                            "message": {
                                "role": "assistant",
                                "content": None,
                                "tool_calls": [
                                    {
                                        "id": "c1",
                                        "type": "function",
                                        "function": {"name": "add", "arguments": '{"a": 1}'},
                                    }
                                ],
                            }
                        }
                    ]
                }
            ),
            '[{"role": "tool", "tool_call_id": "c1", "content": "3"}]',
        ),
        (
            json.dumps(
                {
                    "role": "assistant",
                    "content": [{"type": "tool_use", "id": "c1", "name": "add", "input": {"a": 1}}],
                }
            ),
            json.dumps(
                {
                    "messages": [
                        {
                            "role": "user",
                            "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "3"}],
                        }
                    ]
                }
            ),
        ),
        (
            json.dumps(
                {
                    "output": [
                        {"type": "function_call", "call_id": "c1", "name": "add", "arguments": '{"a": 1}'}
                    ]
                }
            ),
            '[{"type": "function_call_output", "call_id": "c1", "output": "3"}]',
        ),
        (
            json.dumps(
                {
                    "messages": [
                        {
                            "type": "ai",
                            "content": "",
                            "tool_calls": [{"id": "c1", "name": "add", "args": {"a": 1}}],
                        }
                    ]
                }
            ),
            '{"messages": [{"type": "tool", "tool_call_id": "c1", "content": "3"}]}',
        ),
    ],
)
def test_tool_calls_are_found_in_the_messages_of_model_apis(asked: str, answered: str) -> None:
    made = row(span(1, span_type="LLM", output=asked), span(2, span_type="LLM", input=answered, output="3"))
    assert made["tool_calls"] == [{"name": "add", "arguments": {"a": 1}, "result": "3"}]


def test_documents_of_openinference_are_in_attributes() -> None:
    attributes = {
        "retrieval.documents.1.document.content": "two",
        "retrieval.documents.0.document.content": "one",
        "retrieval.documents.0.document.id": "d1",
    }
    made = row(span(1, span_type="RETRIEVER", attributes=attributes))
    assert (made["context"], made["retrieved_doc_ids"]) == (["one", "two"], ["d1"])
    made = row(span(1, span_type="RETRIEVER", attributes=attributes, output='["one", "two"]'))
    assert made["retrieved_doc_ids"] == ["d1"]


def test_a_mapping_of_paths_wins_over_the_defaults() -> None:
    made = row(
        span(1, name="find", span_type="RETRIEVER", output='[{"text": "a"}, {"text": "b"}]'),
        span(2, name="rank", attributes={"best.id": "d9"}, status="ERROR"),
        input='{"q": {"text": "why?"}, "lang": "en"}',
        output='{"choices": ["x", "because"]}',
        mapping={
            "inputs": "$.input.q.text",
            "predictions": "$.output.choices[-1]",
            "context": "span[type=RETRIEVER].output[*].text",
            "retrieved_doc_ids": "span[name='rank', status=ERROR].attributes['best.id']",
            "language": "$.input.lang",
            "tier": "$.tags.tier",
            "every": "span[name=find].output[*].text",
        },
    )
    assert (made["inputs"], made["predictions"]) == ("why?", "because")
    assert (made["context"], made["retrieved_doc_ids"]) == (["a", "b"], ["d9"])
    assert (made["language"], made["tier"], made["every"]) == ("en", "pro", ["a", "b"])


def test_a_path_that_finds_nothing_gives_no_value_and_says_where_it_looked() -> None:
    mapping = {"predictions": "$.output.answer.text"}
    made = row(input="x", output='{"answer": "plain"}', mapping=mapping)
    assert made["predictions"] is None
    assert reason_for("predictions", mapping_of(mapping)) == "predictions: nothing at $.output.answer.text"


def test_a_function_maps_a_trace_or_declines_to() -> None:
    def read(one: Any) -> dict[str, Any] | None:
        return (
            None
            if one["input"] is None
            else {"inputs": one["input"].upper(), "spans_seen": len(one["spans"])}
        )

    made = row(span(1), input="why?", output="because", mapping=read)
    assert (made["inputs"], made["predictions"], made["spans_seen"]) == ("WHY?", "because", 2)
    assert missing(row(output="because", mapping=read), ("inputs", "predictions")) == [
        "inputs",
        "predictions",
    ]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("input.question", "begins with"),
        ("$", "after"),
        ("$.inputs", "after"),
        ("$.input..x", "no .key"),
        ("span[color=red].output", "chosen by"),
        ("span.output[x]", "no .key"),
        ("$.input" + ".a" * 300, "at most"),
    ],
)
def test_what_is_no_path_is_refused_with_its_reason(path: str, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        _mapping_paths.parse(path)


@pytest.mark.parametrize("given", [{"trace_id": "$.input"}, {"not a name": "$.input"}, ["x"]])
def test_what_cannot_be_mapped_is_refused(given: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="mapping"):
        mapping_of(given)


def test_equal_inputs_have_equal_hashes_however_they_are_written() -> None:
    assert input_hash('{"a": 1, "b": "é"}') == input_hash('{"b":"\\u00e9","a":1}')
    assert input_hash("why?") != input_hash("why")
    assert len(input_hash("why?")) == 16
    assert input_hash('"\\ud83d"') != ""
