"""Ways through the page, each begun by somebody who has not been there before; every step is a wait."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

import httpx

from benchmarks._browser import Wanted

if TYPE_CHECKING:
    from benchmarks._browser import Person

SCROLLED_ROWS: Final = 2_000
"""Ten pages of the listing."""
_TABLE: Final = "[role=table][aria-label=Traces]"
ROWS: Final = Wanted("rows", f"{_TABLE} [role=row] a")
_CHARTS: Final = (
    Wanted("histogram", "section[aria-label='Traces over time'] [role=img]"),
    Wanted("scatter", "section[aria-label='Latency of single traces'] [role=img]"),
)
_FACETS: Final = Wanted("facets", "section[aria-label=Status] li")
_WATERFALL: Final = Wanted("waterfall", "[role=treegrid] [role=row]")
_TREE: Final = "[role=treegrid][aria-rowcount='{}']"


@dataclass(frozen=True, slots=True)
class Subjects:
    """What is looked at in a database."""

    model_ids: tuple[str, str]
    """The two versions with the most traffic of the last day."""
    rare_filter: str
    """A condition that few traces meet, by an attribute of any value."""
    many_trace_id: str
    """A trace of very many spans."""
    many_spans: int


def subjects(url: str, many_trace_id: str) -> Subjects:
    """Find them over the REST interface."""
    with httpx.Client(base_url=f"{url}/v1", timeout=120) as client:
        facets = client.get("/traces/facets", params={"field": "model_id", "limit": 2}).json()["facets"]
        older, newer = (value["value"] for value in facets[0]["values"])
        listed = client.get("/traces", params={"model_id": newer, "limit": 1}).json()["traces"]
        (root,) = client.get(f"/traces/{listed[0]['trace_id']}").json()["spans"]
        address = root["attributes"]["client.address"]
        many = client.get(f"/traces/{many_trace_id}").json()
    rare = f"attributes['client.address'] = '{address}'"
    return Subjects((older, newer), rare, many_trace_id, int(many["span_count"]))


def _write_filter(person: Person, text: str) -> None:
    box = person.page.get_by_role("combobox", name="Filter of traces")
    box.fill(text)
    box.press("Escape")  # closes the suggestions
    box.focus()


def home(person: Person, _: Subjects) -> None:
    """The first thing that anybody sees."""
    person.open(
        "open Home",
        "/",
        [
            Wanted("figures", "dl[aria-label^='All traffic against'] dd"),
            Wanted("regressions", "#regressions"),
            Wanted("versions", "section[aria-labelledby=versions] tbody tr"),
        ],
    )


def traces(person: Person, found: Subjects) -> None:
    """Look for traces among all there are."""
    page = person.page
    person.open("open Traces", "/traces", [ROWS, *_CHARTS, _FACETS])
    person.scroll(
        f"scroll {SCROLLED_ROWS:,} rows on",
        "section[aria-label='Traces found']",
        [Wanted("rows", f"{_TABLE} [role=row]", row=SCROLLED_ROWS)],
    )
    for name, text in (
        ("status = 'ERROR'", "status = 'ERROR'"),
        ("a rare attribute value", found.rare_filter),
    ):
        _write_filter(person, text)
        person.act(f"filter: {name}", lambda page: page.keyboard.press("Enter"), [ROWS, *_CHARTS])
    _write_filter(person, "")
    page.keyboard.press("Enter")
    page.get_by_role("region", name="Version", exact=True).get_by_role("button").first.wait_for()
    person.act(
        "one version, by its facet",
        lambda page: (
            page.get_by_role("region", name="Version", exact=True).get_by_role("button").first.click()
        ),
        [ROWS, *_CHARTS],
    )


def day(person: Person, _: Subjects) -> None:
    """The slowest of the last day, one of them, and the next."""
    person.open("open Traces, last 24 hours", "/traces?since=24h", [ROWS, *_CHARTS, _FACETS])
    person.act(
        "sort by latency, last 24 hours",
        lambda page: page.get_by_role("button", name="Latency", exact=True).click(),
        [ROWS],
    )
    person.act(
        "open a trace of the list",
        lambda page: page.get_by_role("table", name="Traces").get_by_role("link").first.click(),
        [_WATERFALL],
    )
    person.act("next trace, by key", lambda page: page.keyboard.press("]"), [_WATERFALL])


def many(person: Person, found: Subjects) -> None:
    """A trace of very many spans."""
    page, spans = person.page, found.many_spans
    person.open(f"open a trace of {spans:,} spans", f"/traces/{found.many_trace_id}", [_WATERFALL])
    page.get_by_role("treegrid", name="Spans").focus()
    person.act("... collapse all", lambda page: page.keyboard.press("1"), [Wanted("rows", _TREE.format(1))])
    person.act("... expand all", lambda page: page.keyboard.press("*"), [Wanted("rows", _TREE.format(spans))])
    page.get_by_role("searchbox", name="Search in this trace").focus()
    hits = Wanted("hits", "form[aria-label='Search in this trace'] [aria-live]", "[0-9] hits|of [0-9]")
    person.act("... search in it", lambda page: page.keyboard.insert_text("gpt-5-1"), [hits])


def models(person: Person, _: Subjects) -> None:
    """The versions, one of them, its history, and two of them side by side."""
    page = person.page
    figures = Wanted("figures", "tr[data-version] [role=img]")
    person.open("open Models", "/models", [Wanted("versions", "tr[data-version]"), figures])
    boxes = page.locator("tr[data-version]").filter(has=page.get_by_role("img")).get_by_role("checkbox")
    for index in range(2):
        boxes.nth(index).check()
    person.act(
        "compare two versions",
        lambda page: page.get_by_role("link", name="Compare", exact=True).last.click(),
        [Wanted("verdicts", "section[aria-label=Metrics] tbody tr")],
    )
    page.go_back()
    links = page.locator("tr[data-version]").filter(has=page.get_by_role("img")).get_by_role("link")
    links.first.wait_for()
    person.act(
        "open one version",
        lambda _: links.first.click(),
        [
            Wanted("traffic", "section[aria-label=Traffic] [role=img]"),
            Wanted("history", "section[aria-label=State] table"),
        ],
    )
    page.get_by_role("slider", name="Change whose state is shown").focus()
    person.act(
        "... its history, one step back",
        lambda page: page.keyboard.press("ArrowLeft"),
        [Wanted("state", "section[aria-label=State]", "(C|c)hange 1 of.*Params")],
    )


def evaluation(person: Person, found: Subjects) -> None:
    """How many traces a new evaluation would score."""
    asked = urlencode({"model_id": json.dumps([found.model_ids[1]]), "since": "24h"}, quote_via=quote)
    person.open(
        "start a new evaluation",
        f"/evaluations/new?{asked}",
        [Wanted("count", "aside[aria-label='Before it starts'] dd:first-of-type", "[0-9]")],
    )


def operations(person: Person, _: Subjects) -> None:
    """How the server is."""
    person.open(
        "open Operations",
        "/operations",
        [Wanted("tables", "section[aria-labelledby=disk-and-tables] tbody tr", "spans")],
    )


WALKS: Final = (home, traces, day, many, models, evaluation, operations)
