"""A browser that people's waiting is measured in, by its own clock.

A wait lasts from the navigation's start, or from the click or key itself, to the first animation frame in
which what was asked for is in the document (``_web_watch.js``). Needs Debian's Chromium.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from playwright.sync_api import Browser, Page, Request

    from benchmarks._processes import Server

CHROMIUM: Final = Path("/usr/bin/chromium")
FLAGS: Final = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
WAIT_MS: Final = 60_000
_QUIET_MS: Final = 300
"""Nothing asked for so long: the page has all that it wants."""
_QUIET_TIMEOUT_MS: Final = 20_000
_STEP_MS: Final = 50
_WATCH: Final = (Path(__file__).parent / "_web_watch.js").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody waits for."""

    name: str
    css: str
    text: str = ""
    """A regular expression that the element's text matches."""
    row: int = 0
    """It is this row of a table or a later one."""


@dataclass(slots=True)
class Wait:
    """One wait: ms until each thing was there, and what the time since its start was spent on."""

    seen_ms: dict[str, float]
    browser: dict[str, Any]
    server_cpu_s: float = 0.0


@dataclass  # without slots: Playwright keeps notes on an object whose methods it calls
class Person:
    """Somebody with a browser that has not been here before; notes each wait under its name.

    Example:
        >>> person.open("open Traces", "/traces", [Wanted("rows", "[role=row] a")])  # doctest: +SKIP
    """

    page: Page
    url: str
    server: Server
    waits: dict[str, Wait] = field(default_factory=dict)
    _under_way: set[Request] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Follow the page's requests."""
        self.page.add_init_script(_WATCH)
        self.page.on("request", self._began)
        for end in ("requestfinished", "requestfailed"):
            self.page.on(end, self._ended)

    def _began(self, request: Request) -> None:
        self._under_way.add(request)

    def _ended(self, request: Request) -> None:
        self._under_way.discard(request)

    def settle(self) -> None:
        """Return once the page has had all that it asked for."""
        quiet_ms, waited_ms = 0, 0
        while quiet_ms < _QUIET_MS and waited_ms < _QUIET_TIMEOUT_MS:
            self.page.wait_for_timeout(_STEP_MS)
            waited_ms += _STEP_MS
            quiet_ms = 0 if self._under_way else quiet_ms + _STEP_MS

    def _note(self, name: str, began_cpu_s: float, seen_ms: dict[str, float]) -> None:
        self.settle()
        cpu_s = self.server.cpu_s() - began_cpu_s
        browser = self.page.evaluate("ms => watch.since(ms)", max(seen_ms.values()))
        self.waits[name] = Wait(seen_ms, browser, cpu_s)

    def open(self, name: str, path: str, wanted: Sequence[Wanted]) -> None:
        """Go to an address, as if it were typed."""
        began_cpu_s = self.server.cpu_s()
        self.page.goto(self.url + path, wait_until="commit")
        seen = self.page.evaluate("([wanted, ms]) => watch.opened(wanted, ms)", _wire(wanted))
        self._note(name, began_cpu_s, seen)

    def act(self, name: str, action: Callable[[Page], None], wanted: Sequence[Wanted]) -> None:
        """Click or press a key; what matched before does not count."""
        self.settle()
        self.page.evaluate("([wanted, ms]) => watch.arm(wanted, ms)", _wire(wanted))
        began_cpu_s = self.server.cpu_s()
        action(self.page)
        self._note(name, began_cpu_s, self.page.evaluate("() => watch.answered"))

    def scroll(self, name: str, css: str, wanted: Sequence[Wanted]) -> None:
        """Scroll on, always to the end of what is there, until what is wanted comes in sight."""
        self.settle()
        began_cpu_s = self.server.cpu_s()
        seen = self.page.evaluate(
            "([css, wanted, ms]) => watch.scrolled(css, wanted, ms)", [css, *_wire(wanted)]
        )
        self._note(name, began_cpu_s, seen)


def _wire(wanted: Sequence[Wanted]) -> list[Any]:
    return [[asdict(one) for one in wanted], WAIT_MS]


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser for the length of a ``with`` block.

    Raises:
        FileNotFoundError: there is none.
    """
    if not CHROMIUM.exists():
        raise FileNotFoundError(f"{CHROMIUM} is missing: install the package `chromium` (Debian)")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield launched
        finally:
            launched.close()


@contextmanager
def person(launched: Browser, url: str, server: Server, slowdown: int = 1) -> Iterator[Person]:
    """Somebody with empty caches, whose processor is so many times slower than this machine's."""
    context = launched.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    if slowdown > 1:
        devtools = context.new_cdp_session(page)
        devtools.send("Emulation.setCPUThrottlingRate", {"rate": slowdown})
    try:
        yield Person(page, url, server)
    finally:
        context.close()
