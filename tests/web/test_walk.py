"""The walk that the page is for: from Home, by clicks, to the proof that the newest version is worse."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.web.conftest import Served


def test_from_home_to_the_proof_that_the_newest_version_is_worse(
    page: Page, served: Served, expect_complaint: Callable[[str], None]
) -> None:
    page.goto(served.url)
    _evaluate_what_home_says_got_worse(page, served)
    _read_the_proof(page)
    _judge_a_trace_of_it(page)
    expect_complaint("404")  # this server has no gateway, and the workbench says how to start one
    _open_its_prompt(page)


def _evaluate_what_home_says_got_worse(page: Page, served: Served) -> None:
    finding = page.get_by_role("article").filter(has_text="docs-qa-v3 is worse than docs-qa-v2")
    expect(finding).to_contain_text("error rate")
    expect(finding).to_contain_text("top_k 1 was 5")
    finding.get_by_role("link", name="Prove it: evaluate").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("New evaluation")
    chosen = page.get_by_role("main")
    for name in ("docs-qa-v2", "docs-qa-v3"):
        expect(chosen.get_by_text(name).first).to_be_visible()
        expect(page).to_have_url(re.compile(served.versions[name]))
    page.get_by_role("searchbox", name="Search metrics").fill("token_f1")
    page.get_by_role("button", name="token_f1", exact=True).click()
    expect(page.get_by_role("complementary", name="Before it starts")).to_contain_text("Costnothing")
    page.get_by_role("button", name="Start the evaluation").click()
    expect(page.get_by_text("FINISHED", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"^Evaluation e-[0-9a-f]{8}$"))


def _read_the_proof(page: Page) -> None:
    expect(page.get_by_role("tab", name="Versions (2)", selected=True)).to_be_visible()
    versions = page.get_by_role("region", name="Versions")
    for name in ("docs-qa-v2", "docs-qa-v3"):
        expect(versions.get_by_role("row", name=re.compile(name))).to_contain_text("scores")
    # Whoever looks for the comparison under "Compare" finds it, too, without choosing anything.
    page.get_by_role("tab", name="Compare").click()
    expect(page.get_by_label("From")).to_have_text(re.compile("docs-qa-v2"))
    expect(page.get_by_text("to docs-qa-v3")).to_be_visible()
    verdict = page.get_by_role("region", name="Metrics compared").get_by_role(
        "row", name=re.compile("^token_f1")
    )
    expect(verdict).to_contain_text("worse")
    expect(verdict).to_contain_text(re.compile(r"\u22120\.\d+ to \u22120\.\d+"))
    changed = page.get_by_role("region", name="Rows by token_f1").get_by_role("group").first
    changed.get_by_text("→").click()
    expect(changed).to_contain_text(re.compile(r"docs-qa-v3: 0\.[0-9]+ on average, such as"))
    expect(changed).to_contain_text("Please contact the support team.")
    changed.get_by_role("link", name=re.compile("^Open trace")).last.click()


def _judge_a_trace_of_it(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("answer")
    expect(page.get_by_role("link", name=re.compile("docs-qa-v3")).first).to_be_visible()
    page.get_by_role("tab", name=re.compile("^Scores")).click()
    scores = page.get_by_role("region", name="Scores of the trace")
    expect(scores).to_contain_text("token_f1")
    expect(page.get_by_role("region", name="Right answers")).to_contain_text("expected_response")
    feedback = page.get_by_role("form", name="Give feedback")
    feedback.get_by_role("button", name="Bad").click()
    feedback.get_by_role("button", name="Store").click()
    expect(scores).to_contain_text("helpful 0")


def _open_its_prompt(page: Page) -> None:
    # The entry span is the one that is shown: the way to the workbench is there all the same.
    page.get_by_role("link", name="Open in the workbench").click()
    expect(page.get_by_text("A call recorded in trace")).to_be_visible()
    main = page.get_by_role("main")
    system = main.get_by_role("textbox").filter(has_text="Answer the question from the pages below.")
    expect(system.first).to_have_value(re.compile("Be brief"))
    expect(page.get_by_text("This server runs without a gateway")).to_be_visible()


def test_where_nothing_was_sent_models_says_so_and_waits_for_nothing(page: Page, empty: Served) -> None:
    page.goto(f"{empty.url}/models")
    expect(page.get_by_text("No versions yet")).to_be_visible()
    expect(page.get_by_label("Loading")).to_have_count(0)
