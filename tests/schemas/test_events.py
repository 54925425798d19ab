"""Events are refused with the field and the fix, before anything is recorded."""

from __future__ import annotations

import pytest

from spanfold_schemas import keys
from spanfold_schemas.events import EVENT_TYPES, InvalidEventError, check_name, validate_payload

CREATED = {"name": "support-v1.0", "experiment_id": "0", "status": "READY", "params": {}, "tags": {}}
EVALUATED = {
    "name": "nightly",
    "experiment_id": "0",
    "source": "traces",
    "runner": "server",
    "metrics": [{"name": "toxicity", "parameters": {}}],
    "selection": {"model": "support-v1.0"},
    "options": {"max_cost_usd": 1.5},
}
MONITORED = {"name": "tone", "experiment_id": "0", "metrics": [{"name": "toxicity"}], "selection": {}}
STARTED = {"experiment_id": "0", "run_name": "calm-otter-7", "tags": {}}


FILE = {"sha256": "0" * 64, "size_bytes": 1}


@pytest.mark.parametrize("name", ["my-agent-v1.0", "版/é: beta", "a" * 500])
def test_names_with_dots_slashes_and_any_script_are_fine(name: str) -> None:
    assert check_name("name", name) == name


@pytest.mark.parametrize("name", ["", "   ", "a" * 501, "two\nlines", 5, None])
def test_names_that_cannot_be_shown_are_refused(name: object) -> None:
    with pytest.raises(InvalidEventError, match=r"^name: "):
        check_name("name", name)


@pytest.mark.parametrize(
    ("event_type", "payload", "field"),
    [
        (keys.MODEL_CREATED, {**CREATED, "name": ""}, "name"),
        (keys.MODEL_CREATED, {**CREATED, "status": "DONE"}, "status"),
        (keys.MODEL_CREATED, {**CREATED, "params": {"temperature": 0.7}}, "params['temperature']"),
        (keys.MODEL_CREATED, {**CREATED, "model_type": 5}, "model_type"),
        (keys.MODEL_TAGS_SET, {"tags": ["a"]}, "tags"),
        (keys.MODEL_TAGS_SET, {"tags": {str(n): "" for n in range(101)}}, "tags"),
        (keys.MODEL_TAGS_SET, {"tags": {"": "x"}}, "tags['']"),
        (keys.MODEL_TAG_DELETED, {}, "key[None]"),
        (keys.MODEL_PARAMS_LOGGED, {"params": {"k": "v" * 8001}}, "params['k']"),
        (keys.MODEL_METRICS_LOGGED, {"metrics": {"m": True}}, "metrics['m']"),
        (keys.MODEL_METRICS_LOGGED, {"metrics": {"m": float("nan")}}, "metrics['m']"),
        (keys.MODEL_METRICS_LOGGED, {"metrics": {"m": float("-inf")}}, "metrics['m']"),
        (keys.MODEL_METRICS_LOGGED, {"metrics": {"m": 2**64}}, "metrics['m']"),
        (keys.MODEL_METRICS_LOGGED, {"metrics": {"m": 1}, "step": 0.5}, "step"),
        (keys.MODEL_METRICS_LOGGED, {"metrics": {"m": 1}, "step": 2**63}, "step"),
        (keys.MODEL_METRICS_LOGGED, {"metrics": {"m": 1}, "source_run_id": 5}, "source_run_id"),
        (keys.MODEL_CREATED, {**CREATED, "name": "half \ud800"}, "name"),
        (keys.MODEL_TAGS_SET, {"tags": {"k": "half \ud800"}}, "tags['k']"),
        (keys.MODEL_TAGS_SET, {"tags": {"\udfff": "v"}}, "tags['\\udfff']"),
        (keys.MODEL_TAG_DELETED, {"key": "\ud800"}, "key['\\ud800']"),
        (keys.EXPERIMENT_CREATED, {"name": ""}, "name"),
        (keys.EXPERIMENT_CREATED, {"name": "x", "tags": {"k": 1}}, "tags['k']"),
        (keys.RUN_STARTED, {**STARTED, "run_name": "a\nb"}, "run_name"),
        (keys.RUN_STARTED, {**STARTED, "experiment_id": None}, "experiment_id"),
        (keys.RUN_STARTED, {**STARTED, "parent_run_id": 7}, "parent_run_id"),
        (keys.RUN_STARTED, {**STARTED, "user": ["ann"]}, "user"),
        (keys.RUN_STARTED, {**STARTED, "params": {"lr": 0.1}}, "params['lr']"),
        (keys.RUN_ENDED, {"status": "READY"}, "status"),
        (keys.RUN_PARAMS_LOGGED, {}, "params"),
        (keys.RUN_METRICS_LOGGED, {"metrics": {"m": "1"}}, "metrics['m']"),
        (keys.RUN_METRICS_LOGGED, {"metrics": {"m": 1}, "model_id": 1}, "model_id"),
        (keys.RUN_TAGS_SET, {"tags": None}, "tags"),
        (keys.RUN_TAG_DELETED, {}, "key[None]"),
        (keys.MODEL_STATUS_SET, {}, "status"),
        (keys.EVALUATION_STARTED, {**EVALUATED, "name": ""}, "name"),
        (keys.EVALUATION_STARTED, {**EVALUATED, "source": "spans"}, "source"),
        (keys.EVALUATION_STARTED, {**EVALUATED, "runner": None}, "runner"),
        (keys.EVALUATION_STARTED, {**EVALUATED, "metrics": None}, "metrics"),
        (keys.EVALUATION_STARTED, {**EVALUATED, "metrics": ["toxicity"]}, "metrics[0]"),
        (keys.EVALUATION_STARTED, {**EVALUATED, "metrics": [{"key": "k"}]}, "metrics[0].name"),
        (keys.EVALUATION_STARTED, {**EVALUATED, "metrics": [{"name": "m"}] * 101}, "metrics"),
        (keys.EVALUATION_STARTED, {**EVALUATED, "options": {"prompt": "x" * 65_536}}, "metrics"),
        (keys.EVALUATION_STARTED, {**EVALUATED, "selection": {"n": float("inf")}}, "selection['n']"),
        (keys.EVALUATION_STARTED, {**EVALUATED, "options": {"k": ["half \ud800"]}}, "options['k'][0]"),
        (keys.EVALUATION_STARTED, {**EVALUATED, "options": {"k": {5}}}, "options['k']"),
        (keys.EVALUATION_STARTED, {**EVALUATED, "model_ids": ["m"] * 1_001}, "model_ids"),
        (keys.EVALUATION_STARTED, {**EVALUATED, "model_ids": [1]}, "model_ids[0]"),
        (keys.EVALUATION_STARTED, {**EVALUATED, "total": -1}, "total"),
        (keys.EVALUATION_PROGRESSED, {"done": 1.5}, "done"),
        (keys.EVALUATION_PROGRESSED, {"done": None}, "done"),
        (keys.EVALUATION_PROGRESSED, {"cost_usd": float("nan")}, "cost_usd"),
        (keys.EVALUATION_FINISHED, {"done": 1}, "metrics"),
        (keys.EVALUATION_FINISHED, {"metrics": {str(n): 1 for n in range(501)}}, "metrics"),
        (keys.EVALUATION_FINISHED, {"metrics": {"m": "high"}}, "metrics['m']"),
        (keys.EVALUATION_FINISHED, {"metrics": {}, "unmapped_reasons": {"r": "x"}}, "unmapped_reasons['r']"),
        (keys.EVALUATION_FAILED, {}, "reason"),
        (keys.EVALUATION_FAILED, {"reason": ""}, "reason"),
        (keys.EVALUATION_CANCELLED, {"calls": True}, "calls"),
        (keys.MONITOR_CREATED, {**MONITORED, "selection": None}, "selection"),
        (keys.MONITOR_CREATED, {**MONITORED, "metrics": []}, "metrics"),
        (keys.MONITOR_CREATED, {**MONITORED, "experiment_id": 0}, "experiment_id"),
        (keys.MONITOR_ADVANCED, {"until_unix_ns": -1}, "until_unix_ns"),
        (keys.MONITOR_ADVANCED, {"until_unix_ns": True}, "until_unix_ns"),
        (keys.MONITOR_FAILED, {"reason": 5}, "reason"),
        (keys.TRACE_EXPECTATION_LOGGED, {"name": "", "value": 1}, "name['']"),
        (keys.TRACE_EXPECTATION_LOGGED, {"name": "expected_response"}, "value"),
        (keys.TRACE_EXPECTATION_LOGGED, {"name": "n", "value": "x" * 65_536}, "value"),
        (keys.TRACE_EXPECTATION_LOGGED, {"name": "n", "value": 1, "source_id": 5}, "source_id"),
        (keys.TRACE_EXPECTATION_DELETED, {}, "name[None]"),
        (keys.MODEL_STATUS_SET, {"status": "READY", "status_message": 5}, "status_message"),
        (keys.MODEL_ARTIFACTS_LOGGED, {}, "artifacts"),
        *(
            (keys.MODEL_ARTIFACTS_LOGGED, {"artifacts": {path: FILE}}, "artifacts")
            for path in ("/etc/passwd", "a/../../b", "a//b", "./a", "a\\b", "c:/a", "a\nb", "a/")
        ),
        (keys.MODEL_ARTIFACTS_LOGGED, {"artifacts": {"a": {"sha256": "0" * 64}}}, "artifacts['a']"),
        (
            keys.MODEL_ARTIFACTS_LOGGED,
            {"artifacts": {"a": {**FILE, "sha256": "A" * 64}}},
            "artifacts['a'].sha256",
        ),
        (
            keys.MODEL_ARTIFACTS_LOGGED,
            {"artifacts": {"a": {**FILE, "size_bytes": -1}}},
            "artifacts['a'].size_bytes",
        ),
        (keys.PROMPT_VERSION_CREATED, {"version": 0, "prompt": {"template": "x"}}, "version"),
        (keys.PROMPT_VERSION_CREATED, {"version": 1}, "prompt"),
        (keys.PROMPT_VERSION_CREATED, {"version": 1, "prompt": {"template": []}}, "template"),
        (
            keys.PROMPT_VERSION_CREATED,
            {"version": 1, "prompt": {"template": [{"role": "user"}]}},
            "template[0]",
        ),
        (keys.PROMPT_VERSION_CREATED, {"version": 1, "prompt": {"template": "x" * 2**18}}, "template"),
        (
            keys.PROMPT_VERSION_CREATED,
            {"version": 1, "prompt": {"template": "x", "model_settings": [1]}},
            "model_settings",
        ),
        (keys.PROMPT_ALIAS_SET, {"alias": "latest", "version": 1}, "alias"),
        (keys.PROMPT_ALIAS_SET, {"alias": "v3", "version": 1}, "alias"),
        (keys.PROMPT_ALIAS_SET, {"alias": "production", "version": True}, "version"),
        (keys.PROMPT_TAGS_SET, {"tags": {"k": 1}}, "tags['k']"),
        ("spanfold.model.renamed", {}, "event_name"),
        (keys.MODEL_DELETED, [], "body"),
    ],
)
def test_a_bad_payload_names_its_field(event_type: str, payload: object, field: str) -> None:
    with pytest.raises(InvalidEventError) as caught:
        validate_payload(event_type, payload)
    assert caught.value.field == field


def test_a_param_that_is_no_string_is_told_how_to_be_written() -> None:
    with pytest.raises(InvalidEventError, match=r'write "0\.7"'):
        validate_payload(keys.MODEL_PARAMS_LOGGED, {"params": {"temperature": 0.7}})


@pytest.mark.parametrize("metrics", [{"m": 2**64 - 1}, {"m": -(2**63)}, {"m": 1e308}, {"m": -0.0}])
def test_any_finite_number_that_json_holds_is_a_metric(metrics: dict[str, float]) -> None:
    validate_payload(keys.RUN_METRICS_LOGGED, {"metrics": metrics, "step": -1, "model_id": None})


def test_every_event_type_is_a_key() -> None:
    streams = ("MODEL_", "RUN_", "EXPERIMENT_", "EVALUATION_", "MONITOR_", "PROMPT_", "TRACE_EXPECTATION_")
    assert {
        value
        for name, value in vars(keys).items()
        if name.startswith(streams) and not name.endswith("_ID") and value != keys.EVALUATION_RESULT
    } == EVENT_TYPES


def test_five_hundred_aggregates_and_long_metrics_are_fine() -> None:
    judge = {"name": "tone", "parameters": {"prompt": "x" * 60_000}}
    validate_payload(keys.EVALUATION_STARTED, {**EVALUATED, "metrics": [judge]})
    validate_payload(keys.EVALUATION_FINISHED, {"metrics": {f"m{n}/mean": 0.5 for n in range(500)}})


def test_nesting_has_an_end() -> None:
    deep: object = 1
    for _ in range(40):
        deep = [deep]
    with pytest.raises(InvalidEventError, match="nested"):
        validate_payload(keys.TRACE_EXPECTATION_LOGGED, {"name": "n", "value": deep})
