"""Instruments the Python process that finds this folder on its path. Put there by ``spanfold run``.

It may be found by a Python that lacks spanfold, so it uses the standard library until it knows better.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys

_FOLDER = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib is slow to import


def _run_the_hidden_one() -> None:
    """Run the ``sitecustomize`` that Python would have found without this folder."""
    others = [entry for entry in sys.path if os.path.abspath(entry or ".") != _FOLDER]  # noqa: PTH100
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def _activate() -> None:
    try:
        from spanfold._internal.instrumentation import startup  # noqa: PLC0415
    except ImportError as fault:
        if os.environ.get("SPANFOLD_RUN_PID") == str(
            os.getpid()
        ):  # not for each tool that the program starts
            sys.stderr.write(
                f"spanfold run: {sys.executable} is not traced: {fault}\n"
                "  Fix: install spanfold there, or name the Python that has it.\n"
            )
        return
    startup.activate()


try:
    _run_the_hidden_one()
finally:
    _activate()
