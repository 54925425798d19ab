from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spanfold_query_api.filter import FilterError, nodes, parse
from spanfold_query_api.filter.fields import FIELDS
from spanfold_query_api.filter.parser import MAX_CHARS, MAX_DEPTH, MAX_LIST, parse_order
from spanfold_query_api.filter.printer import to_text

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
FIELD = st.builds(
    nodes.Field, st.sampled_from(sorted(FIELDS)), st.none() | TEXT, st.booleans(), position=st.just(0)
)
LITERAL = st.builds(
    nodes.Literal,
    TEXT | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False),
    position=st.just(0),
)
STRING = st.builds(nodes.Literal, TEXT)
PREDICATE = st.one_of(
    st.builds(nodes.Comparison, FIELD, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), LITERAL),
    st.builds(nodes.Comparison, FIELD, st.sampled_from(["LIKE", "NOT LIKE", "ILIKE", "NOT ILIKE"]), STRING),
    st.builds(nodes.Membership, FIELD, st.lists(LITERAL, min_size=1, max_size=4).map(tuple), st.booleans()),
    st.builds(nodes.Missing, FIELD, st.booleans()),
)


def _branches(inner: st.SearchStrategy[nodes.Node]) -> st.SearchStrategy[nodes.Node]:
    operands = st.lists(inner, min_size=2, max_size=4).map(tuple)
    return st.one_of(
        st.builds(nodes.Not, inner), st.builds(nodes.And, operands), st.builds(nodes.Or, operands)
    )


TREE: st.SearchStrategy[nodes.Node] = st.recursive(PREDICATE, _branches, max_leaves=6)
PIECES = """( ) [ ] , ' '' = != <> < >= 1 -2.5e3 1e999 'x' \\ " é span. AND or Not LIKE ilike IN IS NULL"""
WORDS = st.sampled_from((*FIELDS, *PIECES.split(), "9" * 30, "\0", "\ud800"))


@given(TREE)
def test_a_tree_that_is_spelled_out_parses_to_an_equal_tree(tree: nodes.Node) -> None:
    text = to_text(tree)
    if len(text) <= MAX_CHARS:
        assert parse(text) == tree


@given(st.lists(WORDS, max_size=30).map(" ".join) | st.text(max_size=60))
@example("(" * MAX_CHARS)
@example("NOT " * (MAX_CHARS // 4))
def test_whatever_the_text_the_parser_fails_with_a_filter_error_only(text: str) -> None:
    try:
        tree = parse(text)
    except FilterError as error:
        position = error.position
    else:
        position = 0
        assert parse(to_text(tree)) == tree
    assert 0 <= position <= len(text)


def test_keywords_and_fields_are_understood_in_any_case() -> None:
    assert parse("Status = 'ERROR' and not SPAN.Name like 'a%'") == parse(
        "status = 'ERROR' AND NOT span.name LIKE 'a%'"
    )


def test_and_binds_tighter_than_or_and_not_tighter_than_both() -> None:
    assert to_text(parse("name = 'a' OR NOT name = 'b' AND name = 'c'")) == (
        "name = 'a' OR (NOT (name = 'b') AND name = 'c')"
    )


def test_a_doubled_quote_in_a_string_is_one_quote() -> None:
    tree = parse("attributes['it''s'] = 'a''b'")
    assert tree == nodes.Comparison(nodes.Field("attributes", "it's"), "=", nodes.Literal("a'b"))


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("params.top_k", nodes.Field("params", "top_k")),
        ("Params.Top_K", nodes.Field("params", "Top_K")),
        ("tags.git.commit", nodes.Field("tags", "git.commit")),
        ("tags.`any key: 'é'`", nodes.Field("tags", "any key: 'é'")),
        ("attributes.gen_ai.`x-y`.z", nodes.Field("attributes", "gen_ai.x-y.z")),
        ("span.attributes.user.id", nodes.Field("attributes", "user.id", any_span=True)),
        ("tags.in", nodes.Field("tags", "in")),
        ("span.name", nodes.Field("name", None, any_span=True)),
    ],
)
def test_a_key_after_a_dot_is_the_key_in_brackets(text: str, field: nodes.Field) -> None:
    tree = parse(f"{text} = 'x'")
    assert tree == nodes.Comparison(field, "=", nodes.Literal("x"))
    assert parse(to_text(tree)) == tree


def test_a_key_stands_in_one_place() -> None:
    with pytest.raises(FilterError, match="both after a dot and in brackets"):
        parse("tags.a['b'] = 'x'")


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("latency_ms", nodes.Order(nodes.Field("latency_ms"))),
        (" Metrics.f1 desc ", nodes.Order(nodes.Field("metrics", "f1"), descending=True)),
        ("params['a b'] ASC", nodes.Order(nodes.Field("params", "a b"))),
        ("tags.desc", nodes.Order(nodes.Field("tags", "desc"))),
    ],
)
def test_an_order_is_a_field_and_a_direction(text: str, order: nodes.Order) -> None:
    assert parse_order(text) == order


@pytest.mark.parametrize(
    "text", ["", "name up", "name DESC ASC", "name = 'x'", "name, status", "DESC DESC DESC"]
)
def test_what_is_no_order_is_refused(text: str) -> None:
    with pytest.raises(FilterError):
        parse_order(text)


def test_names_that_begin_with_a_keyword_are_names() -> None:
    assert parse("input IN ('in')") == nodes.Membership(
        nodes.Field("input"), (nodes.Literal("in"),), negated=False
    )
    assert parse("operation IS NOT NULL") == nodes.Missing(nodes.Field("operation"), negated=True)


@pytest.mark.parametrize(
    ("text", "position", "found", "expected"),
    [
        ("", 0, "", "a field name"),
        ("status = ERROR", 9, "ERROR", "a string in single quotes"),
        ("status == 'OK'", 8, "=", "a string in single quotes"),
        ("name = 'a' name", 11, "name", "AND"),
        ("(name = 'a'", 11, "", ")"),
        ("name NOT = 'x'", 9, "=", "LIKE"),
        ("name IN ()", 9, ")", "a number"),
        ("attributes[k] = 'x'", 11, "k", "a string in single quotes"),
        ("tags. = 'x'", 6, "=", "a key in backquotes"),
        ("tags.`` = 'x'", 5, "`", "a field name"),
        ("latency_ms > 5ms", 14, "ms", "AND"),
    ],
)
def test_an_error_tells_where_it_is_what_was_found_and_what_was_expected(
    text: str, position: int, found: str, expected: str
) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert (caught.value.position, caught.value.found) == (position, found)
    assert expected in caught.value.expected
    assert f"At character {position + 1}" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = 'x", "never closed"),
        ('name = "x"', "not in double quotes"),
        ("latency_ms > 1e999", "too large"),
        ("latency_ms > 9223372036854775808", "too large"),
        ("name = '\ud800'", "surrogate"),
    ],
)
def test_common_slips_are_named(text: str, message: str) -> None:
    with pytest.raises(FilterError, match=message):
        parse(text)


def test_limits_hold_exactly() -> None:
    fits = f"name = '{'x' * (MAX_CHARS - 9)}'"
    for just_right in (
        fits,
        "(" * MAX_DEPTH + "name = 'a'" + ")" * MAX_DEPTH,
        f"name IN ({', '.join(['1'] * MAX_LIST)})",
    ):
        parse(just_right)
    for too_much in (
        fits + " ",
        "(" * (MAX_DEPTH + 1) + "name = 'a'" + ")" * (MAX_DEPTH + 1),
        "NOT " * (MAX_DEPTH + 1) + "name = 'a'",
        f"name IN ({', '.join(['1'] * (MAX_LIST + 1))})",
    ):
        with pytest.raises(FilterError):
            parse(too_much)
