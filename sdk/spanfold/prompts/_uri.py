"""What names a version of a prompt: ``prompts:/greeting/3``, ``prompts:/greeting@production``."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from spanfold.errors import InvalidArgumentError
from spanfold_schemas.checks import InvalidEventError, check_name
from spanfold_schemas.prompt_events import MAX_VERSION, check_alias

SCHEME: Final = "prompts:/"
LATEST: Final = "latest"
"""Stands for the largest number, wherever an alias may stand."""
_NUMBER: Final = re.compile(r"[0-9]{1,7}")


class Reference(NamedTuple):
    """One version of a prompt, as somebody names it."""

    name: str
    which: int | str = LATEST
    """A number, an alias, or ``latest``."""

    def __str__(self) -> str:
        """The URI."""
        return f"{SCHEME}{self.name}{'/' if isinstance(self.which, int) else '@'}{self.which}"


def check_prompt_name(name: object) -> str:
    """Return ``name`` if a prompt may have it: any text but what would be taken for a URI or a place.

    Raises:
        InvalidArgumentError: it may not; the message says why.
    """
    try:
        text = check_name("name", name)
    except InvalidEventError as error:
        raise InvalidArgumentError(str(error)) from None
    if text.startswith(SCHEME) or text in {".", ".."}:
        message = f"name: {text!r} would be taken for an address: take another"
        raise InvalidArgumentError(message)
    return text


def reference(name_or_uri: str, version: int | str | None = None) -> Reference:
    """What a name with a version, or a URI, stands for.

    Args:
        name_or_uri: a name, or ``prompts:/`` with a name and ``/number``, ``@alias`` or nothing (the newest).
        version: a number, an alias or ``latest``; only beside a name.

    Raises:
        InvalidArgumentError: this names no version of a prompt.

    Example:
        >>> reference("prompts:/team/greeting@production")
        Reference(name='team/greeting', which='production')
        >>> reference("greeting", "3"), reference("prompts:/greeting")
        (Reference(name='greeting', which=3), Reference(name='greeting', which='latest'))
    """
    if not isinstance(name_or_uri, str):
        message = f"name_or_uri: text such as 'prompts:/greeting/3', not {name_or_uri!r}"
        raise InvalidArgumentError(message)
    if not name_or_uri.startswith(SCHEME):
        return Reference(
            check_prompt_name(name_or_uri), LATEST if version is None else which_version(version)
        )
    if version is not None:
        message = f"version: {name_or_uri!r} names one already: leave it out, or give the name alone"
        raise InvalidArgumentError(message)
    rest = name_or_uri.removeprefix(SCHEME)
    head, _, tail = rest.rpartition("/")
    if head and _NUMBER.fullmatch(tail):
        return Reference(check_prompt_name(head), which_version(tail))
    head, _, tail = rest.rpartition("@")
    if head and "/" not in tail:
        return Reference(check_prompt_name(head), which_version(tail))
    return Reference(check_prompt_name(rest))


def which_version(version: int | str) -> int | str:
    """A number, an alias or ``latest``, whichever ``version`` is; digits are a number.

    Raises:
        InvalidArgumentError: it is none of them.
    """
    if isinstance(version, str) and _NUMBER.fullmatch(version):
        version = int(version)
    if isinstance(version, int) and not isinstance(version, bool):
        if not 1 <= version <= MAX_VERSION:
            message = f"version: from 1 to {MAX_VERSION}, not {version}"
            raise InvalidArgumentError(message)
        return version
    if version != LATEST:
        try:
            check_alias("version", version)
        except InvalidEventError as error:
            message = f"version: a number, an alias or {LATEST!r}, not {version!r}: {error.message}"
            raise InvalidArgumentError(message) from None
    return version
