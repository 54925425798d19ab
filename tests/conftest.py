"""What every test here relies on: property tests are bounded, and the same examples run on every CI run."""

from __future__ import annotations

import os
import signal

from hypothesis import HealthCheck, settings

# No deadline: the clock of a shared machine says nothing about the code. pytest-timeout bounds each test.
settings.register_profile(
    "local", max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("ci", settings.get_profile("local"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "local")

# A shell that starts the tests in the background has Ctrl-C ignored by them and every process they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
