"""Rows that the tests here evaluate."""

from __future__ import annotations

from typing import Any

import spanfold

ROWS: list[dict[str, Any]] = [
    {"question": "1 + 1?", "right": "2", "answer": "2"},
    {"question": "1 + 2?", "right": "3", "answer": "4"},
    {"question": "1 + 3?", "right": "4", "answer": "4"},
    {"question": "1 + 4?", "right": "5", "answer": None},
]


def evaluate(**more: Any) -> spanfold.EvaluationResult:
    given = {
        "data": ROWS[:3],
        "targets": "right",
        "predictions": "answer",
        "extra_metrics": ["exact_match"],
    } | more
    return spanfold.evaluate(**given)
