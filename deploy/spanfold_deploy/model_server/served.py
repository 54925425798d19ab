"""A loaded model as the server needs it: answers that can be awaited, in batches, and streams."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError
from spanfold.pyfunc._chats import outputs_of, table_of
from spanfold_deploy.model_server.jobs import Job, Jobs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Hashable, Iterator, Sequence

    from spanfold.pyfunc import ModelSignature, PyFuncModel

BATCH_ROWS: Final = 32
MAX_WAITING: Final = 256
LOCAL_WORKERS: Final = 1
REMOTE_WORKERS: Final = 32
REMOTE_FLAVORS: Final = frozenset({"openai", "anthropic", "google", "bedrock", "langchain"})
"""They wait for others: calls side by side cost nothing, and each is a trace of its own."""
_PIECES_AHEAD: Final = 64
"""Pieces of a stream that a slow reader may lag behind before the model waits for it."""


class Served:
    """A model, with its queue."""

    def __init__(
        self,
        model: PyFuncModel,
        *,
        workers: int | None = None,
        batch_rows: int | None = None,
        max_waiting: int = MAX_WAITING,
        timeout_s: float = 600.0,
    ) -> None:
        """Start its threads.

        Args:
            model: what answers.
            workers: calls under way at once; by default one, or 32 of a flavor that asks a provider.
            batch_rows: most rows of a call; by default 32, or one of a flavor that asks a provider.
            max_waiting: requests that may wait; further ones are refused with 429.
            timeout_s: for one request, waiting included.
        """
        is_remote = model.metadata.flavor in REMOTE_FLAVORS
        self.model: Final = model
        self.name: Final = model.metadata.name or model.model_id or "model"
        self._timeout_s = timeout_s
        self._jobs = Jobs(
            self._predict,
            batch_rows=batch_rows or (1 if is_remote else BATCH_ROWS),
            workers=workers or (REMOTE_WORKERS if is_remote else LOCAL_WORKERS),
            max_waiting=max_waiting,
        )

    @property
    def signature(self) -> ModelSignature | None:
        """What the model takes and gives."""
        return self.model.signature

    async def outputs(self, rows: Sequence[Any], params: Mapping[str, Any] | None) -> list[Any]:
        """An output a row; rows of other requests may be answered in the same call.

        Raises:
            BusyError: too many requests wait.
            TimeoutError: not in time.

        What the model raises comes as it is.
        """
        answered: list[Any] = await self._done(Job(_key(rows, params), rows))
        return answered

    async def whole(self, run: Callable[[], Any]) -> Any:
        """What ``run`` returns, run in the queue by itself. Errors are those of :meth:`outputs`."""
        return await self._done(Job(None, run=run))

    async def pieces(self, row: Any, params: Mapping[str, Any] | None) -> AsyncIterator[Any]:
        """The pieces of a streamed answer; the whole answer at once where the model cannot stream.

        A reader that leaves ends the model's work at its next piece. Errors are those of :meth:`outputs`.
        """
        if not self.model.can_stream:
            yield (await self.outputs([row], params))[0]
            return
        loop, gone = asyncio.get_running_loop(), threading.Event()
        queue: asyncio.Queue[tuple[bool, Any]] = asyncio.Queue(_PIECES_AHEAD)

        def put(*, is_last: bool, piece: Any = None) -> None:
            asyncio.run_coroutine_threadsafe(queue.put((is_last, piece)), loop).result(self._timeout_s)

        def produce() -> None:
            stream = self.model.predict_stream(table_of([row], self.signature), params)
            try:
                for piece in _with_last(stream):
                    if gone.is_set():
                        return
                    put(is_last=False, piece=piece)
            finally:
                stream.close()

        job = Job(None, run=produce)
        future = self._jobs.submit(job)

        def wake(_: object) -> None:
            with suppress(RuntimeError):  # the server has stopped: nobody reads
                loop.call_soon_threadsafe(_end, queue)

        future.add_done_callback(wake)
        deadline = loop.time() + self._timeout_s
        try:
            # Not one timeout around it all: the first piece is waited for in another task than the rest.
            while True:
                is_last, piece = await asyncio.wait_for(queue.get(), deadline - loop.time())
                if is_last:
                    break
                yield piece
            future.result()  # the model's error, if it had one
        finally:
            gone.set()
            future.cancel()
            while not queue.empty():  # whoever waits for room in it finds some
                queue.get_nowait()

    def close(self) -> None:
        """Give up what waits."""
        self._jobs.close()

    async def _done(self, job: Job) -> Any:
        async with asyncio.timeout(self._timeout_s):
            return await asyncio.wrap_future(self._jobs.submit(job))

    def _predict(self, key: Hashable, rows: Sequence[Any]) -> Sequence[Any]:
        written: str | None = key[1]  # type: ignore[index] # made by _key
        params = None if written is None else json.loads(written)
        return outputs_of(self.model.predict(table_of(rows, self.signature), params), len(rows))


def _with_last(stream: Generator[Any, None, Any]) -> Iterator[Any]:
    """The pieces of a stream, and what it returns: a last chunk in OpenAI's form, with reason and usage."""
    last = yield from stream
    if isinstance(last, Mapping):
        yield last


def _key(rows: Sequence[Any], params: Mapping[str, Any] | None) -> Hashable:
    """Rows of the same columns and parameters can be answered together.

    Raises:
        InvalidArgumentError: a parameter cannot be said in JSON.
    """
    names = tuple(sorted({tuple(sorted(row)) if isinstance(row, Mapping) else () for row in rows}))
    try:
        return names, None if params is None else json.dumps(params, sort_keys=True)
    except (TypeError, ValueError) as fault:
        raise InvalidArgumentError(f"params: JSON cannot say them: {fault}") from fault


def _end(queue: asyncio.Queue[tuple[bool, Any]]) -> None:
    """Tell the reader that nothing comes any more, if there is room; one that left does not care."""
    try:
        queue.put_nowait((True, None))
    except asyncio.QueueFull:
        task = asyncio.ensure_future(queue.put((True, None)))
        _ending.add(task)
        task.add_done_callback(_ending.discard)


_ending = set[asyncio.Future[None]]()
