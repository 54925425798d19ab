"""The tree of a filter. Nodes are equal when they say the same, wherever they stood in the text.

A ``position`` is the number of characters before the node's own.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Field:
    """Something that is known about a trace, such as ``latency_ms`` or ``span.attributes['k']``."""

    name: str
    key: str | None = None
    """The key in brackets, for maps."""
    any_span: bool = False
    """Written with ``span.``: any span of the trace may match, not just its entry."""
    position: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that the filter's author wrote."""

    value: str | int | float
    position: int = dataclasses.field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field against one value; ``operator`` is in canonical spelling, such as ``NOT LIKE``."""

    field: Field
    operator: str
    literal: Literal
    position: int = dataclasses.field(default=0, compare=False)
    """Where the operator stands."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A field against a list of values: ``IN`` and ``NOT IN``."""

    field: Field
    literals: tuple[Literal, ...]
    negated: bool
    position: int = dataclasses.field(default=0, compare=False)
    """Where the operator stands."""


@dataclass(frozen=True, slots=True)
class Missing:
    """``IS NULL``, or with ``negated`` ``IS NOT NULL``."""

    field: Field
    negated: bool


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of its operand."""

    operand: Node


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more operands."""

    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of two or more operands."""

    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """One thing that a listing is sorted by."""

    field: Field
    descending: bool = False


Node: TypeAlias = Comparison | Membership | Missing | Not | And | Or
