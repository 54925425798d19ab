"""What is active, in a form that reaches another process: a task wrapped so that it can be pickled."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    TraceState,
    get_current_span,
    set_span_in_context,
)

from spanfold._internal import active, active_run, caller, runtime, setup
from spanfold._internal.faults import contained

if TYPE_CHECKING:
    from collections.abc import Callable

    from spanfold._internal.settings import Settings


_POOLS: Final = {"concurrent.futures.process", "multiprocessing.pool"}
"""A worker's loop outlives the block that it was started in: its tasks are wrapped instead."""


class _Block:
    """Owner of the block that is open while a task runs in another process."""

    __slots__ = ("__weakref__",)


@dataclass(frozen=True, slots=True)
class ProcessTask:
    """A function, and what was active where it was handed over."""

    fn: Callable[..., Any]
    model_id: str | None
    run: tuple[str, str] | None
    """The run's ID and its experiment's."""
    caller_id: str | None
    parent: tuple[int, int, int, list[tuple[str, str]]] | None
    """Trace ID, span ID, trace flags and trace state of the span around."""
    settings: Settings | None
    """How the SDK is configured, for a process that starts from nothing."""

    @classmethod
    def around(cls, fn: Callable[..., Any]) -> ProcessTask:
        """``fn`` under what is active here."""
        span = get_current_span().get_span_context()
        scope = active_run.scope()
        return cls(
            fn=fn,
            model_id=active.current(),
            run=None if scope is None else (scope.run_id, scope.experiment_id),
            caller_id=caller.of(None),
            parent=(span.trace_id, span.span_id, int(span.trace_flags), list(span.trace_state.items()))
            if span.is_valid
            else None,
            settings=setup.settings(),
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing was active."""
        return not (self.model_id or self.run or self.caller_id or self.parent)

    @classmethod
    def put_into(cls, process: Any) -> None:
        """Wrap the target of a ``multiprocessing.Process`` that is about to start.

        A process class with a ``run`` of its own has no target; where it is forked, it inherits everything.
        """
        target = getattr(process, "_target", None)
        if target is None or isinstance(target, ProcessTask) or getattr(target, "__module__", None) in _POOLS:
            return
        task = cls.around(target)
        if not task.is_empty:
            process._target = task  # noqa: SLF001 - there is no public way to it

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function, in whichever process this is."""
        block = _Block()
        tokens = None
        with contained("carry the active model into a process"):
            if self.settings is not None and runtime.get() is None:
                setup.configure(**asdict(self.settings))
            runs = () if self.run is None else (active_run.Scope(*self.run, pid=-1),)
            tokens = attach(self._context()), active.resume(active.Snapshot(runs=runs))
            if self.model_id is not None:
                active.enter(block, self.model_id)
        try:
            return self.fn(*args, **kwargs)
        finally:
            with contained("leave a process's block"):
                if tokens is not None:
                    active.suspend(tokens[1])
                    detach(tokens[0])

    def _context(self) -> Context:
        context = Context()
        if self.caller_id is not None:
            context = caller.accepted(context, self.caller_id)
        if self.parent is not None:
            trace_id, span_id, flags, state = self.parent
            parent = SpanContext(
                trace_id,
                span_id,
                is_remote=True,
                trace_flags=TraceFlags(flags),
                trace_state=TraceState(state),
            )
            context = set_span_in_context(NonRecordingSpan(parent), context)
        return context
