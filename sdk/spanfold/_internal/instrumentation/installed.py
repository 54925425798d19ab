"""Reads from the installed packages which instrumentors there are, and what they fit."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, entry_points, version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from spanfold._internal.instrumentation import catalogue
from spanfold._internal.instrumentation.choice import Candidate

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

    from packaging.requirements import Requirement

GROUP: Final = "opentelemetry_instrumentor"


def candidates() -> list[Candidate]:
    """Every instrumentor that is installed; none without the package opentelemetry-instrumentation."""
    found = [
        _candidate(entry_point, entry_point.dist)
        for entry_point in entry_points(group=GROUP)
        if entry_point.dist is not None
    ]
    # One distribution may be found twice on sys.path; the first hides the other, as for imports.
    return list(
        {(one.library, one.distribution, one.entry_point.value): one for one in reversed(found)}.values()
    )


def version_of(distribution: str) -> str | None:
    """The version of an installed distribution, or None."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _candidate(entry_point: EntryPoint, distribution: Distribution) -> Candidate:
    name = catalogue.normal(distribution.name)
    requires = distribution.requires or []
    library = catalogue.canonical(entry_point.name)
    wanted, any_of = _instruments(requires)
    own = [one for one in any_of if catalogue.normal(one.name) == library]
    if own:  # one package with an instrumentor for each of several libraries, such as httpx and httpx2
        wanted, any_of = own, []
    conflict, is_missing = _conflict(wanted, any_of)
    return Candidate(
        library=library,
        entry_point=entry_point,
        distribution=name,
        version=distribution.version,
        family=catalogue.family_of(name, requires),
        modules=_modules(library, {catalogue.normal(one.name) for one in (*wanted, *any_of)}),
        conflict=conflict,
        library_is_missing=is_missing,
    )


def _instruments(requires: list[str]) -> tuple[list[Requirement], list[Requirement]]:
    """What an instrumentor is for: requirements that must all hold, and such of which one must."""
    marked = [text for text in requires if "instruments" in text]
    if not marked:
        return [], []
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - slow to import

    by_extra: dict[str, list[Requirement]] = {"instruments": [], "instruments-any": []}
    for text in marked:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        for extra, listed in by_extra.items():
            if requirement.marker is not None and requirement.marker.evaluate({"extra": extra}):
                listed.append(requirement)
    return by_extra["instruments"], by_extra["instruments-any"]


def _conflict(wanted: list[Requirement], any_of: list[Requirement]) -> tuple[str | None, bool]:
    for requirement in wanted:
        problem, is_missing = _problem(requirement)
        if problem is not None:
            return problem, is_missing
    problems = [_problem(requirement) for requirement in any_of]
    if problems and all(problem is not None for problem, _ in problems):
        return " and ".join(str(problem) for problem, _ in problems), all(missing for _, missing in problems)
    return None, False


def _problem(requirement: Requirement) -> tuple[str | None, bool]:
    name = catalogue.normal(requirement.name)
    found = version_of(name)
    if found is None:
        stand_in = catalogue.STANDS_IN.get(name)
        if stand_in is not None and version_of(stand_in) is not None:
            return None, False
        return f"{name} is not installed", True
    if requirement.specifier.contains(found, prereleases=True):
        return None, False
    return f"{name} {found} is installed, it works with {name}{requirement.specifier}", False


def _modules(library: str, distributions: set[str]) -> tuple[str, ...]:
    """The modules to wait for: the library's own if it is known, else all that the instrumentor is for."""
    own = {library, *(one.distribution for one in catalogue.LIBRARIES if one.name == library)} & distributions
    modules = [catalogue.MODULES.get(name, name.replace("-", "_")) for name in sorted(own or distributions)]
    # What cannot be found by that name would never be seen to be imported.
    return tuple(module for module in modules if _exists(module.partition(".")[0]))


def _exists(package: str) -> bool:
    try:
        return package in sys.modules or find_spec(package) is not None
    except (ImportError, ValueError):
        return False
