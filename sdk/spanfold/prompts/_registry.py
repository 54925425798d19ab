"""Registers, loads and changes prompts. The signatures are MLflow's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, overload

from spanfold._internal import events, pages
from spanfold._internal.feedback import _user
from spanfold._internal.lookup import path_of
from spanfold.errors import InvalidArgumentError, PromptNotFoundError, ServerUnavailableError
from spanfold.prompts import _memory
from spanfold.prompts._uri import LATEST, check_prompt_name, reference
from spanfold.prompts._version import Prompt, PromptVersion
from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PROMPT: Final = (
    "name",
    "latest_version",
    "aliases",
    "tags",
    "creation_time_unix_ns",
    "last_updated_time_unix_ns",
)


def register_prompt(  # noqa: PLR0913, PLR0917 - MLflow's arguments
    name: str,
    template: str | Sequence[Mapping[str, str]],
    commit_message: str | None = None,
    tags: dict[str, str] | None = None,
    response_format: Any = None,
    model_config: Any = None,
    *,
    model_settings: Mapping[str, Any] | None = None,
) -> PromptVersion:
    """Register a version of a prompt, under the next number; it can be read when this returns.

    Args:
        name: of the prompt; a new one begins with version 1. Any script, dots and slashes are fine.
        template: text, or a chat: messages with ``role`` and ``content``. ``{{ name }}`` is a variable.
        commit_message: what changed, and why.
        tags: of this version, for good; tags of the prompt are set by :func:`set_prompt_tag`.
        response_format: what the answer is to look like: a JSON schema, or a class of pydantic's.
        model_config: MLflow's name of ``model_settings``.
        model_settings: what the model is to be called with, such as ``{"model": "gpt-4o"}``.

    Raises:
        InvalidArgumentError: this cannot be registered; the message says what to change.
        ServerUnavailableError: the query API gave no usable answer; it may have been registered all the same.

    Example:
        >>> register_prompt("greeting", "Say hello to {{ name }}.").uri  # doctest: +SKIP
        'prompts:/greeting/1'
    """
    if model_config is not None and model_settings is not None:
        raise InvalidArgumentError("model_config: another name of model_settings: give one of them")
    check_prompt_name(name)
    given = {
        "template": [_plain(message) for message in template] if _is_chat(template) else template,
        "commit_message": commit_message,
        "tags": tags,
        "response_format": _plain(response_format),
        "model_settings": _plain(model_config if model_settings is None else model_settings),
        "user": _user(),
    }
    said = {key: value for key, value in given.items() if value is not None}
    events.check(keys.PROMPT_VERSION_CREATED, {"version": 1, "prompt": said})
    asked = _memory.query_api()
    answer = asked.send("POST", path_of("prompts", name, "versions"), said)
    if answer is None:
        raise ServerUnavailableError(f"the query API at {asked.address} does not know what it registered")
    prompt = _memory.version_from(answer)
    _memory.remember(asked.address, prompt, LATEST)
    return prompt


@overload
def load_prompt(
    name_or_uri: str,
    version: int | str | None = None,
    allow_missing: Literal[False] = False,  # noqa: FBT002 - MLflow's signature
    *,
    cache_ttl_seconds: float | None = None,
) -> PromptVersion: ...


@overload
def load_prompt(
    name_or_uri: str,
    version: int | str | None = None,
    allow_missing: bool = False,  # noqa: FBT001, FBT002 - MLflow's signature
    *,
    cache_ttl_seconds: float | None = None,
) -> PromptVersion | None: ...


def load_prompt(
    name_or_uri: str,
    version: int | str | None = None,
    allow_missing: bool = False,  # noqa: FBT001, FBT002 - MLflow's signature
    *,
    cache_ttl_seconds: float | None = None,
) -> PromptVersion | None:
    """A version of a prompt. Fast enough for every request: most calls are answered from memory.

    A number is asked for once in a process. What an alias stands for, or which version is the newest, is
    asked again after ``SPANFOLD_PROMPT_CACHE_S`` seconds (60); while the server is away, the last answer
    holds.

    Args:
        name_or_uri: ``prompts:/greeting/3``, ``prompts:/greeting@production``, or a name: its newest version.
        version: a number or an alias, beside a name.
        allow_missing: return None where there is no such version.
        cache_ttl_seconds: instead of ``SPANFOLD_PROMPT_CACHE_S``; 0 asks at each call.

    Raises:
        InvalidArgumentError: this names no version of a prompt.
        PromptNotFoundError: the server has no such prompt, version or alias.
        ServerUnavailableError: the query API gave no usable answer, and none before.

    Example:
        >>> load_prompt("prompts:/greeting@production").format(name="Ann")  # doctest: +SKIP
        'Say hello to Ann.'
    """
    wanted = reference(name_or_uri, version)
    found = _memory.load(wanted, cache_ttl_seconds)
    if found is None and not allow_missing:
        raise PromptNotFoundError(str(wanted))
    return found


def search_prompts(filter_string: str | None = None, max_results: int | None = None) -> list[Prompt]:
    """The prompts that a filter describes, newest first.

    Args:
        filter_string: such as ``name LIKE 'support-%' AND tags.team = 'ml'``; fields: ``name``, ``tags.k``,
            ``creation_timestamp``, ``last_updated_timestamp``.
        max_results: all if None.

    Raises:
        InvalidArgumentError: the filter cannot be right; the message says where.
        ServerUnavailableError: the query API gave no usable answer.

    Example:
        >>> [prompt.name for prompt in search_prompts("tags.team = 'ml'")]  # doctest: +SKIP
        ['greeting']
    """
    asked = _memory.query_api()
    found = pages.items(asked, "/v1/prompts", "prompts", max_results, filter=filter_string or None)
    try:
        return [Prompt(**{member: answer[member] for member in _PROMPT}) for answer in found]
    except KeyError as fault:
        message = f"the query API's answer is no prompt: it lacks {fault}"
        raise ServerUnavailableError(message) from fault


def set_prompt_alias(name: str, alias: str, version: int) -> None:
    """Let an alias, such as ``production``, stand for a version. Other processes follow within a minute.

    Raises:
        InvalidArgumentError: this can be no alias.
        PromptNotFoundError: there is no such version.
        ServerUnavailableError: the query API gave no usable answer.

    Example:
        >>> set_prompt_alias("greeting", "production", 3)  # doctest: +SKIP
    """
    events.check(keys.PROMPT_ALIAS_SET, {"alias": alias, "version": version})
    _change("PUT", name, "aliases", alias, body={"version": version, "user": _user()}, version=version)
    _memory.forget(_memory.query_api().address, name, alias)


def delete_prompt_alias(name: str, alias: str) -> None:
    """Remove an alias. One that is not there is no error.

    Raises:
        InvalidArgumentError: this can be no alias.
        PromptNotFoundError: there is no such prompt.
        ServerUnavailableError: the query API gave no usable answer.

    Example:
        >>> delete_prompt_alias("greeting", "production")  # doctest: +SKIP
    """
    events.check(keys.PROMPT_ALIAS_DELETED, {"alias": alias})
    _change("DELETE", name, "aliases", alias)
    _memory.forget(_memory.query_api().address, name, alias)


def set_prompt_tag(name: str, key: str, value: str) -> None:
    """Set a tag of a prompt, as a whole; other tags stay.

    Raises:
        InvalidArgumentError: this can be no tag.
        PromptNotFoundError: there is no such prompt.
        ServerUnavailableError: the query API gave no usable answer.

    Example:
        >>> set_prompt_tag("greeting", "team", "ml")  # doctest: +SKIP
    """
    events.check(keys.PROMPT_TAGS_SET, {"tags": {key: value}})
    _change("POST", name, "tags", body={"tags": {key: value}, "user": _user()})


def delete_prompt_tag(name: str, key: str) -> None:
    """Remove a tag of a prompt. One that is not there is no error.

    Raises:
        InvalidArgumentError: nothing can have this name.
        PromptNotFoundError: there is no such prompt.
        ServerUnavailableError: the query API gave no usable answer.

    Example:
        >>> delete_prompt_tag("greeting", "team")  # doctest: +SKIP
    """
    events.check(keys.PROMPT_TAG_DELETED, {"key": key})
    _change("DELETE", name, "tags", key)


def delete_prompt(name: str) -> None:
    """Delete a prompt with its versions. Its history stays; a version registered later brings it all back.

    Processes that loaded a version go on with it.

    Raises:
        PromptNotFoundError: there is no such prompt, or it was deleted before.
        ServerUnavailableError: the query API gave no usable answer.

    Example:
        >>> delete_prompt("greeting")  # doctest: +SKIP
    """
    _change("DELETE", name)
    _memory.forget(_memory.query_api().address, name)


def _change(
    method: str, name: str, *place: str, body: Mapping[str, Any] | None = None, version: int | None = None
) -> None:
    from urllib.parse import quote  # noqa: PLC0415 - `import spanfold` stays light

    check_prompt_name(name)
    quoted = [quote(part, safe="") for part in place]
    if _memory.query_api().send(method, path_of("prompts", name, *quoted), body) is None:
        raise PromptNotFoundError(name if version is None else f"prompts:/{name}/{version}")


def _is_chat(template: object) -> bool:
    return isinstance(template, list | tuple)


def _plain(given: Any) -> Any:
    """As JSON has it: MLflow takes pydantic's classes for schemas, and objects for settings."""
    for method in ("model_json_schema",) if isinstance(given, type) else ("to_dict", "model_dump"):
        if callable(getattr(given, method, None)):
            return getattr(given, method)()
    return dict(given) if hasattr(given, "keys") else given
