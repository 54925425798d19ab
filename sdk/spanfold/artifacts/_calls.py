"""The calls about files under MLflow's names. Files belong to model versions here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from spanfold._internal import active
from spanfold._internal.setup import ready
from spanfold.artifacts._download import FileInfo, download, files_under
from spanfold.artifacts._upload import upload_files
from spanfold.artifacts._walk import Found, check_path, files_of
from spanfold.errors import ArtifactError, InvalidArgumentError

if TYPE_CHECKING:
    import os

    StrPath = str | os.PathLike[str]

_SCHEME: Final = "models:/"


def log_artifacts(
    local_dir: StrPath, artifact_path: str | None = None, *, model_id: str | None = None
) -> None:
    """Log all files of a folder as those of a model version; returns when they are there for good.

    Args:
        local_dir: the folder.
        artifact_path: a folder among the version's files to put them into.
        model_id: the version; the active one if None.

    Raises:
        InvalidArgumentError: no version is given or active.
        ArtifactError: a file cannot be logged; the message names it.
        ServerUnavailableError: the query API or the collector did not take something for too long.

    Example:
        >>> log_artifacts("tokenizer", "tokenizer", model_id="m-0123...")  # doctest: +SKIP
    """
    model_id = _model(model_id)
    upload_files(model_id, files_of(Path(local_dir), _under(artifact_path)), show_progress=True)


def log_artifact(
    local_path: StrPath, artifact_path: str | None = None, *, model_id: str | None = None
) -> None:
    """Log one file as a model version's; a folder as :func:`log_artifacts`, under its own name.

    Args:
        local_path: the file.
        artifact_path: a folder among the version's files to put it into.
        model_id: the version; the active one if None.

    Raises:
        InvalidArgumentError: no version is given or active.
        ArtifactError: the file cannot be logged.
        ServerUnavailableError: the query API or the collector did not take something for too long.

    Example:
        >>> log_artifact("prompt.txt", model_id="m-0123...")  # doctest: +SKIP
    """
    model_id, file = _model(model_id), Path(local_path)
    under = _under(artifact_path)
    path = f"{under}/{file.absolute().name}" if under else file.absolute().name
    if file.is_dir():
        found = files_of(file, path)
    elif file.is_file():
        found = [Found(check_path(path), file, file.stat().st_size)]
    else:
        raise ArtifactError(f"there is no file {file}")
    upload_files(model_id, found, show_progress=True)


def list_artifacts(
    artifact_uri: str | None = None, *, model_id: str | None = None, artifact_path: str | None = None
) -> list[FileInfo]:
    """What is in a folder of a model version, in the order of paths.

    Args:
        artifact_uri: ``models:/m-…``, with a path after it if wanted. Else:
        model_id: the version; the active one if None.
        artifact_path: the folder, or a file; all by default.

    Raises:
        InvalidArgumentError: no version is given or active, or the address is none.
        ArtifactError: the version has no such path.
        ModelNotFoundError: the server has no version with this ID.
        ServerUnavailableError: the query API gave no usable answer.

    Example:
        >>> list_artifacts("models:/m-0123...")  # doctest: +SKIP
        [FileInfo(path='MLmodel', is_dir=False, file_size=412, sha256='5d41...')]
    """
    model_id, path = _meant(artifact_uri, model_id, artifact_path)
    return files_under(model_id, path)


def download_artifacts(
    artifact_uri: str | None = None,
    *,
    model_id: str | None = None,
    artifact_path: str | None = None,
    dst_path: StrPath | None = None,
) -> str:
    """Fetch files of a model version, with every hash checked: :func:`download` under MLflow's name.

    Args:
        artifact_uri: ``models:/m-…``, with a path after it if wanted. Else:
        model_id: the version; the active one if None.
        artifact_path: a file or folder of the version; all by default.
        dst_path: where to put copies; by default a folder of the cache, whose files must not be changed.

    Returns:
        Where the file or folder is now.

    Raises:
        InvalidArgumentError: no version is given or active, or the address is none.
        ArtifactError: there is no such file, or what is stored is not what was logged.
        ModelNotFoundError: the server has no version with this ID.
        ServerUnavailableError: the query API or the store did not answer for too long.

    Example:
        >>> download_artifacts("models:/m-0123.../prompt.txt", dst_path=".")  # doctest: +SKIP
        '/home/ann/prompt.txt'
    """
    model_id, path = _meant(artifact_uri, model_id, artifact_path)
    return str(download(model_id, None if dst_path is None else Path(dst_path), path))


def _meant(uri: str | None, model_id: str | None, path: str | None) -> tuple[str, str]:
    """The version and the path that arguments mean."""
    if uri is None:
        return _model(model_id), _under(path)
    if model_id is not None or path is not None:
        message = "give artifact_uri, or model_id and artifact_path, not both"
        raise InvalidArgumentError(message)
    named, _, inside = uri.removeprefix(_SCHEME).partition("/")
    if not uri.startswith(_SCHEME) or not named.startswith("m-"):
        message = f"artifact_uri: {uri!r} names no model version: write models:/m-... or models:/m-.../path"
        raise InvalidArgumentError(message)
    return named, _under(inside)


def _model(model_id: str | None) -> str:
    ready()
    model_id = active.current() if model_id is None else model_id
    if model_id is None:
        message = "no version is active: call set_active_model() first, or give model_id"
        raise InvalidArgumentError(message)
    return model_id


def _under(path: str | None) -> str:
    return (path or "").strip("/")
