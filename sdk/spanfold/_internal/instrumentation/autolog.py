"""Instruments every library for which an instrumentor is installed, each by exactly one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from spanfold._internal.faults import contained, logger, warn_once
from spanfold._internal.forks import ForkedLock

if TYPE_CHECKING:
    from collections.abc import Collection

    from spanfold._internal.instrumentation.choice import Choice, Wish

DISABLED_VARIABLE: Final = "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"
CAPTURE_VARIABLE: Final = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"

_lock = ForkedLock()
_begun: Final = set[str]()
"""Libraries that have their instrumentor. It cannot be undone for code that holds the originals."""


def autolog(*, disable: Collection[str] | str = (), only: Collection[str] | str | None = None) -> None:
    """Instrument the libraries that this application uses: OpenAI, Anthropic, LangChain, FastAPI, httpx, ...

    The published instrumentors that are installed are used, exactly one for each library: OpenTelemetry's
    own, else OpenInference's, else OpenLLMetry's. A library is instrumented when it is imported, or now, if
    it has been. Every span carries the active model. Calling it again changes nothing, except that libraries
    are added which an earlier call left out. ``spanfold run`` does the same without a line of code.

    A tracer provider that the application has set is used; otherwise spanfold configures itself by defaults.
    Classes that were imported by name before the call (``from fastapi import FastAPI``) may stay as they
    were: call it first.

    Args:
        disable: libraries to leave alone, such as ``["httpx", "requests"]``; added to those in
            ``OTEL_PYTHON_DISABLED_INSTRUMENTATIONS``.
        only: libraries to instrument and no others. Default: all.

    Raises:
        InvalidArgumentError: ``disable`` or ``only`` holds something that is no name.

    Example:
        >>> autolog(disable=["requests"])  # doctest: +SKIP
    """
    wanted = wish(disable, only)
    with contained("instrument libraries"):
        from spanfold._internal import setup  # noqa: PLC0415 - `import spanfold` stays light

        set_content_capture()
        setup.ready()
        begin(wanted)


def wish(disable: Collection[str] | str = (), only: Collection[str] | str | None = None) -> Wish:
    """What is to be instrumented, by arguments and environment.

    Raises:
        InvalidArgumentError: something is no name.
    """
    from spanfold._internal.instrumentation.catalogue import OWN_TRACING  # noqa: PLC0415
    from spanfold._internal.instrumentation.choice import Wish, names  # noqa: PLC0415

    excluded = dict.fromkeys(names(disable, "disable"), "disabled by disable=...")
    for name in names(os.environ.get(DISABLED_VARIABLE, ""), DISABLED_VARIABLE):
        excluded[name] = f"disabled by {DISABLED_VARIABLE}"
    for name, variable in OWN_TRACING.items():
        setting = os.environ.get(variable, "").lower()
        if setting not in {"", "false"}:
            why = f"{variable}={setting} has the library make spans itself: two would double every span"
            excluded.setdefault(name, why)
    return Wish(excluded, None if only is None else names(only, "only"))


def begin(wanted: Wish) -> None:
    """Choose among what is installed, and load each chosen instrumentor when its library is imported."""
    from spanfold._internal.instrumentation import catalogue, loading, workers  # noqa: PLC0415

    choices = plan(wanted)
    with _lock.current:
        fresh = [one for one in choices if one.reason is None and one.candidate.library not in _begun]
        _begun.update(one.candidate.library for one in fresh)
    for choice in fresh:
        variable = catalogue.OWN_TRACING.get(choice.candidate.library)
        if variable is not None:  # read by each client that is made from now on
            os.environ.setdefault(variable, "false")
        loading.prepare(choice.candidate)
    if choices and not wanted.nothing:
        workers.watch()
    _warn_of_absent(wanted, choices)


def plan(wanted: Wish) -> list[Choice]:
    """The decision for each instrumentor that is installed."""
    from spanfold._internal.instrumentation import choice, installed  # noqa: PLC0415 - reads every package

    return choice.choose(installed.candidates(), wanted)


def set_content_capture() -> None:
    """Let instrumentors record messages on spans, unless the user decided otherwise.

    They read the environment when they are loaded, and record no content by default.
    """
    if os.environ.get("SPANFOLD_CAPTURE_CONTENT", "").strip().lower() in {"none", "0"}:
        os.environ.setdefault("TRACELOOP_TRACE_CONTENT", "false")
        os.environ.setdefault("OPENINFERENCE_HIDE_INPUTS", "true")
        os.environ.setdefault("OPENINFERENCE_HIDE_OUTPUTS", "true")
    else:
        os.environ.setdefault(CAPTURE_VARIABLE, "SPAN_ONLY")
        os.environ.setdefault("ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE", "content")


def _warn_of_absent(wanted: Wish, choices: list[Choice]) -> None:
    from spanfold._internal.instrumentation import catalogue, installed  # noqa: PLC0415

    known = {one.candidate.library for one in choices}
    for name in sorted((wanted.only or frozenset()) - known):
        extras = [one.extra for one in catalogue.LIBRARIES if one.name == name]
        fix = f": {catalogue.pip_line(extras[0])}" if extras else ""
        logger.warning("no instrumentor for %r is installed%s", name, fix)
    if not choices and not wanted.nothing:
        there = [one.extra for one in catalogue.LIBRARIES if installed.version_of(one.distribution)]
        line = catalogue.pip_line(",".join(sorted({"instrument", *there})))
        warn_once("no-instrumentors", "no instrumentor of any library is installed: %s", line)
