"""Operations: what comes in, what is refused, what is kept, who may come in; what to do when it is bad."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.deploy.processes import FREE_PORTS, serving
from tests.web.test_home import SEND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.web.conftest import Served

SECRET: Final = "sk-not-to-be-seen-anywhere"
GATEWAY: Final = """
endpoints:
- name: support
  endpoint_type: llm/v1/chat
  model:
    provider: openai
    name: gpt-4o-mini
    config:
      openai_api_key: ./key.txt
"""


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[str]:
    """Address of a server that listens to everybody, has a gateway, and whose collector is away."""
    gateway, settings = tmp_path / "gateway.yaml", tmp_path / "spanfold.toml"
    gateway.write_text(GATEWAY)
    (tmp_path / "key.txt").write_text(SECRET)
    settings.write_text('collector_endpoint = "http://127.0.0.1:9"\n')
    more = ("--config", str(settings), "--gateway-config", str(gateway), "--host", "0.0.0.0")
    with serving("serve", tmp_path / "data", *FREE_PORTS, *more) as started:
        port = started.ready["api_url"].rpartition(":")[2]
        yield f"http://127.0.0.1:{port}"


def part(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def test_each_figure_says_what_it_means(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/operations")
    accepted = part(page, "Collector").get_by_text(re.compile(r"^1,110 spans, \d+ log records$"))
    expect(accepted).to_be_visible()
    for text in ("Grows: the database is slow or away.", "There should be none.", "each, "):
        expect(part(page, "Collector")).to_contain_text(text)
    expect(part(page, "What comes in").get_by_role("img")).to_have_accessible_name(
        re.compile(r"^[1-9]\d* spans arrived in the last hour")
    )
    spans = part(page, "Disk and tables").get_by_role("row", name=re.compile("^spans"))
    expect(spans).to_contain_text(re.compile(r"1,110.*kB.*90 days"))
    expect(part(page, "Disk and tables").get_by_role("meter")).to_have_accessible_name(
        re.compile("^Free disk: .* of .*B$")
    )
    expect(part(page, "Evaluations and monitors")).to_contain_text("0 of at most")
    expect(part(page, "Access and keys")).to_contain_text("Only this machine reaches it.")
    expect(part(page, "Access and keys")).to_contain_text("spanfold has no keys of its own yet")
    expect(part(page, "Gateway")).to_contain_text("There is none.")


def test_figures_follow_without_a_reload(page: Page, empty: Served) -> None:
    page.goto(f"{empty.url}/operations")
    expect(page.get_by_text("All is well.")).to_be_visible()
    expect(part(page, "What comes in")).to_contain_text("never")
    empty.run("-c", SEND)
    expect(part(page, "Collector").get_by_text(re.compile("^1 spans, "))).to_be_visible()
    expect(part(page, "What comes in")).not_to_contain_text("never")


def test_what_is_bad_stands_on_top_with_what_to_do_and_no_key_is_shown(page: Page, alone: str) -> None:
    page.goto(f"{alone}/operations")
    alarms = page.get_by_role("list", name="What needs attention").get_by_role("listitem")
    expect(alarms.filter(has_text="The collector at http://127.0.0.1:9 does not answer")).to_contain_text(
        "set OTEL_EXPORTER_OTLP_ENDPOINT"
    )
    expect(alarms.filter(has_text="The server listens on 0.0.0.0")).to_contain_text("put a proxy before it")
    expect(part(page, "Gateway")).to_contain_text("support")
    expect(part(page, "Access and keys")).to_contain_text("For the gateway's endpoint support")
    assert SECRET not in page.content()


def test_operations_looks_as_it_should(page: Page, served: Served, look: Callable[[Page, str], None]) -> None:
    page.goto(f"{served.url}/operations")
    expect(part(page, "Gateway")).to_be_visible()
    look(page, "operations")
