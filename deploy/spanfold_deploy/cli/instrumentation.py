"""``spanfold run`` and ``spanfold doctor``: the SDK's own commands, listed with the others.

The SDK brings them, so that they work without the server's extra; it parses their options too.
"""

from __future__ import annotations

from typing import Annotated

import typer

PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
Arguments = Annotated[list[str] | None, typer.Argument(metavar="...", help="See `spanfold COMMAND --help`.")]


def run(arguments: Arguments = None) -> None:
    """Run a program with auto-instrumentation: no line of it is changed.

    Example: `spanfold run python app.py`
    """
    from spanfold._internal.instrumentation import launch  # noqa: PLC0415 - only what is used

    launch.main(arguments or [])


def doctor(arguments: Arguments = None) -> None:
    """Show what is instrumented by what, what is not and why; send a test trace.

    Example: `spanfold doctor --json`
    """
    from spanfold._internal.instrumentation import doctor as examined  # noqa: PLC0415

    raise typer.Exit(examined.main(arguments or []))
