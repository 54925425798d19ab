"""Write the data of the metric ``profanity``, and what it must score, from the package that trained it.

    python -m venv original && original/bin/pip install alt-profanity-check==1.9.1
    original/bin/python tests/local_models/export_profanity.py     from the root of the repository

It writes sdk/spanfold/metrics/data/profanity.npz and tests/local_models/profanity_expected.json.
"""

from __future__ import annotations

import importlib
import json
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "sdk" / "spanfold" / "metrics" / "data" / "profanity.npz"
EXPECTED = Path(__file__).with_name("profanity_expected.json")


def export(original: Any) -> None:
    """The vocabulary and the five classifiers, at single precision: 380 kB."""
    vectorizer, classifier = original.vectorizer, original.model
    words = sorted(vectorizer.vocabulary_)
    order = [vectorizer.vocabulary_[word] for word in words]
    folds = classifier.calibrated_classifiers_
    np.savez_compressed(
        DATA,
        words=np.frombuffer("\n".join(words).encode(), dtype=np.uint8),
        rarity=vectorizer.idf_[order].astype(np.float32),
        weights=np.stack([fold.estimator.coef_[0][order] for fold in folds]).astype(np.float32),
        intercepts=np.array([fold.estimator.intercept_[0] for fold in folds]),
        slopes=np.array([fold.calibrators[0].a_ for fold in folds]),
        offsets=np.array([fold.calibrators[0].b_ for fold in folds]),
    )


def main() -> None:
    """Export, and score the texts by the original."""
    sys.path.insert(0, str(Path(__file__).parent))
    made = importlib.import_module("_profanity_texts")
    original = importlib.import_module("profanity_check.profanity_check")
    export(original)
    texts = made.texts(list(original.vectorizer.vocabulary_))
    scores = [float(score) for score in original.predict_prob(texts)]
    digest = sha256("\0".join(texts).encode()).hexdigest()
    expected = {"made_by": "alt-profanity-check 1.9.1", "texts_sha256": digest, "scores": scores}
    EXPECTED.write_text(json.dumps(expected, indent=0) + "\n")


if __name__ == "__main__":
    main()
