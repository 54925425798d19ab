"""What ``spanfold evaluate`` takes and prints, without a server."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from spanfold.errors import InvalidArgumentError
from spanfold_deploy.cli import _evaluation_output, _metrics
from spanfold_deploy.cli._wanted import Wanted
from spanfold_deploy.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path


def printed(lines: list[dict[str, object]]) -> str:
    text = io.StringIO()
    _evaluation_output.print_summary(Console(file=text, width=160), lines)
    return text.getvalue()


SCORES: list[dict[str, Any]] = [
    {"name": "token_f1", "model_id": "m-1", "value": 1.0, "label": None, "error": None, "cost_usd": None},
    {"name": "token_f1", "model_id": "m-1", "value": 0.5, "label": None, "error": None, "cost_usd": None},
    {"name": "token_f1", "model_id": "m-2", "value": 0.0, "label": None, "error": None, "cost_usd": None},
    {
        "name": "token_f1",
        "model_id": "m-2",
        "value": None,
        "label": None,
        "error": "no answer",
        "cost_usd": None,
    },
    {"name": "polite", "model_id": "m-2", "value": None, "label": "yes", "error": None, "cost_usd": 0.25},
    {"name": "polite", "model_id": "m-2", "value": None, "label": "no", "error": None, "cost_usd": 0.25},
    {"name": "polite", "model_id": "m-2", "value": None, "label": "yes", "error": None, "cost_usd": 0.25},
]


def test_scores_are_summed_up_by_metric_and_version_and_errors_are_no_zeros() -> None:
    names = {"m-1": "bot-v1", "m-2": "bot-v2"}
    lines = _evaluation_output.summary(_evaluation_output.tally(SCORES), names, ["token_f1", "polite"])
    assert [(line["metric"], line["model_name"], line["scores"], line["mean"]) for line in lines] == [
        ("token_f1", "bot-v1", 2, 0.75),
        ("token_f1", "bot-v2", 1, 0.0),
        ("polite", "bot-v2", 3, None),
    ]
    assert lines[1]["errors"] == {"no answer": 1}
    assert lines[2]["labels"] == {"yes": 2, "no": 1}
    assert lines[2]["cost_usd"] == 0.75
    text = printed(lines)
    assert "2 x yes, 1 x no" in text
    assert "$0.75" in text
    assert "no score: token_f1: 1 x no answer" in text


def test_a_summary_of_numbers_alone_has_no_columns_for_labels_and_cost() -> None:
    text = printed(_evaluation_output.summary(_evaluation_output.tally(SCORES[:3]), {}))
    assert "mean" in text
    assert "labels" not in text
    assert "cost" not in text


def test_latency_is_read_with_its_unit() -> None:
    scores = [{"name": "latency", "model_id": "", "value": 1.234}]
    assert "1.23 s" in printed(_evaluation_output.summary(_evaluation_output.tally(scores), {}))


def test_only_so_many_reasons_are_printed_and_the_rest_is_counted() -> None:
    errors = [{"name": "f", "model_id": "", "error": f"reason {number}"} for number in range(12)]
    text = printed(_evaluation_output.summary(_evaluation_output.tally(errors), {}))
    assert text.count("no score") == 1 + 8  # the heading, and eight reasons
    assert "and 4 more reasons" in text


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["token_f1,latency"], ["token_f1", "latency"]),
        (["token_f1", " latency , length"], ["token_f1", "latency", "length"]),
        (["a:x=1,y=2,b:z=3"], ["a:x=1,y=2", "b:z=3"]),
        (["regex_match:pattern=a\\,b"], ["regex_match:pattern=a\\,b"]),
        (["token_f1,x=1"], ["token_f1", "x=1"]),  # which the registry refuses: token_f1 has no colon
        (["checks.py:polite,length"], ["checks.py:polite", "length"]),
        ([",,"], []),
    ],
)
def test_metrics_are_separated_by_commas_and_so_are_their_parameters(
    texts: list[str], found: list[str]
) -> None:
    assert _metrics.split(texts) == found


def test_a_judge_that_names_no_model_gets_the_one_of_the_option() -> None:
    uri = "openai:/gpt-5-mini"
    given, own, no_judge = _metrics.specs(["relevance,safety:model=anthropic:/claude,token_f1"], uri)
    assert given.parameters == {"model": uri}
    assert own.parameters == {"model": "anthropic:/claude"}
    assert no_judge.parameters == {}


def test_a_metric_that_does_not_exist_is_an_error_that_names_close_ones() -> None:
    with pytest.raises(SettingsError, match="did you mean token_f1"):
        _metrics.specs(["token_f"])


def test_a_server_runs_no_file_of_the_user() -> None:
    with pytest.raises(SettingsError, match="does not run files"):
        _metrics.specs(["checks.py:polite"])


def test_a_metric_of_a_file_is_made_here(tmp_path: Path) -> None:
    file = tmp_path / "checks.py"
    file.write_text("def short(predictions):\n    return [len(text) < 5 for text in predictions]\n")
    (metric,) = _metrics.made([f"{file}:short"])
    assert list(metric.score({"predictions": ["abc", "abcdef"]}).scores or ()) == [True, False]


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (Wanted(model=["bot"]), "no metrics are named"),
        (Wanted(data="rows.csv", since="1h", metrics=["length"]), "choose traces"),  # type: ignore[arg-type]
        (Wanted(data="rows.csv", on_server=True, metrics=["length"]), "the file of --data is here"),  # type: ignore[arg-type]
        (Wanted(targets="expected", metrics=["length"]), "are for --data"),
    ],
)
def test_options_that_do_not_go_together_are_refused_with_the_way_out(wanted: Wanted, told: str) -> None:
    with pytest.raises(SettingsError, match=told) as caught:
        wanted.check()
    assert "Fix:" in str(caught.value)


def test_an_output_is_refused_before_anything_is_paid_for(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="what kind of file"):
        Wanted(metrics=["length"], output=[tmp_path / "rows.txt"]).check()
    with pytest.raises(SettingsError, match="no directory"):
        Wanted(metrics=["length"], output=[tmp_path / "nowhere" / "rows.csv"]).check()
    Wanted(metrics=["length"], output=[tmp_path / "rows.csv", tmp_path / "report.html"]).check()


def test_a_mapping_is_a_file_or_the_text_itself(tmp_path: Path) -> None:
    mapping = {"inputs": "attributes.question"}
    file = tmp_path / "mapping.json"
    file.write_text(json.dumps(mapping))
    assert Wanted(mapping=str(file)).mapped() == mapping
    assert Wanted(mapping=json.dumps(mapping)).mapped() == mapping
    assert Wanted().mapped() is None
    for wrong in ("[1]", "{", str(tmp_path / "none.json")):
        with pytest.raises(SettingsError, match="--mapping"):
            Wanted(mapping=wrong).mapped()


def test_errors_of_the_sdk_tell_mistakes_from_failures() -> None:
    from spanfold.errors import ServerUnavailableError  # noqa: PLC0415
    from spanfold_deploy.cli import _evaluating  # noqa: PLC0415

    with pytest.raises(SettingsError, match="sample"), _evaluating.explained():
        raise InvalidArgumentError("sample: no")
    with pytest.raises(_evaluating.EvaluationError, match="away") as caught, _evaluating.explained():
        raise ServerUnavailableError("away")
    assert caught.value.exit_code == 1


def test_what_judges_may_cost_is_guessed_from_the_price_list() -> None:
    from spanfold_deploy.cli._evaluating_traces import guessed_cost  # noqa: PLC0415

    known, unknown = _metrics.made(
        ["professionalism:model=openai:/gpt-4o", "safety:model=openai:/no-such-model"]
    )
    short = guessed_cost(known, [{"predictions": "x"}])
    long = guessed_cost(known, [{"predictions": "x" * 100_000}])
    assert short is not None
    assert long is not None
    assert 0 < short < long < 1
    assert guessed_cost(unknown, [{"inputs": "x"}]) is None
    assert guessed_cost(known, []) is not None


def test_judges_that_are_paid_are_told_before(capsys: pytest.CaptureFixture[str]) -> None:
    from spanfold_deploy.cli import _evaluating  # noqa: PLC0415

    wanted = Wanted(yes=True, max_calls=100)
    _evaluating.confirm(wanted, rows=1000, judges={"safety": 0.001, "relevance": 0.002})
    told = capsys.readouterr().err
    assert "1,000 rows x 2 judges (safety, relevance): up to 2,000 calls, about $3.00" in told
    assert "limited by --max-calls 100" in told
    _evaluating.confirm(wanted, rows=1000, judges={"safety": None})
    assert "at a price that is not known" in capsys.readouterr().err
    _evaluating.confirm(wanted, rows=1000, judges={})
    assert not capsys.readouterr().err
