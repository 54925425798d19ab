"""Finding traces: the filter, what narrows it down, the charts, the table, live, views, export."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator

    from tests.web.conftest import Served

TRAFFIC = 370
"""Traces that ``traffic.py`` sends."""


def address(page: Page) -> dict[str, str]:
    """The search parameters of the page's address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def rows(page: Page) -> Locator:
    """The rows in sight."""
    return page.get_by_role("table", name="Traces").get_by_role("row").filter(has=page.get_by_role("cell"))


def filter_box(page: Page) -> Locator:
    """Where the filter is written."""
    return page.get_by_role("combobox", name="Filter of traces")


def facet(page: Page, title: str) -> Locator:
    """The values of one field."""
    return page.get_by_role("region", name=title, exact=True)


def test_a_filter_is_completed_from_the_traffic_and_finds_traces(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/traces")
    expect(page.get_by_text(f"{TRAFFIC} traces", exact=True)).to_be_visible()
    page.keyboard.press("/")
    expect(filter_box(page)).to_be_focused()
    for typed, option in (("serv", "service_name"), ("!", "!="), ("'no", None)):
        page.keyboard.type(typed)
        if option is None:
            break
        expect(page.get_by_role("listbox").get_by_role("option").first).to_contain_text(option)
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
    page.keyboard.press("Control+A")
    page.keyboard.type("tags.")
    expect(page.get_by_role("option", name="tier")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.type("= ")
    page.get_by_role("option", name=re.compile("^pro")).click()
    expect(filter_box(page)).to_have_value("tags['tier'] = 'pro' ")
    page.keyboard.press("Enter")
    expect(page.get_by_text("185 traces", exact=True)).to_be_visible()
    assert address(page) == {"filter": "tags['tier'] = 'pro'"}


def test_a_wrong_filter_is_shown_where_it_is_wrong_and_mended_with_one_click(
    page: Page, served: Served, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("422")
    page.goto(f"{served.url}/traces")
    filter_box(page).fill("statis = 'ERROR'")
    filter_box(page).press("Enter")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("there is no field 'statis'; did you mean status?")
    expect(alert.locator("mark")).to_have_text("statis")
    assert address(page) == {}
    alert.get_by_role("button", name="Write status").click()
    filter_box(page).press("Enter")
    expect(alert).to_be_hidden()
    expect(rows(page).first).to_contain_text("ERROR")
    # A wrong filter in the address is told in the same way.
    page.goto(f"{served.url}/traces?filter=%F0%9F%98%80")
    expect(page.get_by_role("alert").locator("mark")).to_have_text("😀")


def test_facets_write_into_the_filter_and_are_read_from_it(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/traces")
    versions = facet(page, "Version")
    versions.get_by_role("button", name=re.compile("^docs-qa-v3")).click()
    expect(filter_box(page)).to_have_value("model_name = 'docs-qa-v3'")
    expect(page.get_by_text("120 traces", exact=True)).to_be_visible()
    # The others are still offered, each with the traces that it would add.
    versions.get_by_role("button", name=re.compile("^docs-qa-v2 ?160")).click()
    expect(filter_box(page)).to_have_value("model_name IN ('docs-qa-v3', 'docs-qa-v2')")
    facet(page, "Status").get_by_role("button", name="Exclude ERROR").click()
    expect(filter_box(page)).to_have_value("model_name IN ('docs-qa-v3', 'docs-qa-v2') AND status != 'ERROR'")
    pressed = versions.get_by_role("button", pressed=True)
    expect(pressed).to_have_count(2)
    page.reload()
    expect(pressed).to_have_count(2)
    page.go_back()
    expect(filter_box(page)).to_have_value("model_name IN ('docs-qa-v3', 'docs-qa-v2')")


def test_more_values_of_a_facet_are_found_by_a_part_of_them(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/traces")
    users = facet(page, "User")
    users.get_by_role("button", name="More values of User").click()
    users.get_by_role("searchbox").fill("-16")
    expect(users.get_by_role("listitem")).to_have_count(1)
    users.get_by_role("button", name=re.compile("^user-16")).click()
    expect(filter_box(page)).to_have_value("user_id = 'user-16'")


def test_a_low_score_is_found_by_its_metric(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/traces")
    below = facet(page, "Score correctness").get_by_role("button", name=re.compile("^<"))
    below.click()
    expect(filter_box(page)).to_have_value(re.compile(r"^scores\['correctness'\] < 0\.\d+$"))
    expect(below).to_have_attribute("aria-pressed", "true")
    page.get_by_role("region", name="Traces found").evaluate("element => { element.scrollLeft = 2000 }")
    expect(rows(page).first).to_contain_text("correctness 0")
    below.click()
    expect(filter_box(page)).to_have_value("")


def test_a_time_is_brushed_in_the_histogram_and_left_again(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/traces")
    chart = page.get_by_role("region", name="Traces over time").locator(".u-over")
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 30, steps=4)
    page.mouse.up()
    expect(page.get_by_label("From")).to_be_visible()
    assert set(address(page)) == {"start", "end"}
    brushed = address(page)
    page.get_by_role("button", name="Wider").click()
    page.wait_for_function("before => !location.search.includes(before)", arg=brushed["start"][:10])
    page.get_by_role("button", name="All time").click()
    expect(page.get_by_text(f"{TRAFFIC} traces", exact=True)).to_be_visible()
    page.go_back()
    page.go_back()
    expect(page.get_by_label("From")).to_be_visible()
    assert address(page) == brushed


def test_the_slowest_trace_is_opened_from_the_scatter(page: Page, served: Served) -> None:
    slowest = page.request.get(f"{served.url}/v1/traces?order_by=latency_ms%20DESC&limit=1").json()["traces"][
        0
    ]
    page.goto(f"{served.url}/traces?filter=latency_ms%20%3E%3D%20{slowest['latency_ms'] - 0.001}")
    expect(page.get_by_text("1 trace", exact=True)).to_be_visible()
    dots = page.get_by_role("region", name="Latency of single traces").locator(".u-over")
    box = dots.bounding_box()
    assert box is not None
    for share in range(1, 20):  # the only dot is in the middle, at some height
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * share / 20)
        page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        if dots.evaluate("element => element.style.cursor") == "pointer":
            break
    page.mouse.down()
    page.mouse.up()
    page.wait_for_url(f"**/traces/{slowest['trace_id']}?*")


def test_rows_are_sorted_marked_and_opened_by_the_keyboard(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/traces?since=7d")
    page.get_by_role("button", name="Latency", exact=True).click()
    expect(page.get_by_role("columnheader", name="Latency")).to_have_attribute("aria-sort", "descending")
    wanted = page.request.get(f"{served.url}/v1/traces?order_by=latency_ms%20DESC&limit=2").json()["traces"]
    expect(rows(page).first.get_by_role("checkbox")).to_have_accessible_name(
        f"Choose trace {wanted[0]['trace_id']}"
    )
    for key in ("j", "j", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url(f"**/traces/{wanted[1]['trace_id']}?*")
    assert address(page) == {"order_by": "latency_ms DESC", "since": "7d"}
    page.go_back()
    expect(page.get_by_role("columnheader", name="Latency")).to_have_attribute("aria-sort", "descending")


def test_the_table_scrolls_to_its_end_with_few_rows_in_the_document(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/traces")
    found = page.get_by_role("region", name="Traces found")
    expect(rows(page).first).to_be_visible()
    last = page.locator(f'[aria-rowindex="{TRAFFIC + 1}"]')
    # The end moves on as pages come in.
    for _ in range(50):
        found.evaluate("element => { element.scrollTop = element.scrollHeight }")
        page.wait_for_load_state("networkidle")
        if last.count():
            break
    expect(last).to_be_visible()
    assert rows(page).count() < 80


def test_chosen_rows_are_compared_evaluated_and_exported(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/traces?filter=latency_ms%20%3E%200")
    boxes = rows(page).get_by_role("checkbox")
    compare = page.get_by_role("button", name="Compare")
    expect(compare).to_be_disabled()
    for index in range(12):
        boxes.nth(index).check()
    expect(page.get_by_text("12 chosen")).to_be_visible()
    page.get_by_role("button", name="Export").click()
    dialog = page.get_by_role("dialog", name="Export the 12 chosen traces")
    expect(dialog.locator("pre")).to_contain_text("spanfold.search_traces(")
    with page.expect_download() as download:
        dialog.get_by_role("link", name="JSON lines").click()
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert len(lines) == 12
    with page.expect_download() as download:
        dialog.get_by_role("button", name=re.compile("^CSV")).click()
    table = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert table[0].startswith("start_time,trace_id,name")
    assert len(table) == 13
    chosen = {json.loads(line)["trace_id"] for line in lines}
    page.keyboard.press("Escape")
    compare.click()
    page.wait_for_url("**/compare?*")
    models = set(address(page)["models"].split(","))
    assert models <= set(served.versions.values())
    page.go_back()
    for index in range(2):
        boxes.nth(index).check()
    page.get_by_role("button", name="Evaluate these").click()
    page.wait_for_url("**/evaluations/new?*")
    assert set(json.loads(address(page)["trace_id"])) <= chosen


def test_new_traces_show_as_they_come_in_while_live(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/traces?live=true")
    expect(page.get_by_role("button", name="Live")).to_have_attribute("aria-pressed", "true")
    expect(rows(page).first).to_be_visible()
    name = "just now"
    served.run("-c", f"import spanfold\nwith spanfold.start_span({name!r}): pass\nspanfold.flush()")
    expect(rows(page).first).to_contain_text(name)
    expect(page.get_by_text("Live · 1 new")).to_be_visible()
    page.get_by_role("region", name="Traces found").evaluate("element => { element.scrollTop = 300 }")
    expect(page.get_by_text("Paused: scroll to the top to go on")).to_be_visible()


def test_a_view_is_saved_opened_and_carried_as_a_file(page: Page, served: Served, tmp_path: Path) -> None:
    wanted = "/traces?filter=status+%3D+%27ERROR%27&columns=time%2Cerror"
    page.goto(f"{served.url}{wanted}")
    page.get_by_role("button", name="Views").click()
    dialog = page.get_by_role("dialog", name="Saved views")
    dialog.get_by_label("Name of the view").fill("What fails")
    dialog.get_by_role("button", name="Save what is shown").click()
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Save as a file").click()
    file = tmp_path / "views.json"
    download.value.save_as(file)
    dialog.get_by_role("button", name="Delete What fails").click()
    expect(dialog.get_by_text("None yet")).to_be_visible()
    page.goto(f"{served.url}/traces")
    page.get_by_role("button", name="Views").click()
    dialog.get_by_label("Read a file").set_input_files(file)
    dialog.get_by_role("link", name="What fails").click()
    expect(filter_box(page)).to_have_value("status = 'ERROR'")
    expect(page.get_by_role("columnheader")).to_have_text(["Choose", "Time ↓", "Error"])


def test_columns_are_chosen_and_stand_in_the_address(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/traces")
    # Enter presses the button that has the focus, although it also opens the marked row of the table.
    expect(rows(page).first).to_be_visible()
    page.get_by_role("button", name="Columns").press("Enter")
    dialog = page.get_by_role("dialog", name="Columns")
    dialog.get_by_label("User").check()
    dialog.get_by_label("Output").uncheck()
    page.keyboard.press("Escape")
    expect(page.get_by_role("columnheader", name="User")).to_be_attached()
    expect(page.get_by_role("columnheader", name="Output")).not_to_be_attached()
    assert "user" in address(page)["columns"].split(",")


def test_hostile_recorded_text_is_shown_as_text(page: Page, served: Served) -> None:
    hostile = "<img src=x onerror=alert(1)>\u202egnp.exe"
    program = (
        f"import spanfold\nwith spanfold.start_span('x') as s: s.set_inputs({hostile!r})\nspanfold.flush()"
    )
    served.run("-c", program)
    page.goto(f"{served.url}/traces?filter=input%20LIKE%20%27%25onerror%25%27")
    expect(rows(page).first).to_contain_text("<img src=x onerror=alert(1)>⟨U+202E⟩gnp.exe")


def test_where_nothing_is_found_there_is_a_way_on(page: Page, empty: Served) -> None:
    page.goto(f"{empty.url}/traces?since=1h&filter=status%20%3D%20%27ERROR%27")
    page.get_by_role("button", name="Look at all time").click()
    page.get_by_role("button", name="Clear the filter").click()
    expect(page.get_by_role("heading", name="No traces yet")).to_be_visible()


def test_it_looks_right(page: Page, served: Served, look: Callable[[Page, str], None]) -> None:
    page.goto(f"{served.url}/traces")
    expect(rows(page).first).to_be_visible()
    expect(facet(page, "Version")).to_be_visible()
    expect(page.locator(".u-over")).to_have_count(2)
    look(page, "traces")
