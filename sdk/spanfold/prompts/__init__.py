"""Prompts as versions: registered once, loaded by number or alias, noted on the traces that they made.

Example:
    >>> from spanfold.prompts import PromptVersion
    >>> PromptVersion("greeting", 1, "Say hello to {{ name }}.").format(name="Ann")
    'Say hello to Ann.'
"""

from __future__ import annotations

from spanfold.prompts._registry import (
    delete_prompt,
    delete_prompt_alias,
    delete_prompt_tag,
    load_prompt,
    register_prompt,
    search_prompts,
    set_prompt_alias,
    set_prompt_tag,
)
from spanfold.prompts._uri import Reference, check_prompt_name, reference, which_version
from spanfold.prompts._version import Prompt, PromptVersion

__all__ = [
    "Prompt",
    "PromptVersion",
    "Reference",
    "check_prompt_name",
    "delete_prompt",
    "delete_prompt_alias",
    "delete_prompt_tag",
    "load_prompt",
    "reference",
    "register_prompt",
    "search_prompts",
    "set_prompt_alias",
    "set_prompt_tag",
    "which_version",
]
