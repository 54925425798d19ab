"""Predictions of a pipeline that was loaded."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Final

from spanfold._flavors import _calls, _local, _rows
from spanfold.errors import InvalidArgumentError, ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

BATCH_ROWS: Final = 8
_GENERATION: Final = "text-generation"
_STREAM_WAIT_S: Final = 600.0
"""For the next piece."""


class PipelineModel:
    """What :func:`spanfold.pyfunc.load_model` calls. One thread at a time: tokenizers keep state."""

    is_thread_safe: ClassVar[bool] = False
    takes_table: ClassVar[bool] = False

    def __init__(self, folder: Path, task: str, parameters: dict[str, Any]) -> None:
        """Load the weights to the device of ``SPANFOLD_DEVICE``, or the fastest that is there.

        Raises:
            ModelError: the library is not installed, or the files are not what it wrote.
        """
        self._library = _local.library("transformers", "transformers")
        self.span_type = "LLM" if task == _GENERATION else "CHAIN"
        self._task = task
        self._parameters = parameters
        with _local.reading(folder):
            self.python_model = self._library.pipeline(
                task,
                model=str(folder),
                device=_local.device(),
                trust_remote_code=_local.trusts_remote_code(),
            )
        tokenizer = self.python_model.tokenizer
        if tokenizer is not None and tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token  # without any, rows cannot be put into one batch

    def predict(self, model_input: Any, params: Mapping[str, Any] | None = None) -> list[Any]:
        """What the pipeline says of each row, in order: the new text of a generation, else what it returns.

        Args:
            model_input: texts; of a generation also conversations, in the column ``messages``. A text is one
                message of the user where the model has a chat template.
            params: arguments of the pipeline's call; ``max_tokens`` and ``stop`` are understood, too.

        Raises:
            InvalidArgumentError: a row has no text.
            ModelError: the model failed.
        """
        inputs = self._inputs(model_input)
        if not inputs:
            return []
        options = self._options(params)
        batch_rows = int(options.pop("batch_size", BATCH_ROWS))
        # Rows of like length waste little on padding.
        order = sorted(range(len(inputs)), key=lambda at: -len(str(inputs[at])))
        try:
            with _seeded(options):
                found = self.python_model([inputs[at] for at in order], batch_size=batch_rows, **options)
        except Exception as fault:
            raise _calls.row_error("model_input", fault) from fault
        if len(found) != len(inputs):
            raise ModelError(f"the pipeline gave {len(found)} outputs for {len(inputs)} rows")
        outputs: list[Any] = [None] * len(inputs)
        for at, one in zip(order, found, strict=True):
            outputs[at] = self._output(one)
        return outputs

    def predict_stream(self, model_input: Any, params: Mapping[str, Any] | None = None) -> Iterator[str]:
        """The text that is generated for one row, in pieces. A reader that leaves ends the generation.

        Raises:
            InvalidArgumentError: there is not exactly one row, or the task generates no text.
            ModelError: the model failed.
        """
        inputs = self._inputs(model_input)
        if len(inputs) != 1 or self._task != _GENERATION:
            message = (
                f"predict_stream: one row of a model for {_GENERATION}, not {len(inputs)} of {self._task!r}"
            )
            raise InvalidArgumentError(message)
        return self._pieces(inputs, self._options(params))

    def _pieces(self, inputs: list[Any], options: dict[str, Any]) -> Iterator[str]:
        options.pop("batch_size", None)
        streamer = self._library.TextIteratorStreamer(
            self.python_model.tokenizer, skip_prompt=True, timeout=_STREAM_WAIT_S, skip_special_tokens=True
        )
        has_left = threading.Event()
        faults: list[Exception] = []

        def is_over(input_ids: Any, scores: Any, **_: Any) -> Any:
            del scores
            return input_ids.new_full((input_ids.shape[0],), has_left.is_set()).bool()

        def generate() -> None:
            try:
                with _seeded(options):
                    self.python_model(inputs[0], streamer=streamer, stopping_criteria=[is_over], **options)
            except Exception as fault:  # noqa: BLE001 - it is raised where the pieces are read
                faults.append(fault)
            finally:
                streamer.text_queue.put(streamer.stop_signal)  # also where it failed before its end

        worker = threading.Thread(target=generate, name="spanfold-generate", daemon=True)
        worker.start()
        try:
            yield from (piece for piece in streamer if piece)
        finally:
            has_left.set()
            worker.join(_STREAM_WAIT_S)
        if faults:
            raise _calls.row_error("model_input[0]", faults[0]) from faults[0]

    def _inputs(self, model_input: Any) -> list[Any]:
        rows = _rows.rows_of(model_input)
        if self._task != _GENERATION:
            if len(rows.names) > 1 and _rows.CONTENT not in rows.names:
                return [dict(row) for row in rows]  # tasks that read several things, such as documents
            return rows.one(_rows.CONTENT) if len(rows) else []
        if _rows.MESSAGES in rows.names and _rows.CONTENT not in rows.names:
            return [[dict(message) for message in row[_rows.MESSAGES]] for row in rows]
        texts = _local.texts_of(model_input)
        if not getattr(self.python_model.tokenizer, "chat_template", None):
            return list(texts)
        return [[{"role": "user", "content": text}] for text in texts]

    def _options(self, params: Mapping[str, Any] | None) -> dict[str, Any]:
        options = {**self._parameters, **(params or {})}
        if self._task != _GENERATION:
            return options
        for name in ("max_tokens", "max_completion_tokens"):
            if name in options:
                options["max_new_tokens"] = options.pop(name)
        if "stop" in options:
            options["stop_strings"] = options.pop("stop")
            options["tokenizer"] = self.python_model.tokenizer
        if "temperature" in options:
            options["do_sample"] = float(options["temperature"]) > 0
            if not options["do_sample"]:
                del options["temperature"]
        return {"return_full_text": False, **options}

    def _output(self, found: Any) -> Any:
        if self._task == _GENERATION:
            first = found[0] if isinstance(found, list) else found
            return first["generated_text"]
        # A pipeline of classification gives a list of one where it is asked for the best label of several.
        return found[0] if isinstance(found, list) and len(found) == 1 else found


@contextmanager
def _seeded(options: dict[str, Any]) -> Iterator[None]:
    """Random numbers from ``seed``, if the options have one; the application's own are left as they were."""
    seed = options.pop("seed", None)
    if seed is None:
        yield
        return
    torch = _local.library("torch", "torch")
    with torch.random.fork_rng():
        torch.manual_seed(int(seed))
        yield
