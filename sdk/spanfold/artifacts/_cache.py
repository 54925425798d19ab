"""What was fetched before: blobs, and per model version a folder of links to them."""

from __future__ import annotations

import os
import shutil
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spanfold._internal.settings import number
from spanfold.artifacts._local import LocalStore
from spanfold.errors import ArtifactError

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_MAX_BYTES: Final = 50 * 2**30
KEPT_SHARE: Final = 0.8
"""Of the bound, once it was passed: so it is not passed again at once."""
IN_USE_S: Final = 86_400
"""A version's folder that was asked for within this time may be one that a program reads from."""


class Cache:
    """The folder ``artifacts`` among the user's caches."""

    def __init__(self) -> None:
        root = cache_folder() / "artifacts"
        self.blobs: Final = LocalStore(root)
        self._models: Final = root / "models"

    def folder_of(self, model_id: str) -> Path:
        """Where the files of a model version are linked."""
        return self._models / model_id

    def prune(self, used_folder: Path, used: Iterable[str]) -> None:
        """Note what was used just now; if the bound is passed, remove what was used longest ago."""
        kept = {self.blobs.file_of(sha256) for sha256 in used}
        for place in (*kept, used_folder):
            with suppress(OSError):
                os.utime(place)
        blobs = _blobs(self.blobs.folder / "sha256")
        excess = sum(blob.size_bytes for blob in blobs) - number(
            "SPANFOLD_ARTIFACT_CACHE_MAX_BYTES", DEFAULT_MAX_BYTES
        )
        if excess <= 0:
            return
        excess += int((1 - KEPT_SHARE) * number("SPANFOLD_ARTIFACT_CACHE_MAX_BYTES", DEFAULT_MAX_BYTES))
        self._remove_folders(used_folder)
        for blob in sorted(blobs, key=lambda blob: blob.used_at_s):
            if excess <= 0:
                return
            if blob.place not in kept and blob.place.stat().st_nlink == 1:
                blob.place.unlink(missing_ok=True)
                excess -= blob.size_bytes

    def _remove_folders(self, used: Path) -> None:
        """Remove links to blobs, so that the blobs can go."""
        too_old = time.time() - IN_USE_S
        with suppress(OSError):
            for folder in self._models.iterdir():
                if folder != used and folder.stat().st_mtime < too_old:
                    shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Blob:
    place: Path
    size_bytes: int
    used_at_s: float


def _blobs(folder: Path) -> list[_Blob]:
    found = []
    for place in folder.glob("*/*"):
        with suppress(OSError):  # another process removed it
            status = place.stat()
            found.append(_Blob(place, status.st_size, status.st_mtime))
    return found


def cache_folder() -> Path:
    """``SPANFOLD_CACHE_DIR``, else the user's folder for caches.

    Raises:
        ArtifactError: the user has no home, and the variable is not set.
    """
    if given := os.environ.get("SPANFOLD_CACHE_DIR"):
        return Path(given).absolute()
    try:
        home = Path.home()
    except RuntimeError:
        raise ArtifactError("there is no folder for caches: set SPANFOLD_CACHE_DIR to one") from None
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "spanfold"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home) / "spanfold" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "spanfold"
