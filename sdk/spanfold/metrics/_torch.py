"""Models on this machine's own disk: found, loaded once, and run in batches with torch.

Nothing here ever downloads. A model is a folder that ``save_pretrained`` wrote, or a name whose files are in
the Hugging Face cache of this machine. Code that comes with a model runs only where
``SPANFOLD_TRUST_REMOTE_CODE=1`` says so: whoever starts the process decides, not whoever names a model.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections import OrderedDict, deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, TypeVar

from spanfold._internal.forks import ForkedLock
from spanfold.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Task: TypeAlias = Literal["classifier", "encoder", "causal"]
Found = TypeVar("Found")

EXTRA: Final = "pip install 'spanfold[local-models]'"
MAX_LOADED: Final = 4
"""Models that stay in memory; the one that was used longest ago makes room."""
BATCH_ROWS: Final = 32
BATCH_TOKENS: Final = 8_192
"""Tokens of a batch, padding included: long texts come in smaller batches."""

_CLASSES: Final = {
    "classifier": "AutoModelForSequenceClassification",
    "encoder": "AutoModel",
    "causal": "AutoModelForCausalLM",
}
_TOKENIZER_FILES: Final = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model", "tokenizer_config.json")
_NO_LIMIT: Final = 1_000_000
"""Tokenizers that know no limit say 10 to the 30th."""


class Encoded(NamedTuple):
    """A text as the model reads it."""

    inputs: dict[str, list[int]]
    full_tokens: int
    """Before truncation."""

    @property
    def tokens(self) -> int:
        """That the model reads."""
        return len(self.inputs["input_ids"])

    @property
    def truncation(self) -> str | None:
        """What to tell of a text that was cut."""
        if self.tokens == self.full_tokens:
            return None
        return f"only the first {self.tokens} of {self.full_tokens} tokens were read: the model takes no more"


@dataclass(slots=True)
class LocalModel:
    """A loaded model. Any number of threads may use it; they take turns."""

    name: str
    folder: Path
    task: Task
    tokenizer: Any
    model: Any
    device: str
    max_tokens: int | None
    """That it can read at once, special ones included; None: not known."""
    lock: ForkedLock = field(default_factory=ForkedLock)

    def encode(self, texts: Sequence[str], *, marks: bool = True) -> list[Encoded]:
        """Tokens of each text, cut at the model's maximum; with the marks of its beginning and end."""
        if not texts:
            return []
        limit = self.max_tokens
        options = {"add_special_tokens": marks, "verbose": False}
        with self.lock.current:  # tokenizers hold state during a call
            whole = self.tokenizer(list(texts), **options)
            names = [name for name in whole if name != "attention_mask"]
            rows = [dict(zip(names, row, strict=True)) for row in zip(*map(whole.get, names), strict=True)]
            lengths = [len(row["input_ids"]) for row in rows]
            for at, length in enumerate(lengths):
                if limit is not None and length > limit:
                    cut = self.tokenizer(texts[at], truncation=True, max_length=limit, **options)
                    rows[at] = {name: cut[name] for name in names}
        return [Encoded(row, length) for row, length in zip(rows, lengths, strict=True)]

    def inputs(self, rows: Sequence[Encoded], *, side: str | None = None) -> dict[str, Any]:
        """Tensors of a batch, padded to its longest row, on the model's device."""
        torch, _ = libraries()
        longest = max(row.tokens for row in rows)
        left = (side or self.tokenizer.padding_side) == "left"
        fillers = {"input_ids": self.pad_id or 0, "token_type_ids": self.tokenizer.pad_token_type_id}
        columns = {name: [row.inputs[name] for row in rows] for name in rows[0].inputs}
        columns["attention_mask"] = [[1] * row.tokens for row in rows]

        def padded(values: list[int], filler: int) -> list[int]:
            missing = [filler] * (longest - len(values))
            return missing + values if left else values + missing

        return {
            name: torch.tensor(
                [padded(values, fillers.get(name, 0)) for values in column], device=self.device
            )
            for name, column in columns.items()
        }

    @property
    def pad_id(self) -> int | None:
        """What fills shorter rows; None: the model cannot take several rows."""
        for known in (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id):
            if known is not None:
                return int(known)
        return None


def libraries() -> tuple[Any, Any]:
    """Torch and transformers.

    Raises:
        InvalidArgumentError: they are not installed; the message has the line that installs them.
    """
    try:
        return importlib.import_module("torch"), importlib.import_module("transformers")
    except ImportError as fault:
        raise _missing_extra() from fault


def _missing_extra() -> InvalidArgumentError:
    return InvalidArgumentError(f"models on this machine need torch and transformers: {EXTRA}")


def find_model(name: str, *, variable: str | None = None, instead: str = "") -> Path:
    """The folder of a model. Cheap: neither torch nor transformers is imported.

    Args:
        name: a folder, or a name in the Hugging Face cache.
        variable: the environment variable that configures this model, for the message.
        instead: what else the caller could do, for the message.

    Raises:
        InvalidArgumentError: the model is not on this machine; the message says how to get it.
    """
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("transformers") is None:
        raise _missing_extra()
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise InvalidArgumentError(f"{folder} is no model: it has no config.json. {_SAVED}")
        return folder.resolve()
    if name.startswith((".", "~")) or folder.is_absolute() or name.count("/") > 1:
        raise InvalidArgumentError(f"the model {name!r} is not there: no such folder. {_SAVED}")
    hub = importlib.import_module("huggingface_hub")  # which transformers brings
    try:
        cached = Path(hub.snapshot_download(name, local_files_only=True))
        if (cached / "config.json").is_file():
            return cached
    except (OSError, ValueError):
        pass  # not in the cache, or no name that it could have: the same message helps
    or_variable = f" or {variable}=./{Path(name).name}" if variable else ""
    message = (
        f"the model {name!r} is not on this machine, neither as a folder nor in the Hugging Face cache, and "
        f"nothing is downloaded. Get it with: hf download {name}; or, on another machine, hf download {name} "
        f"--local-dir {Path(name).name}, copy the folder here, and name it: model='./{Path(name).name}'"
        f"{or_variable}. {instead}"
    )
    raise InvalidArgumentError(message.rstrip())


_SAVED: Final = "A model is a folder that save_pretrained() wrote, with its tokenizer"
_loading: Final = ForkedLock()
_loaded: Final[OrderedDict[tuple[str, ...], LocalModel]] = OrderedDict()


def load_model(name: str, task: Task, *, variable: str | None = None, instead: str = "") -> LocalModel:
    """The model, loaded when it is first asked for, and then shared by the whole process.

    Raises:
        InvalidArgumentError: it is not on this machine, is no model for this task, or cannot be read.
    """
    folder = find_model(name, variable=variable, instead=instead)
    torch, _ = libraries()
    device = choose_device()
    dtype = _dtype(torch, device, task)
    key = (str(folder), task, device, str(dtype))
    with _loading.current:
        if key not in _loaded:
            _loaded[key] = _load(name, folder, task, device, dtype)
            while len(_loaded) > MAX_LOADED:
                _loaded.popitem(last=False)
        _loaded.move_to_end(key)
        return _loaded[key]


def choose_device() -> str:
    """``SPANFOLD_DEVICE`` (``cpu``, ``cuda``, ``cuda:1``, ``mps``), else the fastest that is there.

    Raises:
        InvalidArgumentError: the device that is asked for is not there.
    """
    torch, _ = libraries()
    asked = os.environ.get("SPANFOLD_DEVICE", "").strip().lower()
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if not asked or asked == "auto":
        return next(name for name, is_there in there.items() if is_there)
    kind, _, number = asked.partition(":")
    count = torch.cuda.device_count() if kind == "cuda" else 1
    if not there.get(kind) or (number and not (number.isdecimal() and int(number) < count)):
        found = ", ".join(name for name, is_there in there.items() if is_there)
        raise InvalidArgumentError(f"SPANFOLD_DEVICE={asked}: this machine has {found}")
    return asked


def _dtype(torch: Any, device: str, task: Task) -> Any:
    """Half precision where it helps: on CUDA. Elsewhere it is slower, or not there."""
    if not device.startswith("cuda"):
        return torch.float32
    if task == "causal" and torch.cuda.is_bf16_supported():
        return torch.bfloat16  # what such models are trained in: float16 may overflow
    return torch.float16


def _load(name: str, folder: Path, task: Task, device: str, dtype: Any) -> LocalModel:
    torch, transformers = libraries()
    if not any(next(folder.glob(pattern), None) for pattern in _TOKENIZER_FILES):
        raise InvalidArgumentError(f"the model {name!r} has no tokenizer beside it. {_SAVED}")
    trusted = os.environ.get("SPANFOLD_TRUST_REMOTE_CODE", "") == "1"
    options = {"local_files_only": True, "trust_remote_code": trusted}
    try:
        with _quiet(transformers):
            tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder), **options)
            model, report = getattr(transformers, _CLASSES[task]).from_pretrained(
                str(folder), dtype=dtype, output_loading_info=True, **options
            )
    except Exception as fault:  # files of others: libraries below raise errors of their own kinds
        message = f"the model {name!r} cannot be loaded as a {task}: {type(fault).__name__}: {fault}"
        if "trust_remote_code" in str(fault):
            message += ". Code of a model runs only where SPANFOLD_TRUST_REMOTE_CODE=1 is set"
        raise InvalidArgumentError(message) from fault
    missing = sorted(report["missing_keys"])
    if missing and not (task == "encoder" and all("pooler" in key for key in missing)):
        message = (
            f"the model {name!r} is no trained {task}: its files lack {len(missing)} weights "
            f"({', '.join(missing[:3])}), which would be random"
        )
        raise InvalidArgumentError(message)
    model.to(torch.device(device)).eval()
    return LocalModel(name, folder, task, tokenizer, model, device, _max_tokens(tokenizer, model))


def _max_tokens(tokenizer: Any, model: Any) -> int | None:
    config = model.config.get_text_config()
    positions = getattr(config, "max_position_embeddings", None) or getattr(config, "n_positions", None)
    if positions is not None:
        embeddings = getattr(model.base_model, "embeddings", None)
        padding = getattr(embeddings, "padding_idx", None)  # RoBERTa and its kin count positions after it
        positions -= 0 if padding is None else int(padding) + 1
    known = (positions, tokenizer.model_max_length)
    return min((int(one) for one in known if one is not None and 0 < one < _NO_LIMIT), default=None)


@contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """Loading shows a bar and a report on the terminal; what matters of it is checked here."""
    logging = transformers.utils.logging
    verbosity, shows_bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if shows_bars:
            logging.enable_progress_bar()


def batches(lengths: Sequence[int], *, rows: int, tokens: int) -> Iterator[list[int]]:
    """Positions in batches, longest first: rows of like length waste little on padding.

    Example:
        >>> list(batches([3, 100, 4, 90], rows=3, tokens=200))
        [[1, 3], [2, 0]]
    """
    order = sorted(range(len(lengths)), key=lambda at: -lengths[at])
    batch: list[int] = []
    for at in order:
        if batch and (len(batch) == rows or lengths[batch[0]] * (len(batch) + 1) > tokens):
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch


def in_batches(
    lengths: Sequence[int],
    run: Callable[[list[int]], Found],
    *,
    rows: int = BATCH_ROWS,
    tokens: int = BATCH_TOKENS,
) -> Iterator[tuple[list[int], Found]]:
    """Run a function on batches of positions; one for which memory is short is halved.

    Args:
        lengths: tokens of each row.
        run: gets positions of rows.
        rows: of a batch, at most.
        tokens: of a batch, padding included; a longer row comes alone.

    Raises:
        torch.OutOfMemoryError: there is no memory for a single row.
    """
    torch, _ = libraries()
    waiting = deque(batches(lengths, rows=rows, tokens=tokens))
    while waiting:
        batch = waiting.popleft()
        try:
            with torch.inference_mode():
                found = run(batch)
        except torch.OutOfMemoryError:
            if len(batch) == 1:
                raise
            half = len(batch) // 2
            waiting.extendleft((batch[half:], batch[:half]))
            continue
        yield batch, found


def distinct(texts: Sequence[str]) -> tuple[list[str], list[int]]:
    """Each text once, and where each row's text is among them: answers of applications repeat."""
    positions: dict[str, int] = {}
    where = [positions.setdefault(text, len(positions)) for text in texts]
    return list(positions), where
