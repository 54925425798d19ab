"""Redaction rules: named detectors and the user's own patterns, none of which may take for ever.

A pattern that backtracks without end would stop the thread that sends, and, as Python's regular expressions
hold the interpreter, the application with it. So a pattern is tried on hard texts first and refused if it is
slow; it sees long texts in overlapping windows; and a text that takes too long is withheld as a whole.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final

from spanfold._internal.detectors import DEFAULT, DETECTORS
from spanfold._internal.faults import warn_once
from spanfold.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NOTHING: Final = "none"
WINDOW_CHARS: Final = 2_048
OVERLAP_CHARS: Final = 512
"""A match of the user's own pattern is certain to be found up to this length."""
MAX_TEXT_S: Final = 0.25
"""How long the user's own patterns may work on one text."""
_MAX_PROBE_S: Final = 0.1
_PROBE_CHARS: Final = (
    *range(2, 96, 2),
    96,
    128,
    160,
    200,
    256,
    320,
    400,
    512,
    640,
    800,
    1_024,
    1_400,
    WINDOW_CHARS,
)
"""In small steps: a pattern that is slow at one length may take hours at twice that length."""
_MAX_PROBES: Final = 12
_MARK: Final = "[REDACTED]"
_WITHHELD: Final = "[REDACTED: the rules took too long on this text]"


class Redactor:
    """All rules, as one function on texts."""

    def __init__(self, rules: Iterable[str | re.Pattern[str]] = DEFAULT) -> None:
        """Read the rules.

        Args:
            rules: names of detectors, and compiled patterns of the user's own. ``none`` alone: no rule.

        Raises:
            InvalidArgumentError: no detector has this name, or a pattern is too slow.
        """
        given = list(rules)
        self._detectors: list[Callable[[str], str]] = []
        self._patterns: list[re.Pattern[str]] = []
        if given == [NOTHING]:
            return
        for rule in given:
            if isinstance(rule, re.Pattern):
                check_speed(rule)
                self._patterns.append(rule)
            elif rule in DETECTORS:
                self._detectors.append(DETECTORS[rule].redact)
            else:
                message = (
                    f"no detector is called {rule!r}: there are {', '.join(DETECTORS)}, and none. "
                    "Patterns of your own go into SPANFOLD_REDACT_PATTERNS or, compiled, into configure()"
                )
                raise InvalidArgumentError(message)

    def __bool__(self) -> bool:
        """Whether there is any rule."""
        return bool(self._detectors or self._patterns)

    def __call__(self, text: str) -> str:
        """``text`` with marks in place of what the rules find."""
        for redact in self._detectors:
            text = redact(text)
        if self._patterns:
            end_s = time.monotonic() + MAX_TEXT_S
            for pattern in self._patterns:
                redacted = _substituted(pattern, text, end_s)
                if redacted is None:
                    warn_once(
                        f"slow {pattern.pattern}",
                        "redaction pattern %r took more than %s s on a text: it was withheld (logged once)",
                        pattern.pattern,
                        MAX_TEXT_S,
                    )
                    return _WITHHELD
                text = redacted
        return text


def compiled(text: str) -> re.Pattern[str]:
    """A pattern of the environment.

    Raises:
        InvalidArgumentError: it is no regular expression.
    """
    try:
        return re.compile(text)
    except (re.error, RecursionError, OverflowError) as fault:
        message = f"SPANFOLD_REDACT_PATTERNS: {text!r} is no regular expression: {fault}"
        raise InvalidArgumentError(message) from None


def check_speed(pattern: re.Pattern[str]) -> None:
    """Try a pattern on texts that make bad ones slow: repeats of its own characters that end in a mismatch.

    Raises:
        InvalidArgumentError: it matches nothing at all, or takes too long on one.

    Example:
        >>> check_speed(re.compile(r"(a+)+b"))
        Traceback (most recent call last):
        ...
        spanfold.errors.InvalidArgumentError: redaction pattern '(a+)+b' is too slow: ...
    """
    if pattern.fullmatch(""):
        message = f"redaction pattern {pattern.pattern!r} matches the empty text: every text would be marked"
        raise InvalidArgumentError(message)
    for chars in _PROBE_CHARS:
        for unit in _units(pattern.pattern):
            text = (unit * chars)[:chars] + "\x00"
            begin_s = time.thread_time()
            pattern.search(text)
            if time.thread_time() - begin_s > _MAX_PROBE_S:
                message = (
                    f"redaction pattern {pattern.pattern!r} is too slow: {_MAX_PROBE_S} s on {chars} "
                    "characters. Repeat nothing that itself repeats, or make it possessive, as in (a++)+"
                )
                raise InvalidArgumentError(message)


def _units(pattern: str) -> list[str]:
    """What the probes repeat: characters that the pattern is likely to take, alone and in pairs."""
    literal = dict.fromkeys(
        character for character in pattern if character.isalnum() or character in " @-_.:/="
    )
    singles = [*dict.fromkeys(["a", "1", " ", *literal])][:_MAX_PROBES]
    return [*singles, *(first + second for first in singles[:4] for second in singles if first != second)]


def _substituted(pattern: re.Pattern[str], text: str, end_s: float) -> str | None:
    """``text`` without the pattern's matches, found window by window; None if it took too long."""
    kept = list[str]()
    done = position = 0
    """How far the result goes, and where to look on."""
    while position < len(text):
        window_end = min(position + WINDOW_CHARS, len(text))
        # A match that reaches the window's last part may go on behind it: it is looked for in the next one.
        certain_to = window_end if window_end == len(text) else window_end - OVERLAP_CHARS
        found = pattern.search(text, position, window_end)
        while found is not None and found.start() < certain_to and found[0]:
            kept += (text[done : found.start()], _MARK)
            done = found.end()
            found = pattern.search(text, done, window_end)
        if time.monotonic() > end_s:
            return None
        position = max(certain_to, done)
    kept.append(text[done:])
    return "".join(kept)
