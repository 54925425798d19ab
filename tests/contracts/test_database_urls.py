"""A database URL that cannot be meant is refused before anything is opened, and says what is expected."""

from __future__ import annotations

import pytest

from spanfold_deploy.database import open_database


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "starts with chdb:// or clickhouse://"),
        ("postgres://host/db", "not with 'postgres'"),
        ("chdb://", "chdb:///absolute/directory"),
        ("chdb:///data?mode=ro", "chdb:///absolute/directory"),
        ("clickhouse:///db", "the host is missing"),
        ("clickhouse://host/db?secur=1", "unknown option 'secur'"),
        ("clickhouse://host/db?secure=maybe", "secure=maybe"),
        ("clickhouse://host:port/db", "Port"),
    ],
)
def test_a_wrong_url_says_what_is_expected(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        open_database(url)


def test_a_wrong_url_never_shows_its_password() -> None:
    with pytest.raises(ValueError, match="unknown option") as caught:
        open_database("clickhouse://me:hunter2@host/db?nonsense=1")

    assert "hunter2" not in str(caught.value)


def test_a_memory_limit_is_not_for_a_server() -> None:
    with pytest.raises(ValueError, match="in its own configuration"):
        open_database("clickhouse://host/db", memory_limit_bytes=10**9)
