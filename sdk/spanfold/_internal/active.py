"""Which model version is active: the innermost ``with`` block, else the process's, else the environment's.

``set_active_model(...)`` has to take effect as a plain statement, yet ``with set_active_model(...)`` must
not touch the rest of the process, and the call cannot know which of the two it is. So a call pushes a
*claim*; entering the returned object withdraws the claim and opens a block instead. Stacks are immutable
tuples: a task or thread that copied its context keeps the stack it copied, whatever others do.
"""

from __future__ import annotations

import threading
import time
import weakref
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from spanfold._internal import active_run
from spanfold._internal.forks import ForkedLock

if TYPE_CHECKING:
    from collections.abc import Iterator

UNDECIDED_S: Final = 1.0
"""How long a call whose object is still there may be about to become a ``with`` block."""


@dataclass(slots=True, eq=False)
class _Claim:
    model_id: str | None
    owner: weakref.ref[object]
    entered: bool = False
    """True for a ``with`` block; False for a plain call, which may still become one."""
    thread_id: int = field(default_factory=threading.get_ident)
    made_s: float = field(default_factory=time.monotonic)
    is_settled: bool = False
    """Whether it is known to be a plain call, which holds for other threads too."""
    is_withdrawn: bool = False
    """Whether a block came of it. Another thread may still be looking at the claim as it was before."""

    def settle(self) -> bool:
        """Whether the claim holds in this thread.

        A thread can be stopped between its call and its block: to the others, that model was never active.
        If it asks what is active, it is past the call, and no block came of it.
        """
        is_past = (
            self.thread_id == threading.get_ident()
            or self.owner() is None
            or time.monotonic() - self.made_s > UNDECIDED_S
        )
        # In this order: a block's object dies only after the claim was withdrawn.
        self.is_settled = is_past and not self.is_withdrawn
        return self.is_settled


_Stack = tuple[_Claim, ...]

_blocks: Final[ContextVar[_Stack]] = ContextVar("spanfold-active-model", default=())


@dataclass(slots=True, weakref_slot=True)
class _Process:
    """What holds outside all ``with`` blocks."""

    claims: _Stack = ()
    default: str | None = None
    """From the environment."""


_process = _Process()
_NO_CLAIM: Final = _Claim(None, weakref.ref(_process), entered=True)
_lock = ForkedLock()


@contextmanager
def no_model() -> Iterator[None]:
    """No model is active in this block, whatever holds around it."""
    token = _blocks.set((_NO_CLAIM,))
    try:
        yield
    finally:
        _blocks.reset(token)


def current() -> str | None:
    """The active model's ID. Called for every span: no lock, no allocation."""
    blocks = _blocks.get()
    if blocks:
        return blocks[-1].model_id
    for made in reversed(_process.claims):
        if made.is_settled or made.settle():
            return made.model_id
    return _process.default


def set_default(model_id: str | None) -> None:
    """Set what holds where nothing was set: the environment's model."""
    _process.default = model_id


def claim(owner: object, model_id: str) -> None:
    """A plain call: replaces the active model of the enclosing block, or of the process if there is none."""
    made = _Claim(model_id, weakref.ref(owner))
    blocks = _blocks.get()
    if blocks:
        _blocks.set((*_settled(blocks), made))
        return
    with _lock.current:
        _process.claims = (*_settled(_process.claims), made)


def enter(owner: object, model_id: str) -> None:
    """``owner`` turns out to be a ``with`` block: withdraw its claim, and open the block."""
    _blocks.set((*_without_claim(_blocks.get(), owner), _Claim(model_id, weakref.ref(owner), entered=True)))
    with _lock.current:
        for made in _process.claims:
            if made.owner() is owner:
                made.is_withdrawn, made.is_settled = True, False
        _process.claims = _without_claim(_process.claims, owner)


def leave(owner: object) -> None:
    """Close ``owner``'s innermost block and all that was set inside it.

    Where this context never entered the block (a generator closed from elsewhere), nothing happens.
    """
    blocks = _blocks.get()
    for index in range(len(blocks) - 1, -1, -1):
        if blocks[index].entered and blocks[index].owner() is owner:
            _blocks.set(blocks[:index])
            return


def clear() -> None:
    """No active model any more: in the enclosing block if there is one, else in the process."""
    blocks = _blocks.get()
    if blocks:
        innermost = blocks[-1]
        _blocks.set((*blocks[:-1], _Claim(None, innermost.owner, innermost.entered)))
        return
    with _lock.current:
        _process.claims = ()
        _process.default = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is active at one place: the blocks of models, and the runs."""

    blocks: _Stack = ()
    runs: active_run.Stack = ()


NOTHING: Final = Snapshot()


def snapshot() -> Snapshot:
    """What is active here, for a generator or thread whose body runs later but belongs to this call."""
    # Who hands work on is past the call: no block comes of it any more.
    thread_id = threading.get_ident()
    for made in _process.claims:
        if made.thread_id == thread_id:
            made.is_settled = True
    return Snapshot(_blocks.get(), active_run.snapshot())


def resume(noted: Snapshot) -> tuple[Token[_Stack], Token[active_run.Stack]]:
    """Continue under what :func:`snapshot` noted; undo with :func:`suspend`."""
    return _blocks.set(noted.blocks), active_run.resume(noted.runs)


def suspend(tokens: tuple[Token[_Stack], Token[active_run.Stack]]) -> None:
    """Return to what was active before :func:`resume`."""
    blocks, runs = tokens
    active_run.suspend(runs)
    _blocks.reset(blocks)


def swap_process(claims: _Stack = (), default: str | None = None) -> tuple[_Stack, str | None]:
    """Replace what holds for the process; returns what held before (for tests to put back)."""
    with _lock.current:
        before = (_process.claims, _process.default)
        _process.claims, _process.default = claims, default
    return before


def _settled(stack: _Stack) -> _Stack:
    """Drop claims that can never show again, so that calls in a loop do not pile up.

    A claim whose object is gone will not become a block any more: it stands for good, and what lies under
    it, down to the enclosing block, stays covered.
    """
    for index in range(len(stack) - 1, -1, -1):
        if stack[index].entered:
            return stack
        if stack[index].owner() is None:
            base = index
            while base > 0 and not stack[base - 1].entered:
                base -= 1
            return stack[:base] + stack[index:]
    return stack


def _without_claim(stack: _Stack, owner: object) -> _Stack:
    return tuple(made for made in stack if made.entered or made.owner() is not owner)
