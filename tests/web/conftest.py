"""A real browser in front of a real server with real traffic."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from scripts import web
from tests.deploy.processes import FREE_PORTS, TIMEOUT_S, environment, serving
from tests.web import looking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHROMIUM: Final = Path("/usr/bin/chromium")
FLAGS: Final = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
STEP_TIMEOUT_MS: Final = 20_000
"""How long one step of a test may wait: several other tests share the processors."""
expect.set_options(timeout=STEP_TIMEOUT_MS)


@dataclass(frozen=True, slots=True)
class Served:
    """A server that answers, and what is in it."""

    url: str
    otlp_url: str
    versions: dict[str, str] = field(default_factory=dict)
    """IDs of the application's versions by their names, oldest first."""

    def run(self, *arguments: str) -> str:
        """Let a Python program of the tests send something to this server; what it printed."""
        done = subprocess.run(
            [sys.executable, *arguments],
            env=environment(
                OTEL_EXPORTER_OTLP_ENDPOINT=self.otlp_url,
                SPANFOLD_ENDPOINT=self.url,
                OTEL_SERVICE_NAME="docs-qa",
            ),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="session", autouse=True)
def _built() -> None:
    """The page as its source is now."""
    web.build()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that nothing was sent to."""
    with serving("serve", tmp_path_factory.mktemp("empty") / "data", *FREE_PORTS) as started:
        yield Served(started.ready["api_url"], started.ready["otlp_http_endpoint"])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with two days of an application's traffic (``traffic.py``)."""
    with serving("serve", tmp_path_factory.mktemp("served") / "data", *FREE_PORTS) as started:
        bare = Served(started.ready["api_url"], started.ready["otlp_http_endpoint"])
        yield Served(bare.url, bare.otlp_url, json.loads(bare.run("-m", "tests.web.traffic")))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Of a module, because Playwright's loop would be in the way of other tests' own."""
    if not CHROMIUM.exists():
        message = f"{CHROMIUM} is missing: install the package `chromium` (Debian)"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield launched
        launched.close()


class Watch:
    """What no page may do: complain, fail, or ask another host for anything."""

    def __init__(self, page: Page) -> None:
        self.faults: list[str] = []
        self.expected: list[str] = []
        """Parts of complaints that the test causes on purpose."""
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.faults.append(f"{message.type}: {message.text}")

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname not in {
            "127.0.0.1",
            "localhost",
        }:
            self.faults.append(f"asked another host: {request.url}")

    def unexpected(self) -> list[str]:
        """Faults that the test did not cause on purpose."""
        return [fault for fault in self.faults if not any(part in fault for part in self.expected)]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails the test if it complains; ``expect_complaint`` names what is caused on purpose."""
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, locale="en-GB", timezone_id="Asia/Tokyo"
    )
    context.set_default_timeout(STEP_TIMEOUT_MS)
    opened = context.new_page()
    watch = Watch(opened)
    opened.__dict__["watch"] = watch
    yield opened
    unexpected = watch.unexpected()
    context.close()
    assert not unexpected


@pytest.fixture
def expect_complaint(page: Page) -> Callable[[str], None]:
    """Name a part of what the browser's console will say because of what the test does on purpose."""
    watch: Watch = page.__dict__["watch"]
    return watch.expected.append


@pytest.fixture
def look(page: Page) -> Callable[[Page, str], None]:
    """Check how a page looks: axe in both themes; with ``SPANFOLD_SCREENSHOTS`` set, take its pictures."""
    del page
    folder = looking.PICTURES if os.environ.get("SPANFOLD_SCREENSHOTS") else None
    return lambda shown, name: looking.look(shown, name, folder)
