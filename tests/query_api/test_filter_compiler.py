from __future__ import annotations

import re
from contextlib import suppress
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanfold_query_api.filter import FilterError, compile_filter, nodes, parse
from spanfold_query_api.filter.compiler import RANGE_END, RANGE_START
from spanfold_query_api.filter.entities import MODEL_FIELDS, EntityCompiler
from spanfold_query_api.filter.fields import FIELDS, FieldType
from tests.query_api.test_filter_parser import TREE

# Nothing that the compiler writes by itself looks like these.
MARKED_TEXT = st.text(st.characters(codec="utf-8"), max_size=8).map(lambda text: f"ζ{text}ζ")
MARKED_NUMBER = st.integers(10**15, 10**16)
MAPS = ("attributes", "resource_attributes")
TEXTS = tuple(spec.name for spec in FIELDS.values() if spec.type is FieldType.TEXT)
NUMBERS = tuple(spec.name for spec in FIELDS.values() if spec.type is FieldType.NUMBER)


def _map_field(name: str, key: str, *, any_span: bool) -> nodes.Field:
    return nodes.Field(name, key, any_span)


TEXT_FIELD = st.one_of(
    st.builds(nodes.Field, st.sampled_from(TEXTS), st.none(), st.booleans()),
    st.builds(_map_field, st.sampled_from(MAPS), MARKED_TEXT, any_span=st.booleans()),
)
TEXT_TEST = st.builds(
    nodes.Comparison,
    TEXT_FIELD,
    st.sampled_from(["=", "!=", "<", "LIKE", "NOT LIKE", "ILIKE"]),
    st.builds(nodes.Literal, MARKED_TEXT),
)
NUMBER_TEST = st.builds(
    nodes.Membership,
    st.builds(nodes.Field, st.sampled_from(NUMBERS), st.none(), st.booleans()),
    st.lists(st.builds(nodes.Literal, MARKED_NUMBER), min_size=1, max_size=3).map(tuple),
    st.booleans(),
)


@given(st.lists(TEXT_TEST | NUMBER_TEST, min_size=2, max_size=5).map(tuple))
def test_no_value_of_the_filter_ever_appears_in_the_sql(tests: tuple[nodes.Node, ...]) -> None:
    compiled = compile_filter(nodes.And(tests))
    assert "ζ" not in compiled.sql
    assert not re.search(r"\d{8}", compiled.sql)
    names = set(re.findall(r"\{(\w+):\w+\}", compiled.sql)) - {RANGE_START, RANGE_END}
    assert names == set(compiled.parameters)
    assert (RANGE_START in compiled.sql) == compiled.uses_span_range


ENTITY_TEST = st.one_of(
    st.builds(
        nodes.Comparison,
        st.one_of(
            st.builds(nodes.Field, st.sampled_from(["name", "status", "model_type"])),
            st.builds(nodes.Field, st.sampled_from(["params", "tags"]), MARKED_TEXT),
        ),
        st.sampled_from(["=", "!=", "<", "LIKE", "NOT LIKE", "ILIKE"]),
        st.builds(nodes.Literal, MARKED_TEXT),
    ),
    st.builds(
        nodes.Membership,
        st.builds(nodes.Field, st.just("metrics"), MARKED_TEXT),
        st.lists(st.builds(nodes.Literal, MARKED_NUMBER), min_size=1, max_size=3).map(tuple),
        st.booleans(),
    ),
)
ENTITY_ORDER = st.builds(
    nodes.Order,
    st.one_of(
        st.builds(nodes.Field, st.sampled_from(["name", "creation_timestamp"])),
        st.builds(nodes.Field, st.sampled_from(["params", "tags", "metrics"]), MARKED_TEXT),
    ),
    st.booleans(),
)


@given(st.lists(ENTITY_TEST, min_size=2, max_size=5).map(tuple), st.lists(ENTITY_ORDER, max_size=3))
def test_nor_does_one_of_a_filter_or_an_order_of_model_versions(
    tests: tuple[nodes.Node, ...], orders: list[nodes.Order]
) -> None:
    compiler = EntityCompiler(MODEL_FIELDS)
    condition = compiler.condition(nodes.And(tests))
    columns = compiler.sort_columns(orders)
    after = compiler.after(columns, ["ζ" if column.python_type is str else 10**15 for column in columns])
    sql = " ".join([condition, *compiler.columns, *(column.sql for column in columns), after])
    assert "ζ" not in sql
    assert not re.search(r"\d{8}", sql)
    assert set(re.findall(r"\{(\w+):\w+\}", sql)) == set(compiler.parameters)


@pytest.mark.parametrize(
    ("pattern", "sql", "bound"),
    [
        ("%ReFund%", "(lower(Input) LIKE {f0:String})", "%refund%"),
        # The engine's lower() knows no letters but those of ASCII.
        ("%ÉCLAIR%", "(Input ILIKE {f0:String})", "%ÉCLAIR%"),
    ],
)
def test_a_search_in_prompts_can_use_an_index_of_them_in_lower_case(
    pattern: str, sql: str, bound: str
) -> None:
    found = compile_filter(parse(f"input ILIKE '{pattern}'"))
    assert (found.sql, found.parameters) == (sql, {"f0": bound})
    assert compile_filter(parse(f"input NOT ILIKE '{pattern}'")).sql == f"(NOT {sql})"


@given(TREE)
def test_a_tree_compiles_or_is_refused_with_a_filter_error(tree: nodes.Node) -> None:
    with suppress(FilterError):
        compiled = compile_filter(tree)
        assert compiled.sql.count("(") == compiled.sql.count(")")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stats = 'OK'", "did you mean status?"),
        ("zzzzzz = 'OK'", "expected status, name"),
        ("status = 'FOO'", "'UNSET', 'OK' or 'ERROR'"),
        ("status LIKE 'O%'", "cannot be compared by LIKE"),
        ("status > 'OK'", "cannot be compared by >"),
        ("latency_ms > '500'", "expected a number"),
        ("name = 5", "expected a string"),
        ("trace_id = 'ab'", "32 hexadecimal digits"),
        ("start_time > 'yesterday'", "RFC 3339"),
        ("start_time > '2026-02-30T00:00:00Z'", "no such time"),
        ("attributes = 'x'", "needs a key"),
        ("name['x'] = 'x'", "has no keys"),
        ("name LIKE 'a\\'", "escapes nothing"),
        ("attributes['a'] LIKE 'a\\\\\\'", "escapes nothing"),
    ],
)
def test_what_makes_no_sense_is_refused_with_advice(text: str, message: str) -> None:
    with pytest.raises(FilterError, match=re.escape(message)):
        compile_filter(parse(text))


def test_every_operator_of_every_type_is_one_that_the_grammar_knows() -> None:
    for kind in FieldType:
        for operator in kind.operators:
            right = "('x')" if operator.endswith("IN") else "'x'"
            assert isinstance(parse(f"name {operator} {right}"), get_args(nodes.Node))
