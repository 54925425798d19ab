from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from spanfold_query_api.tree import MAX_DEPTH, Tree, build

if TYPE_CHECKING:
    from collections.abc import Iterator


def spans(*pairs: tuple[str, str | None]) -> list[dict[str, Any]]:
    return [{"span_id": span_id, "parent_span_id": parent} for span_id, parent in pairs]


def walk(tree: Tree) -> Iterator[tuple[dict[str, Any], int]]:
    """Every node and its depth, without recursion."""
    stack = [(node, 1) for node in reversed(tree.spans)]
    while stack:
        node, depth = stack.pop()
        yield node, depth
        stack += [(child, depth + 1) for child in reversed(node["children"])]


def outline(nodes: list[dict[str, Any]]) -> list[Any]:
    return [(node["span_id"], outline(node["children"])) for node in nodes]


def test_children_hang_under_their_parents_in_the_order_they_came() -> None:
    tree = build(spans(("a", None), ("c", "a"), ("b", "a"), ("d", "b")))
    assert outline(tree.spans) == [("a", [("c", []), ("b", [("d", [])])])]
    assert tree.missing_parent_span_ids == []


def test_a_span_whose_parent_is_missing_is_topmost_and_says_so() -> None:
    tree = build(spans(("a", None), ("b", "gone"), ("c", "b"), ("d", "gone")))
    assert outline(tree.spans) == [("a", []), ("b", [("c", [])]), ("d", [])]
    assert [node["missing_parent"] for node in tree.spans] == [False, True, True]
    assert tree.missing_parent_span_ids == ["gone"]


def test_a_circle_of_parents_is_opened_at_its_first_span() -> None:
    tree = build(spans(("x", None), ("a", "c"), ("b", "a"), ("c", "b"), ("self", "self")))
    assert outline(tree.spans) == [("x", []), ("a", [("b", [("c", [])])]), ("self", [])]
    assert [node["detached"] for node in tree.spans] == [False, True, True]
    assert tree.missing_parent_span_ids == []


def test_of_spans_with_one_id_the_first_is_kept() -> None:
    first, second = {**spans(("a", None))[0], "name": "1"}, {**spans(("a", None))[0], "name": "2"}
    assert [node["name"] for node in build([first, second]).spans] == ["1"]


def test_a_chain_of_ten_thousand_spans_is_cut_into_trees_that_json_can_hold() -> None:
    chain = spans(("0", None), *((str(n), str(n - 1)) for n in range(1, 10_000)))
    tree = build(chain)
    assert max(depth for _, depth in walk(tree)) == MAX_DEPTH
    assert sum(1 for _ in walk(tree)) == 10_000
    assert len(tree.spans) == 10_000 / MAX_DEPTH
    assert [node["detached"] for node in tree.spans] == [False] + [True] * (len(tree.spans) - 1)
    assert orjson.loads(orjson.dumps(tree.spans))[1]["parent_span_id"] == str(MAX_DEPTH - 1)


IDS = st.sampled_from("abcdefgh")


@given(st.lists(st.tuples(IDS, st.none() | IDS | st.just("gone")), max_size=20), st.integers(1, 4))
def test_whatever_the_parents_each_span_is_in_the_tree_exactly_once(
    pairs: list[tuple[str, str | None]], max_depth: int
) -> None:
    tree = build(spans(*pairs), max_depth)
    nodes = list(walk(tree))
    assert sorted(node["span_id"] for node, _ in nodes) == sorted({span_id for span_id, _ in pairs})
    assert all(depth <= max_depth for _, depth in nodes)
    for node, _ in nodes:
        assert all(child["parent_span_id"] == node["span_id"] for child in node["children"])
    for top in tree.spans:
        explained = (top["parent_span_id"] is None, top["missing_parent"], top["detached"])
        assert sum(explained) == 1
