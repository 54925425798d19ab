"""What the flavors of models on this machine share: their weights are in the folder ``model``."""

from __future__ import annotations

import importlib
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from spanfold._flavors import _rows
from spanfold._flavors._config import check_parameters
from spanfold.errors import InvalidArgumentError, ModelError, SpanfoldError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from spanfold.pyfunc import Flavor

FOLDER: Final = "model"


def local_flavor(  # noqa: PLR0913 - what such a model consists of
    name: str,
    *,
    task: str,
    parameters: Mapping[str, Any],
    requirements: Sequence[str],
    write: Callable[[Path], None],
    output: Any,
) -> Flavor:
    """A model with weights as a flavor.

    Args:
        name: of the flavor, and of spanfold's module for it.
        task: what it does.
        parameters: that hold for each prediction.
        requirements: packages that are needed to use it.
        write: writes the weights into the folder ``model`` of the given one.
        output: type of an output, in the words of signatures.

    Raises:
        InvalidArgumentError: a parameter cannot be kept.
    """
    from spanfold.pyfunc import ColSpec, Flavor, ModelSignature  # noqa: PLC0415 - not needed to load a model

    return Flavor(
        name=name,
        loader_module=f"spanfold.{name}",
        config={"task": task, "parameters": check_parameters(parameters, frozenset(), "")},
        pip_requirements=list(requirements),
        signature=ModelSignature(None, (ColSpec(output),)),
        write=write,
    )


def library(module: str, distribution: str) -> Any:
    """A library that is needed to use a model.

    Raises:
        ModelError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as fault:
        raise ModelError(f"{distribution} is not installed: pip install {distribution}") from fault


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Translate what libraries raise while they read a model's files.

    Raises:
        ModelError: the model cannot be loaded.
    """
    try:
        yield
    except SpanfoldError:
        raise
    except Exception as fault:  # files of others: libraries below raise errors of their own kinds
        message = f"the weights in {folder} cannot be loaded: {type(fault).__name__}: {fault}"
        if "trust_remote_code" in str(fault):
            message += ". Code that comes with a model runs only where SPANFOLD_TRUST_REMOTE_CODE=1 is set"
        raise ModelError(message) from fault


def device() -> str:
    """``SPANFOLD_DEVICE``, or the fastest that is there.

    Raises:
        InvalidArgumentError: the device that is asked for is not there.
    """
    from spanfold.metrics._torch import choose_device  # noqa: PLC0415 - imports torch

    return choose_device()


def trusts_remote_code() -> bool:
    """Whether code that comes with a model may run: whoever starts the process decides."""
    return os.environ.get("SPANFOLD_TRUST_REMOTE_CODE", "") == "1"


def texts_of(model_input: Any) -> list[str]:
    """The text of each row: of the column ``content``, or of the only one.

    Raises:
        InvalidArgumentError: a row has none, or it is not clear which column is meant.
    """
    rows = _rows.rows_of(model_input)
    values = rows.one(_rows.CONTENT) if len(rows) else []
    for index, value in enumerate(values):
        if not isinstance(value, str):
            kind = "nothing" if _rows.is_missing(value) else type(value).__name__
            message = f"model_input[{index}]: a text, not {kind}"
            raise InvalidArgumentError(message)
    return values
