"""The ``spanfold`` command: one module a group of commands, heavy imports only where they are used."""

from __future__ import annotations

import sys
from typing import Final

INSTALL_LINE: Final = "pip install 'spanfold[server]'"
_OWN_PACKAGES: Final = frozenset({"spanfold", "spanfold_collector", "spanfold_query_api", "spanfold_schemas"})


def main() -> None:
    """Run the command line; errors meant for a person are printed without a traceback."""
    from spanfold._internal.instrumentation import command  # noqa: PLC0415

    if sys.argv[1:2] and sys.argv[1] in command.NAMES:  # these need no extra
        command.main(sys.argv[1:])
    from spanfold_deploy.errors import CommandError  # noqa: PLC0415 - keeps the import of this module free

    try:
        from spanfold_deploy.cli.app import app  # noqa: PLC0415 - may lack the extra: explained below

        app()
    except CommandError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_code)
    except ModuleNotFoundError as error:
        missing = (error.name or "").split(".")[0]
        if not missing or missing in _OWN_PACKAGES or missing == __package__.split(".")[0]:
            raise
        sys.stderr.write(
            f"error: this command needs the package {missing}, which is not installed.\n"
            f"  Fix: {INSTALL_LINE}\n"
        )
        sys.exit(2)
