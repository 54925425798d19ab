"""Plots as inline SVG: what a browser draws without any script."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from itertools import combinations, groupby, pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanfold.evaluation._report_data import Column

WIDTH: Final = 320
HEIGHT: Final = 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 12, 12, 34
_BINS: Final = 20
_MAX_VALUES: Final = 12
"""Whole numbers that are so few get a bar each."""
_MAX_BARS: Final = 10
_MAX_POINTS: Final = 500
_MAX_PAIRED: Final = 4
_FEW: Final = 2
_FAR: Final = 8.0
"""Values this many times beyond where nearly all are would press these into one bar."""
_LABEL_CHARS: Final = 14
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class _Bar:
    label: str
    """What its tooltip says."""
    count: int
    left: float
    right: float


def histogram(title: str, numbers: Sequence[float]) -> str:
    """How often which scores were given, with a line at the mean."""
    low, high = usual_range(numbers)
    outside = sum(not low <= number <= high for number in numbers)
    mean = math.fsum(numbers) / len(numbers)
    numbers = [number for number in numbers if low <= number <= high]
    distinct = set(numbers)
    if len(distinct) <= _MAX_VALUES and all(number.is_integer() for number in distinct):
        low, high = low - 0.5, high + 0.5
        bars = [
            _Bar(_shown(value), sum(number == value for number in numbers), value - 0.4, value + 0.4)
            for value in sorted(distinct)
        ]
        ticks = [value for value in _ticks(low, high) if value.is_integer()] or sorted(distinct)
    else:
        ticks = _ticks(low, high)
        low, high = min(low, ticks[0]), max(high, ticks[-1])
        bars = _bins(numbers, low, high)
    scale = _Scale(low, high)
    highest = max(bar.count for bar in bars)
    parts = [_counts(highest), *(_rect(bar, scale, highest) for bar in bars)]
    if scale.low <= mean <= scale.high:
        x = scale.x(mean)
        parts.append(
            f'<line class="mean" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{HEIGHT - _BOTTOM}">'
            f"<title>mean {_shown(mean)}</title></line>"
        )
    parts.append(_axis(scale, ticks))
    beyond = f", {outside} outside the plot" if outside else ""
    return _svg(title, f"{len(numbers) + outside} scores, mean {_shown(mean)}{beyond}", parts)


def bars_of_labels(title: str, labels: Mapping[str, int]) -> str:
    """How often which labels were given; the most frequent ones."""
    shown = sorted(labels.items(), key=lambda item: (-item[1], item[0]))[:_MAX_BARS]
    highest = max(count for _, count in shown)
    scale = _Scale(0, len(shown))
    parts = [_counts(highest)]
    for index, (label, count) in enumerate(shown):
        parts.append(_rect(_Bar(label, count, index + 0.12, index + 0.88), scale, highest))
        short = label if len(label) <= _LABEL_CHARS else f"{label[: _LABEL_CHARS - 1]}…"
        if len(shown) <= 5:  # noqa: PLR2004 - more do not fit side by side
            parts.append(_text(scale.x(index + 0.5), HEIGHT - _BOTTOM + 14, short, "middle"))
    rest = f", {len(labels) - len(shown)} more labels" if len(labels) > len(shown) else ""
    return _svg(title, f"{sum(labels.values())} labels{rest}", parts)


def scatters(columns: Mapping[str, Column]) -> list[str]:
    """Scores against one another, of the first metrics whose scores differ between rows."""
    distinct = {key: len(set(column.given[:_MAX_POINTS])) for key, column in columns.items()}
    # Of scores that are yes or no, points show little: the others come first.
    order = sorted((key for key in columns if distinct[key] > 1), key=lambda key: distinct[key] <= _FEW)
    return [scatter(columns[x], columns[y]) for x, y in combinations(order[:_MAX_PAIRED], 2)]


def scatter(across: Column, upwards: Column) -> str:
    """One score against another, a point a row; evenly spread ones where there are many."""
    points = [
        (x, y)
        for x, y in zip(across.numbers, upwards.numbers, strict=True)
        if not math.isnan(x) and not math.isnan(y)
    ]
    title = f"{upwards.title} by {across.title}"
    if not points:
        return _svg(title, "no row has both", [])
    related = _correlation(points)
    count = len(points)
    (left, right), (bottom, top) = (usual_range([point[axis] for point in points]) for axis in (0, 1))
    points = [(x, y) for x, y in points if left <= x <= right and bottom <= y <= top]
    shown = points[:: -(-len(points) // _MAX_POINTS)]
    ticks = _ticks(min(x for x, _ in points), max(x for x, _ in points))
    heights = _ticks(min(y for _, y in points), max(y for _, y in points))
    scale, rising = _Scale(ticks[0], ticks[-1]), _Scale(heights[0], heights[-1])
    parts = [_grid(rising.y(height), _shown(height)) for height in heights]
    parts += [f'<circle cx="{scale.x(x):.1f}" cy="{rising.y(y):.1f}" r="3"/>' for x, y in shown]
    parts.append(_axis(scale, ticks))
    of = f"{len(shown)} of {count}" if len(shown) < count else str(count)
    said = "" if related is None else f", rank correlation {related:.2f}"
    return _svg(title, f"{of} rows{said}", parts)


def usual_range(numbers: Sequence[float]) -> tuple[float, float]:
    """From the least to the greatest; without the few that lie far beyond all others, where there are any.

    Example:
        >>> usual_range([*range(200), 1_000_000])
        (0, 199)
    """
    ordered = sorted(numbers)
    few = len(ordered) // 50
    low, high = ordered[few], ordered[-1 - few]
    spread = high - low
    if not spread:
        return ordered[0], ordered[-1]
    kept = [one for one in ordered if low - _FAR * spread <= one <= high + _FAR * spread]
    return kept[0], kept[-1]


@dataclass(frozen=True, slots=True)
class _Scale:
    """From values to places in the plot."""

    low: float
    high: float

    def _share(self, value: float) -> float:
        return (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5

    def x(self, value: float) -> float:
        return _LEFT + self._share(value) * (WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        return HEIGHT - _BOTTOM - self._share(value) * (HEIGHT - _TOP - _BOTTOM)


def _bins(numbers: Sequence[float], low: float, high: float) -> list[_Bar]:
    width = (high - low) / _BINS
    counts = [0] * _BINS
    for number in numbers:
        counts[min(_BINS - 1, int((number - low) / width))] += 1
    edges = [low + index * width for index in range(_BINS + 1)]
    return [
        _Bar(f"{_shown(left)} to {_shown(right)}", count, left + 0.04 * width, right - 0.04 * width)
        for count, (left, right) in zip(counts, pairwise(edges), strict=True)
    ]


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers around a range, about five."""
    if high <= low:
        spread = abs(low) * 0.1 or 1.0
        low, high = low - spread, high + spread
    rough = (high - low) / 4
    if not rough or not math.isfinite(rough):
        return [low, high]
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next((one * magnitude for one in _STEPS if one * magnitude >= rough * 0.999), 10 * magnitude)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [index * step for index in range(first, last + 1)]


def _rect(bar: _Bar, scale: _Scale, highest: int) -> str:
    if not bar.count:
        return ""
    left, right = scale.x(bar.left), scale.x(bar.right)
    top = _Scale(0, highest).y(bar.count)
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{max(1.0, right - left):.1f}" '
        f'height="{HEIGHT - _BOTTOM - top:.1f}" rx="1.5">'
        f"<title>{escape(bar.label)}: {bar.count}</title></rect>"
    )


def _counts(highest: int) -> str:
    return "".join(
        _grid(_Scale(0, highest).y(count), str(count))
        for count in sorted({0, highest // 2, highest})
    )  # fmt: skip


def _grid(y: float, label: str) -> str:
    line = f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return line + _text(_LEFT - 5, y + 3.5, label, "end")


def _axis(scale: _Scale, ticks: Sequence[float]) -> str:
    inside = [tick for tick in ticks if scale.low <= tick <= scale.high]
    return "".join(_text(scale.x(tick), HEIGHT - _BOTTOM + 14, _shown(tick), "middle") for tick in inside)


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _svg(title: str, subtitle: str, parts: Sequence[str]) -> str:
    name = escape(f"{title}: {subtitle}", quote=True)
    return (
        f'<figure><figcaption>{escape(title)}<small>{escape(subtitle)}</small></figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{name}">{"".join(parts)}</svg></figure>'
    )  # fmt: skip


def _shown(number: float) -> str:
    return f"{number:.4g}"


def _correlation(points: Sequence[tuple[float, float]]) -> float | None:
    """Spearman's, which a single far value does not rule; None where one of the two does not vary."""
    across, upwards = (_ranks([point[axis] for point in points]) for axis in (0, 1))
    mean = (len(points) + 1) / 2
    of_x = math.fsum((x - mean) ** 2 for x in across)
    of_y = math.fsum((y - mean) ** 2 for y in upwards)
    both = math.fsum((x - mean) * (y - mean) for x, y in zip(across, upwards, strict=True))
    return both / math.sqrt(of_x * of_y) if of_x * of_y > 0 else None


def _ranks(numbers: Sequence[float]) -> list[float]:
    """Places in order from 1; equal numbers share the mean of theirs."""
    order = sorted(range(len(numbers)), key=numbers.__getitem__)
    ranks = [0.0] * len(numbers)
    first = 0
    for _, group in groupby(order, key=numbers.__getitem__):
        indexes = list(group)
        for index in indexes:
            ranks[index] = first + (len(indexes) + 1) / 2
        first += len(indexes)
    return ranks
