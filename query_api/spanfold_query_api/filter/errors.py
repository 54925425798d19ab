"""What is wrong with a filter, precise enough to fix it at the first try."""

from __future__ import annotations


class FilterError(ValueError):
    """A filter that cannot be understood or is not allowed.

    ``str(error)`` is a whole sentence; the attributes hold its parts for programs.
    """

    def __init__(
        self,
        message: str,
        *,
        position: int,
        found: str,
        expected: tuple[str, ...] = (),
        suggestion: str | None = None,
    ) -> None:
        parts = [f"At character {position + 1}: {message}"]
        if expected:
            parts.append(f"expected {_choice(expected)}")
        if suggestion is not None:
            parts.append(f"did you mean {suggestion}?")
        super().__init__("; ".join(parts))
        self.position = position
        """How many characters stand before the trouble."""
        self.found = found
        """The text that stands there; empty at the end of the filter."""
        self.expected = expected
        """What could have stood there instead."""
        self.suggestion = suggestion
        """The nearest thing that would have been right, where there is one."""


def _choice(options: tuple[str, ...]) -> str:
    if len(options) == 1:
        return options[0]
    return f"{', '.join(options[:-1])} or {options[-1]}"
