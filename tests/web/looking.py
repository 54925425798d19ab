"""How a page looks: free of axe's complaints in both themes, and its pictures for the documentation."""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

from scripts import web
from tests.repository._files import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

PICTURES: Final = ROOT / "docs" / "images" / "web"
THEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
WIDTHS_PX: Final = (1440, 390)
HEIGHTS_PX: Final = {1440: 900, 390: 844}
QUALITY: Final = 82


@cache
def _axe() -> str:
    return (web.MODULES / "axe-core" / "axe.min.js").read_text()


def complaints(page: Page) -> list[str]:
    """What axe says against the page as it is shown."""
    page.evaluate(_axe())
    found: list[dict[str, Any]] = page.evaluate(
        "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
    )
    return [
        f"{one['id']}: {one['help']}: {json.dumps([node['html'][:200] for node in one['nodes'][:3]])}"
        for one in found
    ]


def look(page: Page, name: str, folder: Path | None) -> None:
    """Check the page in both themes and widths; with a folder, put a picture of each there."""
    for width_px in WIDTHS_PX:
        page.set_viewport_size({"width": width_px, "height": HEIGHTS_PX[width_px]})
        sideways_px = page.evaluate("document.body.scrollWidth - document.documentElement.clientWidth")
        assert sideways_px <= 0, f"at {width_px} px the whole page scrolls sideways by {sideways_px} px"
        for theme in THEMES:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            page.wait_for_function("theme => document.documentElement.dataset.theme === theme", arg=theme)
            found = complaints(page)
            assert not found, f"{theme}, {width_px} px: " + "\n".join(found)
            if folder is not None:
                _picture(page, folder / f"{name}-{theme}-{width_px}.webp")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")


def _picture(page: Page, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    session = page.context.new_cdp_session(page)
    taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    file.write_bytes(base64.b64decode(taken["data"]))
    session.detach()
