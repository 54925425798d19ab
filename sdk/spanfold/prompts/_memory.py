"""Versions of prompts that this process has loaded: a number is believed for ever, an alias for a while.

An application may load its prompt at every request: it then asks the query API once a minute, and goes on
with what it has while that is away.
"""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from spanfold._internal import setup
from spanfold._internal.faults import warn_once
from spanfold._internal.forks import ForkedLock
from spanfold._internal.lookup import path_of
from spanfold.errors import ServerUnavailableError
from spanfold.prompts._version import PromptVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from spanfold._internal.lookup import QueryApi
    from spanfold.prompts._uri import Reference

CACHE_S: Final = "SPANFOLD_PROMPT_CACHE_S"
DEFAULT_CACHE_S: Final = 60.0
MAX_VERSIONS: Final = 256
MAX_POINTERS: Final = 1_000
_MEMBERS: Final = (
    "name",
    "version",
    "template",
    "model_settings",
    "response_format",
    "commit_message",
    "user",
    "tags",
    "creation_time_unix_ns",
)
_Value = TypeVar("_Value")
clock_s: Callable[[], float] = time.monotonic
"""Of what is remembered; tests set it."""


class _Pointer(NamedTuple):
    """What an alias, or ``latest``, stood for."""

    number: int
    asked_at_s: float


@dataclass(slots=True)
class _Memory:
    versions: dict[tuple[str, str, int], PromptVersion] = field(default_factory=dict)
    """By address of the server, name and number."""
    pointers: dict[tuple[str, str, str], _Pointer] = field(default_factory=dict)
    lock: ForkedLock = field(default_factory=ForkedLock)


_memory: Final = _Memory()


def query_api() -> QueryApi:
    """Whom to ask.

    Raises:
        ServerUnavailableError: nobody is to be asked, as under :func:`spanfold.testing.capture`.
    """
    asked = setup.ready().query_api
    if asked is None:
        message = "there is no query API to ask here: make a spanfold.prompts.PromptVersion yourself"
        raise ServerUnavailableError(message)
    return asked


def load(wanted: Reference, cache_s: float | None = None) -> PromptVersion | None:
    """A version, from memory where that will do; None if there is none.

    Args:
        wanted: which one.
        cache_s: for how long what an alias stood for is believed; what the environment says, if None.

    Raises:
        ServerUnavailableError: no usable answer, and no earlier one either.
    """
    asked = query_api()
    if isinstance(wanted.which, int):
        known = _memory.versions.get((asked.address, wanted.name, wanted.which))
        return known or _fetched(asked, wanted, asked.get(_path(wanted)))
    key = (asked.address, wanted.name, wanted.which)
    pointer = _memory.pointers.get(key)
    known = None if pointer is None else _memory.versions.get((asked.address, wanted.name, pointer.number))
    if pointer is None or known is None:
        return _fetched(asked, wanted, asked.get(_path(wanted)))
    now_s = clock_s()
    if now_s - pointer.asked_at_s < (_cache_s() if cache_s is None else cache_s):
        return known
    # One caller asks; meanwhile, and while the server is away, the others go on with what there is.
    _point(key, pointer.number, now_s)
    try:
        answer = asked.look_up(_path(wanted))
    except ServerUnavailableError as fault:
        warn_once("prompts-away", "%s. Until it is back, prompts are used as they were (logged once)", fault)
        return known
    return _fetched(asked, wanted, answer)


def remember(address: str, prompt: PromptVersion, which: str | None = None) -> None:
    """Keep a version; with ``which``, that alias (or ``latest``) stands for it from now on."""
    with _memory.lock.current:
        _bound(_memory.versions, MAX_VERSIONS)
        _memory.versions[address, prompt.name, prompt.version] = prompt
    if which is not None:
        _point((address, prompt.name, which), prompt.version, clock_s())


def forget(address: str, name: str, which: str | None = None) -> None:
    """Ask anew what an alias stands for; without ``which``, forget all of a prompt."""
    with _memory.lock.current:
        for key in [key for key in _memory.pointers if key[:2] == (address, name)]:
            if which in {None, key[2]}:
                del _memory.pointers[key]
        if which is None:
            for number in [key for key in _memory.versions if key[:2] == (address, name)]:
                del _memory.versions[number]


def version_from(answer: Mapping[str, Any]) -> PromptVersion:
    """What the query API says of a version.

    Raises:
        ServerUnavailableError: it is not its protocol.
    """
    try:
        return PromptVersion(
            aliases=tuple(answer["aliases"]), **{member: answer[member] for member in _MEMBERS}
        )
    except (KeyError, TypeError) as fault:
        message = f"the query API's answer is no version of a prompt: {fault!r}"
        raise ServerUnavailableError(message) from fault


def _fetched(asked: QueryApi, wanted: Reference, answer: Any | None) -> PromptVersion | None:
    which = wanted.which if isinstance(wanted.which, str) else None
    if answer is None:
        if which is not None:
            forget(asked.address, wanted.name, which)
        return None
    prompt = version_from(answer)
    remember(asked.address, prompt, which)
    return prompt


def _path(wanted: Reference) -> str:
    return path_of("prompts", wanted.name, "versions", str(wanted.which))


def _point(key: tuple[str, str, str], number: int, now_s: float) -> None:
    with _memory.lock.current:
        _bound(_memory.pointers, MAX_POINTERS)
        _memory.pointers[key] = _Pointer(number, now_s)


def _cache_s() -> float:
    text = os.environ.get(CACHE_S, "").strip()
    try:
        given = float(text) if text else DEFAULT_CACHE_S
    except ValueError:
        given = math.nan
    if given >= 0:
        return given
    warn_once(CACHE_S, "%s=%r is no number of seconds: %g holds", CACHE_S, text, DEFAULT_CACHE_S)
    return DEFAULT_CACHE_S


def _bound(entries: dict[Any, _Value], most: int) -> None:
    while len(entries) >= most:
        del entries[next(iter(entries))]
