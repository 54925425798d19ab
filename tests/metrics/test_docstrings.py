"""The examples in the metrics' docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

from spanfold import metrics

MODULES = [one.name for one in pkgutil.iter_modules(metrics.__path__) if not one.ispkg]


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"spanfold.metrics.{name}")).failed == 0
