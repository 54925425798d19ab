"""Models: versions by application, one version's state as of any instant, and what is downloaded from it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.web.conftest import Served

CHANGES: Final = """
import pathlib, sys, tempfile
import spanfold

model_id = sys.argv[1]
for stage in ("canary", "half of the traffic"):
    spanfold.set_logged_model_tags(model_id, {"stage": stage, "approved by": "ada"})
spanfold.delete_logged_model_tag(model_id, "approved by")
spanfold.set_logged_model_tags(model_id, {"note": "<img src=x onerror=alert(1)>"})
folder = pathlib.Path(tempfile.mkdtemp())
(folder / "prompts").mkdir()
(folder / "prompts" / "system.html").write_text("<script>alert(1)</script>")
(folder / "weights.bin").write_bytes(bytes(range(256)))
spanfold.log_artifacts(folder, model_id=model_id)
spanfold.create_external_model("docs-qa-next", tags={"git.remote": "javascript:alert(1)"})
spanfold.flush()
"""


@pytest.fixture(scope="module")
def changed(served: Served) -> str:
    """ID of the third version, after changes of its tags and with files."""
    model_id = served.versions["docs-qa-v3"]
    served.run("-c", CHANGES, model_id)
    return model_id


def asked(page: Page) -> dict[str, list[str]]:
    """What the address bar holds."""
    return parse_qs(urlsplit(page.url).query)


def is_there(page: Page) -> None:
    """Wait until nothing is being loaded any more."""
    expect(page.get_by_text("Loading", exact=True)).to_have_count(0)


def test_versions_stand_by_application_newest_first_with_their_figures(
    page: Page, served: Served, look: Callable[[Page, str], None]
) -> None:
    page.goto(f"{served.url}/models?since=7d")
    application = page.get_by_role("region", name="docs-qa", exact=True)
    rows = application.get_by_role("row")
    expect(rows).to_have_count(4)
    expect(rows.nth(1)).to_contain_text("docs-qa-v3")
    expect(rows.nth(3)).to_contain_text("docs-qa-v1")
    expect(rows.nth(1)).to_contain_text(re.compile(r"120.*10\.8 %.* s p50.* s p95.*correctness.*\$"))
    expect(rows.nth(1).get_by_role("img", name="Traces over the period")).to_be_visible()
    is_there(page)
    look(page, "models")


def test_chosen_versions_are_compared_by_mouse_or_by_keys(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/models")
    page.get_by_role("checkbox", name="Choose docs-qa-v2 to compare").check()
    expect(page.get_by_text("choose one more to compare them")).to_be_visible()
    page.get_by_role("checkbox", name="Choose docs-qa-v3 to compare").check()
    page.reload()  # the address holds what is chosen
    page.get_by_role("region", name="Chosen versions").get_by_role("link", name="Compare").click()
    expect(page.get_by_role("heading", name="Compare", level=1)).to_be_visible()
    assert asked(page)["models"] == [f"{served.versions['docs-qa-v2']},{served.versions['docs-qa-v3']}"]

    page.goto(f"{served.url}/models?filter=docs-qa-v")
    page.get_by_role("checkbox").first.wait_for()
    for key in "jxjxc":
        page.keyboard.press(key)
    page.wait_for_url(re.compile("/compare"))
    assert asked(page)["models"] == [f"{served.versions['docs-qa-v3']},{served.versions['docs-qa-v2']}"]


def test_versions_are_found_by_name_and_by_condition(
    page: Page, served: Served, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("422")
    page.goto(f"{served.url}/models")
    find = page.get_by_role("searchbox", name="Find versions")
    links = page.get_by_role("main").get_by_role("link", name=re.compile("^docs-qa-v"))
    expect(links).to_have_count(3)
    find.fill("QA-V1")
    find.press("Enter")
    expect(links).to_have_count(1)
    find.fill("params.top_k = '1' OR params.top_k = '5'")
    page.get_by_role("button", name="Find").click()
    expect(links).to_have_count(2)
    find.fill("nothing like it")
    find.press("Enter")
    page.get_by_role("button", name="Show all versions").click()
    expect(links).to_have_count(3)
    find.fill("prams.k = 1")
    find.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("did you mean params")


def test_without_versions_the_page_says_how_to_name_one(page: Page, empty: Served) -> None:
    page.goto(f"{empty.url}/models")
    expect(page.get_by_role("heading", name="No versions yet")).to_be_visible()
    expect(page.get_by_text("spanfold.set_active_model(")).to_be_visible()


def test_one_version_shows_how_it_did_and_leads_on(
    page: Page, served: Served, changed: str, look: Callable[[Page, str], None]
) -> None:
    page.goto(f"{served.url}/models/{changed}")
    traffic = page.get_by_role("region", name="Traffic", exact=True)
    expect(traffic).to_contain_text("10.8 % (13)")
    expect(traffic.get_by_role("img", name="Latency over the period")).to_be_visible()
    expect(traffic.get_by_role("row").filter(has_text="correctness")).to_contain_text("0.52")
    git = page.get_by_role("region", name="Git")
    commit = git.get_by_role("link", name="c04d8e71")
    expect(commit).to_have_attribute(
        "href", "https://github.com/example/docs-qa/commit/c04d8e71b6a5f4e3d2c1b0a99887766554433221"
    )
    expect(commit).to_have_attribute("rel", "noreferrer noopener")
    expect(page.get_by_role("link", name="Evaluate", exact=True)).to_have_attribute(
        "href", re.compile(f"/evaluations/new.*{changed}")
    )
    is_there(page)
    look(page, "model")
    page.get_by_role("link", name="Compare with the one before").click()
    page.wait_for_url(re.compile("/compare"))
    assert asked(page)["baseline"] == [served.versions["docs-qa-v2"]]
    page.go_back()
    page.get_by_role("link", name="Errors", exact=True).click()
    page.wait_for_url(re.compile("/traces"))
    assert asked(page)["filter"] == ["status = 'ERROR'"]
    assert asked(page)["model_id"] == [changed]


def test_the_slider_shows_the_state_as_of_each_change_and_what_changed(
    page: Page, served: Served, changed: str, look: Callable[[Page, str], None]
) -> None:
    page.goto(f"{served.url}/models/{changed}")
    history = page.get_by_role("region", name="State and history")
    state = history.get_by_role("region", name="State", exact=True)
    tags = state.get_by_role("region", name="Tags")
    expect(state).to_contain_text("Now, after 6 changes")
    expect(tags.get_by_role("row", name=re.compile("^note"))).to_contain_text("<img src=x onerror=alert(1)>")
    slider = history.get_by_role("slider", name="Change whose state is shown")
    slider.focus()
    for _ in range(4):
        slider.press("ArrowLeft")
    expect(state).to_contain_text("Change 3 of 6: Tags set: stage, approved by")
    expect(tags.get_by_role("row", name=re.compile("^stage"))).to_contain_text(
        re.compile("changed.*canary.*half of the traffic")
    )
    expect(tags.get_by_role("row", name=re.compile("^note"))).to_have_count(0)
    page.reload()  # the address holds the instant
    expect(state).to_contain_text("Change 3 of 6")
    look(page, "model-history")
    history.get_by_role("button", name="Later").click()
    expect(tags.get_by_role("row", name=re.compile("^approved by"))).to_contain_text("removed")
    history.get_by_role("list", name="Events").get_by_role("button", name="Created").click()
    expect(tags.get_by_role("row", name=re.compile("^stage"))).to_contain_text("production")
    page.keyboard.press("]")
    expect(state).to_contain_text("Change 2 of 6")
    history.get_by_role("button", name="Now").click()
    expect(state).to_contain_text("Now, after 6 changes")
    assert "as_of" not in asked(page)


def test_before_its_first_event_a_version_was_not_there(
    page: Page, served: Served, changed: str, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("404")
    page.goto(f"{served.url}/models/{changed}?as_of=2020-01-01T00:00:00Z")
    state = page.get_by_role("region", name="State", exact=True)
    expect(state).to_contain_text("Before the first event")
    expect(state.get_by_role("alert")).to_be_visible()
    page.get_by_role("button", name="Now").click()
    expect(state).to_contain_text("Now, after")


def test_files_are_shown_as_text_and_downloaded(page: Page, served: Served, changed: str) -> None:
    page.goto(f"{served.url}/models/{changed}")
    files = page.get_by_role("region", name="Files")
    files.get_by_text("prompts/").click()
    files.get_by_role("button", name="Show system.html").click()
    expect(files.get_by_role("region", name="Content of prompts/system.html")).to_have_text(
        "<script>alert(1)</script>"
    )
    assert asked(page)["file"] == ["prompts/system.html"]
    files.get_by_role("button", name="Show weights.bin").click()
    expect(files.get_by_text("This is no text")).to_be_visible()
    with page.expect_download() as started:
        files.get_by_role("link", name="Download weights.bin").click()
    assert started.value.suggested_filename == "weights.bin"
    assert started.value.path().read_bytes() == bytes(range(256))


def test_an_address_that_is_none_does_not_become_a_link(page: Page, served: Served, changed: str) -> None:
    del changed  # it comes with another version, that has no traffic and a hostile remote
    page.goto(f"{served.url}/models?filter=docs-qa-next")
    expect(page.get_by_role("heading", name="Without traffic in the period")).to_be_visible()
    page.get_by_role("link", name="docs-qa-next").click()
    git = page.get_by_role("region", name="Git")
    expect(git).to_contain_text("javascript:alert(1)")
    expect(git.get_by_role("link")).to_have_count(0)
    expect(page.get_by_text("Nobody has evaluated this version")).to_be_visible()


def test_a_version_that_is_not_known_is_said(
    page: Page, served: Served, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("404")
    page.goto(f"{served.url}/models/m-00000000000000000000000000000000")
    expect(page.get_by_role("heading", name="There is no such version")).to_be_visible()
    page.get_by_role("link", name="Look at the versions there are").click()
    expect(page).to_have_url(f"{served.url}/models")
