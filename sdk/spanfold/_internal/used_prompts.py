"""Which versions of prompts a span was made with.

Whoever formats a prompt does so inside some span. That span notes the version, and so do the spans around it
in this process, up to the entry of the trace, by which traces are found. A call to a language model that
starts afterwards notes the versions of the nearest span that formatted any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from spanfold._internal import ancestors
from spanfold._internal.faults import contained
from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk.trace import Span

MAX_NOTED: Final = 32
"""Versions on a span; later ones are left out."""
_CALLS: Final = frozenset({"LLM", "CHAT_MODEL"})

in_use = False
"""Whether this process ever formatted a prompt: spans of others pay nothing."""


def note(version: str) -> None:
    """The current span, and those around it, used this version, such as ``greeting/3``. Never raises."""
    global in_use  # noqa: PLW0603 - of the process
    with contained("note a prompt on a span"):
        from opentelemetry.sdk.trace import Span  # noqa: PLC0415 - `import spanfold` stays light
        from opentelemetry.trace import get_current_span  # noqa: PLC0415

        current = get_current_span()
        if not isinstance(current, Span) or not current.is_recording():
            return
        in_use = True
        own: Sequence[str] = getattr(current, "_spanfold_prompts", ())
        if version not in own:
            current._spanfold_prompts = (*own, version)[:MAX_NOTED]  # type: ignore[attr-defined] # noqa: SLF001
        for span in ancestors.outwards(current):
            _add(span, (version,))


def inherit(span: Span, around: Span) -> None:
    """Note on a call to a language model, which starts, what the nearest span around it was made with."""
    attributes = span.attributes or {}
    if "gen_ai.operation.name" not in attributes and not _CALLS & {
        attributes.get("openinference.span.kind"),
        attributes.get(keys.SPAN_TYPE),
    }:
        return
    for outer in ancestors.outwards(around):
        used: Sequence[str] = getattr(outer, "_spanfold_prompts", ())
        if used:
            _add(span, used)
            return


def _add(span: Span, versions: Sequence[str]) -> None:
    noted = (span.attributes or {}).get(keys.USED_PROMPTS, ())
    known = tuple(map(str, noted)) if isinstance(noted, tuple | list) else ()
    added = tuple(version for version in versions if version not in known)
    if added and span.is_recording() and len(known) < MAX_NOTED:
        span.set_attribute(keys.USED_PROMPTS, (*known, *added)[:MAX_NOTED])
