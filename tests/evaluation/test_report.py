"""The report shows what there is, and nothing of what it shows can act."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanfold import EvaluationResult
from spanfold.evaluation import _report, _report_plots
from spanfold.evaluation._report_data import MAX_ROWS, Column
from spanfold.evaluation._result import MetricInfo, Roles
from spanfold.evaluation._table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

VOID = {"meta", "input"}
HOSTILE = [
    "<script>alert(1)</script>",
    "</script></style><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x="',
    "' autofocus onfocus='alert(1)",
    "<!-- --><svg/onload=alert(1)>",
    "&lt;b&gt; &amp; \ud800 \x00 \u202e",
]


class Page(HTMLParser):
    """Reads a report, and refuses tags that are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)


def result_of(texts: Sequence[Any], scores: Sequence[Any], **more: Any) -> EvaluationResult:
    count = len(texts)
    columns = {
        "question": texts,
        "answer": texts,
        "right": texts,
        "f1/score": scores,
        "f1/justification": texts,
        "tone/score": ["kind" if index % 3 else "rude" for index in range(count)],
    }
    given = {
        "evaluation_id": "e-1",
        "metrics": {"f1/mean": 0.5, "tone/kind/ratio": 0.6},
        "rows": Table(columns, count),
        "infos": (MetricInfo("f1", "f1", greater_is_better=True), MetricInfo("tone", "tone")),
        "roles": Roles(("question",), "answer", "right"),
    }
    return EvaluationResult(**{**given, **more})


def page_of(result: EvaluationResult, folder: Path) -> tuple[str, Page]:
    result.to_html(folder / "report.html")
    text = (folder / "report.html").read_text(encoding="utf-8")
    return text, Page(text)


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_of_others_stay_texts(tmp_path: Path, text: str) -> None:
    _, expected = page_of(result_of(["a", "b"], [0.0, 1.0]), tmp_path)
    hostile = result_of(
        [text, "b"], [0.0, 1.0], name=text, reason=text, errors={text: text}, unmapped={text: 1}
    )
    _, page = page_of(hostile, tmp_path)
    allowed = {tag for tag, _ in expected.tags} | {"p", "ul", "li", "h2"}
    assert {tag for tag, _ in page.tags} <= allowed
    assert page.count("script") == page.count("style") == 1
    attributes = {name for _, given in page.tags for name in given}
    assert not [name for name in attributes if name.startswith("on") or name in {"style", "src", "href"}]


def test_metrics_and_columns_with_hostile_names_stay_names(tmp_path: Path) -> None:
    name = "<img src=x onerror=alert(1)>"
    result = EvaluationResult(
        evaluation_id="e-1",
        metrics={f"{name}/mean": 1.0, f"{name}2": 2.0},
        rows=Table({name: ["a"], f"{name}/score": [1.0]}, 1),
        infos=(MetricInfo(name, name, scorer=name),),
        roles=Roles((name,), None, None),
    )
    _, page = page_of(result, tmp_path)
    assert page.count("img") == 0
    assert name in page.texts
    assert "<img" not in result._repr_html_()


def test_only_its_own_style_and_script_may_run_and_nothing_is_loaded(tmp_path: Path) -> None:
    text, page = page_of(result_of(["a", "b"], [0.0, 1.0]), tmp_path)
    policy = next(
        str(given["content"])
        for tag, given in page.tags
        if tag == "meta" and given.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "http" not in re.sub(r"http-equiv", "", text)


def test_it_shows_numbers_rows_plots_and_why(tmp_path: Path) -> None:
    _, page = page_of(result_of([f"text {i}" for i in range(5)], [0.1, 0.2, 0.3, 0.4, None]), tmp_path)
    told = " ".join(page.texts)
    assert "higher is better" in told
    assert "4 scores, mean 0.25" in told
    assert "kind/ratio 0.6" in told
    assert page.count("svg") == 2
    rows = [given for tag, given in page.tags if tag == "td" and given.get("data-v") is not None]
    assert [given["data-v"] for given in rows][1::2] == ["0.1", "0.2", "0.3", "0.4", ""]


def test_of_many_rows_the_first_are_shown_and_all_are_plotted(tmp_path: Path) -> None:
    count = MAX_ROWS + 500
    _, page = page_of(result_of(["a"] * count, [i / count for i in range(count)]), tmp_path)
    assert page.count("tr") == MAX_ROWS + 4  # the heads, and a line for each of the two metrics
    told = " ".join(page.texts)
    assert "The first 1,000 of 1,500; to_csv() writes all." in told
    assert "1500 scores" in told


def test_a_long_text_is_folded_and_cut(tmp_path: Path) -> None:
    text, page = page_of(result_of(["x" * 10_000], [1.0]), tmp_path)
    assert page.count("details") == 4
    assert "x" * (_report.MAX_CELL_CHARS + 1) not in text
    assert "6,000 more characters" in " ".join(page.texts)


def test_an_evaluation_without_rows_has_a_report(tmp_path: Path) -> None:
    _, page = page_of(EvaluationResult(evaluation_id="e-1", metrics={}), tmp_path)
    assert page.count("table") == 0
    assert "e-1" in page.texts


NUMBERS = st.lists(
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300), min_size=1
)


@given(NUMBERS)
def test_every_histogram_is_drawn_inside_its_frame(numbers: list[float]) -> None:
    figure = ET.fromstring(_report_plots.histogram("f1", numbers))
    bars = list(figure.iter("rect"))
    assert bars
    for bar in bars:
        left, width = float(bar.attrib["x"]), float(bar.attrib["width"])
        assert 0 <= left <= left + width <= _report_plots.WIDTH + 1
        assert 0 <= float(bar.attrib["y"]) <= _report_plots.HEIGHT
    counted = sum(int((bar.findtext("title") or "").rsplit(": ", 1)[1]) for bar in bars)
    low, high = _report_plots.usual_range(numbers)
    assert counted == sum(low <= number <= high for number in numbers)


@given(NUMBERS, st.randoms(use_true_random=False))
def test_every_scatter_is_drawn_inside_its_frame(numbers: list[float], random: Any) -> None:
    across, upwards = Column("a"), Column("b")
    for number in numbers:
        across.add(number, None)
        upwards.add(random.choice([number, -number, None]), None)
    figure = ET.fromstring(_report_plots.scatter(across, upwards))
    for point in figure.iter("circle"):
        assert 0 <= float(point.attrib["cx"]) <= _report_plots.WIDTH
        assert 0 <= float(point.attrib["cy"]) <= _report_plots.HEIGHT


def test_the_rank_correlation_is_that_of_the_definition() -> None:
    across, upwards = Column("a"), Column("b")
    for x, y in [(1, 10), (2, 20), (2, 15), (4, 1e9), (5, 40), (math.nan, 3)]:
        across.add(x, None)
        upwards.add(y, None)
    # Ranks 1, 2.5, 2.5, 4, 5 and 1, 3, 2, 5, 4: by hand 8.5 / sqrt(9.5 * 10).
    assert f"rank correlation {8.5 / math.sqrt(95):.2f}" in _report_plots.scatter(across, upwards)
