"""The pool of database clients, where its contract is not the database's."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from spanfold_deploy.database.pool import ClientPool
from spanfold_schemas.database import RetryableDatabaseError


def test_a_pool_that_was_closed_condemns_no_data() -> None:
    """A group that comes too late for this process must wait for the next one, not become a dead letter."""
    pool = ClientPool(Mock(), max_clients=1)
    pool.close()

    with pytest.raises(RetryableDatabaseError, match="the database is closed"), pool.lease(1):
        pass
