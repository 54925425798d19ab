"""Encoding by a loaded model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from spanfold._flavors import _calls, _local

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class EncoderModel:
    """What :func:`spanfold.pyfunc.load_model` calls. One thread at a time: its tokenizer keeps state."""

    is_thread_safe: ClassVar[bool] = False
    takes_table: ClassVar[bool] = False
    span_type: ClassVar[str] = "EMBEDDING"

    def __init__(self, folder: Path, parameters: dict[str, Any]) -> None:
        """Load the weights to the device of ``SPANFOLD_DEVICE``, or the fastest that is there.

        Raises:
            ModelError: the library is not installed, or the files are not what it wrote.
        """
        library = _local.library("sentence_transformers", "sentence-transformers")
        with _local.reading(folder):
            self.python_model = library.SentenceTransformer(
                str(folder),
                device=_local.device(),
                local_files_only=True,
                trust_remote_code=_local.trusts_remote_code(),
            )
        self._parameters = parameters

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> list[list[float]]:
        """The embedding of each row's text, in order.

        Raises:
            InvalidArgumentError: a row has no text.
            ModelError: the model failed.
        """
        texts = _local.texts_of(model_input)
        if not texts:
            return []
        options = {**self._parameters, **(params or {}), "show_progress_bar": False}
        try:
            vectors = self.python_model.encode(texts, convert_to_numpy=True, **options)
        except Exception as fault:
            raise _calls.row_error("model_input", fault) from fault
        found: list[list[float]] = vectors.tolist()
        return found
