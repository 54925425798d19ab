"""What ``spanfold doctor`` finds out without asking anybody: packages, choices, environment."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from importlib.metadata import distributions, entry_points
from typing import TYPE_CHECKING, Final

from spanfold._internal.instrumentation import autolog, catalogue
from spanfold._internal.instrumentation.installed import version_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from spanfold._internal.instrumentation.choice import Choice

INSTRUMENTED: Final = "instrumented"
SKIPPED: Final = "skipped"
BROKEN: Final = "broken"
MISSING: Final = "no instrumentor"
_SECRET: Final = re.compile(r"HEADERS|KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL")
_RELEVANT: Final = (
    "OTEL_",
    "SPANFOLD_",
    "MLFLOW_ACTIVE_MODEL_ID",
    "ANTHROPIC_OPEN_TELEMETRY",
    "TRACELOOP_",
    "OPENINFERENCE_",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A library, and what is done about it."""

    library: str
    version: str | None
    """The library's; None where that is not known."""
    status: str
    instrumentor: str | None = None
    """With its version."""
    family: str | None = None
    reason: str | None = None


def findings() -> list[Finding]:
    """One for each instrumentor of a library that is there, and for each library that lacks one.

    Chosen instrumentors are loaded, so this takes seconds, and tells apart what would fail.
    """
    choices = autolog.plan(autolog.wish())
    with_instrumentor = {one.candidate.library for one in choices}
    found = [_finding(one) for one in choices if not one.candidate.library_is_missing]
    for library in catalogue.LIBRARIES:
        version = version_of(library.distribution)
        if version is not None and library.name not in with_instrumentor:
            line = catalogue.pip_line(library.extra)
            found.append(Finding(library.name, version, MISSING, reason=line))
    return sorted(found, key=lambda one: (one.library, one.status != INSTRUMENTED, one.instrumentor or ""))


def mismatches() -> list[str]:
    """Packages of instrumentation that want other versions than are installed."""
    try:
        from packaging.requirements import Requirement  # noqa: PLC0415 - slow to import
    except ModuleNotFoundError:  # it comes with the instrumentors: without any, nothing can fail to fit
        return []
    problems, seen = set[str](), set[str]()
    for distribution in distributions():
        name = catalogue.normal(distribution.name)
        # Of two in different places of sys.path, the first is the one that is imported.
        if name in seen or not name.startswith(("opentelemetry-", "openinference-")):
            continue
        seen.add(name)
        for text in distribution.requires or ():
            requirement = Requirement(text)
            if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
                continue
            found = version_of(requirement.name)
            if found is None or not requirement.specifier.contains(found, prereleases=True):
                wanted = f"{requirement.name}{requirement.specifier}"
                is_there = "it is not installed" if found is None else f"{found} is installed"
                problems.add(f"{distribution.name} {distribution.version} wants {wanted}, but {is_there}")
    return sorted(problems)


def notes() -> list[str]:
    """Settings that keep spans from being made, or leave to chance who makes them."""
    environment = os.environ
    found = list[str]()
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        found.append("OTEL_SDK_DISABLED=true: no span is made at all")
    distros = [one for one in entry_points(group="opentelemetry_distro") if one.name != "spanfold"]
    if distros and environment.get("OTEL_PYTHON_DISTRO") != "spanfold":
        others = ", ".join(sorted(one.name for one in distros))
        found.append(
            f"another distro is installed ({others}): opentelemetry-instrument needs "
            "OTEL_PYTHON_DISTRO=spanfold and OTEL_PYTHON_CONFIGURATOR=spanfold, `spanfold run` needs nothing"
        )
    if version_of("opentelemetry-instrumentation") is None:
        found.append(f"no instrumentor can be loaded: {catalogue.pip_line('instrument')}")
    return found


def environment_of(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables that matter, without secrets.

    Example:
        >>> environment_of({"OTEL_EXPORTER_OTLP_HEADERS": "x-key=1", "HOME": "/root"})
        {'OTEL_EXPORTER_OTLP_HEADERS': '***'}
    """
    return {
        name: "***" if _SECRET.search(name) else re.sub(r"(?<=//)[^/@\s]+@", "***@", value)
        for name, value in sorted(variables.items())
        if name.startswith(_RELEVANT)
    }


def table(found: Sequence[Finding]) -> Iterator[str]:
    """Aligned lines, one a finding."""
    rows = [
        (one.library, one.version or "", one.status, one.instrumentor or "", one.reason or "")
        for one in found
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    for row in rows:
        yield "  ".join(text.ljust(width) for text, width in zip(row, (*widths, 0), strict=True)).rstrip()


def _finding(choice: Choice) -> Finding:
    candidate = choice.candidate
    known = [one.distribution for one in catalogue.LIBRARIES if one.name == candidate.library]
    status, reason = (INSTRUMENTED, None) if choice.reason is None else (SKIPPED, choice.reason)
    if status == INSTRUMENTED:
        try:
            candidate.entry_point.load()
        except Exception as fault:  # noqa: BLE001 - whatever it is, that is the finding
            status, reason = BROKEN, f"it does not load: {type(fault).__name__}: {fault}"
    return Finding(
        library=candidate.library,
        version=version_of(known[0] if known else candidate.library),
        status=status,
        instrumentor=f"{candidate.distribution} {candidate.version}",
        family=candidate.family,
        reason=reason,
    )
