"""What all pages share: the way around, themes, keys, a lost server, and how their files are served."""

from __future__ import annotations

import re
import signal
import subprocess
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import Page, expect

from scripts import web
from tests.deploy.processes import FREE_PORTS, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.web.conftest import Served

PAGES = ("Home", "Traces", "Models", "Compare", "Evaluations", "Prompts", "Operations")
MAX_FIRST_LOAD_BYTES = 300_000


def test_every_page_is_one_click_away(
    page: Page, empty: Served, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("404")  # this server has no gateway, which the page of prompts asks for
    page.goto(empty.url)
    titles = {"Prompts": "Prompt engineering"}
    for name in PAGES[1:] + PAGES[:1]:
        page.get_by_role("navigation", name="Pages").get_by_role("link", name=name, exact=True).click()
        expect(page).to_have_title(f"{titles.get(name, name)} · spanfold")
        expect(page.get_by_role("link", name=name, exact=True)).to_have_attribute("aria-current", "page")


def test_keys_lead_around_and_are_listed(page: Page, empty: Served) -> None:
    page.goto(empty.url)
    page.get_by_role("navigation", name="Pages").wait_for()
    page.keyboard.press("g")
    page.keyboard.press("o")
    expect(page).to_have_url(f"{empty.url}/operations")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys").get_by_text("Go to Traces")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()


def test_a_chosen_theme_stays(page: Page, empty: Served) -> None:
    page.goto(empty.url)
    page.get_by_role("button", name="Colours: System").click()
    page.get_by_role("button", name="Colours: Light").click()
    page.reload()
    expect(page.get_by_role("button", name="Colours: Dark")).to_be_visible()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_the_first_load_is_small(page: Page, empty: Served) -> None:
    sizes: list[int] = []
    page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
    page.goto(empty.url)
    page.get_by_role("heading", level=1).wait_for()
    page.wait_for_load_state("networkidle")
    assert 20_000 < sum(sizes) < MAX_FIRST_LOAD_BYTES


def test_files_are_kept_and_pages_are_asked_for_anew(empty: Served) -> None:
    index = httpx.get(f"{empty.url}/traces/anything")
    assert (index.status_code, index.headers["cache-control"]) == (200, "no-cache")
    script = re.findall(r'"(/assets/index-[^"]+\.js)"', index.text)[0]
    file = httpx.get(f"{empty.url}{script}")
    assert file.headers["content-encoding"] == "gzip"
    assert "immutable" in file.headers["cache-control"]
    assert file.headers["content-type"].startswith("text/javascript")
    again = httpx.get(f"{empty.url}{script}", headers={"if-none-match": file.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = httpx.get(f"{empty.url}{script}", headers={"accept-encoding": "identity"})
    assert plain.content == file.content


@pytest.mark.parametrize("path", ["/", "/traces", "/assets/theme.js"])
def test_nothing_but_the_pages_own_files_may_run(empty: Served, path: str) -> None:
    headers = httpx.get(f"{empty.url}{path}").headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/assets/../openapi.py", "/assets/..%2froutes.py", "/stamp.txt", "/other"])
def test_no_other_file_is_served(empty: Served, path: str) -> None:
    assert httpx.get(f"{empty.url}{path}").status_code == 404


def test_a_lost_server_is_said_and_found_again(
    page: Page, tmp_path: Path, expect_complaint: Callable[[str], None]
) -> None:
    expect_complaint("ERR_CONNECTION_REFUSED")
    expect_complaint("Failed to load resource")
    with serving("serve", tmp_path / "data", *FREE_PORTS) as first:
        url: str = first.ready["api_url"]
        with page.expect_response(re.compile(r"ComparePage.*css")):  # fetched ahead, as Models is
            page.goto(f"{url}/traces")
        page.wait_for_load_state("networkidle")
        assert first.stop(signal.SIGTERM) == 0
    page.get_by_role("link", name="Models").click()
    expect(page.get_by_text("The server does not answer").first).to_be_visible()
    port = url.rpartition(":")[2]
    ports = ("--api-port", port, "--otlp-grpc-port", "0", "--otlp-http-port", "0")
    with serving("serve", tmp_path / "data", *ports):
        expect(page.get_by_text("The server does not answer")).to_have_count(0)


def test_the_client_is_that_of_the_routes(tmp_path: Path) -> None:
    made = tmp_path / "schema.d.ts"
    subprocess.run([web.SOURCE / "scripts" / "client.sh", made], check=True, timeout=60)
    committed = (web.SOURCE / "src" / "api" / "schema.d.ts").read_text()
    assert made.read_text() == committed, "routes have changed: run query_api/web/scripts/client.sh"


def test_the_pages_own_unit_tests_pass() -> None:
    program, _ = web.install()
    done = subprocess.run(
        [program, "node_modules/vitest/vitest.mjs", "run"],
        cwd=web.SOURCE,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
