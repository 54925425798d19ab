"""Libraries whose import is too early a moment for their instrumentor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    Load = Callable[[], None]

DJANGO_MODULE: Final = "django.core.handlers.base"


def django(module: Any, load: Load) -> None:
    """Load the instrumentor before Django builds its first chain of middleware, where it takes its place.

    It reads the settings. A ``wsgi.py`` names them after it imports Django, and an instrumentor that comes
    earlier makes Django run with empty ones: the application would no longer answer.
    """
    handler = module.BaseHandler
    build = handler.load_middleware

    def load_middleware(self: Any, *arguments: Any, **options: Any) -> Any:
        handler.load_middleware = build
        if _has_settings():
            load()
        return build(self, *arguments, **options)

    handler.load_middleware = load_middleware


def _has_settings() -> bool:
    """Whether the settings can be read; where not, Django itself says best what is wrong."""
    from django.conf import settings  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 - it is loaded

    try:
        return settings.MIDDLEWARE is not None
    except Exception:  # noqa: BLE001 - settings are code of the application
        return False


MOMENTS: Final[dict[str, tuple[str, Callable[[Any, Load], None]]]] = {"django": (DJANGO_MODULE, django)}
"""By library: the module to wait for, and what to do with it."""
