"""From a flat list of spans to a tree, whatever the spans say about their parents. Pure, and never recursive.

Clients drop spans, send them twice, and sometimes name parents in a circle. Every span that came in is in
the tree exactly once all the same.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_DEPTH: Final = 50
"""Levels of one tree. Parsers of JSON give up at 100 to 1000 levels, and each span takes two."""


@dataclass(frozen=True, slots=True)
class Tree:
    """The spans of one trace."""

    spans: list[dict[str, Any]]
    """The topmost spans, with their descendants under ``children``."""
    missing_parent_span_ids: list[str]
    """IDs that spans name as their parents, of which no span came in."""


def build(spans: Iterable[Mapping[str, Any]], max_depth: int = MAX_DEPTH) -> Tree:
    """Arrange spans by ``span_id`` and ``parent_span_id`` (None: no parent); siblings keep their order.

    Topmost are the spans without a parent and, with ``missing_parent`` set, those whose parent did not come
    in. With ``detached`` set there are two more kinds: the first of a circle of parents, and those that would
    be deeper than ``max_depth``. Of several spans with one ID the first is kept.

    Example:
        >>> tree = build([{"span_id": "b", "parent_span_id": "a"}])
        >>> tree.spans[0]["missing_parent"], tree.missing_parent_span_ids
        (True, ['a'])
    """
    nodes: dict[str, dict[str, Any]] = {}
    for span in spans:
        fresh = {**span, "missing_parent": False, "detached": False, "children": []}
        nodes.setdefault(span["span_id"], fresh)
    children: dict[str, list[str]] = {}
    missing: dict[str, None] = {}
    tops: list[str] = []
    for span_id, node in nodes.items():
        parent = node["parent_span_id"]
        if parent in nodes:
            children.setdefault(parent, []).append(span_id)
            continue
        tops.append(span_id)
        if parent is not None:
            node["missing_parent"] = True
            missing[parent] = None
    placed: set[str] = set()
    detached: list[str] = []
    for top in tops:
        detached += _grow(top, nodes, children, placed, max_depth)
    for span_id in nodes:  # what no top leads to hangs on a circle
        if span_id not in placed:
            detached += [span_id, *_grow(span_id, nodes, children, placed, max_depth)]
    for span_id in detached:
        nodes[span_id]["detached"] = True
    return Tree([nodes[span_id] for span_id in (*tops, *detached)], list(missing))


def _grow(
    top: str,
    nodes: Mapping[str, dict[str, Any]],
    children: Mapping[str, list[str]],
    placed: set[str],
    max_depth: int,
) -> list[str]:
    """Hang all descendants of ``top`` under it; returns those that became tops of their own."""
    cut: list[str] = []
    placed.add(top)
    queue = deque([(top, 1)])
    while queue:
        span_id, depth = queue.popleft()
        for child in children.get(span_id, ()):
            if child in placed:
                continue
            placed.add(child)
            if depth < max_depth:
                nodes[span_id]["children"].append(nodes[child])
                queue.append((child, depth + 1))
            else:
                cut.append(child)
                queue.append((child, 1))
    return cut
