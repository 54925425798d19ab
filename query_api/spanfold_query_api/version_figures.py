"""How versions did in a period: what they served from counts by the minute, and how that was scored.

Traffic, latency, tokens and cost come from the rollups, however much there is of them; scores come from the
events of evaluations and feedback, for the traces that entered the versions.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api import metric_catalogue, times
from spanfold_query_api.statements import statement
from spanfold_query_api.trace_search import TRACE_MARGIN_NS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from spanfold_schemas.database import Database

MAX_LABELS: Final = 20
"""Of a score whose values are words: those that most traces have."""
MAX_SCORE_ROWS: Final = 200_000
_NS_PER_MS: Final = 1_000_000
_CLOCK_MARGIN_NS: Final = 3_600 * times.NS_PER_S
"""A score is given after its trace began, but for clocks that differ."""


@dataclass(frozen=True, slots=True)
class Period:
    """A time range in unix ns: ``start_ns`` belongs to it, ``end_ns`` does not."""

    start_ns: int
    end_ns: int

    @property
    def before(self) -> Period:
        """The period of the same length that ends where this one starts."""
        return Period(max(0, 2 * self.start_ns - self.end_ns), self.start_ns)

    def described(self) -> dict[str, str]:
        """As answers have it."""
        return {
            "start_time": times.format_rfc3339(self.start_ns),
            "end_time": times.format_rfc3339(self.end_ns),
        }

    def parameters(self) -> dict[str, Any]:
        """As statements have it."""
        return {"start_ns": self.start_ns, "end_ns": self.end_ns}

    def score_bounds(self) -> dict[str, int]:
        """From when on scores of its traces were given, and from when on spans of these traces may stand."""
        return {
            "scored_from_ns": max(0, self.start_ns - _CLOCK_MARGIN_NS),
            "earliest_ns": max(0, self.start_ns - TRACE_MARGIN_NS),
        }


@dataclass(frozen=True, slots=True)
class Pieces:
    """How a period is cut: pieces begin at ``origin_ns`` and at multiples of the width from there."""

    width_ns: int
    """For counts by the minute, whole minutes."""
    origin_ns: int = 0

    def parameters(self) -> dict[str, Any]:
        """As statements have it."""
        return {"bucket_ns": self.width_ns, "origin_ns": self.origin_ns}


@dataclass(frozen=True, slots=True)
class Version:
    """A version of an application."""

    model_id: str
    name: str
    service_name: str
    """The application: the service that most of its entry spans are of; empty without traffic."""
    created_ns: int
    """Its creation, or the first minute of its traffic where no event tells of it."""
    is_registered: bool
    trace_count: int
    """In the period."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which versions."""

    model_ids: tuple[str, ...] = ()
    """These, with traffic or without; else all that have traffic."""
    experiment_ids: tuple[str, ...] = ()
    service_name: str = ""
    include_deleted: bool = False


def versions(database: Database, period: Period, asked: Asked, limit: int) -> list[Version]:
    """Versions, newest first.

    Raises:
        RetryableDatabaseError: as :meth:`Database.query`, like all functions here.
    """
    parameters = {
        **period.parameters(),
        "model_ids": list(asked.model_ids),
        "experiment_ids": list(asked.experiment_ids),
        "service_name": asked.service_name,
        "include_deleted": asked.include_deleted,
        "limit": limit,
    }
    return [
        Version(
            row["model_id"],
            row["name"] or row["model_id"],
            row["service_name"],
            row["created_unix_ns"],
            bool(row["is_registered"]),
            row["trace_count"],
        )
        for row in database.query(statement("versions"), parameters).dicts()
    ]


@dataclass(frozen=True, slots=True)
class Figures:
    """What versions came to in a period.

    Members are ``trace_count``, ``error_count``, ``latency_p50_ms``, ``latency_p95_ms``, ``input_tokens``,
    ``output_tokens``, ``cost_usd``, ``first_unix_ns`` and ``last_unix_ns``. What had no traffic is left out.
    """

    totals: Mapping[str, Mapping[str, Any]]
    """By model ID."""
    pieces: Mapping[str, Sequence[Mapping[str, Any]]]
    """By model ID, oldest first, with ``start_unix_ns``."""


def figures(database: Database, model_ids: Sequence[str], period: Period, pieces: Pieces) -> Figures:
    """What versions came to in a period, and in pieces of it, which begin at multiples of their width."""
    totals: dict[str, Mapping[str, Any]] = {}
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    if not model_ids:
        return Figures(totals, found)
    parameters = {**period.parameters(), "bucket_ns": pieces.width_ns, "model_ids": list(model_ids)}
    for row in database.query(statement("version_figures"), parameters).dicts():
        model_id, is_total = row.pop("model_id"), row.pop("is_total")
        if is_total:
            totals[model_id] = with_latency(row)
        else:
            found[model_id].append(with_latency(row))
    return Figures(totals, found)


def extent(database: Database) -> Period | None:
    """From when to when there is traffic; None: there is none."""
    ((first_ns, last_ns, minutes),) = database.query(statement("traffic_extent"))
    return Period(first_ns, last_ns + 60 * times.NS_PER_S) if minutes else None


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of versions' traces."""

    totals: Mapping[str, Mapping[str, Mapping[str, Any]]]
    """By model ID and name: ``count`` (of traces), ``mean``, ``label_counts``."""
    means: Mapping[str, Mapping[int, Mapping[str, float]]]
    """By model ID and start of a piece (unix ns): means by name."""


def scores(database: Database, model_ids: Sequence[str], period: Period, pieces: Pieces) -> Scores:
    """How the traces of the period were scored, whenever that was done."""
    totals: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    means: dict[str, dict[int, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    if not model_ids:
        return Scores(totals, means)
    parameters = {
        **period.parameters(),
        **pieces.parameters(),
        "model_ids": list(model_ids),
        **period.score_bounds(),
        "max_labels": MAX_LABELS,
        "limit": MAX_SCORE_ROWS,
    }
    for row in database.query(statement("version_scores"), parameters).dicts():
        model_id, name = row["model_id"], row["name"]
        if row["is_total"]:
            counts = {label: int(count) for label, count in row["labels"]}
            totals[model_id][name] = {
                "count": row["trace_count"],
                "mean": row["mean"],
                "label_counts": counts,
            }
        elif row["mean"] is not None:
            means[model_id][row["start_unix_ns"]][name] = row["mean"]
    return Scores(totals, means)


def directions(database: Database, names: Iterable[str]) -> dict[str, bool | None]:
    """Whether more is better, by the name of a score; None where neither is.

    What evaluations and monitors said of their metrics goes before what is known of the name.
    """
    wanted = sorted(set(names))
    if not wanted:
        return {}
    said: dict[str, str] = dict(database.query(statement("metric_directions"), {"names": wanted}))
    known = {name: raw == "true" for name, raw in said.items()}
    return {name: known.get(name, metric_catalogue.greater_is_better(name)) for name in wanted}


def with_latency(row: dict[str, Any]) -> dict[str, Any]:
    """The row with latencies in ms, None without a trace."""
    quantiles = row.pop("latency_ns")
    p50, p95, _ = (ns / _NS_PER_MS for ns in quantiles) if row["trace_count"] else (None, None, None)
    return {**row, "latency_p50_ms": p50, "latency_p95_ms": p95}
