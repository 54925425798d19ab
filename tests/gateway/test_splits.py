"""Splits between versions: by weight, the same for the same key, and few move when weights change."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanfold_query_api.gateway import splits

USERS = [f"user-{number}" for number in range(4_000)]


@dataclass(frozen=True)
class Version:
    name: str
    weight: float
    provider: str = "openai"
    model_id: str | None = None


def shares(*versions: Version, endpoint: str = "support") -> Counter[str]:
    return Counter(splits.chosen(endpoint, versions, user).name for user in USERS)


def test_shares_follow_the_weights() -> None:
    counted = shares(Version("a", 90), Version("b", 10))
    assert abs(counted["b"] / len(USERS) - 0.1) < 0.02


def test_calls_without_a_key_are_drawn_anew() -> None:
    versions = [Version("a", 1), Version("b", 1)]
    drawn = Counter(splits.chosen("support", versions, None).name for _ in range(1_000))
    assert 400 < drawn["a"] < 600


@given(st.text(), st.lists(st.floats(0.01, 100), min_size=1, max_size=6))
def test_a_key_meets_the_same_version_whatever_their_order(key: str, weights: list[float]) -> None:
    versions = [Version(f"v{number}", weight) for number, weight in enumerate(weights)]
    chosen = splits.chosen("support", versions, key)
    assert splits.chosen("support", versions[::-1], key) is chosen


def test_more_weight_for_one_moves_keys_to_it_only_and_only_as_many_as_it_gains() -> None:
    before = [Version("a", 80), Version("b", 20)]
    after = [Version("a", 80), Version("b", 30)]
    moved = [
        user
        for user in USERS
        if splits.chosen("support", before, user).name != splits.chosen("support", after, user).name
    ]
    assert all(splits.chosen("support", after, user).name == "b" for user in moved)
    assert 0 < len(moved) / len(USERS) < 30 / 110 - 20 / 100 + 0.02


def test_a_new_version_takes_its_share_and_leaves_all_others_where_they_are() -> None:
    before = [Version("a", 1), Version("b", 1)]
    after = [*before, Version("c", 1)]
    for user in USERS:
        now = splits.chosen("support", after, user)
        assert now.name == "c" or now == splits.chosen("support", before, user)


def test_two_endpoints_split_the_same_users_differently() -> None:
    versions = [Version("a", 1), Version("b", 1)]
    same = sum(splits.chosen("one", versions, user) is splits.chosen("two", versions, user) for user in USERS)
    assert 0.45 < same / len(USERS) < 0.55


def test_a_version_without_weight_answers_nobody_and_none_with_weight_is_an_error() -> None:
    assert shares(Version("a", 1), Version("b", 0)) == {"a": len(USERS)}
    with pytest.raises(ValueError, match="give one of them a weight"):
        splits.chosen("support", [Version("a", 0)], "user")


def test_versions_are_told_apart_by_their_model_id() -> None:
    """A version keeps its users when its provider's name for the model changes."""
    ids = ["m-" + "1" * 32, "m-" + "2" * 32]
    before = [Version("x", 1, model_id=one) for one in ids]
    after = [Version("y", 1, model_id=one) for one in ids]
    for user in USERS[:200]:
        chosen = splits.chosen("support", before, user)
        assert splits.chosen("support", after, user).model_id == chosen.model_id


def test_one_model_at_two_addresses_is_drawn_at_both() -> None:
    versions = [Version("a", 1), Version("a", 1), Version("b", 2)]
    counted = Counter(id(splits.chosen("support", versions, user)) for user in USERS)
    assert abs(counted[id(versions[0])] / len(USERS) - 0.25) < 0.03
    assert abs(counted[id(versions[1])] / len(USERS) - 0.25) < 0.03
