"""Events of prompts: templates whose versions never change, and names that point at them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from spanfold_schemas import keys
from spanfold_schemas.checks import (
    InvalidEventError,
    check_entries,
    check_json,
    check_optional_text,
    check_whole_characters,
    size_bytes,
    text_value,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_TEMPLATE_BYTES: Final = 256 * 1024
"""Of a template, or of a chat's messages as JSON."""
MAX_SETTINGS_BYTES: Final = 64 * 1024
MAX_VERSION: Final = 1_000_000
ROLES: Final = ("system", "developer", "user", "assistant", "tool")

_ALIAS: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")
_VERSION_LIKE: Final = re.compile(r"v[0-9]+")


def check_alias(field_name: str, alias: object) -> None:
    """Refuse what cannot stand for a version, or could be taken for one.

    Raises:
        InvalidEventError: no text, other characters than those of names, or ``latest``.
    """
    if not isinstance(alias, str) or not _ALIAS.fullmatch(alias):
        raise InvalidEventError(
            field_name, "must begin with a letter and have at most 100 letters, digits and any of _.-"
        )
    if alias == "latest" or _VERSION_LIKE.fullmatch(alias):
        raise InvalidEventError(field_name, f"{alias!r} has a meaning of its own: take another")


def _check_version(payload: Mapping[str, Any]) -> None:
    version = payload.get("version")
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version <= MAX_VERSION:
        raise InvalidEventError("version", f"must be an integer from 1 to {MAX_VERSION}")


def _check_template(template: object) -> None:
    if isinstance(template, str):
        check_whole_characters("template", template)
    elif isinstance(template, list) and template:
        for number, message in enumerate(template):
            if (
                not isinstance(message, dict)
                or set(message) != {"role", "content"}
                or message["role"] not in ROLES
                or not isinstance(message["content"], str)
            ):
                raise InvalidEventError(
                    f"template[{number}]",
                    f"must be a mapping of role (one of {', '.join(ROLES)}) and content (text)",
                )
            check_whole_characters(f"template[{number}].content", message["content"])
    else:
        raise InvalidEventError("template", "must be text, or a list of messages with role and content")
    if (used := size_bytes(template)) > MAX_TEMPLATE_BYTES:
        raise InvalidEventError("template", f"has {used} bytes; at most {MAX_TEMPLATE_BYTES} are allowed")


def _check_version_created(payload: Mapping[str, Any]) -> None:
    _check_version(payload)
    prompt = payload.get("prompt")
    if not isinstance(prompt, dict):
        raise InvalidEventError("prompt", "must be a mapping with a template")
    _check_template(prompt.get("template"))
    for name in ("model_settings", "response_format"):
        if prompt.get(name) is not None:
            if not isinstance(prompt[name], dict):
                raise InvalidEventError(name, "must be a mapping")
            check_json(name, prompt[name])
            if (used := size_bytes(prompt[name])) > MAX_SETTINGS_BYTES:
                raise InvalidEventError(
                    name, f"takes {used} bytes as JSON; at most {MAX_SETTINGS_BYTES} are allowed"
                )
    check_optional_text(prompt, "commit_message", "user")
    check_entries("tags", prompt.get("tags", {}), text_value)


def _check_alias_set(payload: Mapping[str, Any]) -> None:
    check_alias("alias", payload.get("alias"))
    _check_version(payload)


CHECKS: Final[Mapping[str, Callable[[Mapping[str, Any]], None]]] = {
    keys.PROMPT_VERSION_CREATED: _check_version_created,
    keys.PROMPT_ALIAS_SET: _check_alias_set,
    keys.PROMPT_ALIAS_DELETED: lambda payload: check_alias("alias", payload.get("alias")),
    keys.PROMPT_TAGS_SET: lambda payload: check_entries("tags", payload.get("tags"), text_value),
    keys.PROMPT_TAG_DELETED: lambda payload: check_entries("key", {payload.get("key"): ""}, text_value),
    keys.PROMPT_DELETED: lambda _: None,
}
"""What the payload of each event must say; for :func:`spanfold_schemas.events.validate_payload`."""
