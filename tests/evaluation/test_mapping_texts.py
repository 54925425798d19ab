"""The question, the answer and the documents in the shapes that they are recorded in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from spanfold.evaluation._mapping_texts import answer_of, documents_of, question_of
from tests.evaluation.recorded import messages


@pytest.mark.parametrize(
    ("recorded", "question"),
    [
        ("why?", "why?"),
        ('"why?"', "why?"),
        (messages(("system", "be short"), ("user", "first"), ("assistant", "x"), ("user", "why?")), "why?"),
        ('[{"role": "user", "content": "why?"}]', "why?"),
        ('[{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url"}]}]', "a"),
        ('{"messages": [{"type": "human", "content": "why?"}]}', "why?"),
        ('{"question": "why?"}', "why?"),
        ('{"question": "why?", "top_k": 3}', "why?"),
        ('{"anything": "why?"}', "why?"),
        ('{"tenant": "t", "question": "why?"}', "why?"),
        ('{"body": {"query": "why?", "n": 1}}', "why?"),
        ('{"self": "App", "payload": "{\\"question\\": \\"why?\\"}"}', None),
        ('{"a": "x", "b": "y"}', None),
        ('{"model": "m-4", "input": [{"role": "user", "content": "why?"}], "temperature": 0}', "why?"),
        ('{"model": "m-4", "contents": [{"role": "user", "parts": [{"text": "why?"}]}]}', "why?"),
        ('{"model": "m-4", "n": 3}', None),
        ('{"messages": [], "question": "why?"}', "why?"),
        (
            json.dumps(
                {
                    "messages": [
                        [
                            {
                                "lc": 1,
                                "type": "constructor",
                                "id": ["HumanMessage"],
                                "kwargs": {"content": "why?", "type": "human"},
                            }
                        ]
                    ]
                }
            ),
            "why?",
        ),
        ('[{"role": "user", "content": "why?"}, {"type": "function_call", "name": "f"}]', "why?"),
        ("[1, 2]", None),
        ("[broken", "[broken"),
        ("3", "3"),
        ("どこですか", "どこですか"),
        ("", None),
        (None, None),
    ],
)
def test_the_question_is_what_a_person_would_call_it(recorded: str | None, question: str | None) -> None:
    # Where nothing is the question, the whole input is.
    assert question_of(recorded) == (recorded or None if question is None else question)


@pytest.mark.parametrize(
    ("recorded", "answer"),
    [
        (messages(("assistant", "because")), "because"),
        ('{"answer": "because", "sources": ["a", "b"]}', "because"),
        ('{"answer": "because", "model": "x"}', "because"),
        ('{"choices": [{"message": {"role": "assistant", "content": "because"}}], "id": "1"}', "because"),
        ('{"generations": [[{"text": "because", "type": "ChatGeneration"}]]}', "because"),
        ('{"output": {"text": "because", "n": 1}, "id": "x", "kind": "y"}', "because"),
        ('[{"role": "assistant", "parts": [{"type": "tool_call", "name": "f"}]}]', None),
        ('{"role": "assistant", "content": null, "tool_calls": [{"id": "c"}]}', None),
        ('{"role": "assistant", "content": "", "tool_calls": [{"id": "c"}]}', None),
        (
            json.dumps(
                {
                    "choices": [
                        {"message": {"role": "assistant", "content": "because"}, "finish_reason": "stop"}
                    ]
                }
            ),
            "because",
        ),
        (
            json.dumps(
                {
                    "id": "r",
                    "output": [
                        {"type": "reasoning"},
                        {
                            "type": "message",
                            "role": "assistant",
                            "content": [{"type": "output_text", "text": "because"}],
                        },
                    ],
                }
            ),
            "because",
        ),
        (
            '{"candidates": [{"content": {"role": "model", "parts": [{"text": "because"}]}}], "id": "r"}',
            "because",
        ),
        ('{"answer": "", "text": "because"}', "because"),
    ],
)
def test_the_answer_is_what_a_person_would_call_it(recorded: str, answer: str | None) -> None:
    assert answer_of(recorded) == (recorded if answer is None else answer)


@pytest.mark.parametrize(
    ("recorded", "documents"),
    [
        ('["one", "two"]', [("one", None), ("two", None)]),
        ('[{"page_content": "one", "metadata": {"source": "a.md"}}]', [("one", "a.md")]),
        ('[{"document": {"content": "one", "id": 7}, "score": 0.5}]', [("one", "7")]),
        ('{"documents": [["one", "two"]]}', [("one", None), ("two", None)]),
        ('{"results": [{"id": "d1", "text": "one"}], "took": 3}', [("one", "d1")]),
        ('{"hits": {"hits": [{"_source": {"text": "one", "doc_id": "d"}}]}}', [("one", "d")]),
        ('[{"name": "abc", "text": "one"}]', [("one", "abc")]),
        ('[{"node": {"id_": "n1", "text": "one", "metadata": {"file_name": "f"}}}]', [("one", "n1")]),
        ('{"ids": [["d1", "d2"]], "documents": [["one", "two"]]}', [("one", "d1"), ("two", "d2")]),
        ('[{"lc": 1, "kwargs": {"page_content": "one", "metadata": {"source": "a"}}}]', [("one", "a")]),
        ('{"documents": [{"id": "d1", "text": "one"}, {"id": "d2", "te', [("one", "d1")]),
        ('[["one", "two", "thr', [("one", None), ("two", None)]),
        ("plain text", [("plain text", None)]),
        ("[]", []),
        ("", []),
        (None, []),
    ],
)
def test_documents_are_found_in_the_shapes_that_retrievers_return(
    recorded: Any, documents: list[tuple[str | None, str | None]]
) -> None:
    if recorded is not None and '"hits"' in recorded:
        recorded = json.dumps({"hits": json.loads(recorded)["hits"]["hits"]})
    assert documents_of(recorded) == documents
