"""Entry points for ``opentelemetry-instrument``: it finds them by name, applications need not import this.

``opentelemetry-instrument python app.py`` asks the distro which instrumentors to load, and the configurator
to set up tracing. Where another package brings a distro too, ``OTEL_PYTHON_DISTRO=spanfold`` and
``OTEL_PYTHON_CONFIGURATOR=spanfold`` choose these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.instrumentation.distro import BaseDistro  # type: ignore[attr-defined]  # it opts out of checks

from spanfold._internal.instrumentation import autolog, startup

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["SpanfoldConfigurator", "SpanfoldDistro"]


class SpanfoldDistro(BaseDistro):  # type: ignore[misc]
    """Loads exactly one instrumentor a library, when the library is imported."""

    def _configure(self, **_: Any) -> None:
        autolog.set_content_capture()

    def load_instrumentor(self, entry_point: EntryPoint, **_: Any) -> None:  # noqa: ARG002 - as declared
        """Called for each instrumentor: the first call decides on all of them, since one excludes another."""
        startup.instrument()


class SpanfoldConfigurator:
    """Sets up tracing as :func:`spanfold.configure` does, by the environment alone."""

    def configure(self, **_: Any) -> None:
        """Configure the SDK."""
        startup.configure()
