"""How evaluations and their scores look in a terminal."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from spanfold_deploy.cli import _output

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rich.console import Console

STATUS_STYLES: Final[Mapping[str, str]] = {
    "FINISHED": "green",
    "RUNNING": "cyan",
    "CANCELLING": "yellow",
    "CANCELLED": "yellow",
    "ACTIVE": "green",
    "PAUSED": "yellow",
    "FAILING": "bold red",
    "FAILED": "bold red",
}
_SHOWN_LABELS: Final = 5
_SHOWN_REASONS: Final = 8
_REASON_CHARS: Final = 150
_TEXT_CHARS: Final = 60
_UNITS: Final[Mapping[str, str]] = {"latency": "s", "cost": "usd"}
"""Metrics whose scores have a unit."""


@dataclass(slots=True)
class Tally:
    """The scores of one version by one metric."""

    scores: int = 0
    """Rows that have one."""
    total: float = 0.0
    numbers: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    """Why rows have none."""
    cost_usd: float = 0.0

    @property
    def mean(self) -> float | None:
        """Of the scores that are numbers."""
        return self.total / self.numbers if self.numbers else None

    def add(self, score: Mapping[str, Any]) -> None:
        """Count one row of ``/v1/evaluations/{id}/scores``."""
        self.cost_usd += score.get("cost_usd") or 0.0
        if score.get("error"):
            self.errors[str(score.get("explanation") or score["error"])] += 1
            return
        self.scores += 1
        if score.get("value") is not None:
            self.numbers += 1
            self.total += score["value"]
        elif score.get("label"):
            self.labels[str(score["label"])] += 1

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "scores": self.scores,
            "mean": self.mean,
            "labels": dict(self.labels),
            "errors": dict(self.errors),
            "cost_usd": self.cost_usd,
        }


def tally(scores: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Tally]:
    """Count scores by metric and version, in bounded memory.

    Example:
        >>> rows = [{"name": "f1", "model_id": "m-1", "value": value} for value in (0.0, 1.0)]
        >>> tally(rows)["f1", "m-1"].mean
        0.5
    """
    tallies = dict[tuple[str, str], Tally]()
    for score in scores:
        tallies.setdefault((score["name"], score["model_id"] or ""), Tally()).add(score)
    return tallies


def summary(
    tallies: Mapping[tuple[str, str], Tally], names: Mapping[str, str], order: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """A line a metric and version, as JSON has it: metrics in the order given, versions by name.

    Args:
        tallies: of :func:`tally`.
        names: of versions, by ID.
        order: names of metrics.
    """
    places = {name: place for place, name in enumerate(order)}
    keys = sorted(
        tallies, key=lambda key: (places.get(key[0], len(places)), key[0], names.get(key[1], key[1]), key[1])
    )
    return [
        {
            "metric": name,
            "model_id": model,
            "model_name": names.get(model, model),
            **tallies[name, model].to_dict(),
        }
        for name, model in keys
    ]


def print_summary(screen: Console, lines: Sequence[Mapping[str, Any]]) -> None:
    """The answer of :func:`summary`, and below it why rows have no score."""
    columns = ["metric", "version", "scored", "no score", "mean"]
    if any(line["labels"] for line in lines):
        columns.append("labels")
    if any(line["cost_usd"] for line in lines):
        columns.append("cost")
    table = _output.table(*columns, right=frozenset({"scored", "no score", "mean", "cost"}))
    for line in lines:
        cells = {
            "metric": line["metric"],
            "version": line["model_name"] or "-",
            "scored": f"{line['scores']:,}",
            "no score": f"{sum(line['errors'].values()):,}",
            "mean": number(line["mean"], line["metric"]),
            "labels": _labels(line["labels"]),
            "cost": usd(line["cost_usd"]),
        }
        table.add_row(*(cells[column] for column in columns))
    if lines:
        screen.print(table)
    for reason in _no_scores(lines):
        screen.print(reason, style="dim")


def _no_scores(lines: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    reasons = Counter[tuple[str, str]]()
    for line in lines:
        for reason, count in line["errors"].items():
            reasons[line["metric"], reason] += count
    for (name, reason), count in reasons.most_common(_SHOWN_REASONS):
        yield f"no score: {name}: {count:,} x {_output.shorten(reason, _REASON_CHARS)}"
    if len(reasons) > _SHOWN_REASONS:
        yield f"and {len(reasons) - _SHOWN_REASONS} more reasons"


def _labels(labels: Mapping[str, int]) -> str:
    counted = sorted(labels.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{count:,} x {_output.shorten(label, 20)}" for label, count in counted[:_SHOWN_LABELS]]
    return ", ".join(shown) + (", ..." if len(counted) > _SHOWN_LABELS else "")


def print_evaluations(screen: Console, evaluations: Sequence[Mapping[str, Any]]) -> None:
    """The answer of ``GET /v1/evaluations``."""
    table = _output.table(
        *("started", "evaluation", "name", "status", "rows", "metrics", "results", "cost"),
        right=frozenset({"rows", "cost"}),
    )
    for one in evaluations:
        table.add_row(
            _output.local_time(one["start_time"]) if one["start_time"] else "-",
            one["evaluation_id"],
            _output.shorten(one["name"], 40),
            status(one["status"]),
            _done(one["progress"]),
            _output.shorten(", ".join(metric_names(one)), 60),
            _output.shorten(_output.pairs(_means(one["aggregates"])), 80),
            usd(one["progress"]["cost_usd"]),
        )
    screen.print(table)


def print_evaluation(screen: Console, one: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> None:
    """One evaluation: what was asked for, how far it is, and what came of it."""
    screen.print(Text(f"{one['name']}  {one['evaluation_id']}  ", "bold") + status(one["status"]))
    progress = one["progress"]
    facts = {
        "reason": one["reason"],
        "run by": {"client": "the process that asked for it", "server": "the server"}.get(one["runner"]),
        "selection": selection(one["selection"]),
        "started": _output.local_time(one["start_time"]) if one["start_time"] else None,
        "ended": _output.local_time(one["end_time"]) if one["end_time"] else None,
        "rows": rows(progress),
        "judges": f"{progress['calls']:,} calls, {usd(progress['cost_usd'])}" if progress["calls"] else None,
    }
    for name, value in facts.items():
        if value:
            screen.print(f"  {name:<11} {value}")
    print_summary(screen, lines)
    print_unmapped(screen, one["unmapped_reasons"])


def print_unmapped(screen: Console, reasons: Mapping[str, int]) -> None:
    """What traces lack, by reason: by some metrics they have no score."""
    counted = sorted(reasons.items(), key=lambda item: -item[1])
    for reason, count in counted[:_SHOWN_REASONS]:
        screen.print(f"not scored by all: {count:,} x {_output.shorten(reason, _REASON_CHARS)}", style="dim")
    if len(counted) > _SHOWN_REASONS:
        screen.print(f"and {len(counted) - _SHOWN_REASONS} more reasons", style="dim")


def metric_names(one: Mapping[str, Any]) -> list[str]:
    """Names of the metrics of an evaluation or a monitor, as scores have them, in order.

    Example:
        >>> metric_names({"metrics": [{"name": "token_f1"}, {"name": "length", "key": "length_words"}]})
        ['token_f1', 'length_words']
    """
    return [metric_name(metric) for metric in one["metrics"]]


def metric_name(metric: Mapping[str, Any]) -> str:
    """The name that a metric's scores have: its key without the version.

    Example:
        >>> metric_name({"name": "exact_match", "key": "exact_match/v1"})
        'exact_match'
    """
    return re.sub(r"/v[0-9]+$", "", str(metric.get("key") or metric["name"]))


def status(word: str) -> Text:
    """A status in its colour."""
    return Text(word, STATUS_STYLES.get(word, ""))


def rows(progress: Mapping[str, Any]) -> str:
    """How many rows are done, of how many, and what is missing.

    Example:
        >>> rows({"done": 5, "total": 10, "failed": 1, "unmapped": 0})
        '5 of 10, 1 scores failed'
    """
    text = _done(progress)
    if progress["failed"]:
        text += f", {progress['failed']:,} scores failed"
    if progress["unmapped"]:
        text += f", {progress['unmapped']:,} lack what some metric needs"
    return text


def _done(progress: Mapping[str, Any]) -> str:
    done, total = progress["done"] or 0, progress["total"]
    return f"{done:,}" if total in {None, done} else f"{done:,} of {total:,}"


def selection(selected: Mapping[str, Any] | None) -> str | None:
    """Which traces were asked for, on one line.

    Example:
        >>> selection({"model": ["bot-v2"], "since": "24h", "sample": None, "seed": 0})
        'model=bot-v2 since=24h'
    """
    if selected is None:
        return None
    parts = list[str]()
    for name, value in selected.items():
        if name == "resolved" or value in (None, "", [], ()) or (name == "seed" and not value):
            continue  # what the rest came to is for machines
        shown = ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        parts.append(f"{name}={_output.shorten(shown, 80)}")
    return " ".join(parts) or "all traces"


def number(value: float | None, metric: str = "") -> str:
    """A score as it is read: four digits, with the unit of metrics that have one.

    Example:
        >>> [number(0.81349), number(0.088123, "latency"), number(None)]
        ['0.8135', '88.1 ms', '-']
    """
    if value is None:
        return "-"
    match _UNITS.get(metric):
        case "s":
            return _output.milliseconds(1000 * value)
        case "usd":
            return usd(value)
        case _:
            return f"{value:.4g}"


def usd(value: float | None) -> str:
    """US dollars, with as many digits as it takes to see something.

    Example:
        >>> [usd(value) for value in (None, 0, 0.00123, 12.5)]
        ['-', '-', '$0.00123', '$12.50']
    """
    if not value:
        return "-"
    return f"${value:,.2f}" if value >= 1 else f"${value:.3g}"


def _means(aggregates: Mapping[str, float]) -> dict[str, float]:
    return {key.removesuffix("/mean"): value for key, value in aggregates.items() if key.endswith("/mean")}


def print_rows(screen: Console, metric: str, shown: Sequence[Mapping[str, Any]]) -> None:
    """Rows of an evaluation, one by one: what was asked, answered, and said of it."""
    table = _output.table("trace id", "version", metric, "input", "output", right=frozenset({metric}))
    for row in shown:
        table.add_row(
            row["trace_id"],
            row["model_name"],
            row["label"] or "-" if row["value"] is None else number(row["value"], metric),
            _output.shorten(row.get("input"), _TEXT_CHARS),
            _output.shorten(row.get("output"), _TEXT_CHARS),
        )
    screen.print(table)
    if any(row["explanation"] for row in shown):
        for row in shown:
            screen.print(f"{row['trace_id']}: {_output.shorten(row['explanation'], 300)}", soft_wrap=True)
    if shown:
        screen.print(f"one of them whole: spanfold traces show {shown[0]['trace_id']}", style="dim")
    else:
        screen.print("No row has a score by this metric.")


def print_monitors(screen: Console, monitors: Sequence[Mapping[str, Any]]) -> None:
    """The answer of ``GET /v1/monitors``."""
    table = _output.table(
        *("name", "status", "metrics", "traces", "sample", "scored", "cost", "up to"),
        right=frozenset({"scored", "cost"}),
    )
    for one in monitors:
        table.add_row(
            one["name"],
            status(one["status"]),
            _output.shorten(", ".join(metric_names(one)), 60),
            _output.shorten(selection(one["selection"]), 60),
            str((one["options"] or {}).get("sample") or "all"),
            rows(one["progress"]),
            usd(one["progress"]["cost_usd"]),
            _until(one),
        )
    screen.print(table)


def print_monitor(screen: Console, one: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> None:
    """One monitor: what it scores, how far it is, and what came of it."""
    screen.print(Text(f"{one['name']}  {one['monitor_id']}  ", "bold") + status(one["status"]))
    facts = {
        "reason": one["reason"],
        "metrics": ", ".join(metric_names(one)),
        "traces": selection(one["selection"]),
        "options": _output.pairs(one["options"] or {}),
        "scored": rows(one["progress"]),
        "judges": usd(one["progress"]["cost_usd"]) if one["progress"]["calls"] else None,
        "up to": _until(one),
    }
    for name, value in facts.items():
        if value:
            screen.print(f"  {name:<11} {value}")
    print_summary(screen, lines)


def _until(one: Mapping[str, Any]) -> str:
    return _output.local_time(one["until_time"]) if one.get("until_time") else "-"
