"""How the comparison of two evaluations looks in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from spanfold_deploy.cli import _output

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from spanfold_deploy.cli._score_conditions import Decision

_STYLES: Final = {"better": "green", "worse": "bold red", "higher": "", "lower": "", "no evidence": "dim"}
_HEADING_CHARS: Final = 30
_TEXT_CHARS: Final = 70
_EFFECTS: Final = {
    "cohen_d": "d",
    "cohen_dz": "d_z",
    "cohen_h": "h",
    "cliff_delta": "delta",
    "rank_biserial": "r",
}


def print_comparison(screen: Console, found: Mapping[str, Any]) -> None:
    """The answer of ``/v1/evaluations/compare``."""
    a, b = (_heading(found[side]) for side in "ab")
    interval = f"{100 * found['confidence']:g} % interval"
    table = _output.table(
        "metric",
        a,
        b,
        "verdict",
        "change",
        interval,
        "effect",
        "p",
        "rows",
        right=frozenset({a, b, "change", "rows", "p"}),
    )
    for metric in found["metrics"]:
        style = _STYLES[metric["verdict"]]
        table.add_row(
            metric["metric"],
            _number(metric["mean_a"]),
            _number(metric["mean_b"]),
            Text(metric["verdict"], style),
            Text(_signed(metric["difference"]), style),
            f"{_signed(metric['lower'])} to {_signed(metric['upper'])}",
            _effect(metric["effect"]),
            _p(metric["p_corrected"]),
            _rows(metric),
        )
    screen.print(table)
    for metric in found["metrics"]:
        if metric["verdict"] == "no evidence" and metric["detectable"] is not None:
            screen.print(_missing(metric, found["power"]), style="dim")
    for note in found["notes"]:
        screen.print(f"note: {note}", style="dim")
    for name, pairs in found["rows"].items():
        _print_rows(screen, name, pairs)


def print_verdicts(screen: Console, decisions: Sequence[Decision]) -> None:
    """A line for each condition."""
    for decision in decisions:
        word, style = ("FAILED", "bold red") if decision.failed else ("ok", "green")
        screen.print(Text(f"{word:<7}", style) + f"{decision.condition}: {decision.reason}")


def _print_rows(screen: Console, name: str, pairs: Sequence[Mapping[str, Any]]) -> None:
    if not pairs:
        screen.print(f"{name}: no input that both sides have, so there are no rows to compare", style="dim")
        return
    screen.print(f"\n{name}: the inputs that changed most")
    table = _output.table("change", "input", "output", "trace", right=frozenset({"change"}))
    for pair in pairs:
        table.add_row(
            f"{_number(pair['score_a'])} → {_number(pair['score_b'])}",
            _output.shorten(pair["inputs"], _TEXT_CHARS),
            "\n".join(f"{side}: {_output.shorten(pair[f'outputs_{side}'], _TEXT_CHARS)}" for side in "ab"),
            f"{pair['trace_id_a']}\n{pair['trace_id_b']}",
        )
        table.add_section()
    screen.print(table)


def _missing(metric: Mapping[str, Any], power: float) -> str:
    """What the sample could have shown, and what it would take."""
    unit = "pairs" if metric["paired"] else "rows a side"
    told = f"{metric['metric']}: so many {unit} find {_number(metric['detectable'])} with {100 * power:g} %"
    if metric["needed"] is None:
        return told
    return f"{told}; a difference of {_signed(metric['difference'])} takes {metric['needed']:,}"


def _heading(side: Mapping[str, Any]) -> str:
    """Name, and what tells it from others of the name."""
    identifier = (side["model_id"] or side["evaluation_id"] or "")[:10]
    name = _output.shorten(side["name"], _HEADING_CHARS)
    return f"{name}\n{identifier}" if identifier else name


def _rows(metric: Mapping[str, Any]) -> str:
    if metric["paired"]:
        return f"{metric['count_a']:,} pairs"
    return f"{metric['count_a']:,} / {metric['count_b']:,}"


def _effect(effect: Mapping[str, Any] | None) -> str:
    if effect is None or effect["value"] is None:
        return "-"
    return f"{_EFFECTS.get(effect['name'], effect['name'])} {effect['value']:+.2f} ({effect['size']})"


def _p(value: float | None) -> str:
    """A p-value, as exact as anybody needs it.

    Example:
        >>> [_p(value) for value in (None, 0.00001, 0.0421)]
        ['-', '< 0.001', '0.042']
    """
    if value is None:
        return "-"
    least = 0.001
    return "< 0.001" if value < least else f"{value:.3f}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _signed(value: float | None) -> str:
    return "?" if value is None else f"{value:+.3g}"
