"""What the database refuses for good: kept as files, with the reason, for a person to look at."""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from spanfold_collector.spool import SpoolFullError, write_durably

if TYPE_CHECKING:
    from pathlib import Path


class DeadLetters:
    """A bounded folder: ``<hash>.request`` holds a request's bytes, ``<hash>.json`` the reason."""

    def __init__(self, directory: Path, *, max_bytes: int) -> None:
        """Use the folder (made if missing)."""
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._max_bytes = max_bytes

    @property
    def size_bytes(self) -> int:
        """Bytes kept."""
        total = 0
        for path in self._directory.iterdir():
            # The other signal's lane may be renaming one, and a person may be removing some.
            with suppress(FileNotFoundError):
                total += path.stat().st_size
        return total

    def keep(self, data: bytes, *, signal: str, reason: str) -> Path:
        """Keep one request; the same request again replaces itself.

        Raises:
            SpoolFullError: the folder's limit is reached, so the request must not be given up.
        """
        if self.size_bytes + len(data) > self._max_bytes:
            message = f"the dead-letter folder holds over {self._max_bytes} bytes: look at it, then empty it"
            raise SpoolFullError(message)
        path = self._directory / f"{signal}-{hashlib.sha256(data).hexdigest()[:32]}.request"
        note = {"signal": signal, "reason": reason, "bytes": len(data), "time_unix_s": int(time.time())}
        try:
            write_durably(path.with_suffix(".json"), (json.dumps(note).encode(),))
            write_durably(path, (data,))
        except OSError as error:
            message = f"the disk refused a dead letter: {error.strerror}"
            raise SpoolFullError(message) from error
        return path
