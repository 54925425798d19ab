"""Files of model versions: logged under their hashes, listed, and fetched again with every hash checked.

Example:
    >>> import spanfold
    >>> spanfold.log_artifacts("tokenizer", model_id="m-0123...")  # doctest: +SKIP
    >>> spanfold.artifacts.download("m-0123...")  # doctest: +SKIP
    PosixPath('/home/ann/.cache/spanfold/artifacts/models/m-0123...')
"""

from __future__ import annotations

from spanfold.artifacts._calls import download_artifacts, list_artifacts, log_artifact, log_artifacts
from spanfold.artifacts._download import FileInfo, download
from spanfold.artifacts._upload import upload_folder

__all__ = [
    "FileInfo",
    "download",
    "download_artifacts",
    "list_artifacts",
    "log_artifact",
    "log_artifacts",
    "upload_folder",
]
