"""The retention that is set reaches both the tables and the judge of what comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spanfold_deploy import serve
from spanfold_deploy.database import open_database
from spanfold_deploy.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path


def test_a_server_keeps_telemetry_for_as_long_as_it_is_told(tmp_path: Path) -> None:
    url = f"chdb://{tmp_path}"
    settings = load_settings({"database": url, "retention_days": 7})
    database = open_database(url)
    try:
        serve._bring_up_to_date(settings, database, serve.ALL_IN_ONE)
        engines = database.query(
            "SELECT name, engine_full FROM system.tables WHERE database = currentDatabase()"
            " AND name IN ('spans', 'logs', 'trace_ranges', 'model_rollups') ORDER BY name"
        )
        assert [name for name, _ in engines] == ["logs", "model_rollups", "spans", "trace_ranges"]
        assert all("toIntervalDay(7)" in engine for _, engine in engines)
    finally:
        database.close()
