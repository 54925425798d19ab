"""What a worker process does: in a module of its own, so that it can be pickled."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import spanfold
from spanfold._internal import active_run

if TYPE_CHECKING:
    from collections.abc import Iterator


def work(name: str) -> str | None:
    """Record a span; returns the model that is active."""
    with spanfold.start_span(name):
        return spanfold.get_active_model_id()


@contextmanager
def running() -> Iterator[active_run.Scope]:
    """A block in which a run is active."""
    scope = active_run.Scope("r" * 32, "7")
    active_run.open_run(scope)
    active_run.enter(scope)
    yield scope
    active_run.close_run(scope)
