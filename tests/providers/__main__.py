"""Run the provider as a process of its own, until its standard input ends.

``python -m tests.providers`` prints its address as one line of JSON. Point the clients at it with
``OPENAI_BASE_URL=<address>/v1`` and ``ANTHROPIC_BASE_URL=<address>``.
"""

from __future__ import annotations

import argparse
import json
import sys

from tests.providers.server import running


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 for any free one")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="how long it thinks")
    given = parser.parse_args()
    with running(given.port, latency_s=given.latency_ms / 1_000) as provider:
        sys.stdout.write(json.dumps({"address": provider.address}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


main()
