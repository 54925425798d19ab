"""Identifiers are stable, unique and in order."""

from __future__ import annotations

import hashlib
import uuid

import pytest

from spanfold_schemas import ids


def test_a_derived_id_follows_the_published_rule() -> None:
    """Other languages derive the same ID from the rule in the documentation."""
    digest = hashlib.sha256(b"spanfold/model/" + b"0" + b"\x00" + b"my-agent-v1.0").hexdigest()
    assert ids.derive_model_id("0", "my-agent-v1.0") == f"m-{digest[:32]}"


def test_a_derived_id_never_changes_between_releases() -> None:
    """Stored spans refer to derived IDs for ever: this value is frozen."""
    assert ids.derive_model_id("0", "my-agent-v1.0") == "m-0fce7525246d382493329980499c83b6"


@pytest.mark.parametrize(
    ("experiment_id", "name"), [("1", "support"), ("0", "support2"), ("", "0\x00support"), ("0", "Support")]
)
def test_another_experiment_or_name_gives_another_id(experiment_id: str, name: str) -> None:
    """Versions of different experiments, or of names that differ at all, do not collide."""
    assert ids.derive_model_id(experiment_id, name) != ids.derive_model_id("0", "support")


def test_names_of_any_script_have_ids() -> None:
    """A name needs no ASCII."""
    assert ids.is_model_id(ids.derive_model_id("0", "サポート-v1.0 é"))


def test_new_model_ids_are_well_formed_and_distinct() -> None:
    """A thousand new IDs are a thousand IDs."""
    made = {ids.new_model_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(ids.is_model_id(model_id) for model_id in made)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "m-",
        "m-" + "0" * 31,
        "m-" + "0" * 33,
        "m-" + "G" * 32,
        "x" + "m-" + "0" * 32,
        "m-" + "0" * 32 + "\n",
    ],
)
def test_what_is_not_quite_a_model_id_is_not_one(text: str) -> None:
    """Only the exact form counts, so that a name is never mistaken for an ID."""
    assert not ids.is_model_id(text)


def test_event_ids_are_uuids_of_version_7() -> None:
    """Any UUID library reads them, and finds the time in them."""
    made = uuid.UUID(ids.new_event_id(1_700_000_000_123_456_789))
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == 1_700_000_000_123


def test_event_ids_sort_by_time_down_to_a_microsecond() -> None:
    """Of two events of one instant, the fold lets the larger ID win: it must be the later one."""
    start = 1_700_000_000_999_990_000
    made = [ids.new_event_id(start + 1000 * step) for step in range(100)]
    assert made == sorted(made)


def test_event_ids_of_one_instant_are_distinct() -> None:
    """Two events at the same nanosecond remain two events."""
    assert len({ids.new_event_id(1) for _ in range(1000)}) == 1000


def test_an_experiment_id_is_derived_by_the_published_rule_and_never_changes() -> None:
    """18 decimal digits, as MLflow's, from the first 16 bytes of the hash."""
    number = int.from_bytes(hashlib.sha256(b"spanfold/experiment/support bot").digest()[:16], "big")
    derived = ids.derive_experiment_id("support bot")
    assert derived == str(10**17 + number % (9 * 10**17)) == "570734566221431849"


def test_the_default_experiment_has_an_id_of_its_own() -> None:
    """It is there without an event, so its ID is MLflow's."""
    assert ids.derive_experiment_id("Default") == ids.DEFAULT_EXPERIMENT_ID == "0"


def test_experiments_have_18_digits_and_do_not_collide() -> None:
    """A thousand names are a thousand IDs."""
    made = {ids.derive_experiment_id(f"experiment {number}") for number in range(1000)}
    assert len(made) == 1000
    assert all(len(one) == 18 and one.isdecimal() for one in made)


def test_run_ids_are_32_hexadecimal_digits_and_distinct() -> None:
    """A thousand new IDs are a thousand IDs."""
    made = {ids.new_run_id() for _ in range(1000)}
    assert len(made) == 1000
    assert all(len(one) == 32 and int(one, 16) >= 0 for one in made)
