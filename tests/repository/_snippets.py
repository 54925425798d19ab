"""Code blocks of Markdown files, and how each kind of them is run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RUNNABLE = frozenset({"python", "bash", "console"})
FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,})(?P<info>[^`\n]*)$")
NO_RUN = re.compile(r'^no-run "(?P<reason>[^"]{10,})"$')


@dataclass(frozen=True)
class Snippet:
    """One fenced code block."""

    file: Path
    line: int
    language: str
    options: str
    """What stands after the language, e.g. ``no-run "needs a cluster"``."""
    code: str

    @property
    def is_run(self) -> bool:
        """Whether the block is executed: a known language, and no reason given against it.

        Raises:
            ValueError: something stands after the language that is not ``no-run`` with a reason.
        """
        if self.language not in RUNNABLE:
            return False
        if not self.options:
            return True
        if NO_RUN.match(self.options):
            return False
        message = f'{self.file.name}:{self.line}: expected `no-run "reason"`, not `{self.options}`'
        raise ValueError(message)

    def command(self, python: str) -> list[str]:
        """The process that runs the block; a console block's output lines are not compared."""
        if self.language == "python":
            return [python, "-c", self.code]
        script = self.code
        if self.language == "console":
            script = "\n".join(line[2:] for line in script.splitlines() if line.startswith(("$ ", "> ")))
        return ["bash", "-euo", "pipefail", "-c", script]


def snippets(file: Path) -> Iterator[Snippet]:
    """All fenced blocks of a file, in order.

    Raises:
        ValueError: a block that never ends.
    """
    opened: re.Match[str] | None = None
    start, body = 0, list[str]()
    for number, line in enumerate(file.read_text().splitlines(), start=1):
        fence = FENCE.match(line)
        if opened is None:
            if fence:
                opened, start, body = fence, number, []
        elif fence and fence["fence"].startswith(opened["fence"]) and not fence["info"].strip():
            language, _, options = opened["info"].strip().partition(" ")
            yield Snippet(file, start, language, options.strip(), "\n".join(body) + "\n")
            opened = None
        else:
            body.append(line.removeprefix(opened["indent"]))
    if opened is not None:
        message = f"{file.name}:{start}: this block never ends"
        raise ValueError(message)
