"""Tracing and observability for GenAI applications, by model version.

Example:
    >>> import spanfold
    >>> spanfold.set_active_model(name="my-agent-v1.0")  # doctest: +SKIP
    >>> @spanfold.trace
    ... def answer(question: str) -> str:
    ...     return "..."
"""

from __future__ import annotations

from spanfold._internal.instrumentation.autolog import autolog
from spanfold._internal.model import ActiveModel, LoggedModel
from spanfold._internal.models import (
    clear_active_model,
    create_external_model,
    get_active_model_id,
    set_active_model,
)
from spanfold._internal.setup import configure, flush, shutdown
from spanfold._internal.tracing import start_span, trace

__all__ = [
    "ActiveModel",
    "LoggedModel",
    "autolog",
    "clear_active_model",
    "configure",
    "create_external_model",
    "flush",
    "get_active_model_id",
    "set_active_model",
    "shutdown",
    "start_span",
    "trace",
]
