"""The files of a folder that become a model's, each checked before anything is stored."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spanfold.errors import ArtifactError
from spanfold_schemas.checks import MAX_KEY_CHARS
from spanfold_schemas.events import InvalidEventError, check_artifact_path

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_FILES: Final = 10_000
"""Of one model version: all of their names are one state, which is read whole."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file to log."""

    path: str
    """Where it will be among the model's files, with slashes."""
    file: Path
    size_bytes: int


def files_of(folder: Path, under: str = "") -> list[Found]:
    """The regular files in a folder and the folders in it, in the order of their paths.

    Links are followed as far as they lead to something inside the folder; folders without files leave no
    trace.

    Args:
        folder: where to look.
        under: a path to put before each file's.

    Raises:
        ArtifactError: it is no folder or has no files, a link leaves it, something in it is no file (a
            socket, a device), a name cannot be a path, or there are too many. The message names it.
    """
    if not folder.is_dir():
        raise ArtifactError(f"{folder} is no folder: name the folder whose files are to be logged")
    root = folder.resolve()
    found = [
        Found(check_path(f"{under}/{path}" if under else path), file, size)
        for path, file, size in islice(_walk(folder, "", root, (root,)), MAX_FILES + 1)
    ]
    if not found:
        raise ArtifactError(f"{folder} has no files to log")
    if len(found) > MAX_FILES:
        raise ArtifactError(
            f"{folder} has over {MAX_FILES} files, the most that a version has: pack some into an archive"
        )
    return sorted(found, key=lambda one: one.path)


def check_path(path: str) -> str:
    """Return ``path`` if it can be one among a model's files.

    Raises:
        ArtifactError: it leads out of the folder, has a character no path may have, or is too long.
    """
    if len(path) > MAX_KEY_CHARS:
        raise ArtifactError(
            f"the path {path[:60]!r}... has {len(path)} characters, at most {MAX_KEY_CHARS} are allowed: "
            "shorten names of folders"
        )
    try:
        check_artifact_path("path", path)
    except InvalidEventError as fault:
        raise ArtifactError(str(fault)) from None
    return path


def _walk(folder: Path, prefix: str, root: Path, above: tuple[Path, ...]) -> Iterator[tuple[str, Path, int]]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as fault:
        raise ArtifactError(f"cannot read {folder}: {fault.strerror or fault}") from fault
    for entry in entries:
        file, path = Path(entry.path), f"{prefix}{entry.name}"
        try:
            real = file.resolve(strict=True)
            status = real.stat()
        except (OSError, RuntimeError) as fault:
            raise ArtifactError(f"{file} leads nowhere: remove the link, or what it is") from fault
        if entry.is_symlink() and not real.is_relative_to(root):
            raise ArtifactError(
                f"{file} is a link to {real}, outside of {root}: copy what it leads to into the folder"
            )
        if stat.S_ISDIR(status.st_mode):
            if real in above:
                raise ArtifactError(f"{file} is a link to a folder that it is in: remove it")
            yield from _walk(file, f"{path}/", root, (*above, real))
        elif stat.S_ISREG(status.st_mode):
            yield path, file, status.st_size
        else:
            raise ArtifactError(f"{file} is no regular file: only files and folders can be logged")
