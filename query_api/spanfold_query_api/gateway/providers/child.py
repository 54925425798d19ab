"""Models that the gateway serves itself: a logged one, or one in a folder, each in a process of its own.

The process is `spanfold models serve`, which speaks OpenAI's protocol on a free port of loopback. It is
started by the first call, started again after a pause when it ends, and ended with the gateway, however that
ends: it watches its parent.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api.gateway.protocol import GatewayError
from spanfold_query_api.gateway.providers.options import Options, ProviderConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spanfold_query_api.gateway.protocol import Call, Provider, Reply, StreamReply

READY_WITHIN_S: Final = 600.0
"""A model of many gigabytes is fetched and loaded before the process is ready."""
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0
_STABLE_S: Final = 60.0
"""A process that ran so long and ends did not fail to start."""
_END_WITHIN_S: Final = 5.0
_LAST_LINES: Final = 5
_MAX_LINE_BYTES: Final = 1 << 16
_log: Final = logging.getLogger(__name__)


def command(model: str) -> list[str]:
    """What serves a model."""
    options = ["--port", "0", "--json", "--ends-with-parent"]
    return [sys.executable, "-m", "spanfold_deploy.cli", "models", "serve", model, *options]


class ChildProvider:
    """One model in a child process. A call waits for it to be ready as long as the router lets it."""

    def __init__(self, name: str, model: str, arguments: Sequence[str]) -> None:
        """Prepare; the process is started by the first call.

        Args:
            name: the provider's, as the configuration has it.
            model: its URI or folder.
            arguments: program and arguments. The program writes `{"address": "http://..."}` as one line when
                it is ready, and ends when this process does.
        """
        self.name = name
        self.model = model
        self._arguments = list(arguments)
        self._starting: asyncio.Task[Provider] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._last_words: deque[str] = deque(maxlen=_LAST_LINES)
        self._pause_s = 0.0
        self._not_before_s = 0.0
        self._started_s = 0.0
        self._is_closed = False

    async def call(self, call: Call) -> Reply:
        """Ask once; see :class:`Provider`."""
        reply = await (await self._ready()).call(call)
        reply.provider, reply.model = self.name, self.model
        return reply

    async def stream(self, call: Call) -> StreamReply:
        """Ask once, for chunks; see :class:`Provider`."""
        reply = await (await self._ready()).stream(call)
        reply.provider, reply.model = self.name, self.model
        return reply

    async def close(self) -> None:
        """End the process."""
        self._is_closed = True
        starting, self._starting = self._starting, None
        if starting is not None:
            starting.cancel()
            with contextlib.suppress(asyncio.CancelledError, GatewayError):
                await (await starting).close()
        await self._end()

    async def _ready(self) -> Provider:
        """The provider that speaks to the running process, started by whoever comes first.

        Raises:
            GatewayError: it does not start, or ended a moment ago.
        """
        if self._is_closed:
            raise self._fault("the gateway is closing")
        if self._process is not None and self._process.returncode is not None:
            await self._note_end()
        if self._starting is None or (self._starting.done() and self._starting.exception() is not None):
            wait_s = self._not_before_s - time.monotonic()
            if wait_s > 0:
                raise self._fault("its process ended and is started again soon", retry_after_s=wait_s)
            self._starting = asyncio.create_task(self._start())
        # Whoever gives up waiting does not stop it for the others.
        return await asyncio.shield(self._starting)

    async def _start(self) -> Provider:
        from spanfold_query_api.gateway.providers.compatible import compatible  # noqa: PLC0415 - a circle else

        self._started_s = time.monotonic()
        try:
            address = await asyncio.wait_for(self._launch(), READY_WITHIN_S)
        except (OSError, TimeoutError, ValueError) as error:
            await self._end()
            self._back_off()
            words = " | ".join(self._last_words) or type(error).__name__
            raise self._fault(f"its process did not start: {words}") from error
        _log.info("%s %s is served at %s", self.name, self.model, address)
        return compatible("openai", self.model, {"base_url": f"{address}/v1", "api_key": "none"})

    async def _launch(self) -> str:
        """Start the process; its address, once it is ready.

        Raises:
            OSError: the system does not start it.
            ValueError: it ended, or said something else.
        """
        self._process = await asyncio.create_subprocess_exec(
            *self._arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_MAX_LINE_BYTES,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            # Ctrl-C at the terminal is for the gateway, which ends its children in order.
            start_new_session=True,
        )
        self._last_words.clear()
        self._reader = asyncio.create_task(self._read(self._process))
        stdout = self._process.stdout
        while stdout is not None and (line := await stdout.readline()):
            with contextlib.suppress(ValueError):
                said = json.loads(line)
                if isinstance(said, dict) and isinstance(said.get("address"), str):
                    return str(said["address"])
        await self._process.wait()
        await asyncio.wait([self._reader], timeout=_END_WITHIN_S)
        raise ValueError("it ended before it was ready")

    async def _note_end(self) -> None:
        """It ended by itself: the next call after a pause starts it anew."""
        status = self._process.returncode if self._process is not None else None
        _log.warning("%s %s ended with status %s", self.name, self.model, status)
        ended, self._starting = self._starting, None
        if time.monotonic() - self._started_s > _STABLE_S:
            self._pause_s = 0.0
        self._back_off()
        await self._end()
        if ended is not None and ended.done() and ended.exception() is None:
            await ended.result().close()

    def _back_off(self) -> None:
        self._pause_s = min(max(self._pause_s * 2, FIRST_PAUSE_S), LONGEST_PAUSE_S)
        self._not_before_s = time.monotonic() + self._pause_s

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _END_WITHIN_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        reader, self._reader = self._reader, None
        if reader is not None:
            await asyncio.wait([reader], timeout=_END_WITHIN_S)
            reader.cancel()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        """Keep its last words; a pipe that nobody reads would stop it."""
        stderr = process.stderr
        while stderr is not None and (part := await stderr.read(_MAX_LINE_BYTES)):
            lines = [line.strip() for line in part.decode(errors="replace").splitlines()]
            self._last_words.extend(line[:500] for line in lines if line)

    def _fault(self, what: str, retry_after_s: float | None = None) -> GatewayError:
        return GatewayError(
            503,
            "api_error",
            f"{self.name} ({self.model}): {what}",
            code="model_not_ready",
            retry_after_s=retry_after_s,
            is_retryable=True,
        )


def check(provider: str, model: str, config: Mapping[str, Any]) -> None:
    """Whether a configuration can be used.

    Raises:
        ProviderConfigError: no.
    """
    Options(config).refuse_others(provider)
    if provider == "transformers" and not os.path.isdir(model):  # noqa: PTH112 - as it is written
        raise ProviderConfigError("name", "there is no such folder", "name the folder that holds the model")
    if provider == "spanfold-model" and ":/" not in model:
        raise ProviderConfigError("name", "it is no model's URI", "models:/m-... or models:/NAME")


def child(provider: str, model: str, config: Mapping[str, Any]) -> ChildProvider:
    """The provider that a configuration names. Raises as :func:`check`."""
    check(provider, model, config)
    return ChildProvider(provider, model, command(model))
