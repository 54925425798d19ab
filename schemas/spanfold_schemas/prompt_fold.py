"""From events to the state of prompts. The mechanism is that of :mod:`spanfold_schemas.fold`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from spanfold_schemas import keys
from spanfold_schemas.slots import CREATED, DELETED_SLOT, Slots, SlotWrite, group, group_writes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from spanfold_schemas.events import Event

VERSIONS: Final = CREATED + "versions"
"""Slots of the versions: two that were made at once under one number are one, the first."""
VERSION_TIMES: Final = CREATED + "version_times"


@dataclass(frozen=True, slots=True)
class PromptVersionState:
    """A version of a prompt (MLflow's ``PromptVersion``)."""

    name: str
    version: int
    template: str | Sequence[Mapping[str, str]]
    """Text, or the messages of a chat; ``{{question}}`` stands for a variable."""
    creation_time_unix_ns: int
    model_settings: Mapping[str, Any] | None = None
    response_format: Mapping[str, Any] | None = None
    commit_message: str | None = None
    user: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def uri(self) -> str:
        """``prompts:/``, the name and the version."""
        return f"prompts:/{self.name}/{self.version}"


@dataclass(frozen=True, slots=True)
class PromptState:
    """A prompt as its events describe it (MLflow's ``Prompt``)."""

    name: str
    creation_time_unix_ns: int
    last_updated_time_unix_ns: int
    deleted: bool
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, int] = field(default_factory=dict)
    versions: Mapping[int, PromptVersionState] = field(default_factory=dict)
    """By number, in order."""

    @property
    def latest_version(self) -> int | None:
        """The largest number; None where no version is known."""
        return max(self.versions, default=None)


def slot_writes(event: Event) -> Iterator[SlotWrite]:
    """What an event of a prompt writes, slot by slot; others write nothing."""
    payload = event.payload
    match event.event_type:
        case keys.PROMPT_VERSION_CREATED:
            yield SlotWrite(f"{VERSIONS}.{payload['version']}", payload["prompt"])
            yield SlotWrite(f"{VERSION_TIMES}.{payload['version']}", event.event_time_unix_ns)
            yield SlotWrite(CREATED + "time", event.event_time_unix_ns)
            yield SlotWrite(DELETED_SLOT, deleted=True)
        case keys.PROMPT_ALIAS_SET:
            yield SlotWrite(f"aliases.{payload['alias']}", payload["version"])
        case keys.PROMPT_ALIAS_DELETED:
            yield SlotWrite(f"aliases.{payload['alias']}", deleted=True)
        case keys.PROMPT_TAGS_SET:
            yield from group_writes("tags", payload["tags"])
        case keys.PROMPT_TAG_DELETED:
            yield SlotWrite(f"tags.{payload['key']}", deleted=True)
        case keys.PROMPT_DELETED:
            yield SlotWrite(DELETED_SLOT, value=True)
        case _:
            pass


def prompt_from_slots(slots: Slots) -> PromptState:
    """Build a prompt's state from the winning value of each slot."""
    values = slots.values
    times_ns = group(values, VERSION_TIMES)
    return PromptState(
        name=slots.stream,
        creation_time_unix_ns=values.get(CREATED + "time", slots.last_updated_time_unix_ns),
        last_updated_time_unix_ns=slots.last_updated_time_unix_ns,
        deleted=bool(values.get(DELETED_SLOT, False)),
        tags=group(values, "tags"),
        aliases=group(values, "aliases"),
        versions={
            version: _version(slots.stream, version, prompt, times_ns[str(version)])
            for version, prompt in sorted((int(key), one) for key, one in group(values, VERSIONS).items())
        },
    )


def _version(name: str, version: int, prompt: Mapping[str, Any], time_ns: int) -> PromptVersionState:
    return PromptVersionState(
        name=name,
        version=version,
        template=prompt["template"],
        creation_time_unix_ns=time_ns,
        model_settings=prompt.get("model_settings"),
        response_format=prompt.get("response_format"),
        commit_message=prompt.get("commit_message"),
        user=prompt.get("user"),
        tags=prompt.get("tags") or {},
    )
