"""Picks one instrumentor for each library. Pure: what is installed comes in, decisions come out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spanfold._internal.instrumentation import catalogue
from spanfold.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from importlib.metadata import EntryPoint


@dataclass(frozen=True, slots=True)
class Candidate:
    """An instrumentor that is installed."""

    library: str
    """By its canonical name."""
    entry_point: EntryPoint = field(repr=False)
    distribution: str
    version: str
    family: str
    modules: tuple[str, ...] = ()
    """Modules of the library, whose import is the moment to load it; none: load it at once."""
    conflict: str | None = None
    """Why it does not fit what is installed."""
    library_is_missing: bool = False
    """Whether the conflict is that the library is not there at all."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What is done with an instrumentor."""

    candidate: Candidate
    reason: str | None = None
    """Why it is skipped; None: it is used."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user wants and does not want to be instrumented, by canonical names."""

    excluded: Mapping[str, str] = field(default_factory=dict)
    """Libraries to leave alone, each with the reason; ``*`` stands for all."""
    only: frozenset[str] | None = None

    @property
    def nothing(self) -> bool:
        """Whether everything is excluded."""
        return "*" in self.excluded


def choose(candidates: Iterable[Candidate], wish: Wish) -> list[Choice]:
    """A decision for each candidate, sorted by library; at most one of each library is used."""
    by_library: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        by_library.setdefault(candidate.library, []).append(candidate)
    choices = list[Choice]()
    for library in sorted(by_library):
        taken: Candidate | None = None
        for candidate in sorted(by_library[library], key=_rank):
            reason = _objection(candidate, wish)
            if reason is None and taken is not None:
                reason = f"{taken.distribution} instruments it: two would double every span"
            if reason is None:
                taken = candidate
            choices.append(Choice(candidate, reason))
    used = {one.candidate.library for one in choices if one.reason is None}
    return [_without_overlap(one, used) for one in choices]


def names(given: Collection[str] | str, argument: str) -> frozenset[str]:
    """Canonical names of libraries from a collection, or from a text with commas.

    Raises:
        InvalidArgumentError: something in it is not a text.
    """
    listed = given.split(",") if isinstance(given, str) else list(given)
    for name in listed:
        if not isinstance(name, str):
            message = f"{argument} takes names of libraries such as 'openai', not {name!r}"
            raise InvalidArgumentError(message)
    return frozenset(catalogue.canonical(name) for name in listed if name.strip())


def _rank(candidate: Candidate) -> tuple[int, str]:
    return catalogue.FAMILIES.index(candidate.family), candidate.distribution


def _without_overlap(choice: Choice, used: set[str]) -> Choice:
    library = choice.candidate.library
    other = catalogue.OVERLAPS.get(library)
    if choice.reason is not None or other not in used:
        return choice
    reason = f"{other} is instrumented: two would double its spans (disable {other} to have {library})"
    return Choice(choice.candidate, reason)


def _objection(candidate: Candidate, wish: Wish) -> str | None:
    for name in ("*", candidate.library):
        if name in wish.excluded:
            return wish.excluded[name]
    if wish.only is not None and candidate.library not in wish.only:
        return "not among those asked for (only=...)"
    return catalogue.DEAD.get(candidate.distribution) or candidate.conflict
