"""Which span of this process a span was started in, and so on outwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from weakref import ref

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import Span

_MAX_ANCESTORS: Final = 64


def link(span: Span, around: Span) -> None:
    """Remember that ``span`` was started in ``around``."""
    # Weak: a chain of background tasks, each started in the span of the one before, would never be freed.
    span._spanfold_parent = ref(around)  # type: ignore[attr-defined] # noqa: SLF001


def outwards(span: Span) -> Iterator[Span]:
    """The span, and those around it as long as this process has them."""
    around: Span | None = span
    for _ in range(_MAX_ANCESTORS):
        if around is None:
            return
        yield around
        linked: ref[Span] | None = getattr(around, "_spanfold_parent", None)
        around = None if linked is None else linked()
