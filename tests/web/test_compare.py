"""Compare: which version is worse, by how much, why, and in which answers."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.web.conftest import Served

DEADLINE_S: Final = 60
ANSWER: Final = re.compile("Open Settings|Frankfurt|90 days|Yes: as Arrow|Too many|Please contact")
TWO: Final = "models=docs-qa-v2,docs-qa-v3"


@pytest.fixture(scope="module")
def evaluated(served: Served) -> Served:
    """The server, once the second and the third version have been evaluated there."""
    for name in ("docs-qa-v2", "docs-qa-v3"):
        asked = {
            "name": name,
            "metrics": ["length", "latency"],
            "selection": {"model": served.versions[name]},
        }
        started = httpx.post(f"{served.url}/v1/evaluations", json=asked).raise_for_status().json()
        deadline = time.monotonic() + DEADLINE_S
        address = f"{served.url}/v1/evaluations/{started['evaluation_id']}"
        while (status := httpx.get(address).json()["status"]) == "RUNNING":
            assert time.monotonic() < deadline, "the evaluation did not end in time"
            time.sleep(0.1)
        assert status == "FINISHED"
    return served


def asked(page: Page) -> dict[str, list[str]]:
    """What the address bar holds."""
    return parse_qs(urlsplit(page.url).query)


def is_there(page: Page) -> None:
    """Wait until nothing is being loaded any more."""
    expect(page.get_by_text("Loading", exact=True)).to_have_count(0)


def test_without_an_evaluation_one_is_offered(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/compare?models=docs-qa-v1,docs-qa-v2")
    rows = page.get_by_role("region", name="What changed most")
    expect(rows).to_contain_text("Not evaluated: docs-qa-v1")
    link = rows.get_by_role("link", name="Evaluate both").get_attribute("href") or ""
    assert "/evaluations/new" in link
    assert served.versions["docs-qa-v1"] in link


def test_each_metric_has_its_difference_and_a_verdict(
    page: Page, evaluated: Served, look: Callable[[Page, str], None]
) -> None:
    page.goto(f"{evaluated.url}/compare?{TWO}")
    metrics = page.get_by_role("region", name="Metrics", exact=True)
    expect(metrics.get_by_role("listitem")).to_contain_text(
        re.compile(r"docs-qa-v3 against docs-qa-v2: .*worse.*Error rate \+\d.*points")
    )
    row = metrics.get_by_role("row").filter(has_text=re.compile(r"\+\d.*points \(\+\d.* to \+\d.*\).*worse"))
    expect(row).to_have_count(1)
    expect(metrics.get_by_role("rowgroup").get_by_text("Latency, p99")).to_be_visible()
    expect(metrics.get_by_text("too little data").first).to_be_visible()
    latency = page.get_by_role("region", name="Latency", exact=True)
    expect(
        latency.get_by_role("img", name="Distribution of the latency of docs-qa-v2, docs-qa-v3")
    ).to_be_visible()
    is_there(page)
    look(page, "compare")


def test_the_baseline_the_certainty_and_the_traces_are_chosen_and_stand_in_the_address(
    page: Page, served: Served
) -> None:
    page.goto(f"{served.url}/compare?{TWO}")
    page.get_by_label("Baseline").select_option(label=f"docs-qa-v3 {served.versions['docs-qa-v3'][:10]}")
    metrics = page.get_by_role("region", name="Metrics", exact=True)
    expect(metrics).to_contain_text(re.compile("docs-qa-v2 against docs-qa-v3: .*better"))
    page.get_by_label("Intervals").select_option(label="99 %")
    expect(metrics.get_by_role("columnheader", name=re.compile("99 % interval"))).to_be_visible()
    box = page.get_by_role("combobox", name="Only traces that meet this condition")
    box.fill("tags['tier'] = 'pro'")
    box.press("Enter")
    expect(page.get_by_role("region", name="Traffic").get_by_role("row").nth(2)).to_contain_text("60")
    page.reload()
    expect(page.get_by_role("region", name="Traffic").get_by_role("row").nth(2)).to_contain_text("60")
    assert asked(page) == {
        "models": ["docs-qa-v2,docs-qa-v3"],
        "baseline": ["docs-qa-v3"],
        "confidence": ["0.99"],
        "filter": ["tags['tier'] = 'pro'"],
    }


def test_versions_are_added_and_taken_out_by_keyboard(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/compare")
    expect(page.get_by_role("heading", name="Choose two versions to compare")).to_be_visible()
    picker = page.get_by_role("combobox", name="Versions to compare")
    for name in ("docs-qa-v1", "docs-qa-v2", "docs-qa-v3"):
        picker.fill(name)
        offered = page.get_by_role("listbox", name=re.compile("Versions to compare")).get_by_role("option")
        expect(offered).to_have_count(1)
        expect(offered).to_contain_text(name)
        picker.press("Enter")
        expect(page.get_by_role("button", name=f"Remove {name}")).to_be_visible()
    expect(page.get_by_role("region", name="Metrics", exact=True).get_by_role("listitem")).to_have_count(2)
    picker.press("Backspace")
    expect(page.get_by_role("region", name="Metrics", exact=True).get_by_role("listitem")).to_have_count(1)
    assert asked(page)["models"] == [f"{served.versions['docs-qa-v1']},{served.versions['docs-qa-v2']}"]


def test_what_differs_is_shown_to_the_word(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/compare?{TWO}")
    differs = page.get_by_role("region", name="What differs")
    params = differs.get_by_role("region", name="Params")
    expect(params.get_by_role("row", name=re.compile("^top_k"))).to_contain_text(re.compile("5.*1"))
    prompt = params.get_by_role("table").filter(has_text="Answer the question from the pages below.")
    expect(prompt).to_contain_text("Be brief.")
    git = differs.get_by_role("region", name=re.compile("^Git"))
    expect(git.get_by_role("row", name=re.compile("^git.branch"))).to_contain_text("main in both")


def test_the_answers_that_changed_most_stand_side_by_side(
    page: Page, evaluated: Served, look: Callable[[Page, str], None]
) -> None:
    page.goto(f"{evaluated.url}/compare?{TWO}")
    rows = page.get_by_role("region", name="What changed most")
    first = rows.get_by_role("group").filter(has_text="Outputs")
    expect(first).to_have_count(1)
    expect(first.get_by_role("table")).to_contain_text(ANSWER)
    first.get_by_role("button", name="For reading").click()
    expect(first.get_by_role("table")).to_have_count(0)
    expect(first.get_by_text(ANSWER).first).to_be_visible()
    rows.get_by_role("button", name="latency").click()
    expect(rows).to_contain_text(re.compile(r"worse.*pairs"))
    rows.scroll_into_view_if_needed()
    is_there(page)
    look(page, "compare-rows")
    assert asked(page)["metric"] == ["latency"]
    rows.get_by_role("link", name=re.compile("^Trace ")).first.click()
    page.wait_for_url(re.compile("/traces/[0-9a-f]{32}"))


def test_the_comparison_is_taken_along(page: Page, served: Served) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{served.url}/compare?{TWO}&since=7d")
    page.get_by_role("button", name="Copy command").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    command = page.evaluate("navigator.clipboard.readText()")
    assert command == "spanfold models compare docs-qa-v2 docs-qa-v3 --since 7d"
    page.get_by_role("button", name="Copy as JSON").click()
    page.wait_for_function("navigator.clipboard.readText().then((text) => text.startsWith('{'))")
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert copied["baseline"] == served.versions["docs-qa-v2"]


def test_a_version_that_is_not_known_is_said(
    page: Page, served: Served, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("404")
    page.goto(f"{served.url}/compare?models=docs-qa-v2,docs-qa-v9")
    expect(page.get_by_role("alert")).to_contain_text("docs-qa-v9")
    page.get_by_role("button", name="Remove docs-qa-v9").click()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_without_traffic_in_the_period_all_of_it_is_offered(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/compare?{TWO}&start=2020-01-01T00:00:00Z&end=2020-01-02T00:00:00Z")
    page.get_by_role("button", name="Look at all traffic").click()
    expect(page.get_by_role("region", name="Metrics", exact=True)).to_be_visible()
