"""Two versions of a prompt as text, and what differs."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from spanfold.prompts import PromptVersion

MAX_LINES: Final = 4_000
"""Of a version: the time that a comparison takes grows with their product."""


def text_of(prompt: PromptVersion) -> str:
    """A version as text: its template, then its settings.

    Example:
        >>> from spanfold.prompts import PromptVersion
        >>> print(text_of(PromptVersion("q", 1, [{"role": "user", "content": "{{ q }}"}], {"model": "a"})))
        [user]
        {{ q }}
        <BLANKLINE>
        model_settings:
        {
          "model": "a"
        }
    """
    template = prompt.template
    if isinstance(template, str):
        parts = [template]
    else:
        parts = [f"[{message['role']}]\n{message['content']}" for message in template]
    for name in ("model_settings", "response_format"):
        settings = getattr(prompt, name)
        if settings is not None:
            parts.append(f"{name}:\n" + json.dumps(settings, indent=2, sort_keys=True, ensure_ascii=False))
    return "\n\n".join(parts)


def unified(a: PromptVersion, b: PromptVersion) -> str | None:
    """What differs, as a unified diff: empty if nothing does, None if there are too many lines to compare."""
    before, after = (text_of(one).splitlines() for one in (a, b))
    if max(len(before), len(after)) > MAX_LINES:
        return None
    return "\n".join(difflib.unified_diff(before, after, a.uri, b.uri, lineterm=""))
