"""Metrics in the caller's own Python files: ``path/to/file.py:attribute``."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError
from spanfold.metrics._metric import EvaluationMetric, make_metric

if TYPE_CHECKING:
    from types import ModuleType

_FILE: Final = re.compile(r"(?P<path>.+\.py):(?P<attribute>[^\W\d]\w*)")


def is_file_text(text: str) -> bool:
    """Whether the text names an attribute of a Python file.

    Example:
        >>> is_file_text("checks/style.py:politeness"), is_file_text("regex_match:pattern=x")
        (True, False)
    """
    return _FILE.fullmatch(text) is not None


def from_file(text: str) -> EvaluationMetric:
    """Run a Python file and take a metric out of it.

    Args:
        text: ``path/to/file.py:attribute``; the attribute is a metric, a function that
            :func:`spanfold.metrics.make_metric` takes, or one without arguments that returns a metric.

    Raises:
        InvalidArgumentError: the file is not there, fails, or has no such metric.
    """
    found = _FILE.fullmatch(text)
    if found is None:
        raise InvalidArgumentError(f"{text!r}: write path/to/file.py:attribute")
    module = _module(Path(found["path"]).expanduser())
    attribute: Any = getattr(module, found["attribute"], None)
    if callable(attribute) and not inspect.signature(attribute).parameters:
        attribute = attribute()
    if isinstance(attribute, EvaluationMetric):
        return attribute
    if callable(attribute):
        return make_metric(eval_fn=attribute, greater_is_better=None)
    message = f"{text!r}: {found['attribute']} is neither a metric nor a function there"
    raise InvalidArgumentError(message)


def _module(path: Path) -> ModuleType:
    """The file as a module, run once a process."""
    if not path.is_file():
        raise InvalidArgumentError(f"{path}: there is no such file")
    whole = path.resolve()
    name = f"spanfold_metrics_file_{hashlib.sha256(str(whole).encode()).hexdigest()[:16]}"
    if (known := sys.modules.get(name)) is not None:
        return known
    spec = importlib.util.spec_from_file_location(name, whole)
    if spec is None or spec.loader is None:
        raise InvalidArgumentError(f"{path}: Python cannot run this file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickles look their module up
    try:
        spec.loader.exec_module(module)
    except BaseException as fault:
        del sys.modules[name]
        if isinstance(fault, Exception):
            raise InvalidArgumentError(f"{path} failed: {type(fault).__name__}: {fault}") from fault
        raise
    return module
