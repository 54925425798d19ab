"""Worker processes that end without Python's exit handlers send what they hold first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from types import ModuleType

FLUSH_S: Final = 5.0

_watching = False


def watch() -> None:
    """Flush when a Celery worker process ends: it leaves by ``os._exit``, which skips exit handlers."""
    global _watching  # noqa: PLW0603 - hooks of the process
    if _watching:
        return
    _watching = True
    from spanfold._internal.instrumentation.loading import call_after_import  # noqa: PLC0415

    call_after_import("celery.signals", _on_celery)


def _on_celery(signals: ModuleType) -> None:
    signals.worker_process_shutdown.connect(_flush, weak=False)


def _flush(**_: Any) -> None:
    from spanfold._internal import setup  # noqa: PLC0415

    setup.flush(FLUSH_S)
