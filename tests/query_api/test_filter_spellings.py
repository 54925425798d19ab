from __future__ import annotations

import pytest

from spanfold_query_api.filter import FilterError, compile_filter, parse, spellings
from spanfold_query_api.filter.printer import to_text


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("trace.status = 'OK'", "status = 'OK'"),
        ("trace.State != 'ERROR'", "status != 'ERROR'"),
        ("trace.timestamp_ms > 1 OR timestamp < 5", "timestamp_ms > 1 OR timestamp_ms < 5"),
        ("NOT trace.execution_time_ms >= 500", "NOT (latency_ms >= 500)"),
        ("execution_time IN (1, 2)", "latency_ms IN (1, 2)"),
        ("trace.name LIKE 'a%' AND trace.run_id = 'r'", "name LIKE 'a%' AND run_id = 'r'"),
        ("tag.tier = 'pro'", "tags['tier'] = 'pro'"),
        ("tag.`my key` IS NULL", "tags['my key'] IS NULL"),
        ("feedback.correctness = 'yes'", "scores['correctness'] = 'yes'"),
        ("score.f1 > 0.8", "scores['f1'] > 0.8"),
        ("span.type = 'LLM'", "span.span_type = 'LLM'"),
        ("span.attributes.model.name = 'x'", "span.attributes['model.name'] = 'x'"),
        ("tags.a = 'b' AND name = 'trace'", "tags['a'] = 'b' AND name = 'trace'"),
    ],
)
def test_what_is_written_for_mlflow_is_read_as_ours(theirs: str, ours: str) -> None:
    node = spellings.ours(parse(theirs))
    assert to_text(node) == ours
    assert compile_filter(node).parameters


@pytest.mark.parametrize("text", ["trace.nothing = 1", "trace = 'x'", "metadata.k = 'v'", "type = 'LLM'"])
def test_what_is_nobodys_is_refused_as_before(text: str) -> None:
    with pytest.raises(FilterError, match="there is no field"):
        compile_filter(spellings.ours(parse(text)))
