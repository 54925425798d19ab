"""A result is kept, read again, and given away in forms that others read."""

from __future__ import annotations

import csv
import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from spanfold import EvaluationResult
from spanfold.errors import InvalidArgumentError
from spanfold.evaluation._result import MetricInfo, Roles
from spanfold.evaluation._table import Table

if TYPE_CHECKING:
    from pathlib import Path

    from tests.evaluation.rows.conftest import RunScript

KEY = "token_f1"


def result_of(columns: dict[str, Any], **more: Any) -> EvaluationResult:
    count = len(next(iter(columns.values()), []))
    given = {
        "evaluation_id": "e-1",
        "metrics": {f"{KEY}/mean": 0.5},
        "rows": Table(columns, count),
        "infos": (MetricInfo(KEY, KEY, greater_is_better=True),),
        "roles": Roles(("question",), "answer", "right"),
    }
    return EvaluationResult(**{**given, **more})


MIXED: dict[str, list[Any]] = {
    "question": ["a", '日本語,\n"quoted"', "\ud800 half"],
    "answer": [{"text": "x", "n": np.int64(3)}, ["a", None], None],
    f"{KEY}/score": [0.25, math.nan, None],
    f"{KEY}/error": [None, None, "no answer"],
}


def test_a_saved_result_is_read_as_it_was(tmp_path: Path) -> None:
    result = result_of(
        MIXED,
        name="nightly",
        status="FAILED",
        reason="max_calls=3 is used up",
        unmapped={"no output": 2},
        errors={"toxicity/v1": "no model"},
        cost_usd=0.5,
        calls=3,
        model_ids=("m-1",),
    )
    result.save(tmp_path / "kept")
    loaded = EvaluationResult.load(tmp_path / "kept")
    assert loaded.to_dict() == result.to_dict()
    assert loaded.roles == result.roles
    assert loaded.rows.row_count == 3
    assert list(loaded.rows.names) == list(MIXED)
    assert [row[f"{KEY}/score"] for row in loaded.iter_rows()] == [0.25, None, None]
    assert [row["question"] for row in loaded.iter_rows()] == MIXED["question"]
    assert next(loaded.iter_rows())["answer"] == {"text": "x", "n": 3}


def test_a_loaded_result_can_be_saved_over_itself(tmp_path: Path) -> None:
    result_of(MIXED).save(tmp_path)
    loaded = EvaluationResult.load(tmp_path)
    loaded.save(tmp_path)
    assert len(list(EvaluationResult.load(tmp_path).iter_rows())) == 3


def test_a_folder_without_a_result_or_with_one_of_later_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match=r"holds no result of EvaluationResult\.save\(\)"):
        EvaluationResult.load(tmp_path)
    result_of(MIXED).save(tmp_path)
    file = tmp_path / "result.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": 2}))
    with pytest.raises(InvalidArgumentError, match="later release"):
        EvaluationResult.load(tmp_path)


def test_json_holds_everything_and_no_nan(tmp_path: Path) -> None:
    result = result_of(MIXED, metrics={"a": math.nan, "b": 1.0})
    text = result.to_json(tmp_path / "result.json")
    read = json.loads((tmp_path / "result.json").read_text())
    assert read == json.loads(text)
    assert read["metrics"] == {"a": None, "b": 1.0}
    assert read["rows"][1]["question"] == MIXED["question"][1]


def test_csv_is_read_back_by_others(tmp_path: Path) -> None:
    columns = {**MIXED, "question": [*MIXED["question"][:2], "=1+1"]}
    result_of(columns).to_csv(tmp_path / "rows.csv")
    frame = pd.read_csv(tmp_path / "rows.csv")
    assert list(frame["question"]) == columns["question"]
    assert json.loads(frame["answer"][0]) == {"text": "x", "n": 3}
    assert frame[f"{KEY}/score"][0] == 0.25


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_csv_for_spreadsheets_holds_no_formula(tmp_path: Path, text: str) -> None:
    result_of({"question": [text], "=column": [-1.5]}).to_csv(tmp_path / "rows.csv", for_spreadsheets=True)
    with (tmp_path / "rows.csv").open(newline="") as file:
        head, row = csv.reader(file)
    assert head == ["question", "'=column"]
    assert row == [f"'{text}", "-1.5"]


def test_arrow_has_types_and_json_text_where_values_differ_in_kind() -> None:
    table = result_of(MIXED | {"question": ["a", "b", "c"]}).to_arrow()
    assert table.schema.field(f"{KEY}/score").type == pa.float64()
    assert table.schema.field("answer").type == pa.string()
    assert json.loads(table.column("answer").to_pylist()[0]) == {"text": "x", "n": 3}


def test_the_table_is_made_when_it_is_asked_for() -> None:
    result = result_of(MIXED)
    assert list(result.tables) == ["eval_results_table"]
    frame = result.tables["eval_results_table"]
    assert frame is result.tables["eval_results_table"]
    assert list(frame.columns) == list(MIXED)
    with pytest.raises(KeyError):
        _ = result.tables["other"]


def test_scores_of_an_unknown_metric_name_those_that_there_are() -> None:
    with pytest.raises(InvalidArgumentError, match="there are token_f1"):
        result_of(MIXED).scores("rouge1")


def test_it_prints_its_numbers_and_what_is_missing() -> None:
    printed = repr(
        result_of(MIXED, errors={"toxicity/v1": "no model"}, unmapped={"no output": 2}, reason="why")
    )
    assert printed.splitlines() == [
        "EvaluationResult(e-1, FINISHED, 3 rows)",
        "  token_f1/mean  0.5",
        "  toxicity/v1: no model",
        "  not scored: 2 (no output)",
        "  why",
    ]


def test_without_pandas_and_pyarrow_all_but_frames_works(run_script: RunScript, tmp_path: Path) -> None:
    """What is not installed is made unfindable: both are in the environment of the tests."""
    code = f"""
import importlib.abc, sys
class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("pandas", "pyarrow"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
import spanfold, spanfold.testing, importlib.util
def lengths(predictions):
    assert type(predictions) is list
    return [len(one) for one in predictions]
def model(columns):
    assert columns == {{"q": ["a", "b"]}}
    return ["x", "yy"]
found = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name in ("pandas", "pyarrow") else found(name)
import spanfold.evaluation._rows_model as rows_model
import spanfold.evaluation._result_files as files
rows_model.find_spec = files.find_spec = importlib.util.find_spec
with spanfold.testing.capture():
    result = spanfold.evaluate(model, [{{"q": "a"}}, {{"q": "b"}}], extra_metrics=[lengths])
folder = {str(tmp_path)!r}
result.to_json(folder + "/r.json"); result.to_csv(folder + "/r.csv"); result.to_html(folder + "/r.html")
result.save(folder)
print([row["lengths/score"] for row in spanfold.EvaluationResult.load(folder).iter_rows()])
for make in (result.to_pandas, result.to_arrow):
    try:
        make()
    except spanfold.errors.InvalidArgumentError as fault:
        print(fault)
"""
    assert run_script(code).stdout.splitlines() == [
        "[1, 2]",
        "a data frame needs pandas: pip install 'spanfold[dataframe]'",
        "an Arrow table needs pyarrow: pip install 'spanfold[dataframe]'",
    ]
