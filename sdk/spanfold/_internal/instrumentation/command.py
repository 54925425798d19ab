"""The commands that the SDK brings by itself: ``run`` and ``doctor``. They need no extra."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES: Final = ("run", "doctor")
USAGE: Final = """usage: python -m spanfold run [options] PROGRAM ...
       python -m spanfold doctor [--json]
"""


def main(arguments: Sequence[str]) -> NoReturn:
    """Run one of them and exit."""
    name, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if name == "run":
        from spanfold._internal.instrumentation import launch  # noqa: PLC0415 - only what is used

        launch.main(rest)
    if name == "doctor":
        from spanfold._internal.instrumentation import doctor  # noqa: PLC0415

        sys.exit(doctor.main(rest))
    asked_for_help = name in {"-h", "--help"}
    (sys.stdout if asked_for_help else sys.stderr).write(USAGE)
    sys.exit(0 if asked_for_help else 2)
