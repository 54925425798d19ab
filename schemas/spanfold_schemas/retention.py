"""How long telemetry is kept: a TTL that drops whole partitions, never single rows.

Events of models and scores have no TTL: they are small, and state as of any past instant rests on them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from spanfold_schemas.database import Database

_EXPIRING: Final = {
    "spans": "toDateTime(Timestamp)",
    "logs": "toDateTime(Timestamp)",
    "trace_ranges": "toDateTime(Start)",
    "model_rollups": "Minute",
}


def apply_retention(database: Database, retention_days: int) -> tuple[str, ...]:
    """Make the tables keep ``retention_days`` of telemetry; does nothing where they already do.

    The setting of a table changes at once; data past a shortened retention goes with the next merges.

    Returns:
        The tables that were changed.

    Raises:
        ValueError: fewer than one day.
    """
    if retention_days < 1:
        message = f"retention_days is {retention_days}: keep at least 1 day"
        raise ValueError(message)
    current = database.query(
        "SELECT name, engine_full FROM system.tables"
        " WHERE database = currentDatabase() AND name IN {names:Array(String)}",
        {"names": list(_EXPIRING)},
    )
    wanted = f"toIntervalDay({retention_days})"
    changed = []
    for table, engine in sorted(current.rows):
        if wanted not in engine:
            database.command(
                f"ALTER TABLE {table} MODIFY TTL {_EXPIRING[table]} + {wanted}"
                " SETTINGS materialize_ttl_after_modify = 0"
            )
            changed.append(table)
    return tuple(changed)
