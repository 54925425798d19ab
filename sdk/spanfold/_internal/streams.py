"""Drives a generator step by step under a :class:`StreamRecording`, with the whole generator protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from spanfold._internal.recording import StreamRecording


def record(generator: Generator[Any, Any, Any], recording: StreamRecording) -> Generator[Any, Any, Any]:
    """Yield what ``generator`` yields; values, exceptions and close reach it as if it stood here itself."""
    try:
        with recording:
            item = next(generator)
        while True:
            recording.add(item)
            try:
                sent = yield item
            except GeneratorExit:
                with recording:
                    generator.close()
                recording.end(early=True)
                raise
            except BaseException as thrown:  # noqa: BLE001 - it is the generator's to handle
                with recording:
                    item = generator.throw(thrown)
            else:
                with recording:
                    item = generator.send(sent)
    except StopIteration as stop:
        recording.end()
        return stop.value
    except GeneratorExit:
        raise
    except BaseException as fault:
        recording.end(fault)
        raise


async def record_async(
    generator: AsyncGenerator[Any, Any], recording: StreamRecording
) -> AsyncGenerator[Any, Any]:
    """As :func:`record`, for asynchronous generators."""
    try:
        with recording:
            item = await anext(generator)
        while True:
            recording.add(item)
            try:
                sent = yield item
            except GeneratorExit:
                with recording:
                    await generator.aclose()
                recording.end(early=True)
                raise
            except BaseException as thrown:  # noqa: BLE001 - it is the generator's to handle
                with recording:
                    item = await generator.athrow(thrown)
            else:
                with recording:
                    item = await generator.asend(sent)
    except StopAsyncIteration:
        recording.end()
    except GeneratorExit:
        raise
    except BaseException as fault:
        recording.end(fault)
        raise
