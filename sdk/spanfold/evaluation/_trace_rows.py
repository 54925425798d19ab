"""The rows of an evaluation of traces, read from the server as they are asked for, however many there are.

Traces come page by page; their scores come metric by metric. So the scores wait in a temporary file.
"""

from __future__ import annotations

import sqlite3
import tempfile
import threading
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spanfold._internal import reading
from spanfold._internal.lookup import path_of
from spanfold.evaluation import _job_local, _job_traces
from spanfold.evaluation._mapping import map_trace, mapping_of
from spanfold.evaluation._settling import settled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from spanfold._internal.lookup import QueryApi
    from spanfold.evaluation._mapping import GivenMapping
    from spanfold.evaluation._result import MetricInfo

_RENAMED: Final[Mapping[str, str]] = {"predictions": "outputs", "targets": "target"}
_FIRST: Final = ("trace_id", "inputs", "outputs", "target")
_COLUMNS: Final = (
    *_FIRST,
    *("span_id", "model_id", "model_name", "experiment_id", "run_id", "context", "retrieved_doc_ids"),
    *("tool_calls", "latency_ms", "input_tokens", "output_tokens", "total_tokens", "cost_usd", "status"),
    *("start_time_unix_ns", "tags", "expectations", "expected_documents", "input_hash"),
)
_STORED: Final = ("trace_id", "model_id", "span_id", "name", "value", "label", "explanation", "error")
_MAKE: Final = """
CREATE TABLE scores (
    trace_id TEXT, model_id TEXT, span_id TEXT, name TEXT,
    value REAL, label TEXT, explanation TEXT, error TEXT,
    PRIMARY KEY (trace_id, model_id, name)
) WITHOUT ROWID
"""
_PUT: Final = "INSERT OR REPLACE INTO scores VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_TAKE: Final = """
DELETE FROM scores WHERE trace_id = ? AND model_id = ? RETURNING name, value, label, explanation, error
"""
# By the version and not by the span: a root that came in late is the trace's entry now.
_LEFT: Final = (
    "SELECT trace_id, model_id, min(span_id) FROM scores GROUP BY trace_id, model_id ORDER BY 1, 2 LIMIT 1000"
)


@dataclass(frozen=True, slots=True)
class TraceRows:
    """Rows of one evaluation: its traces as they are recorded, with the scores that it gave them."""

    evaluation_id: str
    infos: tuple[MetricInfo, ...]
    row_count: int | None
    mapping: GivenMapping | None = None

    @property
    def names(self) -> Sequence[str]:
        """Columns that rows can have."""
        parts = ("score", "justification", "error")
        return (*_COLUMNS, *(f"{info.key}/{part}" for info in self.infos for part in parts))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        query_api = reading.query_api()
        with (
            tempfile.TemporaryDirectory() as folder,
            closing(sqlite3.connect(Path(folder) / "scores.sqlite")) as scores,
        ):
            # Lost with the process, as it should be: nothing is waited for until it is on the disk.
            scores.execute("PRAGMA journal_mode = OFF")
            scores.execute("PRAGMA synchronous = OFF")
            scores.execute(_MAKE)
            self._fetch(query_api, scores)
            yield from self._joined(query_api, scores)

    def _fetch(self, query_api: QueryApi, scores: sqlite3.Connection) -> None:
        lines = _job_traces.lines(
            query_api,
            path_of("evaluations", self.evaluation_id) + "/scores",
            columns=",".join(_STORED),
            format="jsonl",
        )
        scores.executemany(_PUT, (tuple(line[name] for name in _STORED) for line in lines))

    def _joined(self, query_api: QueryApi, scores: sqlite3.Connection) -> Iterator[dict[str, Any]]:
        keys = {info.name: info.key for info in self.infos}
        for row in self._traces(query_api):
            given = scores.execute(_TAKE, (row["trace_id"], row["model_id"])).fetchall()
            if given:  # what came in late was not looked at
                yield {**row, **_columns(given, keys)}
        # What retention has dropped since has its scores still.
        while left := scores.execute(_LEFT).fetchall():
            for trace_id, model_id, span_id in left:
                given = scores.execute(_TAKE, (trace_id, model_id)).fetchall()
                gone = {"trace_id": trace_id, "span_id": span_id, "model_id": model_id}
                yield {**gone, **_columns(given, keys)}

    def _traces(self, query_api: QueryApi) -> Iterator[dict[str, Any]]:
        state = query_api.get(path_of("evaluations", self.evaluation_id)) or {}
        kept = _job_local.kept_trace_ids(self.evaluation_id)
        resolved = settled(state.get("selection") or {}, kept)
        if resolved is None:
            return
        given = self.mapping if self.mapping is not None else (state.get("options") or {}).get("mapping")
        mapping = mapping_of(given)
        for page in _job_traces.exported(query_api, resolved, mapping.attributes, threading.Event()):
            for trace in page:
                row = map_trace(trace, mapping)
                yield {_RENAMED.get(name, name): value for name, value in row.items()}


def _columns(given: Sequence[tuple[Any, ...]], keys: Mapping[str, str]) -> dict[str, Any]:
    """A trace's scores, by the names of the columns."""
    columns = dict[str, Any]()
    for name, value, label, explanation, error in given:
        key = keys.get(name, name)
        if error:
            columns[f"{key}/error"] = explanation or error
        else:
            columns[f"{key}/score"] = label if value is None else value
            if explanation:
                columns[f"{key}/justification"] = explanation
    return columns
