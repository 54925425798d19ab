"""Evaluations: start one from a search, watch it, read its rows, and decide whether to believe it."""

from __future__ import annotations

import json
import re
import signal
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.deploy.processes import FREE_PORTS, TIMEOUT_S, serving
from tests.providers.script import JUSTIFICATION
from tests.providers.server import running
from tests.web.conftest import Served
from tests.web.evaluation_traffic import HOSTILE, TRACES_A_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ALL: Final = 2 * TRACES_A_VERSION
ONE_EVALUATION: Final = re.compile(r"/evaluations/e-[0-9a-f]{32}")
JUDGE: Final[dict[str, Any]] = {"name": "professionalism", "parameters": {}}


@pytest.fixture(scope="module")
def provider_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Where the judges of servers that start now find a provider, and keep its replies."""
    with running(latency_s=0.02) as provider, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_API_KEY", "sk-of-the-tests")
        patch.setenv("OPENAI_BASE_URL", f"{provider.address}/v1")
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def judged(provider_environment: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with traffic that its judges and people have something to say of."""
    del provider_environment
    with serving("serve", tmp_path_factory.mktemp("judged") / "data", *FREE_PORTS) as started:
        bare = Served(started.ready["api_url"], started.ready["otlp_http_endpoint"])
        versions = json.loads(bare.run("-m", "tests.web.evaluation_traffic"))
        yield Served(bare.url, bare.otlp_url, versions)


def form(served: Served, *metrics: dict[str, Any], **members: str) -> str:
    """The address of a form that is filled in."""
    query = "&".join(f"{name}={quote(value)}" for name, value in members.items())
    return f"{served.url}/evaluations/new?{query}&metrics={quote(json.dumps(metrics))}"


def evaluated(served: Served, name: str, *metrics: str | dict[str, Any], **selection: object) -> str:
    """ID of an evaluation that has finished."""
    body = {"name": name, "selection": {"since": "24h", **selection}, "metrics": metrics}
    made = httpx.post(f"{served.url}/v1/evaluations", json=body, timeout=TIMEOUT_S)
    assert made.status_code == httpx.codes.ACCEPTED, made.text
    evaluation_id: str = made.json()["evaluation_id"]
    with httpx.stream(
        "GET", f"{served.url}/v1/evaluations/{evaluation_id}/events", timeout=TIMEOUT_S
    ) as events:
        last = [line for line in events.iter_lines() if line.startswith("data: ")][-1]
    assert json.loads(last.removeprefix("data: "))["status"] == "FINISHED"
    return evaluation_id


def start(page: Page) -> None:
    button = page.get_by_role("button", name="Start the evaluation")
    expect(button).to_be_enabled()
    button.click()
    page.wait_for_url(ONE_EVALUATION)


def status(page: Page, word: str) -> Locator:
    return page.get_by_text(word, exact=True)


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=name, exact=True)


def test_an_evaluation_is_started_from_a_search_watched_and_read_row_by_row(
    page: Page, judged: Served, look: Callable[[Page, str], None]
) -> None:
    page.goto(f"{judged.url}/evaluations/new?since=24h&filter={quote('latency_ms >= 0')}")
    summary = page.get_by_role("complementary", name="Before it starts")
    expect(summary).to_contain_text(f"Traces that match{ALL}")
    expect(page.get_by_role("button", name="Start the evaluation")).to_be_disabled()
    page.get_by_role("searchbox", name="Search metrics").fill("formally")
    page.get_by_role("button", name="professionalism", exact=True).click()
    page.get_by_label("Name", exact=True).fill(f"tone {HOSTILE}")
    expect(summary).to_contain_text(f"Calls to judgesat most {ALL}")
    expect(summary).to_contain_text(re.compile(r"Cost\$0\.\d+ to \$0\.\d+"))
    expect(summary).to_contain_text("--metrics professionalism")
    summary.get_by_role("button", name="Python").click()
    expect(summary).to_contain_text('metrics=["professionalism"],')
    look(page, "evaluation-new")
    start(page)

    expect(status(page, "FINISHED")).to_be_visible()
    expect(card(page, "professionalism")).to_contain_text(f"{ALL} scores")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"tone {HOSTILE}")
    page.get_by_role("button", name=re.compile(r"^4: 6 rows")).click()
    expect(page.get_by_role("status").filter(has_text=f"6 of {ALL} rows")).to_be_visible()
    page.get_by_role("row").nth(1).click()
    row = page.get_by_role("complementary", name="Row")
    expect(row).to_contain_text(JUSTIFICATION)
    expect(row).to_contain_text("[judge:score:4]")
    expect(row).to_contain_text(HOSTILE)
    expect(row.get_by_role("link", name=re.compile("^Trace"))).to_have_attribute(
        "href", re.compile(r"/traces/[0-9a-f]{32}\?span=")
    )
    look(page, "evaluation")
    page.reload()
    expect(row).to_contain_text(JUSTIFICATION)
    page.keyboard.press("j")
    expect(page).not_to_have_url(re.compile("row=undefined"))
    page.get_by_role("button", name=re.compile("show all rows")).click()
    expect(page.get_by_role("status").filter(has_text=f"{ALL} rows")).to_be_visible()


def test_rows_are_saved_as_they_are_shown(page: Page, judged: Served) -> None:
    evaluation_id = evaluated(judged, "lengths", "length")
    page.goto(f"{judged.url}/evaluations/{evaluation_id}?model_id={judged.versions['guide-v1']}")
    expect(page.get_by_text(f"{TRACES_A_VERSION} of {ALL} rows")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name="JSONL").click()
    lines = saved.value.path().read_text().splitlines()
    assert len(lines) == TRACES_A_VERSION
    assert {json.loads(line)["model_id"] for line in lines} == {judged.versions["guide-v1"]}
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV").click()
    assert saved.value.path().read_text().startswith("trace_id,span_id,model_id,length/score")
    with page.expect_download() as saved:
        page.get_by_role("link", name="All scores, Arrow").click()
    assert saved.value.suggested_filename == "lengths.arrow"


def test_what_is_wrong_stands_at_its_field(
    page: Page, judged: Served, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("422")
    page.goto(form(judged, {"name": "regex_match", "parameters": {}}, since="24h"))
    expect(page.get_by_text("regex_match needs it")).to_be_visible()
    expect(page.get_by_role("button", name="Start the evaluation")).to_be_disabled()
    page.get_by_label("pattern (needed)").fill("[.]$")
    page.get_by_label("Sample", exact=True).fill("some")
    expect(page.get_by_text("a share (0.1, '10%') or a number of traces (500), not 'some'")).to_be_visible()
    page.get_by_label("Sample", exact=True).fill("50%")
    expect(page.get_by_role("complementary", name="Before it starts")).to_contain_text("Costnothing")


def test_one_that_used_up_its_budget_goes_on_with_a_larger_one(page: Page, judged: Served) -> None:
    strict = {"name": "guidelines", "parameters": {"guidelines": "Be polite."}}
    page.goto(form(judged, strict, since="24h", max_calls="5", name="polite"))
    start(page)
    expect(status(page, "FAILED")).to_be_visible()
    expect(page.get_by_role("region", name="Progress")).to_contain_text("max_calls")
    page.get_by_role("button", name="Resume").click()
    dialog = page.get_by_role("dialog", name="Resume")
    dialog.get_by_label("Most calls to judges").fill("500")
    dialog.get_by_role("button", name="Resume").click()
    expect(status(page, "FINISHED")).to_be_visible()
    expect(page.get_by_role("region", name="Progress")).to_contain_text("of 500")


def test_a_judge_is_held_against_people_and_two_versions_against_each_other(
    page: Page,
    judged: Served,
    look: Callable[[Page, str], None],
    expect_complaint: Callable[[str], None],
) -> None:
    expect_complaint("422")  # nobody said anything of the name that is asked for
    evaluation_id = evaluated(judged, "both", JUDGE, "length", model=list(judged.versions))
    page.goto(f"{judged.url}/evaluations/{evaluation_id}")
    page.get_by_role("tab", name="Agreement with people").click()
    expect(page.get_by_role("row", name=re.compile(r"^Cohen's kappa.*to"))).to_be_visible()
    expect(page.get_by_role("table", name=re.compile("each word of the people"))).to_be_visible()
    worst = page.get_by_role("table", name=re.compile("Where they differ most"))
    expect(worst.get_by_role("link").first).to_have_attribute("href", re.compile(r"/traces/[0-9a-f]{32}"))
    look(page, "evaluation-agreement")
    page.get_by_label("with people's").fill("mood")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nobody has said mood of these traces")).to_be_visible()

    page.get_by_role("tab", name="Versions (2)").click()
    page.get_by_role("button", name="Compare them with intervals").click()
    verdict = page.get_by_role("row", name=re.compile("^professionalism"))
    expect(verdict).to_contain_text("worse")
    page.get_by_text(re.compile(r"^4 → ")).first.click()
    expect(page.get_by_text("[judge:score:4]").first).to_be_visible()
    look(page, "evaluation-compare")


def test_monitors_are_made_paused_and_deleted(
    page: Page, judged: Served, look: Callable[[Page, str], None]
) -> None:
    page.goto(f"{judged.url}/evaluations?tab=monitors")
    page.get_by_role("link", name="New monitor").first.click()
    page.get_by_role("button", name="length", exact=True).click()
    expect(page.get_by_text("a monitor needs one")).to_be_visible()
    page.get_by_label("Name (needed)").fill("answers")
    page.get_by_label("Sample", exact=True).fill("50%")
    page.get_by_role("button", name="Start the monitor").click()
    monitor = card(page, "answers")
    expect(monitor).to_contain_text("ACTIVE")
    expect(monitor).to_contain_text("50 % of all")
    look(page, "monitors")
    monitor.get_by_role("button", name="Pause").click()
    expect(monitor).to_contain_text("PAUSED")
    monitor.get_by_role("button", name="Resume").click()
    expect(monitor).to_contain_text("ACTIVE")
    monitor.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete the monitor").click()
    expect(page.get_by_text("No monitor watches the traffic")).to_be_visible()


def test_the_list_is_narrowed_down_and_opened(
    page: Page, judged: Served, look: Callable[[Page, str], None]
) -> None:
    evaluated(judged, "listed", "length", model="guide-v2")
    page.goto(f"{judged.url}/evaluations")
    table = page.get_by_role("table", name="Evaluations")
    expect(table.get_by_role("row", name=re.compile("listed.*guide-v2.*length"))).to_be_visible()
    look(page, "evaluations")
    page.get_by_role("button", name="CANCELLED").click()
    expect(page.get_by_text("No evaluation is like this")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("searchbox", name="Name, exactly").fill("listed")
    page.keyboard.press("Enter")
    expect(table.get_by_role("row")).to_have_count(2)
    table.get_by_role("link", name="listed").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("listed")


def test_where_nothing_is_the_page_says_what_to_do(
    page: Page, empty: Served, look: Callable[[Page, str], None]
) -> None:
    page.goto(f"{empty.url}/evaluations")
    expect(page.get_by_text("Nothing has been evaluated yet")).to_be_visible()
    look(page, "evaluations-empty")
    page.get_by_role("link", name="New evaluation").last.click()
    expect(page.get_by_role("complementary", name="Before it starts")).to_contain_text("Traces that match0")


def test_one_that_runs_is_followed_through_a_restart_of_the_server(
    page: Page, provider_environment: None, tmp_path: Path, expect_complaint: Callable[[str], None]
) -> None:
    del provider_environment
    for complaint in ("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET"):
        expect_complaint(complaint)
    with serving("serve", tmp_path / "data", *FREE_PORTS) as first:
        served = Served(first.ready["api_url"], first.ready["otlp_http_endpoint"])
        served.run("-m", "tests.web.evaluation_traffic")
        slow = {"name": "professionalism", "parameters": {"max_workers": 1, "cache": False}}
        body = {"name": "slow", "selection": {"since": "24h"}, "metrics": [slow]}
        made = httpx.post(f"{served.url}/v1/evaluations", json=body, timeout=TIMEOUT_S).json()
        page.goto(f"{served.url}/evaluations/{made['evaluation_id']}")
        expect(status(page, "RUNNING")).to_be_visible()
        first.process.send_signal(signal.SIGKILL)
        first.process.wait(TIMEOUT_S)
    ports = ("--api-port", served.url.rpartition(":")[2], *FREE_PORTS[2:])
    with serving("serve", tmp_path / "data", *ports):
        expect(status(page, "FINISHED")).to_be_visible(timeout=TIMEOUT_S * 1_000)
        expect(card(page, "professionalism")).to_contain_text(f"{ALL} scores")
