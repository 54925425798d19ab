"""What MLflow keeps under ``mlflow.genai``: prompts."""

from __future__ import annotations

from spanfold.prompts import (
    delete_prompt,
    delete_prompt_alias,
    delete_prompt_tag,
    load_prompt,
    register_prompt,
    search_prompts,
    set_prompt_alias,
    set_prompt_tag,
)

__all__ = [
    "delete_prompt",
    "delete_prompt_alias",
    "delete_prompt_tag",
    "load_prompt",
    "register_prompt",
    "search_prompts",
    "set_prompt_alias",
    "set_prompt_tag",
]
