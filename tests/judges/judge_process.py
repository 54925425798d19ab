"""Scores rows with a judge, as a process that may be killed: ``judge_process.py ROWS CONCURRENCY``."""

from __future__ import annotations

import sys

from spanfold.metrics import genai


def main(rows: int, concurrency: int) -> None:
    metric = genai.professionalism("openai:/gpt-5-mini", max_workers=concurrency)
    value = metric.score({"predictions": [f"answer {number} [judge:score:3]" for number in range(rows)]})
    assert value.scores == [3] * rows, value.errors
    sys.stdout.write(f"{sum(value.calls or ())}\n")


main(int(sys.argv[1]), int(sys.argv[2]))
