"""Record what published packages say of the samples that the statistics are tested with.

    python -m venv /tmp/oracle
    /tmp/oracle/bin/pip install scipy==1.17.1 scikit-learn==1.9.1
    /tmp/oracle/bin/python tests/evaluation/make_statistics.py

writes ``tests/evaluation/data/statistics.json``: the samples, and their figures.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from scipy import optimize, stats  # type: ignore[import-not-found, import-untyped, unused-ignore] # its own environment
from sklearn.metrics import cohen_kappa_score, confusion_matrix  # type: ignore[import-not-found, import-untyped, unused-ignore]

DRAWS = 29_999
TARGET = Path(__file__).parent / "data" / "statistics.json"


def sample(size: int, seed: int, power: float, scale: float) -> list[float]:
    """Numbers of a plain generator, which any language can repeat."""
    state, values = 7 + seed, []
    for _ in range(size):
        state = (state * 1103515245 + 12345) % 2**31
        values.append(round((state / 2**31) ** power * scale, 4))
    return values


def mean(values: Any, axis: int) -> Any:
    """The statistic of pairs."""
    return values.mean(axis=axis)


def gap(one: Any, other: Any, axis: int) -> Any:
    """The statistic of two samples."""
    return one.mean(axis=axis) - other.mean(axis=axis)


def welch(one: Any, other: Any, axis: int) -> Any:
    """The statistic that permutations are compared by."""
    return stats.ttest_ind(other, one, axis=axis, equal_var=False).statistic


def rows_needed(effect: float, power: float, groups: int) -> float:
    """The size at which a t test has the power, by the noncentral t distribution."""

    def lacking(size: float) -> float:
        freedom, away = groups * (size - 1), effect * (size / groups) ** 0.5
        t = stats.t.isf(0.025, freedom)
        return float(stats.nct.sf(t, freedom, away) + stats.nct.cdf(-t, freedom, away) - power)

    return float(optimize.brentq(lacking, 3, 30 / effect**2))


def of_samples() -> dict[str, Any]:
    """Intervals and tests."""
    drawn = {"n_resamples": DRAWS, "random_state": 1}
    a, b = sample(40, 1, 1, 1), sample(40, 2, 0.8, 1)
    change = np.array(b) - np.array(a)
    bca = stats.bootstrap((change,), np.mean, method="BCa", **drawn).confidence_interval
    flips = {"permutation_type": "samples", "vectorized": True}
    few = [0.3, -0.1, 0.4, 0.2, 0.25, -0.05, 0.15, 0.35]
    x, y = sample(30, 3, 2, 5), sample(45, 4, 1.5, 5)
    both = stats.bootstrap((np.array(y), np.array(x)), gap, method="BCa", **drawn).confidence_interval
    grades_x, grades_y = [int(value) for value in x], [int(value) for value in y]
    wins = stats.mannwhitneyu(grades_y, grades_x).statistic / (len(x) * len(y))
    return {
        "paired": {
            "a": a,
            "b": b,
            "bca": [bca.low, bca.high],
            "sign_flips": stats.permutation_test((change,), mean, **flips, **drawn).pvalue,
        },
        "exact": {
            "change": few,
            "sign_flips": stats.permutation_test((np.array(few),), mean, **flips, n_resamples=np.inf).pvalue,
        },
        "unpaired": {
            "a": x,
            "b": y,
            "bca": [both.low, both.high],
            "permutations": stats.permutation_test(
                (np.array(x), np.array(y)), welch, vectorized=True, **drawn
            ).pvalue,
        },
        "cliff": {"a": grades_x, "b": grades_y, "delta": 2 * wins - 1},
    }


def of_shares() -> dict[str, Any]:
    """Exact tests of yes and no."""
    changed = ((15, 5), (0, 9), (40, 40), (300, 240))
    tables = ((20, 5, 30, 18), (100, 2, 120, 9), (50, 50, 40, 39), (1000, 520, 900, 440))
    return {
        "mcnemar": [[up, down, stats.binomtest(down, up + down).pvalue] for up, down in changed],
        "fisher": [
            [n, k, m, j, stats.fisher_exact([[k, n - k], [j, m - j]]).pvalue] for n, k, m, j in tables
        ],
    }


def of_raters() -> dict[str, Any]:
    """Agreement."""
    human, moved = ([int(value * 5) + 1 for value in sample(80, seed, 1, 0.999)] for seed in (11, 12))
    judge = [min(5, max(1, one + (other - 3) // 2)) for one, other in zip(human, moved, strict=True)]
    change = [other - one for one, other in zip(human, judge, strict=True)]
    differing = [one for one in change if one]
    ranks = stats.rankdata(np.abs(differing))
    names = ["bad", "good", "unsure"]
    said, judged = ([names[value % 3] for value in values] for values in (human, judge))
    return {
        "agreement": {
            "human": human,
            "judge": judge,
            "kappa": cohen_kappa_score(human, judge),
            "quadratic": cohen_kappa_score(human, judge, weights="quadratic"),
            "spearman": stats.spearmanr(human, judge).statistic,
            "confusion": confusion_matrix(human, judge).tolist(),
        },
        "labels": {
            "human": said,
            "judge": judged,
            "kappa": cohen_kappa_score(said, judged),
            "confusion": confusion_matrix(said, judged, labels=names).tolist(),
        },
        "rank_biserial": {"change": change, "value": (np.sign(differing) * ranks).sum() / ranks.sum()},
    }


def main() -> None:
    """Write the figures."""
    effects = (0.1, 0.2, 0.5, 0.8)
    figures = {
        **of_samples(),
        **of_raters(),
        "binary": of_shares(),
        "power": {
            "paired": [[effect, rows_needed(effect, 0.8, 1)] for effect in effects],
            "unpaired": [[effect, rows_needed(effect, 0.9, 2)] for effect in effects],
        },
    }
    TARGET.write_text(json.dumps(figures, default=float) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
