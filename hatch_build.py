"""The build hook: puts the built web page into the wheel and the editable install."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))
from scripts import web


class WebBuildHook(BuildHookInterface[BuilderConfig]):
    """Builds the page before the files are collected."""

    def dependencies(self) -> list[str]:
        """Node, where this machine has none."""
        return [] if web.node() else [web.NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build it; without it, an editable install still has all but the page."""
        del build_data
        try:
            web.build()
        except web.WebError as error:
            if version != "editable":
                raise
            self.app.display_warning(str(error))
