"""Rows answered in threads: so many at once, in order, and the first that fails ends it."""

from __future__ import annotations

import contextvars
import os
import re
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, TypeVar

from spanfold.errors import ModelError, SpanfoldError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Item = TypeVar("Item")
Result = TypeVar("Result")

KEY_VARIABLES: Final = (
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "GOOGLE_API_KEY",
    "GEMINI_API_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_BEARER_TOKEN_BEDROCK",
    "SPANFOLD_API_KEY",
)
_SHORTEST_SECRET: Final = 6
_MAX_MESSAGE_CHARS: Final = 1_000
_LOOKS_SECRET: Final = re.compile(r"(?i)\b(sk|pk|rk|key)-[\w*.-]{6,}|\bbearer\s+\S+|//[^/\s:@]+:[^/\s@]+@")


def answers(items: Sequence[Item], answer: Callable[[Item], Result], concurrency: int) -> list[Result]:
    """The answer to each item, in the order of the items.

    Spans of the answers are children of the caller's. Works inside a running event loop too. After the first
    failure no other item is begun; what is under way is left to itself.

    Args:
        items: what to answer.
        answer: called in up to ``concurrency`` threads.
        concurrency: most items under way at once.

    Raises:
        Exception: the first that ``answer`` raised.
    """
    if concurrency == 1 or len(items) == 1:
        return [answer(item) for item in items]
    left = iter(enumerate(items))
    taking, stop = threading.Lock(), threading.Event()
    done: SimpleQueue[tuple[int, Result] | BaseException | None] = SimpleQueue()

    def work() -> None:
        try:
            while not stop.is_set():
                with taking:
                    following = next(left, None)
                if following is None:
                    break
                index, item = following
                done.put((index, answer(item)))
        except BaseException as fault:  # noqa: BLE001 - it is raised where the answers are asked for
            stop.set()
            done.put(fault)
        finally:
            done.put(None)

    results: list[Any] = [None] * len(items)
    running = min(concurrency, len(items))
    for number in range(running):
        # Daemons: whoever interrupts a program does not want to wait for a provider.
        context = contextvars.copy_context()
        threading.Thread(
            target=context.run, args=(work,), name=f"spanfold-predict-{number}", daemon=True
        ).start()
    try:
        while running:
            one = done.get()
            if one is None:
                running -= 1
            elif isinstance(one, BaseException):
                raise one
            else:
                results[one[0]] = one[1]
    finally:
        stop.set()
    return results


def row_error(place: str, fault: Exception) -> SpanfoldError:
    """What to raise for a row, with its place, and without any secret.

    Example:
        >>> row_error("model_input[3]", ValueError("no such model"))
        ModelError('model_input[3]: ValueError: no such model')
    """
    if isinstance(fault, SpanfoldError):
        return fault
    return ModelError(f"{place}: {type(fault).__name__}: {scrubbed(str(fault))}")


def scrubbed(text: str) -> str:
    """The text without keys of the environment, and without whatever looks like one; cut."""
    for name in KEY_VARIABLES:
        secret = os.environ.get(name, "")
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "<key>")
    text = _LOOKS_SECRET.sub("<key>", text)
    return text if len(text) <= _MAX_MESSAGE_CHARS else f"{text[:_MAX_MESSAGE_CHARS]}..."
