"""Which model version called this service: what an inbound request says, never this service's own model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opentelemetry.context import create_key, get_value, set_value

from spanfold_schemas import ids

if TYPE_CHECKING:
    from opentelemetry.context import Context

MAX_CHARS: Final = 200
_KEY: Final = create_key("spanfold-caller-model-id")


def of(context: Context | None) -> str | None:
    """The caller's model ID in ``context``; None means the current context. Called for every span."""
    found = get_value(_KEY, context)
    return found if type(found) is str else None


def accepted(context: Context, model_id: str) -> Context:
    """``context`` with the caller's ID, or without one if ``model_id`` cannot be an ID.

    Anybody may have sent it: a bounded run of printable characters is all that goes on.
    """
    fits = ids.is_model_id(model_id) or (0 < len(model_id) <= MAX_CHARS and model_id.isprintable())
    return set_value(_KEY, model_id if fits else None, context)
