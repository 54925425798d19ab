"""Home: a stranger finds what got worse and the way to prove it; a new server says how to begin."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from playwright.sync_api import Locator, Page, expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.web.conftest import Served

SEND: Final = """
import spanfold

spanfold.set_active_model(name="my-app-v1")

@spanfold.trace
def answer(question):
    return f"You asked: {question}"

answer("Where is my parcel?")
spanfold.flush()
"""


def worst(page: Page) -> Locator:
    return page.get_by_role("article").first


def asked(page: Page) -> dict[str, list[str]]:
    """What the address bar holds."""
    return parse_qs(urlsplit(page.url).query)


def is_there(page: Page) -> None:
    """Wait until nothing is being loaded any more."""
    expect(page.get_by_text("Loading", exact=True)).to_have_count(0)


def test_the_newest_version_is_said_to_be_worse_first_with_figures_and_intervals(
    page: Page, served: Served
) -> None:
    page.goto(served.url)
    expect(page.get_by_role("heading", name="What got worse")).to_be_visible()
    expect(worst(page).get_by_role("heading")).to_have_text(
        re.compile("^docs-qa-v3 is worse than docs-qa-v2: .*error rate.*p95 latency")
    )
    errors = worst(page).get_by_role("listitem").filter(has_text="error rate")
    expect(errors).to_contain_text(
        re.compile(r"^worse\s*error rate 10\.8 %, was 1\.\d+ % in docs-qa-v2 \(\+[\d.]+ to \+\d+ points\)")
    )
    quality = worst(page).get_by_role("listitem").filter(has_text="correctness")
    expect(quality).to_contain_text(
        re.compile(r"0\.52, was 0\.\d+ in docs-qa-v2 \(\u22120\.\d+ to \u22120\.\d+\)")
    )


def test_what_was_changed_in_the_worse_version_stands_beside(page: Page, served: Served) -> None:
    page.goto(served.url)
    changed = worst(page).get_by_label("Changed in docs-qa-v3")
    for text in ("top_k 1 was 5", "model gpt-4o was gpt-4o-mini", "Be brief.", "git.commit c04d8e71 was"):
        expect(changed).to_contain_text(text)


def test_from_a_finding_lead_ways_to_its_traces_to_the_comparison_and_to_the_proof(
    page: Page, served: Served
) -> None:
    older, newest = served.versions["docs-qa-v2"], served.versions["docs-qa-v3"]
    page.goto(served.url)
    errors = worst(page).get_by_role("listitem").filter(has_text="error rate")
    errors.get_by_role("link", name="Show the traces").click()
    expect(page).to_have_title("Traces · spanfold")
    assert asked(page) == {"filter": [f"model_id = '{newest}' AND status = 'ERROR'"], "since": ["24h"]}
    page.go_back()
    worst(page).get_by_role("link", name="Compare").click()
    expect(page).to_have_title(re.compile("Compare|docs-qa"))
    assert asked(page)["models"] == [f"{older},{newest}"]
    assert asked(page)["baseline"] == [older]
    page.go_back()
    worst(page).get_by_role("link", name="Prove it: evaluate").click()
    expect(page).to_have_url(re.compile("/evaluations/new"))
    assert all(model_id in page.url for model_id in (older, newest))


def test_traffic_and_versions_are_held_against_the_period_before(page: Page, served: Served) -> None:
    page.goto(served.url)
    totals = page.get_by_label("All traffic against the 24 hours before")
    expect(totals).to_contain_text(re.compile(r"Traces2\d\dwas \d+ \(\+\d+ %\)"))
    newest = page.get_by_role("row", name=re.compile("docs-qa-v3"))
    expect(newest).to_contain_text("new")
    expect(newest.get_by_role("img", name="Errors of docs-qa-v3 over time")).to_be_visible()
    expect(page.get_by_role("columnheader", name="correctness")).to_be_visible()
    older = page.get_by_role("row", name=re.compile("docs-qa-v2"))
    expect(older).to_contain_text(re.compile(r"was \d+ "))


def test_the_newest_errors_open_their_trace(page: Page, served: Served) -> None:
    page.goto(served.url)
    errors = page.get_by_role("region", name="Newest errors")
    expect(errors.get_by_role("listitem")).to_have_count(6)
    expect(errors.get_by_role("listitem").first).to_contain_text("the model did not answer within 30 s")
    errors.get_by_role("link", name="answer").first.click()
    expect(page).to_have_url(re.compile("/traces/[0-9a-f]{32}"))


def test_the_period_is_in_the_address(page: Page, served: Served) -> None:
    page.goto(served.url)
    page.get_by_label("Period").select_option(label="Last 7 days")
    expect(page).to_have_url(f"{served.url}/?since=7d")
    page.reload()
    expect(page.get_by_label("All traffic against the 7 days before")).to_contain_text("Traces370")
    page.go_back()
    expect(page.get_by_label("Period")).to_have_value("24h")


def test_a_period_without_traces_says_since_when_and_offers_another(page: Page, served: Served) -> None:
    now = datetime.now(UTC)
    bounds = {
        "start": (now - timedelta(days=20)).isoformat(),
        "end": (now - timedelta(days=19)).isoformat(),
    }
    page.goto(f"{served.url}/?{urlencode(bounds)}")
    expect(page.get_by_role("heading", name="No traces in the chosen period")).to_be_visible()
    expect(page.get_by_text(re.compile("The newest is from .*(min|s) ago"))).to_be_visible()
    page.get_by_role("link", name="Show what is in the last 24 hours").click()
    expect(page.get_by_role("heading", name="What got worse")).to_be_visible()


def test_a_period_that_ends_before_it_starts_is_refused_in_words(
    page: Page, served: Served, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("422")
    page.goto(f"{served.url}/?start=2026-11-02T00:00:00Z&end=2026-11-01T00:00:00Z")
    expect(page.get_by_role("alert").first).to_contain_text("end")


def test_home_looks_as_it_should(page: Page, served: Served, look: Callable[[Page, str], None]) -> None:
    page.goto(served.url)
    expect(worst(page).get_by_label("Changed in docs-qa-v3")).to_contain_text("top_k")
    is_there(page)
    look(page, "home")


def test_a_new_server_says_how_to_begin_and_notices_the_first_trace(
    page: Page, empty: Served, look: Callable[[Page, str], None]
) -> None:
    page.goto(empty.url)
    expect(page.get_by_role("heading", name="Waiting for the first trace")).to_be_visible()
    way = page.get_by_role("region", name="Any language, any OpenTelemetry SDK")
    expect(way).to_contain_text(f"export OTEL_EXPORTER_OTLP_ENDPOINT={empty.otlp_url}")
    demo = page.get_by_role("region", name="Look around with a demo")
    expect(demo).to_contain_text(f"spanfold demo --endpoint {empty.url}")
    expect(demo.get_by_role("button", name="Copy")).to_be_visible()
    look(page, "home-empty")
    empty.run("-c", SEND)
    expect(page.get_by_text("The first trace has arrived.")).to_be_visible()
    expect(page.get_by_text("There are no two versions to hold against each other.")).to_be_visible()
    page.get_by_role("link", name="Open answer").click()
    expect(page).to_have_url(re.compile("/traces/[0-9a-f]{32}"))
