"""Judge calls a second against a provider that thinks for 200 ms, beside what the concurrency allows.

    python -m benchmarks.judges                     about 1 minute
    python -m benchmarks.judges --concurrency 10 --rounds 5

The provider runs in a process of its own and speaks OpenAI's protocol over real sockets. The ideal is that
every one of the concurrent calls ends after the latency, and the next begins at once. Each reply is on the
disk before it counts. The second pass asks the same again, which the cache answers.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from benchmarks import _report
from spanfold.metrics import genai

if TYPE_CHECKING:
    from collections.abc import Iterator

LATENCY_MS: Final = 200
CONCURRENCIES: Final = (10, 50, 100)
ROUNDS: Final = 20
"""Calls that each of the concurrent callers makes."""


@contextmanager
def provider(latency_ms: float) -> Iterator[str]:
    """A provider in a process of its own; its address."""
    command = [sys.executable, "-m", "tests.providers", "--latency-ms", str(latency_ms)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["address"]
        finally:
            assert process.stdin is not None
            process.stdin.close()  # it ends with its input


def cpu_s() -> float:
    """CPU seconds of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def scored(count: int, concurrency: int) -> dict[str, float]:
    """Score rows once; seconds, CPU seconds and calls that were made."""
    metric = genai.professionalism("openai:/gpt-5-mini", max_workers=concurrency)
    rows = [f"Answer {number} of {concurrency}: please see our terms." for number in range(count)]
    begun_s, begun_cpu_s = time.monotonic(), cpu_s()
    value = metric.score({"predictions": rows})
    taken_s, taken_cpu_s = time.monotonic() - begun_s, cpu_s() - begun_cpu_s
    failed = [one for one in value.errors or () if one is not None]
    if failed:
        raise SystemExit(f"{len(failed)} rows failed: {failed[0]}")
    return {"s": taken_s, "cpu_s": taken_cpu_s, "calls": float(sum(value.calls or ()))}


def measure(concurrency: int, rounds: int) -> dict[str, Any]:
    """Ask, and ask again."""
    count = concurrency * rounds
    asked, again = scored(count, concurrency), scored(count, concurrency)
    ideal = concurrency * 1_000 / LATENCY_MS
    rate = asked["calls"] / asked["s"]
    return {
        "concurrency": concurrency,
        "calls": int(asked["calls"]),
        "calls/s": rate,
        "ideal": ideal,
        "of the ideal": rate / ideal,
        "CPU-ms a call": 1_000 * asked["cpu_s"] / count,
        "cached rows/s": count / again["s"],
        "calls of the 2nd pass": int(again["calls"]),
    }


def main() -> None:
    """Print the report."""
    parser = _report.parser(__doc__ or "")
    parser.add_argument("--concurrency", type=int, nargs="*", default=list(CONCURRENCIES))
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="calls of each concurrent caller")
    given = parser.parse_args()
    with provider(LATENCY_MS) as address, tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "OPENAI_BASE_URL": f"{address}/v1",
            "OPENAI_API_KEY": "none",
            "SPANFOLD_CACHE_DIR": folder,
            "NO_PROXY": "127.0.0.1",
        }
        scored(1, 1)  # imports the client library
        rows = [measure(one, given.rounds) for one in given.concurrency]
    _report.show(f"Judge calls, {LATENCY_MS} ms each", rows, as_json=given.json)


if __name__ == "__main__":
    main()
