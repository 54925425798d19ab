"""Evaluations of rows: the SDK in the state of a fresh process, whose faults are raised."""

from __future__ import annotations

from tests.sdk.conftest import RunScript, _clean, captured, run_script, server

__all__ = ["RunScript", "_clean", "captured", "run_script", "server"]
