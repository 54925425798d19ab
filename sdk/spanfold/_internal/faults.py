"""The wall between the SDK's own faults and the application.

Whatever the SDK does on its own account inside somebody's function runs under :func:`contained`: if it
fails, the fault is logged once, counted, and the application goes on untraced. Tests of the SDK, and of
applications that want to know, turn the wall off with :func:`spanfold.testing.raise_faults`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import TracebackType

logger: Final = logging.getLogger("spanfold")

_logged: Final = set[str]()
_count = 0
_raising = False


class contained:  # noqa: N801 - used like a keyword: `with contained("..."):`
    """A block whose exceptions stay inside. A class: a generator would cost more.

    Args:
        what: what the SDK was about to do, as in "could not ..."; logged once for each such text.
    """

    __slots__ = ("_what",)

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Swallow any Exception, unless faults are to be raised."""
        return isinstance(fault, Exception) and swallow(self._what, fault)


def swallow(what: str, fault: Exception) -> bool:
    """Log and count a fault; False if faults are to be raised.

    For ``except`` clauses where a ``with`` block would show in the cost of each traced call.
    """
    global _count  # noqa: PLW0603 - a counter of the process
    if _raising:
        return False
    _count += 1
    if what not in _logged:
        _logged.add(what)
        logger.error("spanfold could not %s; the application goes on (logged once)", what, exc_info=fault)
    return True


def count() -> int:
    """How many faults were contained in this process so far."""
    return _count


def set_raising(raising: bool) -> bool:  # noqa: FBT001 - it is the one thing that this sets
    """Raise faults from now on, or contain them again. Returns what was so before."""
    global _raising
    before, _raising = _raising, raising
    return before


def warn_once(key: str, message: str, *arguments: object) -> None:
    """Log a warning the first time that ``key`` comes up in this process."""
    if key not in _logged:
        _logged.add(key)
        logger.warning(message, *arguments)
