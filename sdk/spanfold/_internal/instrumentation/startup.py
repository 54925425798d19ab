"""What a process started by ``spanfold run`` or ``opentelemetry-instrument`` does before its program."""

from __future__ import annotations

from spanfold._internal import setup
from spanfold._internal.faults import contained
from spanfold._internal.instrumentation import autolog


def configure() -> None:
    """Make the tracer provider and export to the collector, by the environment alone. Never raises."""
    autolog.set_content_capture()
    setup.ready()


def instrument() -> None:
    """Instrument libraries by the environment alone. Never raises."""
    with contained("instrument libraries"):
        autolog.begin(autolog.wish())


def activate() -> None:
    """Both."""
    with contained("start auto-instrumentation"):
        configure()
        instrument()
