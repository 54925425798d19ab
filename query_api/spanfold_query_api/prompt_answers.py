"""What is answered about prompts."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from spanfold_query_api.answers import Answer, NextPage, Time, UnixNs


class Prompt(Answer):
    """A prompt, without its templates."""

    name: Annotated[str, Field(examples=["greeting"])]
    latest_version: Annotated[int, Field(description="The largest number.")]
    version_count: int
    aliases: Annotated[dict[str, int], Field(description="Which version each stands for.")]
    tags: dict[str, str]
    creation_time: Time
    creation_time_unix_ns: UnixNs
    last_updated_time: Time
    last_updated_time_unix_ns: UnixNs
    deleted: bool


class PromptPage(Answer):
    """Prompts, newest first unless another order was asked for."""

    prompts: list[Prompt]
    next_page_token: NextPage


class PromptVersion(Answer):
    """A version of a prompt: it never changes, but for the aliases that stand for it."""

    name: str
    version: int
    template: Annotated[
        str | list[dict[str, str]],
        Field(description="Text, or messages of role and content; `{{ name }}` stands for a variable."),
    ]
    variables: Annotated[list[str], Field(description="In the order in which they come.")]
    model_settings: Annotated[
        dict[str, Any] | None, Field(description="What the model is to be called with.")
    ]
    response_format: Annotated[dict[str, Any] | None, Field(description="JSON schema of the answer.")]
    commit_message: str | None
    user: str | None
    tags: dict[str, str]
    aliases: list[str]
    uri: Annotated[str, Field(examples=["prompts:/greeting/3"])]
    creation_time: Time
    creation_time_unix_ns: UnixNs


class PromptVersionPage(Answer):
    """Versions of a prompt, largest number first."""

    versions: list[PromptVersion]
    next_page_token: NextPage


class PromptDiff(Answer):
    """Two versions of a prompt, and what differs."""

    a: PromptVersion
    b: PromptVersion
    diff: Annotated[
        str | None,
        Field(description="Unified; empty if both say the same, null if they have too many lines for it."),
    ]
