"""What an evaluation keeps on the machine that runs it: a lock, and trace IDs too many for its events."""

from __future__ import annotations

import os
import re
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final

from spanfold.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

KEPT_S: Final = 90 * 86_400
"""As long as traces are kept by default."""
_ID: Final = re.compile(r"[0-9A-Za-z-]{1,64}")


class AlreadyRunningError(InvalidArgumentError):
    """Another process on this machine runs the evaluation."""


@contextmanager
def only_here(evaluation_id: str) -> Iterator[None]:
    """In the block, no other process on this machine runs this evaluation.

    Raises:
        AlreadyRunningError: one does.
        InvalidArgumentError: this cannot be an ID.
    """
    path = _folder() / f"{_name(evaluation_id)}.lock"
    with _taken(path) as file:
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def _taken(path: Path) -> Iterator[IO[str]]:
    """The file, locked."""
    while True:
        with path.open("a+") as file:
            if not _lock(file):
                file.seek(0)
                message = (
                    f"process {file.read().strip() or 'unknown'} on this machine runs the evaluation "
                    f"{path.stem} already: wait for it, or cancel it"
                )
                raise AlreadyRunningError(message)
            # Who held it before may have removed the file: then nobody else sees this one.
            if os.fstat(file.fileno()).st_nlink:
                yield file
                return


def keep_trace_ids(evaluation_id: str, trace_ids: Sequence[str]) -> None:
    """Keep the IDs of chosen traces, for when the evaluation is resumed or its rows are read."""
    path = _folder() / f"{_name(evaluation_id)}.traces"
    for old in path.parent.glob("*.traces"):
        if old.stat().st_mtime < time.time() - KEPT_S:
            old.unlink(missing_ok=True)
    path.write_text("".join(f"{one}\n" for one in trace_ids), encoding="ascii")


def kept_trace_ids(evaluation_id: str) -> list[str] | None:
    """The IDs that were kept; None if there are none here."""
    path = _folder() / f"{_name(evaluation_id)}.traces"
    return path.read_text(encoding="ascii").split() if path.exists() else None


def _folder() -> Path:
    from spanfold.metrics.genai._cache import default_folder  # noqa: PLC0415 - with judges

    folder = default_folder() / "evaluations"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _name(evaluation_id: str) -> str:
    if _ID.fullmatch(evaluation_id) is None:
        raise InvalidArgumentError(f"evaluation_id: e- and 32 hexadecimal digits, not {evaluation_id!r}")
    return evaluation_id


def _lock(file: IO[str]) -> bool:
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        import msvcrt  # noqa: PLC0415 - only there

        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
