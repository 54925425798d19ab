"""Wrappers for each kind of function that can be traced.

OpenTelemetry is imported at the first call, not here: a module that decorates its functions loads fast.
"""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opentelemetry.util.types import AttributeValue

    from spanfold._internal.recording import Recording, StreamRecording

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True, slots=True)
class TracedCall:
    """A function, and what its spans have in common."""

    func: Callable[..., Any]
    name: str
    attributes: Mapping[str, AttributeValue] | None

    def wrapper(self) -> Callable[..., Any]:
        """A function of the same kind that records its calls."""
        func = self.func
        # An object whose __call__ is a coroutine function acts as one.
        kind = func if inspect.isroutine(func) or isinstance(func, functools.partial) else type(func).__call__
        if inspect.iscoroutinefunction(kind):
            made = self._coroutine()
        elif inspect.isasyncgenfunction(kind):
            made = self._async_generator()
        elif inspect.isgeneratorfunction(kind):
            made = self._generator()
        else:
            made = self._function()
        return functools.wraps(func)(made)

    def _function(self) -> Callable[..., Any]:
        func, begin = self.func, self._begin()

        def traced(*args: Any, **kwargs: Any) -> Any:
            recording = begin(args, kwargs)
            try:
                result = func(*args, **kwargs)
                recording.set_json(keys.OUTPUT, result)
            except BaseException as fault:
                recording.failed(fault)
                raise
            finally:
                recording.end()
            return result

        return traced

    def _coroutine(self) -> Callable[..., Any]:
        func, begin = self.func, self._begin()

        async def traced(*args: Any, **kwargs: Any) -> Any:
            recording = begin(args, kwargs)
            try:
                result = await func(*args, **kwargs)
                recording.set_json(keys.OUTPUT, result)
            except BaseException as fault:
                recording.failed(fault)
                raise
            finally:
                recording.end()
            return result

        return traced

    def _generator(self) -> Callable[..., Any]:
        func, begin = self.func, self._begin_stream()

        def traced(*args: Any, **kwargs: Any) -> Any:
            from spanfold._internal.streams import record  # noqa: PLC0415

            return record(func(*args, **kwargs), begin(args, kwargs))

        return traced

    def _async_generator(self) -> Callable[..., Any]:
        func, begin = self.func, self._begin_stream()

        def traced(*args: Any, **kwargs: Any) -> Any:
            from spanfold._internal.streams import record_async  # noqa: PLC0415

            return record_async(func(*args, **kwargs), begin(args, kwargs))

        return traced

    def _begin(self) -> Callable[[tuple[Any, ...], dict[str, Any]], Recording]:
        name, attributes, named = self.name, self.attributes, _argument_names(self.func)

        made: type[Recording] | None = None

        def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Recording:
            nonlocal made
            if made is None:
                from spanfold._internal.recording import Recording  # noqa: PLC0415

                made = Recording
            return made(name, attributes, named(args, kwargs))

        return begin

    def _begin_stream(self) -> Callable[[tuple[Any, ...], dict[str, Any]], StreamRecording]:
        name, attributes, named = self.name, self.attributes, _argument_names(self.func)

        def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> StreamRecording:
            from spanfold._internal.recording import StreamRecording  # noqa: PLC0415

            return StreamRecording(name, attributes, named(args, kwargs))

        return begin


def name_of(func: Callable[..., object]) -> str:
    """What spans of a function are called: ``function``, or ``Class.method``."""
    named = func.func if isinstance(func, functools.partial) else func
    name = getattr(named, "__qualname__", None) or type(named).__qualname__
    return str(name).rsplit("<locals>.", 1)[-1]


def _argument_names(
    func: Callable[..., object],
) -> Callable[[tuple[Any, ...], dict[str, Any]], dict[str, Any]]:
    """A function that names a call's arguments, without ``self`` or ``cls``.

    The signature is read once: binding it at each call would cost more than the span.
    """
    try:
        parameters = list(inspect.signature(func).parameters.values())
    except (TypeError, ValueError):  # some built-in functions have none
        parameters = []
    names = [parameter.name for parameter in parameters if parameter.kind in _POSITIONAL]
    rest = next((p.name for p in parameters if p.kind is inspect.Parameter.VAR_POSITIONAL), "args")
    skipped = 1 if names and names[0] in {"self", "cls"} else 0
    own, limit = names[skipped:], len(names)

    def named(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        given = dict(zip(own, args[skipped:], strict=False))
        if len(args) > limit:
            given[rest] = args[limit:]
        if kwargs:
            given.update(kwargs)
        return given

    return named
