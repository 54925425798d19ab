"""Locks that a fork does not leave locked.

Another thread of the parent may hold a lock at the fork; that thread does not exist in the child, where
nobody would ever release it.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

_locks: Final[WeakSet[ForkedLock]] = WeakSet()


class ForkedLock:
    """A lock that is a new one in a forked child: ``with lock.current: ...``.

    Whoever forks inside that block leaves it by the lock that it entered, in both processes.
    """

    __slots__ = ("__weakref__", "_make", "current")

    def __init__(self, make: Callable[[], AbstractContextManager[Any]] = threading.Lock) -> None:
        """Make the lock, and again in each child, by ``make``."""
        self._make = make
        self.current = make()
        _locks.add(self)

    def renew(self) -> None:
        """Forget who holds it."""
        self.current = self._make()


def _after_fork() -> None:
    for lock in list(_locks):
        lock.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
