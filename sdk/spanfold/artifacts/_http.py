"""Blobs over HTTP, through the query API: what an application without access to the store uses.

An upload goes in parts, each durable once it is answered. Whoever was cut off asks how much is there, and
goes on from that.
"""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any, Final

from spanfold.artifacts._blobs import PIECE_BYTES, changed, check_digest, digest_of, ignore
from spanfold.artifacts._local import opened_file
from spanfold.errors import ArtifactError, ServerUnavailableError, StorageFullError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from requests import Response

    from spanfold.artifacts._blobs import OnBytes

PART_BYTES: Final = 64 * 2**20
"""What one request carries: what is sent again, at most, when it fails."""
PATIENCE_S: Final = 60.0
"""How long to try without getting any further."""
OFFSET: Final = "Upload-Offset"
COMPLETE: Final = "Upload-Complete"
LENGTH: Final = "Upload-Length"
WHOLE: Final = "?1"
_CONNECT_TIMEOUT_S: Final = 5.0
_READ_TIMEOUT_S: Final = 120.0
"""A part is on the disk, or its whole blob checked and in a remote store, before it is answered."""
_LONGEST_PAUSE_S: Final = 5.0
_PASSING: Final = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.CONFLICT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
_IO_FAULT: Final = "the answer broke off"


class HttpStore:
    """The blobs of one query API. Several threads may share it."""

    def __init__(self, address: str, *, patience_s: float = PATIENCE_S, part_bytes: int = PART_BYTES) -> None:
        """Prepare; nothing is asked yet.

        Args:
            address: such as ``http://localhost:4319``.
            patience_s: how long to try without getting any further.
            part_bytes: what one request carries.
        """
        from requests import Session  # noqa: PLC0415 - slow to import
        from requests.adapters import HTTPAdapter  # noqa: PLC0415

        self._address: Final = address.rstrip("/")
        self._patience_s: Final = patience_s
        self._part_bytes: Final = part_bytes
        self._session: Final = Session()
        adapter = HTTPAdapter(pool_maxsize=16)
        # Sent in pieces of 16 KiB by default, a gigabyte keeps a core busy with system calls.
        adapter.init_poolmanager(10, 16, blocksize=PIECE_BYTES)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def size_bytes(self, sha256: str) -> int | None:
        """As :meth:`BlobStore.size_bytes`."""
        for pause_s in self._tries():
            try:
                offset, is_whole = self._state(sha256)
            except _PassingError as fault:
                _wait(fault, pause_s)
            else:
                return offset if is_whole else None
        raise self._away()

    def put(self, sha256: str, file: Path, on_bytes: OnBytes = ignore) -> None:
        """As :meth:`BlobStore.put`."""
        check_digest(sha256)
        with opened_file(file) as source:
            told, was_damaged = 0, False
            tries = self._tries()
            for pause_s in tries:
                try:
                    offset, is_whole = self._state(sha256)
                    while not is_whole:
                        length = source.seek(0, 2)
                        before = offset
                        offset, is_whole = self._send_part(sha256, source, offset, length)
                        if not is_whole and offset <= before:
                            break
                        on_bytes(max(0, offset - told))
                        told = max(told, offset)
                        tries.restart()
                except _PassingError as fault:
                    _wait(fault, pause_s)
                except _OtherContentError:
                    # What another sender, or a power cut, left there may be to blame: once more, from 0.
                    found, _ = digest_of(file)
                    if found != sha256:
                        raise changed(file, sha256, found) from None
                    if was_damaged:
                        message = f"{file} arrived damaged at {self._address}, twice: see to the network"
                        raise ArtifactError(message) from None
                    was_damaged = True
                else:
                    if is_whole:
                        on_bytes(max(0, offset - told))
                        return
                    time.sleep(pause_s)
        raise self._away()

    def read(self, sha256: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """As :meth:`BlobStore.read`; what broke off goes on where it did."""
        check_digest(sha256)
        tries = self._tries()
        at = start
        for pause_s in tries:
            try:
                for piece in self._pieces(sha256, at, end):
                    at += len(piece)
                    yield piece
                    tries.restart()
            except _PassingError as fault:
                _wait(fault, pause_s)
            else:
                return
        raise self._away()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _state(self, sha256: str) -> tuple[int, bool]:
        """How many bytes are there for good, and whether that is all."""
        with self._asked("HEAD", sha256) as response:
            return _offset_of(response)

    def _send_part(self, sha256: str, source: IO[bytes], offset: int, length: int) -> tuple[int, bool]:
        # More may be there than the file has: the server sees so, and drops it.
        source.seek(offset)
        part = _Part(source, min(self._part_bytes, length - offset)) if offset < length else b""
        headers = {OFFSET: str(offset), LENGTH: str(length), "Content-Type": "application/octet-stream"}
        with self._asked("PUT", sha256, headers=headers, data=part) as response:
            return _offset_of(response)

    def _pieces(self, sha256: str, start: int, end: int | None) -> Iterator[bytes]:
        if end is not None and end <= start:
            return
        headers = {"Accept-Encoding": "identity"}
        is_part = start > 0 or end is not None
        if is_part:
            headers["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
        with self._asked("GET", sha256, headers=headers, stream=True) as response:
            if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                return  # nothing is left
            if is_part and response.status_code != HTTPStatus.PARTIAL_CONTENT:
                raise ArtifactError(f"{self._address} knows no ranges: is something between it and here?")
            while piece := response.raw.read(PIECE_BYTES):
                yield piece

    @contextmanager
    def _asked(self, method: str, sha256: str, **more: Any) -> Iterator[Response]:
        """An answer that is one, without a trace of its own."""
        from opentelemetry.context import (  # noqa: PLC0415 - `import spanfold` stays light
            _SUPPRESS_INSTRUMENTATION_KEY,
            attach,
            detach,
            set_value,
        )
        from requests import RequestException  # noqa: PLC0415 - slow to import
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        url = f"{self._address}/v1/artifacts/{check_digest(sha256)}"
        try:
            token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))  # noqa: FBT003 - as exporters do
            try:
                timeout = (_CONNECT_TIMEOUT_S, _READ_TIMEOUT_S)
                response = self._session.request(method, url, timeout=timeout, allow_redirects=False, **more)
            finally:
                detach(token)
            with response:
                self._check(response, sha256)
                yield response
        except (RequestException, HTTPError) as fault:
            raise _PassingError(str(fault)) from fault
        except OSError as fault:
            if isinstance(fault, ServerUnavailableError):
                raise
            raise _PassingError(f"{_IO_FAULT}: {fault}") from fault

    def _check(self, response: Response, sha256: str) -> None:
        """See what a refusal means."""
        status = response.status_code
        if response.ok or status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return
        kind, detail = _problem_of(response)
        if status == HTTPStatus.UNPROCESSABLE_ENTITY and kind.endswith(":digest-mismatch"):
            raise _OtherContentError
        if status == HTTPStatus.INSUFFICIENT_STORAGE:
            raise StorageFullError(f"the server at {self._address} has no room: {detail}")
        if status in _PASSING:
            raise _PassingError(f"it answered {status}: {detail}", _retry_after_s(response))
        if status == HTTPStatus.NOT_FOUND and kind.endswith(":artifact-not-found"):
            raise ArtifactError(f"there is no blob {sha256} at {self._address}")
        raise ArtifactError(f"the server at {self._address} refused {sha256} ({status}): {detail}")

    def _tries(self) -> _Tries:
        return _Tries(self._patience_s)

    def _away(self) -> ServerUnavailableError:
        return ServerUnavailableError(
            f"the query API at {self._address} did not take or give files for {self._patience_s:g} s: "
            "start it with `spanfold serve`, or set SPANFOLD_ENDPOINT to where it listens; the same call "
            "goes on where this one ended"
        )


class _PassingError(Exception):
    """What may be otherwise at the next try."""

    def __init__(self, why: str, wait_s: float = 0.0) -> None:
        super().__init__(why)
        self.wait_s = wait_s


class _OtherContentError(Exception):
    """What was sent has another hash."""


class _Tries:
    """Pauses between tries, ever longer, until there was no progress for too long."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self.restart()

    def restart(self) -> None:
        """There was progress."""
        self._deadline = time.monotonic() + self._patience_s
        self._pause_s = 0.1

    def __iter__(self) -> Iterator[float]:
        while True:
            yield min(self._pause_s * random.uniform(0.5, 1.5), _LONGEST_PAUSE_S)  # noqa: S311 - no secret
            if time.monotonic() > self._deadline:
                return
            self._pause_s *= 2


class _Part:
    """So many bytes of an open file, as the body of a request."""

    def __init__(self, source: IO[bytes], size_bytes: int) -> None:
        self._source = source
        self._size_bytes = size_bytes
        self._left = size_bytes

    def __len__(self) -> int:
        return self._size_bytes

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes more."""
        wanted = self._left if size < 0 else min(size, self._left)
        piece = self._source.read(wanted) if wanted else b""
        self._left -= len(piece)
        return piece


def _offset_of(response: Response) -> tuple[int, bool]:
    text = response.headers.get(OFFSET, "")
    if not (text.isascii() and text.isdigit()):
        raise ArtifactError(f"{response.url} answered without {OFFSET}: is it a spanfold query API?")
    return int(text), response.headers.get(COMPLETE) == WHOLE


def _problem_of(response: Response) -> tuple[str, str]:
    """The kind and the words of a problem, as far as the answer is one."""
    try:
        problem = response.json()
        return str(problem["type"]), str(problem["detail"])[:1_000]
    except (ValueError, KeyError, TypeError):
        return "", response.reason or "no reason given"


def _retry_after_s(response: Response) -> float:
    text = response.headers.get("Retry-After", "")
    return min(float(text), 30.0) if text.isascii() and text.isdigit() else 0.0


def _wait(fault: _PassingError, pause_s: float) -> None:
    time.sleep(max(pause_s, fault.wait_s))
