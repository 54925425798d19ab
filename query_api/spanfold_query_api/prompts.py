"""Reads prompts: their versions, aliases and tags as a fold of events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from spanfold.errors import InvalidArgumentError
from spanfold.prompts import PromptVersion, reference
from spanfold_query_api import entities, times
from spanfold_query_api.filter.entities import PROMPT_FIELDS
from spanfold_query_api.listings import Listing, page
from spanfold_query_api.problems import invalid, not_found
from spanfold_query_api.statements import statement
from spanfold_schemas.prompt_fold import VERSION_TIMES, VERSIONS, prompt_from_slots
from spanfold_schemas.slots import PROMPT, Slots, group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spanfold_schemas.database import Database
    from spanfold_schemas.prompt_fold import PromptState

PROMPTS: Final = Listing(PROMPT, "prompts", PROMPT_FIELDS, include_deleted=False)
"""All prompts that are not deleted, newest first."""
LATEST: Final = "latest"


@dataclass(frozen=True, slots=True)
class Head:
    """A prompt without its templates but those that were asked for."""

    state: PromptState
    numbers: tuple[int, ...]
    """Of all its versions, in order."""

    @property
    def last_updated_time_unix_ns(self) -> int:
        """When it was changed last."""
        return self.state.last_updated_time_unix_ns

    @property
    def latest(self) -> int:
        """The largest number; 0 where no version is known."""
        return max(self.numbers, default=0)

    def number(self, which: int | str) -> int | None:
        """The version that a number, an alias or ``latest`` stands for; None if there is none."""
        number = which if isinstance(which, int) else self.state.aliases.get(which)
        if which == LATEST:
            number = self.latest
        return number if number in self.numbers else None


def resolve(database: Database, uri: str, *, as_of_ns: int = times.MAX_UNIX_NS) -> PromptVersion:
    """The version of a prompt that a URI stands for.

    Its ``render(variables)`` gives the text or the messages, and raises InvalidArgumentError naming a
    variable that is missing or unknown.

    Args:
        database: where to read.
        uri: such as ``prompts:/greeting/3``, ``prompts:/greeting@production``, ``prompts:/greeting``.
        as_of_ns: as it was at this instant (unix ns).

    Raises:
        ProblemError: this is no such URI (422), or there is no such version (404).
    """
    try:
        name, which = reference(uri)
    except InvalidArgumentError as error:
        raise invalid("prompt", str(error)) from None
    return version(database, name, which, as_of_ns=as_of_ns)


def version(
    database: Database, name: str, which: int | str, *, as_of_ns: int = times.MAX_UNIX_NS
) -> PromptVersion:
    """The version of a prompt with a number, an alias, or the latest one.

    Raises:
        ProblemError: there is none, or the prompt was deleted.
    """
    found = head(database, name, (which,) if isinstance(which, int) else (), as_of_ns=as_of_ns)
    if found is None:
        raise not_found("prompt", name)
    number = found.number(which)
    if number is None:
        raise not_found("prompt-version", f"prompts:/{name}{'/' if isinstance(which, int) else '@'}{which}")
    if number not in found.state.versions:
        found = head(database, name, (number,), as_of_ns=as_of_ns) or found
    if number not in found.state.versions:
        raise not_found("prompt-version", f"prompts:/{name}/{number}")
    return made(found, number)


def versions(database: Database, found: Head, numbers: Sequence[int], as_of_ns: int) -> list[PromptVersion]:
    """Some versions of a prompt, in the order of their numbers as given."""
    whole = head(database, found.state.name, numbers, as_of_ns=as_of_ns, deleted=True) or found
    return [made(whole, number) for number in numbers if number in whole.state.versions]


def made(found: Head, number: int) -> PromptVersion:
    """A version whose template was read."""
    state = found.state.versions[number]
    return PromptVersion(
        name=state.name,
        version=number,
        template=state.template,
        model_settings=state.model_settings,
        response_format=state.response_format,
        commit_message=state.commit_message,
        user=state.user,
        tags=state.tags,
        aliases=tuple(sorted(alias for alias, of in found.state.aliases.items() if of == number)),
        creation_time_unix_ns=state.creation_time_unix_ns,
    )


def head(
    database: Database,
    name: str,
    numbers: Sequence[int] = (),
    *,
    as_of_ns: int = times.MAX_UNIX_NS,
    deleted: bool = False,
) -> Head | None:
    """A prompt, with the templates of some versions.

    Args:
        database: where to read.
        name: of the prompt.
        numbers: of the versions whose templates are wanted.
        as_of_ns: as it was at this instant (unix ns).
        deleted: whether a deleted one is meant, too.

    Returns:
        None if no version was registered by then, or it was deleted.
    """
    found = _heads(database, [name], as_of_ns, numbers).get(name)
    return None if found is None or (found.state.deleted and not deleted) else found


def listing(
    database: Database, asked: Listing, *, page_token: str | None = None, limit: int
) -> tuple[list[Head], str | None]:
    """A page of prompts, and the token of the next one if there are more.

    Raises as :func:`spanfold_query_api.listings.page`.
    """
    rows, more = page(database, asked, page_token=page_token, limit=limit)
    names = [row.stream for row in rows]
    heads = _heads(database, names, asked.as_of_ns)
    return [heads[name] for name in names if name in heads], more


def describe(found: Head) -> dict[str, Any]:
    """In the members of :class:`~spanfold_query_api.prompt_answers.Prompt`."""
    state = found.state
    return {
        "name": state.name,
        "latest_version": found.latest,
        "version_count": len(found.numbers),
        "aliases": dict(state.aliases),
        "tags": dict(state.tags),
        "creation_time": times.format_rfc3339(state.creation_time_unix_ns),
        "creation_time_unix_ns": state.creation_time_unix_ns,
        "last_updated_time": times.format_rfc3339(state.last_updated_time_unix_ns),
        "last_updated_time_unix_ns": state.last_updated_time_unix_ns,
        "deleted": state.deleted,
    }


def describe_version(prompt: PromptVersion) -> dict[str, Any]:
    """In the members of :class:`~spanfold_query_api.prompt_answers.PromptVersion`."""
    template = prompt.template
    return {
        "name": prompt.name,
        "version": prompt.version,
        "template": template if isinstance(template, str) else [dict(message) for message in template],
        "variables": list(prompt.variables),
        "model_settings": prompt.model_settings,
        "response_format": prompt.response_format,
        "commit_message": prompt.commit_message,
        "user": prompt.user,
        "tags": dict(prompt.tags),
        "aliases": list(prompt.aliases),
        "uri": prompt.uri,
        "creation_time": times.format_rfc3339(prompt.creation_time_unix_ns),
        "creation_time_unix_ns": prompt.creation_time_unix_ns,
    }


def _heads(
    database: Database, names: Sequence[str], as_of_ns: int, numbers: Sequence[int] = ()
) -> dict[str, Head]:
    if not names:
        return {}
    parameters = {
        "stream_type": PROMPT,
        "streams": list(names),
        "templates": [f"{VERSIONS}.{number}" for number in numbers],
        "as_of_ns": as_of_ns,
    }
    values: dict[str, dict[str, Any]] = {}
    updated_ns: dict[str, int] = {}
    sql = statement("prompt_slots", writes=entities.writes(as_of_ns))
    for stream, slot, value, written_ns in database.query(sql, parameters):
        written = values.setdefault(stream, {})
        updated_ns[stream] = max(written_ns, updated_ns.get(stream, written_ns))
        if value:  # else its last write was a deletion
            written[slot] = orjson.loads(value)
    heads = {}
    for stream, written in values.items():
        known = tuple(sorted(map(int, group(written, VERSION_TIMES))))
        if known:
            heads[stream] = Head(prompt_from_slots(Slots(stream, written, updated_ns[stream])), known)
    return heads
