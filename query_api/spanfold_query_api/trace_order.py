"""Orders of the listing of traces other than newest first.

Newest first is found by walking back through time, and reads no more than it lists. For any other order every
entry span of the range has to be looked at: light columns only, in one statement a page.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from spanfold_query_api.problems import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_COLUMNS: Final[Mapping[str, tuple[str, bool]]] = {
    "start_time": ("-best.2", False),
    "latency_ms": ("latency_ns", False),
    "cost_usd": ("cost_nano_usd", True),
    "input_tokens": ("input_tokens", True),
    "output_tokens": ("output_tokens", True),
    "total_tokens": ("coalesce(input_tokens + output_tokens, input_tokens, output_tokens)", True),
}
"""Name to the expression over ``entries_ranked.sql``, and whether all spans of a trace are summed for it."""
_ALIASES: Final[Mapping[str, str]] = {
    "timestamp": "start_time",
    "timestamp_ms": "start_time",
    "request_time": "start_time",
    "execution_time": "latency_ms",
    "execution_time_ms": "latency_ms",
}
"""MLflow's names."""
_TEXT: Final = re.compile(r"(?:trace\.|attributes?\.)?(\w+)(?:\s+(asc|desc))?", re.IGNORECASE)
_LAST: Final = -(2**63) + 1


@dataclass(frozen=True, slots=True)
class Order:
    """One column of an order."""

    column: str
    descending: bool

    def __str__(self) -> str:
        """The canonical spelling."""
        return f"{self.column} {'DESC' if self.descending else 'ASC'}"


NEWEST_FIRST: Final = (Order("start_time", descending=True),)


def parse(texts: Sequence[str]) -> tuple[Order, ...]:
    """Read what a request says; nothing at all means newest first.

    Raises:
        ProblemError: a text is no order, or names a column twice.

    Example:
        >>> [str(order) for order in parse(["execution_time desc", "cost_usd"])]
        ['latency_ms DESC', 'cost_usd ASC']
    """
    orders = tuple(_parse(text.strip()) for text in texts)
    if len({order.column for order in orders}) < len(orders):
        raise invalid("order_by", "each column can be named once")
    return orders or NEWEST_FIRST


def _parse(text: str) -> Order:
    match = _TEXT.fullmatch(text)
    if match is None:
        raise invalid("order_by", f"{text!r} is no order: write for example latency_ms DESC")
    name = match[1].lower()
    column = _ALIASES.get(name, name)
    if column not in _COLUMNS:
        near = difflib.get_close_matches(column, _COLUMNS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(_COLUMNS)}"
        raise invalid("order_by", f"traces cannot be ordered by {match[1]!r}: {hint}")
    return Order(column, descending=(match[2] or "asc").lower() == "desc")


def sums_spans(orders: Sequence[Order]) -> bool:
    """Whether the order needs sums over all spans of each trace, not only its entry."""
    return any(_COLUMNS[order.column][1] for order in orders)


def rank_sql(orders: Sequence[Order]) -> str:
    """The tuple of integers that is larger, the earlier a trace comes; one without a value comes last.

    Example:
        >>> rank_sql(parse(["latency_ms DESC"]))
        'tuple(ifNull(toInt64(latency_ns), -9223372036854775807))'
    """
    parts = (
        f"ifNull({'' if order.descending else '-'}toInt64({_COLUMNS[order.column][0]}), {_LAST})"
        for order in orders
    )
    return f"tuple({', '.join(parts)})"


def after_sql(orders: Sequence[Order]) -> str:
    """The condition that a trace comes after a key: the parameters ``rank0``, ... and ``after_trace_id``."""
    ranks = "".join(f"{{rank{number}:Int64}}, " for number in range(len(orders)))
    names = "".join(f"rank.{number + 1}, " for number in range(len(orders)))
    return f"({names}TraceId) < ({ranks}toFixedString(unhex({{after_trace_id:String}}), 16))"
