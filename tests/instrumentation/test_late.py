"""Django's instrumentor waits for the settings: before they are named, Django would run with empty ones."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

from spanfold._internal.instrumentation import late


class Settings:
    """As Django's: named or not when they are asked for."""

    def __init__(self) -> None:
        self.named = False

    @property
    def MIDDLEWARE(self) -> list[str]:  # noqa: N802 - as in Django
        if not self.named:
            message = "settings are not configured"
            raise RuntimeError(message)
        return []


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings, conf = Settings(), ModuleType("django.conf")
    conf.settings = settings  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "django", ModuleType("django"))
    monkeypatch.setitem(sys.modules, "django.conf", conf)
    return settings


def handler(order: list[str]) -> type:
    class BaseHandler:
        def load_middleware(self) -> None:
            order.append("chain")

    return BaseHandler


def test_the_instrumentor_takes_its_place_right_before_the_chain_is_built(settings: Settings) -> None:
    order = list[str]()
    base_handler = handler(order)
    late.django(SimpleNamespace(BaseHandler=base_handler), lambda: order.append("instrumentor"))
    assert order == []
    settings.named = True  # as a wsgi.py does, after it imported Django
    base_handler().load_middleware()
    base_handler().load_middleware()
    assert order == ["instrumentor", "chain", "chain"]


def test_django_itself_says_what_is_wrong_with_the_settings(settings: Settings) -> None:
    order = list[str]()
    base_handler = handler(order)
    late.django(SimpleNamespace(BaseHandler=base_handler), lambda: order.append("instrumentor"))
    assert not settings.named
    base_handler().load_middleware()
    assert order == ["chain"]
