"""What requests about prompts may say."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import unquote

from fastapi import Depends, Path, Request
from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from spanfold.errors import InvalidArgumentError
from spanfold.prompts import which_version
from spanfold_query_api.bodies import Posted, read_json_of
from spanfold_query_api.entity_inputs import StateParameters
from spanfold_query_api.filter.parser import MAX_CHARS
from spanfold_query_api.inputs import DEFAULT_LIMIT, MAX_ID_CHARS, Limit, PageToken
from spanfold_query_api.listings import MAX_ORDERS
from spanfold_schemas.prompt_events import ROLES

MAX_BODY_BYTES: Final = 2 * 1024 * 1024
"""Of a version: the largest template there may be, with every character escaped, and its settings."""
MAX_VERSIONS_ON_A_PAGE: Final = 100


def _unquoted(text: object) -> object:
    return unquote(text) if isinstance(text, str) else text


def _which(text: object) -> object:
    try:
        return which_version(unquote(text)) if isinstance(text, str) else text
    except InvalidArgumentError as error:
        raise ValueError(str(error).removeprefix("version: ")) from None


async def _read_version(request: Request) -> Any:
    return await read_json_of(request, MAX_BODY_BYTES)


VersionBody = Annotated[Any, Depends(_read_version)]

PromptName = Annotated[
    str, BeforeValidator(_unquoted), Path(min_length=1, max_length=MAX_ID_CHARS, examples=["greeting"])
]
"""Routes of prompts see the path as it was sent, so that a name may hold slashes: ``team%2Fgreeting``."""
Alias = Annotated[str, BeforeValidator(_unquoted), Path(max_length=MAX_ID_CHARS, examples=["production"])]
TagKey = Annotated[str, BeforeValidator(_unquoted), Path(max_length=MAX_ID_CHARS, examples=["team"])]
_WHICH: Final = WithJsonSchema({"type": "string", "examples": ["3", "latest", "production"]})
Which = Annotated[int | str, BeforeValidator(_which), _WHICH, Path()]
"""A number, an alias, or ``latest``."""

_TEMPLATE: Final = WithJsonSchema(
    {
        "anyOf": [
            {"type": "string"},
            {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"role": {"enum": list(ROLES)}, "content": {"type": "string"}},
                    "required": ["role", "content"],
                },
            },
        ],
        "examples": ["Answer {{ question }} in one sentence."],
    }
)


class PromptListParameters(StateParameters):
    """Of the listing of prompts."""

    filter: Annotated[
        str,
        Field(
            description="A condition over `name`, `tags.k`, `creation_timestamp`, `last_updated_timestamp`.",
            examples=["name LIKE 'support-%' AND tags.team = 'ml'"],
        ),
    ] = ""
    order_by: Annotated[
        list[Annotated[str, StringConstraints(max_length=MAX_CHARS)]],
        Field(max_length=MAX_ORDERS, description="A field and `ASC` or `DESC`; may be repeated."),
    ] = []  # noqa: RUF012 - a field of pydantic, which copies it
    include_deleted: Annotated[bool, Field(description="List those that were deleted, too.")] = False
    limit: Limit = DEFAULT_LIMIT
    page_token: PageToken = None


class VersionListParameters(StateParameters):
    """Of the listing of a prompt's versions."""

    limit: Annotated[int, Field(ge=1, le=MAX_VERSIONS_ON_A_PAGE, description="Most items on the page.")] = 20
    page_token: PageToken = None


class DiffParameters(StateParameters):
    """Which versions to compare."""

    a: Annotated[int | str, BeforeValidator(_which), _WHICH]
    b: Annotated[int | str, BeforeValidator(_which), _WHICH]


class NewPromptVersion(Posted):
    """A version to register."""

    template: Annotated[Any, _TEMPLATE]
    model_settings: Annotated[
        dict[str, Any] | None,
        Field(description="What the model is to be called with.", examples=[{"model": "gpt-4o"}]),
    ] = None
    response_format: Annotated[dict[str, Any] | None, Field(description="JSON schema of the answer.")] = None
    commit_message: str | None = None
    user: Annotated[str | None, Field(description="Who registers it.")] = None
    tags: dict[str, str] = {}  # noqa: RUF012 - a field of pydantic, which copies it


class AliasTarget(Posted):
    """What an alias is to stand for."""

    version: Annotated[int, Field(ge=1)]
    user: Annotated[str, Field(max_length=MAX_ID_CHARS, description="Who says so.")] = ""


class NewTags(Posted):
    """Tags to set; others stay."""

    tags: dict[str, str]
    user: Annotated[str, Field(max_length=MAX_ID_CHARS, description="Who says so.")] = ""
