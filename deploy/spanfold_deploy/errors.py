"""Errors that end a command with a message for a person, never with a traceback."""

from __future__ import annotations

from typing import ClassVar


class CommandError(Exception):
    """A command cannot do its work. The message says what is wrong and, where possible, what to do.

    CommandError
    ├── SettingsError   a setting is wrong
    ├── StartError      a server cannot start: busy port, directory in use, database away
    └── ApiError        the query API does not answer, or refuses the request
    """

    exit_code: ClassVar[int] = 2


class SettingsError(CommandError):
    """A setting is wrong. The message names it, says where it came from, and how to put it right."""


class StartError(CommandError):
    """A server cannot start. The message names the port, directory or database that is to blame."""


class ApiError(CommandError):
    """The query API does not answer, or refuses the request."""

    exit_code: ClassVar[int] = 1
