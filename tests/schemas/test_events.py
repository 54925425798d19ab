"""Events are refused with the field and the fix, before anything is recorded."""

from __future__ import annotations

import pytest

from spanfold_schemas import keys
from spanfold_schemas.events import EVENT_TYPES, InvalidEventError, check_name, validate_payload

CREATED = {"name": "support-v1.0", "experiment_id": "0", "status": "READY", "params": {}, "tags": {}}


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
        (keys.MODEL_STATUS_SET, {}, "status"),
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


def test_every_event_type_is_a_key() -> None:
    assert {
        value for name, value in vars(keys).items() if name.startswith("MODEL_") and name != "MODEL_ID"
    } == (EVENT_TYPES)
