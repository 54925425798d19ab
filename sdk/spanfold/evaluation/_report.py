"""Results as HTML, for a file that opens offline and for notebooks. All texts of others are escaped."""

from __future__ import annotations

import math
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spanfold.evaluation import _report_plots
from spanfold.evaluation._report_assets import POLICY, SCRIPT, STYLE
from spanfold.evaluation._report_data import LATENCY, gather
from spanfold.evaluation._result_files import plain, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from os import PathLike

    from spanfold.evaluation._report_data import Gathered
    from spanfold.evaluation._result import EvaluationResult, MetricInfo

MAX_CELL_CHARS: Final = 4_000
"""Of a text in the table of rows."""
NONE: Final = "\N{EN DASH}"
_SUMMARY_CHARS: Final = 240
_USUAL: Final = ("mean", "variance", "p90")
_MAX_SHOWN: Final = 60


def write(result: EvaluationResult, path: str | PathLike[str]) -> None:
    """Write the report."""
    # Halves of characters, which models produce, have no place in a file.
    Path(path).write_text("".join(_document(result)), encoding="utf-8", errors="replace")


def fragment(result: EvaluationResult) -> str:
    """The numbers, for a notebook."""
    shown = list(result.metrics.items())[:_MAX_SHOWN]
    rows = "".join(
        f"<tr><td>{escape(key)}</td><td>{escape(_number(value))}</td></tr>" for key, value in shown
    )
    more = f"<p>and {len(result.metrics) - len(shown)} more</p>" if len(result.metrics) > len(shown) else ""
    failed = "".join(f"<li>{escape(key)}: {escape(why)}</li>" for key, why in result.errors.items())
    return (
        f"<p><b>{escape(result.name or result.evaluation_id)}</b> {escape(result.status)}</p>"
        f"<table><thead><tr><th>metric</th><th>value</th></tr></thead><tbody>{rows}</tbody></table>"
        f"{more}{f'<ul>{failed}</ul>' if failed else ''}"
    )


def _document(result: EvaluationResult) -> Iterable[str]:
    gathered = gather(result)
    title = escape(result.name or result.evaluation_id)
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{title}</title><style>{STYLE}</style></head><body>"
    )
    yield f"<header><h1>{title}</h1>{_facts(result, gathered)}</header>"
    if result.reason:
        yield f'<p class="note">{escape(result.reason)}</p>'
    yield _metrics(result, gathered)
    yield _left_out(result)
    yield from _plots(gathered)
    yield from _rows(result, gathered)
    yield f"<script>{SCRIPT}</script></body></html>\n"


def _facts(result: EvaluationResult, gathered: Gathered) -> str:
    facts = {
        "status": result.status.lower(),
        "traces" if result.source == "traces" else "rows": f"{gathered.row_count:,}",
        "took": None if result.duration_s is None else _duration(result.duration_s),
        "calls": f"{result.calls:,}" if result.calls else None,
        "cost": f"{result.cost_usd:.4f} USD" if result.cost_usd else None,
        "version": ", ".join(result.model_ids) or None,
        "run": result.run_id,
        "evaluation": result.evaluation_id,
    }
    items = "".join(
        f"<li>{name} <b>{escape(value)}</b></li>" for name, value in facts.items() if value is not None
    )
    return f'<ul class="facts">{items}</ul>'


def _metrics(result: EvaluationResult, gathered: Gathered) -> str:
    """A line a metric; aggregates beside the usual ones follow in words."""
    rows, told = list[str](), set[str]()
    for info in result.infos:
        own = {
            name.removeprefix(info.key).removeprefix("/"): value
            for name, value in result.metrics.items()
            if name == info.key or name.startswith(f"{info.key}/")
        }
        told |= {f"{info.key}/{name}" if name else info.key for name in own}
        rows.append(_metric_row(info, own, gathered))
    for name in [name for name in result.metrics if name not in told][:_MAX_SHOWN]:
        cells = f'<td class="n">{_number(result.metrics[name])}</td><td colspan="4"></td>'
        rows.append(f"<tr><td>{escape(name)}</td>{cells}</tr>")
    if not rows:
        return ""
    head = "".join(f'<th class="n">{name}</th>' for name in (*_USUAL, "scored"))
    return (
        f'<h2>Metrics</h2><div class="wide"><table><thead><tr><th>metric</th>{head}<th>also</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _metric_row(info: MetricInfo, own: Mapping[str, float], gathered: Gathered) -> str:
    better = {True: "higher is better", False: "lower is better", None: ""}[info.greater_is_better]
    about = ", ".join(part for part in (better, f"by {info.scorer}" if info.scorer else "") if part)
    column = gathered.columns[info.key]
    count = len(column.given) + column.labels.total()
    scored = f"{count:,}" + (f', <span class="bad">{column.failed:,} failed</span>' if column.failed else "")
    usual = "".join(f'<td class="n">{_number(own[name]) if name in own else ""}</td>' for name in _USUAL)
    others = ", ".join(
        f"{name or 'all rows'} {_number(value)}" for name, value in own.items() if name not in _USUAL
    )
    return (
        f"<tr><td>{escape(info.key)} <small>{escape(about)}</small></td>{usual}"
        f'<td class="n">{scored if count or column.failed else ""}</td><td>{escape(others)}</td></tr>'
    )


def _left_out(result: EvaluationResult) -> str:
    """Metrics that failed, and traces that no row could be made of."""
    failed = [f"{key}: {why}" for key, why in result.errors.items()]
    unmapped = [f"{count:,} traces: {why}" for why, count in result.unmapped.items()]
    return "".join(
        f"<h2>{title}</h2><ul>{''.join(f'<li class=text>{escape(line)}</li>' for line in lines)}</ul>"
        for title, lines in (("Metrics that failed", failed), ("Not scored", unmapped))
        if lines
    )


def _plots(gathered: Gathered) -> Iterable[str]:
    numeric = gathered.numeric
    own = [
        _report_plots.histogram(column.title, column.given)
        if key in numeric
        else _report_plots.bars_of_labels(column.title, column.labels)
        for key, column in gathered.columns.items()
        if key in numeric or column.labels
    ]
    if own:
        yield f'<h2>Scores</h2><div class="plots">{"".join(own)}</div>'
    paired = _report_plots.scatters(numeric)
    if paired:
        yield f'<h2>Scores against one another</h2><div class="plots">{"".join(paired)}</div>'


def _rows(result: EvaluationResult, gathered: Gathered) -> Iterable[str]:
    if not gathered.rows:
        return
    shown, count = len(gathered.rows), gathered.row_count
    note = f"The first {shown:,} of {count:,}; to_csv() writes all." if shown < count else ""
    texts, after = _text_columns(result, gathered.rows)
    keys = [info.key for info in result.infos if any(f"{info.key}/score" in row for row in gathered.rows)]
    numbers = [*keys, *([LATENCY] if LATENCY in gathered.columns else [])]
    yield (
        f'<h2>Rows</h2><p class="dim">{note} <span id="count"></span></p>'
        '<input id="filter" type="search" placeholder="Show rows with these words" '
        'aria-label="Show rows with these words" hidden>'
        '<div class="wide rows"><table id="rows"><thead><tr>'
    )
    kinds = ["n", *("t" for _ in texts), *("n" for _ in numbers), *("i" for _ in after)]
    yield from map(_head, ["#", *texts, *numbers, *after], kinds)
    yield "</tr></thead><tbody>"
    for index, row in enumerate(gathered.rows, 1):
        yield f'<tr><td class="n" data-v="{index}">{index}</td>'
        yield from (f'<td class="t">{_long(row.get(name))}</td>' for name in texts)
        yield from (_score_cell(key, row) for key in keys)
        if LATENCY in numbers:
            yield _number_cell(row.get(LATENCY), "")
        yield from (f'<td class="i">{_long(row.get(name))}</td>' for name in after)
        yield "</tr>\n"
    yield "</tbody></table></div>"


def _text_columns(result: EvaluationResult, rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[str]]:
    """What was asked, answered, and right; and what comes after the scores."""
    roles = result.roles
    names = {name for row in rows for name in row}
    first = (*roles.inputs, roles.outputs, f"{roles.outputs}/error", roles.target)
    texts = [name for name in dict.fromkeys(first) if name is not None and name in names]
    return texts, [name for name in ("trace_id",) if name in names and name not in texts]


def _head(name: str, kind: str) -> str:
    return f'<th class="{kind}"><button type="button">{escape(name)}</button></th>'


def _score_cell(key: str, row: Mapping[str, Any]) -> str:
    error, why = row.get(f"{key}/error"), row.get(f"{key}/justification")
    below = f'<div class="bad">{_long(error)}</div>' if error else ""
    if why:
        below += f'<details><summary class="dim">why</summary><div class="text">{_cut(why)}</div></details>'
    return _number_cell(row.get(f"{key}/score"), below)


def _number_cell(value: Any, below: str) -> str:
    value = plain(value)
    if isinstance(value, bool):
        return f'<td class="n" data-v="{int(value)}">{str(value).lower()}{below}</td>'
    if isinstance(value, int | float):
        return f'<td class="n" data-v="{value}">{_number(value)}{below}</td>'
    if value is None:
        return f'<td class="n" data-v="">{below or NONE}</td>'
    return f'<td class="n"><span class="text">{_cut(value)}</span>{below}</td>'


def _long(value: Any) -> str:
    """A text, folded where it is long."""
    if value is None:
        return f'<span class="dim">{NONE}</span>'
    text = text_of(value)
    if len(text) <= _SUMMARY_CHARS:
        return f'<span class="text">{escape(text)}</span>'
    first, rest = escape(text[:_SUMMARY_CHARS]), escape(text[_SUMMARY_CHARS:MAX_CELL_CHARS])
    more = f" … {len(text) - MAX_CELL_CHARS:,} more characters" if len(text) > MAX_CELL_CHARS else ""
    return (
        f'<details><summary class="text">{first}<span class="cut dim"> …</span></summary>'
        f'<span class="text">{rest}<span class="dim">{more}</span></span></details>'
    )


def _cut(value: Any) -> str:
    text = text_of(value)
    return escape(text if len(text) <= MAX_CELL_CHARS else f"{text[:MAX_CELL_CHARS]} …")


def _number(value: float) -> str:
    return NONE if math.isnan(value) else f"{value:.4g}"


def _duration(duration_s: float) -> str:
    minutes, seconds = divmod(duration_s, 60)
    return f"{int(minutes)} min {seconds:.0f} s" if minutes else f"{seconds:.1f} s"
