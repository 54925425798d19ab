"""Prompts as versions: registered once, loaded by number or alias, noted on the traces that they made."""

from __future__ import annotations

from spanfold.prompts._uri import Reference, check_prompt_name, reference, which_version
from spanfold.prompts._version import Prompt, PromptVersion

__all__ = [
    "Prompt",
    "PromptVersion",
    "Reference",
    "check_prompt_name",
    "reference",
    "which_version",
]
