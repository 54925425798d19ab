"""The trace page: found, read, judged and copied, whatever is in the trace."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.deploy.processes import TIMEOUT_S, environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.web.conftest import Served

MANY_SPANS: Final = 10_001
MAX_ROWS: Final = 120
MISSING: Final = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(scope="module")
def told(empty: Served) -> dict[str, str]:
    """IDs of the traces of ``trace_traffic.py`` by their names."""
    traces: dict[str, str] = json.loads(empty.run("-m", "tests.web.trace_traffic"))
    return traces


@pytest.fixture(scope="module")
def many(empty: Served) -> str:
    """The ID of a trace of 10,001 spans."""
    traces: dict[str, str] = json.loads(empty.run("-m", "tests.web.trace_traffic", "10000"))
    return traces["many"]


def opened(page: Page, served: Served, trace_id: str, query: str = "") -> Locator:
    """Open a trace; its rows."""
    page.goto(f"{served.url}/traces/{trace_id}{query}")
    tree = page.get_by_role("treegrid", name="Spans")
    tree.wait_for()
    return tree.get_by_role("row")


def chosen(page: Page) -> Locator:
    return page.get_by_role("treegrid", name="Spans").get_by_role("row", selected=True)


def panel(page: Page) -> Locator:
    return page.get_by_role("region", name="Chosen span")


def test_a_call_of_a_model_reads_as_a_conversation(page: Page, empty: Served, told: dict[str, str]) -> None:
    rows = opened(page, empty, told["conversation"])
    expect(page).to_have_title("agent · spanfold")
    rows.filter(has_text="chat gpt-4o-mini").first.click()
    asked = panel(page).get_by_role("region", name="Input")
    expect(asked.get_by_role("listitem")).to_have_text(
        [re.compile("system.*kind forecaster"), re.compile("user.*weather in Paris", re.DOTALL)]
    )
    expect(asked.get_by_role("img", name="Attached")).to_have_attribute(
        "src", re.compile("^data:image/png;base64,")
    )
    expect(asked).to_contain_text("An image elsewhere, not fetched https://evil.example/leak.png")
    said = panel(page).get_by_role("region", name="Output")
    expect(said).to_contain_text("stopped: tool_call")
    expect(said).to_contain_text("Calls get_weather")
    expect(said.get_by_text("I should look it up.")).to_be_hidden()
    said.get_by_text("Reasoning").click()
    expect(said.get_by_text("I should look it up.")).to_be_visible()
    facts = panel(page).locator("dl").first
    for fact in (
        "Input tokens1,200",
        "Output tokens34",
        "Time to first token123 ms",
        "Stoppedtool_call",
        "Cost$",
    ):
        expect(facts).to_contain_text(fact)
    said.get_by_role("button", name="As recorded").click()
    expect(said).to_contain_text('"finish_reason"')
    # A later input repeats the call; its result says of which tool it is.
    rows.filter(has_text="chat gpt-4o-mini").last.click()
    expect(panel(page).get_by_role("region", name="Input")).to_contain_text("Result of get_weather")
    workbench = page.get_by_role("link", name="Open in the workbench")
    expect(workbench).to_have_attribute("href", re.compile(rf"^/prompts\?trace_id=.*{told['conversation']}"))


def test_the_tree_is_walked_with_the_keyboard(page: Page, empty: Served, told: dict[str, str]) -> None:
    rows = opened(page, empty, told["conversation"])
    expect(rows).to_have_count(5)
    page.get_by_role("treegrid", name="Spans").focus()
    page.keyboard.press("ArrowLeft")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("+4 1 failed")
    page.keyboard.press("ArrowRight")
    expect(rows).to_have_count(5)
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(chosen(page)).to_contain_text("find pages")
    expect(page).to_have_url(re.compile(r"span=[0-9a-f%]{16,22}"))
    page.reload()
    expect(chosen(page)).to_contain_text("find pages")
    page.get_by_role("treegrid", name="Spans").focus()
    page.keyboard.press("Enter")
    expect(panel(page)).to_be_focused()
    page.get_by_role("combobox", name="Open levels").select_option("1 level")
    expect(rows).to_have_count(1)
    expect(chosen(page)).to_contain_text("agent")
    page.keyboard.press("Escape")


def test_what_a_retriever_found_is_listed(page: Page, empty: Served, told: dict[str, str]) -> None:
    opened(page, empty, told["conversation"]).filter(has_text="find pages").click()
    found = panel(page).get_by_role("region", name="Documents").get_by_role("listitem")
    expect(found).to_have_text(
        [
            re.compile("1. climate.md.*score 0.87.*It rains in Paris.", re.DOTALL),
            re.compile("2. travel.md.*score 0.42", re.DOTALL),
        ]
    )


def test_errors_come_first_with_their_stack_and_logs(page: Page, empty: Served, told: dict[str, str]) -> None:
    opened(page, empty, told["conversation"])
    page.keyboard.press("e")
    expect(chosen(page)).to_contain_text("execute_tool get_weather")
    failed = panel(page).get_by_role("note")
    expect(failed).to_contain_text("ConnectionError")
    expect(failed).to_contain_text("the weather service did not answer")
    failed.get_by_role("button", name="Stack trace").click()
    expect(panel(page).get_by_role("list", name="Events")).to_contain_text(
        "Traceback (most recent call last)"
    )
    panel(page).get_by_role("tab", name="Logs 1").click()
    logs = panel(page).get_by_role("list", name="Log records")
    expect(logs).to_contain_text("retrying the weather service")
    expect(logs).to_contain_text("WARN")
    expect(page).to_have_url(re.compile("tab=logs"))


def test_a_search_within_goes_from_hit_to_hit(page: Page, empty: Served, told: dict[str, str]) -> None:
    opened(page, empty, told["conversation"])
    page.get_by_role("treegrid", name="Spans").wait_for()
    page.keyboard.press("/")
    box = page.get_by_role("searchbox", name="Search in this trace")
    expect(box).to_be_focused()
    box.fill("UMBRELLA")
    expect(page.get_by_text("1 of 2")).to_be_visible()  # the chosen agent says it too
    box.press("Enter")
    expect(chosen(page)).to_contain_text("chat gpt-4o-mini")
    expect(page.get_by_text("2 of 2")).to_be_visible()
    page.get_by_role("button", name="Previous hit").click()
    expect(chosen(page)).to_contain_text("agent")
    box.fill("no such text")
    expect(page.get_by_text("no hit")).to_be_visible()


def test_the_critical_path_is_what_decided_the_latency(
    page: Page, empty: Served, told: dict[str, str]
) -> None:
    rows = opened(page, empty, told["conversation"])
    rows.filter(has_text="find pages").click()
    expect(panel(page)).to_contain_text("On the critical path280 ms (28 %)")
    rows.filter(has_text="get_weather").click()
    expect(panel(page)).to_contain_text("On the critical pathno")
    page.get_by_role("button", name="Critical path").click()
    expect(page.get_by_role("button", name="Critical path")).to_have_attribute("aria-pressed", "true")
    expect(page).to_have_url(re.compile("critical=true"))


def test_attributes_are_searched_and_become_filters(page: Page, empty: Served, told: dict[str, str]) -> None:
    opened(page, empty, told["conversation"]).filter(has_text="chat gpt-4o-mini").first.click()
    panel(page).get_by_role("tab", name="Attributes").click()
    panel(page).get_by_role("searchbox", name="Search attributes").fill("service.version")
    expect(panel(page).get_by_role("region", name="Resource")).to_contain_text("service.version7")
    expect(panel(page).get_by_role("region", name="Attributes", exact=True)).to_contain_text("None of")
    filtered = panel(page).get_by_role("link", name="Filter")
    condition = filtered.get_attribute("title")
    assert condition == "span.resource_attributes['service.version'] = '7'"
    found = httpx.get(f"{empty.url}/v1/traces", params={"filter": condition}).json()["traces"]
    assert told["conversation"] in {trace["trace_id"] for trace in found}
    filtered.click()
    expect(page).to_have_url(re.compile(r"/traces\?filter="))


def test_links_lead_to_other_traces(
    page: Page, empty: Served, told: dict[str, str], expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("404")
    opened(page, empty, told["conversation"])
    panel(page).get_by_role("tab", name="Events").click()
    panel(page).get_by_role("region", name="Links").get_by_role("link").click()
    expect(page).to_have_url(re.compile(MISSING))
    expect(page.get_by_role("heading", name="There is no such trace")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="To the list").click()
    expect(page).to_have_url(f"{empty.url}/traces")


def test_feedback_is_stored_and_shown(
    page: Page, empty: Served, told: dict[str, str], expect_complaint: Callable[[str], None]
) -> None:
    opened(page, empty, told["hours"], "?tab=scores")
    form = panel(page).get_by_role("form", name="Give feedback")
    expect(form.get_by_role("button", name="Store")).to_be_disabled()
    form.get_by_role("button", name="Good").click()
    form.get_by_role("textbox", name="Why").fill("short & <b>right</b>")
    form.get_by_role("textbox", name="Your name").fill("ann")
    form.get_by_role("button", name="Store").click()
    scores = panel(page).get_by_role("region", name="Scores of the trace")
    expect(scores).to_contain_text(re.compile(r"helpful 1.*short & <b>right</b>By a person, ann", re.DOTALL))
    expect(form.get_by_role("status")).to_have_text("Stored: helpful")

    form.get_by_role("button", name="Number").click()
    form.get_by_role("combobox", name="Name", exact=True).fill("grade")
    form.get_by_role("spinbutton", name="Value").fill("4.5")
    form.get_by_role("combobox", name="Of").select_option("this span")
    form.get_by_role("button", name="Store").click()
    expect(scores).to_contain_text("grade 4.5")

    form.get_by_role("button", name="Right answer").click()
    form.get_by_role("combobox", name="Name", exact=True).fill("expected_response")
    form.get_by_role("textbox", name="Right answer").fill("Paris")
    form.get_by_role("button", name="Store").click()
    expect(panel(page).get_by_role("region", name="Right answers")).to_contain_text("expected_responseParis")

    expect_complaint("422")
    form.get_by_role("button", name="Label").click()
    form.get_by_role("textbox", name="Value").fill("odd\u0085label")
    form.get_by_role("button", name="Store").click()
    expect(form.get_by_role("alert")).to_be_visible()


def test_previous_and_next_follow_the_search(page: Page, empty: Served, told: dict[str, str]) -> None:
    opened(
        page, empty, told["hours"], "?filter=service_name%20%3D%20'weather-agent'&order_by=latency_ms%20ASC"
    )
    expect(page.get_by_role("button", name="Next", exact=True)).to_be_disabled()
    page.get_by_role("button", name="Previous", exact=True).click()
    expect(page).to_have_url(re.compile(f"{told['conversation']}.*filter=.*order_by="))
    expect(page.get_by_role("button", name="Next", exact=True)).to_be_enabled()
    page.keyboard.press("]")
    expect(page).to_have_url(re.compile(told["hours"]))
    # Without a search it goes by time: the conversation is older than the hostile trace.
    opened(page, empty, told["conversation"])
    expect(page.get_by_role("button", name="Previous", exact=True)).to_be_enabled()
    page.keyboard.press("[")
    expect(page).to_have_url(re.compile(told["hostile"]))


def test_copies_work_where_they_are_pasted(page: Page, empty: Served, told: dict[str, str]) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    rows = opened(page, empty, told["conversation"])

    def copied(within: Page | Locator, name: str) -> str:
        button = within.get_by_role("button", name=name, exact=True)
        button.click()
        expect(within.get_by_role("button", name="Copied")).to_be_visible()
        text: str = page.evaluate("navigator.clipboard.readText()")
        expect(button).to_be_visible()
        return text

    exact = httpx.get(f"{empty.url}/v1/traces/{told['conversation']}").text
    assert copied(page, "JSON") == exact
    assert copied(page, "Copy ID") == told["conversation"]
    curl = subprocess.run(
        copied(page, "curl"), shell=True, capture_output=True, text=True, timeout=TIMEOUT_S, check=True
    )
    assert curl.stdout == exact
    program = [sys.executable, "-W", "error", "-c", copied(page, "Python")]
    python = subprocess.run(
        program, env=environment(), capture_output=True, text=True, timeout=TIMEOUT_S, check=True
    )
    assert "find pages RETRIEVER weather Paris" in python.stdout
    rows.filter(has_text="find pages").click()
    expect(panel(page).get_by_role("heading", name="find pages")).to_be_visible()
    span = json.loads(copied(panel(page), "Copy JSON"))
    children = json.loads(exact)["spans"][0]["children"]
    children_by_name = {child["name"]: child for child in children}
    assert span == {key: value for key, value in children_by_name["find pages"].items() if key != "children"}


def test_hostile_content_is_nothing_but_text(page: Page, empty: Served, told: dict[str, str]) -> None:
    rows = opened(page, empty, told["hostile"])
    for index in range(4):
        rows.nth(index).click()
        for tab in ("Content", "Attributes", "Events", "Logs", "Scores"):
            panel(page).get_by_role("tab", name=tab).click()
            expect(panel(page).get_by_role("tabpanel")).not_to_be_empty()
    assert page.evaluate("window.broken") is None
    assert page.locator("main script, main iframe, main img, a[href^='javascript:']").count() == 0
    panel(page).get_by_role("tab", name="Content").click()
    rows.filter(has_text="chat").click()
    asked = panel(page).get_by_role("region", name="Input")
    expect(asked).to_contain_text("<script>window.broken = 1</script>")
    expect(asked).to_contain_text("⟨U+202E⟩evil⟨U+202C⟩ zero⟨U+200B⟩width ⟨U+001B⟩[31mred")
    expect(asked).to_contain_text("An image elsewhere, not fetched")
    expect(panel(page).get_by_role("region", name="Output")).to_contain_text("cut off")
    rows.filter(has_text="long").click()
    more = panel(page).get_by_role("region", name="Input").get_by_role("button", name="Show 50,000 of")
    expect(more).to_have_text("Show 50,000 of 996,000 more characters")
    more.click()
    expect(more).to_have_text("Show 50,000 of 946,000 more characters")


def test_ten_thousand_spans_are_walked_searched_and_closed(page: Page, empty: Served, many: str) -> None:
    rows = opened(page, empty, many)
    tree = page.get_by_role("treegrid", name="Spans")
    expect(tree).to_have_attribute("aria-rowcount", str(MANY_SPANS))
    tree.focus()
    page.keyboard.press("End")
    expect(chosen(page)).to_contain_text("lookup")
    expect(chosen(page)).to_be_in_viewport()
    assert rows.count() < MAX_ROWS
    page.keyboard.press("1")
    expect(tree).to_have_attribute("aria-rowcount", "1")
    expect(rows).to_contain_text("+10,000 5 failed")
    page.keyboard.press("e")
    expect(page.get_by_role("button", name="Error 1 of 5, next")).to_be_visible()
    page.keyboard.press("e")
    expect(chosen(page)).to_contain_text("lookup")
    page.get_by_role("searchbox", name="Search in this trace").fill("answer 99")
    expect(page.get_by_text(re.compile("^[0-9]+ hits$"))).to_be_visible()
    page.get_by_role("button", name="Next hit").click()
    expect(panel(page).get_by_role("region", name="Output")).to_contain_text("answer 99")


def test_an_hour_long_trace_is_looked_at_closely(page: Page, empty: Served, told: dict[str, str]) -> None:
    rows = opened(page, empty, told["hours"])
    whole = page.get_by_role(
        "img", name=re.compile("The whole trace, 1 h 30 min; shown are 0 ms to 1 h 30 min")
    )
    box = whole.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 10, steps=4)
    page.mouse.up()
    expect(page.get_by_role("img", name=re.compile("shown are 45 min"))).to_be_visible()
    expect(page).to_have_url(re.compile(r"from=\d+.*to=\d+"))
    page.get_by_role("button", name="Whole time").click()
    rows.filter(has_text="short").first.click()
    page.get_by_role("button", name="Zoom to span").click()
    expect(page.get_by_role("img", name=re.compile("shown are 4.9 ms to 6.1 ms"))).to_be_visible()
    expect(rows.filter(has_text="step 1").first).to_contain_text("later ▸")


def test_the_page_looks_as_it_should(
    page: Page, empty: Served, told: dict[str, str], look: Callable[[Page, str], None]
) -> None:
    opened(page, empty, told["conversation"], "?critical=true").filter(has_text="chat gpt").first.click()
    expect(panel(page).get_by_role("region", name="Output")).to_be_visible()
    look(page, "trace")
    page.keyboard.press("e")
    panel(page).get_by_role("tab", name="Events").click()
    look(page, "trace-error")
    panel(page).get_by_role("tab", name="Scores").click()
    look(page, "trace-scores")
    panel(page).get_by_role("tab", name="Attributes").click()
    look(page, "trace-attributes")
