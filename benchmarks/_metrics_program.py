# ruff: noqa: PLC0415 - only one of the libraries is there
"""Evaluate rows with one library; run by metrics.py, in that library's own environment.

    python _metrics_program.py {mlflow|spanfold} ROWS.json

Prints one JSON object: of each line of metrics, the CPU and wall seconds of its best round, and what it found
in the first. Each round has texts that no round had before, so that no cache of whole texts helps.
Nothing of either library is imported where the other runs.
"""

from __future__ import annotations

import json
import logging
import resource
import sys
import tempfile
import time
import warnings
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS: Final = 3
TOGETHER: Final = "exact_match + ari_grade_level + flesch_kincaid_grade_level"
BOTH: Final = (
    TOGETHER,
    "exact_match",
    "ari_grade_level",
    "flesch_kincaid_grade_level",
    "rouge1",
    "rouge2",
    "rougeL",
    "rougeLsum",
)
OURS: Final = (
    "token_f1",
    "edit_similarity",
    "bleu",
    "chrf",
    "rouge1:tokenizer=unicode",
    "json_valid",
    "regex_match:pattern=[0-9]+",
    "length:unit=words",
)


def cpu_s() -> float:
    """CPU seconds of this process, threads included, and of its children that have ended."""
    both = (resource.getrusage(one) for one in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def _patch_rouge() -> None:
    """MLflow fetches a program from a hub that hands rows to ``rouge-score``: this hands them over, too."""
    from mlflow.metrics import metric_definitions  # type: ignore[import-not-found, unused-ignore]
    from rouge_score import rouge_scorer

    class Rouge:
        def compute(
            self, *, predictions: Any, references: Any, rouge_types: list[str], use_aggregator: bool
        ) -> dict[str, list[float]]:
            assert not use_aggregator
            scorer = rouge_scorer.RougeScorer(rouge_types=rouge_types, use_stemmer=False)
            return {
                kind: [
                    scorer.score(wanted, found)[kind].fmeasure
                    for wanted, found in zip(references, predictions, strict=True)
                ]
                for kind in rouge_types
            }

    metric_definitions._cached_evaluate_load = lambda *_, **__: Rouge()  # noqa: SLF001 - instead of a download


def _with_mlflow(folder: str) -> Callable[[str, dict[str, list[str]]], Any]:
    import mlflow  # type: ignore[import-not-found, unused-ignore]
    import pandas as pd

    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    made = mlflow.create_experiment("metrics", artifact_location=f"file://{folder}/artifacts")
    mlflow.set_experiment(experiment_id=made)
    _patch_rouge()

    def run(line: str, rows: dict[str, list[str]]) -> Any:
        return mlflow.evaluate(
            data=pd.DataFrame(rows),
            predictions="predictions",
            targets="targets",
            extra_metrics=[getattr(mlflow.metrics, name)() for name in line.split(" + ")],
        )

    return run


def _with_spanfold() -> Callable[[str, dict[str, list[str]]], Any]:
    import spanfold

    def run(line: str, rows: dict[str, list[str]]) -> Any:
        return spanfold.evaluate(
            data=rows,
            predictions="predictions",
            targets="targets",
            metrics=line.split(" + "),
            progress=False,
        )

    return run


def _fresh(rows: dict[str, list[str]], line: int, turn: int) -> dict[str, list[str]]:
    """The rows with a last sentence of their own."""
    last = f" This is line {line} of round {turn}."
    return {name: [text + last for text in texts] for name, texts in rows.items()}


def main() -> None:
    """Run each line of metrics in turn."""
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    library, path = sys.argv[1:3]
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - no imports but those that both need
        rows = json.load(file)
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        run = _with_mlflow(folder) if library == "mlflow" else _with_spanfold()
        for number, line in enumerate(BOTH if library == "mlflow" else (*BOTH, *OURS)):
            run(line, {name: texts[:20] for name, texts in rows.items()})  # imports, dictionaries
            spent: list[tuple[float, float]] = []
            numbers: dict[str, float] = {}
            for turn in range(1 if line.startswith("rouge") and library == "mlflow" else ROUNDS):
                fresh = _fresh(rows, number, turn)
                cpu, wall = cpu_s(), time.perf_counter()
                result = run(line, fresh)
                spent.append((cpu_s() - cpu, time.perf_counter() - wall))
                numbers = numbers or {key: float(value) for key, value in result.metrics.items()}
            cpu, wall = min(spent)
            found[line] = {"cpu_s": cpu, "wall_s": wall, "metrics": numbers}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
