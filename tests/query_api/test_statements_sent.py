"""What is sent to the database for representative requests. ``UPDATE_SNAPSHOTS=1`` writes it anew."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.query_api.rows import T0_NS, created, insert, span, span_id, trace_id

if TYPE_CHECKING:
    import httpx

    from tests.query_api.conftest import RecordingDatabase

SNAPSHOTS = Path(__file__).parent / "snapshots"
DAY = {"start": "2026-11-21T05:00:00Z", "end": "2026-11-22T05:00:00Z"}
MODEL, OTHER = "m-" + "a" * 32, "m-" + "b" * 32
EVERYTHING = (
    "(status IN ('ERROR', 'OK') OR latency_ms > 500.5) AND attributes['user.id'] = 'u1'"
    " AND NOT attributes['n'] >= 2 AND model_name LIKE 'support-%' AND span.output_tokens IS NOT NULL"
)


@pytest.fixture(scope="module", autouse=True)
def _filled(database: RecordingDatabase) -> None:
    insert(database, "spans", [span(1, ModelId=MODEL), span(2, Timestamp=T0_NS + 1, ModelId=MODEL)])
    events = [created(MODEL, "support-1", T0_NS), created(OTHER, "support-2", T0_NS, 2)]
    insert(database, "entity_events", events)


@pytest.mark.parametrize(
    ("name", "path", "parameters"),
    [
        ("traces", "/v1/traces", {"limit": 1}),
        ("traces_filtered", "/v1/traces", {"model_id": MODEL, "filter": EVERYTHING}),
        ("traces_ranked", "/v1/traces", {"order_by": "cost_usd DESC", "limit": 1}),
        ("traces_export", "/v1/traces/export", {"model_id": MODEL, "run_id": "r1", "columns": "input"}),
        (
            "traces_export_for_evaluation",
            "/v1/traces/export",
            {
                "columns": ["trace_id", "expectations", "spans"],
                "format": "jsonl",
                "stratify_by": "tags['tier']",
                "sample_threshold": f"{1:016x}:pro",
                "before": f"{T0_NS + 5}/{trace_id(1)}/{span_id(1)}",
                "page_rows": 100,
            },
        ),
        (
            "traces_histogram",
            "/v1/traces/histogram",
            {"model_id": MODEL, "end": "2026-11-21T05:00:01Z", "filter": "latency_ms > 1"},
        ),
        (
            "traces_facets",
            "/v1/traces/facets",
            {"field": ["model_id", "status", "tags['tier']"], "contains": "o", "filter": "latency_ms > 1"},
        ),
        ("traces_scatter", "/v1/traces/scatter", {"model_id": MODEL, "filter": "latency_ms > 1"}),
        ("traces_fields", "/v1/traces/fields", {"start": "2026-11-21T05:00:00Z"}),
        ("trace_logs", f"/v1/traces/{trace_id(1)}/logs", {"limit": 5}),
        ("traces_count", "/v1/traces/count", {"stratify_by": "status", "sample_rate": 0.5}),
        ("spans_export", "/v1/traces/export", {"rows": "spans", "format": "jsonl"}),
        ("trace", f"/v1/traces/{trace_id(1)}", {}),
        ("trace_details", "/v1/traces/details", {"trace_id": trace_id(1)}),
        ("models", "/v1/models", {"name": "support-1", "limit": 10}),
        (
            "models_search",
            "/v1/models",
            {
                "filter": "params.k = 'v' AND (metrics.f1 > 0.5 OR tags.team IS NULL)",
                "order_by": "metrics.f1 DESC",
                "experiment_id": "0",
                "as_of": "2026-11-21T05:00:00Z",
            },
        ),
        ("runs", "/v1/runs", {"filter": "end_timestamp IS NULL AND user = 'ann'"}),
        ("experiments", "/v1/experiments", {}),
        ("model", f"/v1/models/{MODEL}", {"as_of": "2026-11-21T05:00:00Z"}),
        ("model_events", f"/v1/models/{MODEL}/events", {}),
        (
            "compare",
            "/v1/compare",
            {"models": f"{MODEL},{OTHER}", "start": "2026-11-21T05:00:00Z", "filter": "latency_ms > 1"},
        ),
        ("diff", "/v1/diff", {"a": MODEL, "b": OTHER, "as_of_a": "2026-11-21T05:00:00Z"}),
        ("model_summary", f"/v1/models/{MODEL}/summary", {"start": "2026-11-21T05:00:00Z"}),
        ("model_trends", "/v1/models/trends", {**DAY, "experiment_id": "0", "service_name": "app"}),
        ("changes", "/v1/changes", {**DAY, "experiment_id": "0"}),
        ("regressions", "/v1/regressions", DAY),
    ],
)
def test_each_request_sends_exactly_these_statements(
    api: httpx.Client, database: RecordingDatabase, name: str, path: str, parameters: dict[str, Any]
) -> None:
    database.statements.clear()
    assert api.get(path, params=parameters).status_code == 200
    sent = "".join(
        "".join(f"-- {key} = {value!r}\n" for key, value in sorted(bound.items())) + f"{sql};\n\n"
        for sql, bound in database.statements
    )
    snapshot = SNAPSHOTS / f"{name}.sql"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        snapshot.write_text(sent, encoding="utf-8")
    assert sent == snapshot.read_text(encoding="utf-8")
