"""How comparisons look in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from spanfold_deploy.cli import _output

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console
    from rich.table import Table

    from spanfold_deploy.cli._conditions import Verdict

_MARKS: Final = {"added": "+", "removed": "-", "changed": "~", "same": " "}
_NEUTRAL: Final = frozenset({"cached_input_tokens", "traces_per_hour"})
"""Metrics of which more is neither good nor bad. Of scores more is good, of all else it is bad."""
_SECTIONS: Final = ("properties", "params", "tags", "git", "metrics")
_TEXT_CHARS: Final = 60
_HEADING_CHARS: Final = 30


def print_diff(screen: Console, found: Mapping[str, Any]) -> None:
    """The answer of ``/v1/diff``."""
    a, b = found["a"], found["b"]
    rows = _output.table("", "", f"a: {a['name']}", f"b: {b['name']}")
    rows.add_row("", "model id", a["model_id"], b["model_id"])
    for section in _SECTIONS:
        for entry in found[section]:
            rows.add_row(
                _MARKS[entry["change"]],
                f"{section}.{entry['key']}" if section != "properties" else entry["key"],
                *(_output.shorten(_text(entry[side]), _TEXT_CHARS) for side in "ab"),
            )
    screen.print(rows)
    if not any(entry["change"] != "same" for section in _SECTIONS for entry in found[section]):
        screen.print("No difference in properties, parameters, tags, git or metrics.")
    screen.print(_traffic(found["traffic"]))
    screen.print("`spanfold models compare` tells which differences of traffic may be chance.", style="dim")


def _traffic(traffic: Mapping[str, Any]) -> Table:
    rows = _output.table("traffic", "a", "b", "change", right=frozenset({"a", "b", "change"}))
    a, b = traffic["a"], traffic["b"]
    for name, unit in (
        ("trace_count", "count"),
        ("error_rate", "ratio"),
        ("p50", "ms"),
        ("p95", "ms"),
        ("p99", "ms"),
        ("input_tokens", "count"),
        ("output_tokens", "count"),
        ("cost_usd", "usd"),
    ):
        values = [((one["latency_ms"] or {}) if unit == "ms" else one).get(name) for one in (a, b)]
        change = None
        if values[0] and values[1] is not None:
            change = values[1] / values[0] - 1
        label = f"latency {name}" if unit == "ms" else name.replace("_", " ")
        rows.add_row(label, *(_value(value, unit) for value in values), _percent(change))
    return rows


def print_comparison(screen: Console, found: Mapping[str, Any]) -> None:
    """The answer of ``/v1/compare``: what differs, then each version against the baseline."""
    models = found["models"]
    (baseline,) = (model for model in models if model["model_id"] == found["baseline"])
    settings = _output.table("", *(_heading(model) for model in models))
    for section in ("params", "tags"):
        for row in found[section]:
            values = [_output.shorten(_text(value), _TEXT_CHARS) for value in row["values"]]
            settings.add_row(f"{section}.{row['key']}", *values)
    if settings.row_count:
        screen.print(settings)
    for model in models:
        if model is not baseline:
            screen.print(_against(model, baseline, found["confidence"]))
    screen.print("* the interval leaves out that nothing changed; ? too few traces for a limit", style="dim")
    if any(model["sampled"] for model in models):
        screen.print(
            "A sample of its traces, the same at each call, stands for a version with very many.",
            style="dim",
        )


def _against(model: Mapping[str, Any], baseline: Mapping[str, Any], confidence: float) -> Table:
    interval = f"{100 * confidence:g} % interval"
    numbers = frozenset({_heading(baseline), _heading(model), "change", "traces"})
    rows = _output.table(
        "metric", _heading(baseline), _heading(model), "", "change", interval, "traces", right=numbers
    )
    bases = {metric["metric"]: metric for metric in baseline["metrics"]}
    for metric in model["metrics"]:
        base = bases[metric["metric"]]
        arrow, style, change, limits = _change(metric)
        unit = metric["unit"] or base["unit"]
        rows.add_row(
            metric["metric"],
            *(_value((one["estimate"] or {}).get("value"), unit) for one in (base, metric)),
            Text(arrow, style),
            Text(change, style),
            limits,
            f"{base['trace_count']:,} / {metric['trace_count']:,}",
        )
    rows.add_section()
    for name, member, unit in (
        ("traces", "trace_count", "count"),
        ("total_cost", "total_cost_usd", "usd"),
    ):
        rows.add_row(name, _value(baseline[member], unit), _value(model[member], unit))
    return rows


def _change(metric: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """An arrow, its style, the change, and its interval."""
    difference = metric["difference"]
    if difference is None:
        return "", "", "-", "-"
    relative = None if metric["unit"] == "ratio" else difference["relative"]
    limits = relative or difference["absolute"]
    show = _percent if relative else _points if metric["unit"] == "ratio" else _signed
    absolute = difference["absolute"]["value"]
    arrow = "▲" if absolute > 0 else "▼" if absolute < 0 else "="
    style = "dim"
    if difference["significant"]:
        arrow += " *"
        worse = (absolute > 0) != metric["metric"].startswith("score.")
        style = "" if metric["metric"] in _NEUTRAL else "bold red" if worse else "green"
    # That nothing is left of it is the least that can be said of a change: it tells as little as no limit.
    lower = None if relative and limits["lower"] == -1 != limits["value"] else limits["lower"]
    return arrow, style, show(limits["value"]), f"{show(lower)} to {show(limits['upper'])}"


def print_verdicts(screen: Console, verdicts: Sequence[Verdict]) -> None:
    """A line for each condition and version."""
    for verdict in verdicts:
        word, style = ("FAILED", "bold red") if verdict.failed else ("ok", "green")
        screen.print(Text(f"{word:<7}", style) + f"{verdict.name}: {verdict.condition}: {verdict.reason}")


def _heading(model: Mapping[str, Any]) -> str:
    """Name and the start of the ID; of a version that only spans tell of, the ID is the name."""
    name = _output.shorten(model["name"], _HEADING_CHARS)
    return name if model["name"] == model["model_id"] else f"{name}\n{model['model_id'][:10]}"


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _percent(share: float | None) -> str:
    return "?" if share is None else f"{100 * share:+,.1f}%"


def _points(share: float | None) -> str:
    return "?" if share is None else f"{100 * share:+.1f} points"


def _signed(value: float | None) -> str:
    return "?" if value is None else f"{value:+.3g}"


def _value(value: float | None, unit: str | None) -> str:
    """A value in its unit.

    Example:
        >>> [_value(value, unit) for value, unit in ((0.051, "ratio"), (0.00123, "usd"), (None, "ms"))]
        ['5.1%', '$0.00123', '-']
    """
    if value is None:
        return "-"
    match unit:
        case "ratio":
            return f"{100 * value:.1f}%"
        case "ms":
            return _output.milliseconds(value)
        case "usd":
            return f"${value:,.2f}" if value >= 1 else f"${value:.3g}"
        case "tokens" | "per_hour":
            return f"{value:,.1f}"
        case "count":
            return f"{value:,}"
        case _:
            return f"{value:.3g}"
