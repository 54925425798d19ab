"""How a Runnable is written down."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Final

from spanfold._flavors._calls import KEY_VARIABLES
from spanfold._flavors._config import check_no_secret
from spanfold.errors import InvalidArgumentError, ModelError
from spanfold.pyfunc import ColSpec, Flavor, ModelSignature

if TYPE_CHECKING:
    from pathlib import Path

    from spanfold._flavors._config import Calls

JSON_FILE: Final = "runnable.json"
PICKLE_FILE: Final = "runnable.pkl"
MAX_BYTES: Final = 64 * 1024 * 1024
_SHORTEST_SECRET: Final = 8


def flavor_of(runnable: Any, calls: Calls) -> Flavor:
    """The flavor of a Runnable.

    Raises:
        InvalidArgumentError: it is none.
    """
    try:
        from langchain_core.load import dumps  # noqa: PLC0415 - optional, and slow to import
        from langchain_core.runnables import Runnable  # noqa: PLC0415
    except ImportError as fault:
        message = "langchain-core is not installed: pip install langchain-core"
        raise InvalidArgumentError(message) from fault
    if not isinstance(runnable, Runnable):
        raise InvalidArgumentError(f"lc_model: a Runnable of LangChain, not {type(runnable).__name__}")
    text = dumps(runnable)
    is_json = not _has_foreign_parts(json.loads(text))
    names = input_names(runnable)

    def write(folder: Path) -> None:
        if is_json:
            _check_size(len(text))
            _check_no_key(text.encode())
            (folder / JSON_FILE).write_text(text, encoding="utf-8")
        else:
            (folder / PICKLE_FILE).write_bytes(_pickled(runnable))

    return Flavor(
        name="langchain",
        loader_module="spanfold.langchain",
        config={"file": JSON_FILE if is_json else PICKLE_FILE, "inputs": names, "calls": calls.as_config()},
        pip_requirements=_packages(text) if is_json else [*_packages(text), "cloudpickle"],
        signature=ModelSignature(tuple(ColSpec("any", name) for name in names) or None, (ColSpec("any"),)),
        write=write,
    )


def input_names(runnable: Any) -> list[str]:
    """The names of a Runnable's inputs, if it takes a dict of known ones, such as a prompt's variables."""
    try:
        schema = runnable.get_input_jsonschema()
    except Exception:  # noqa: BLE001 - LangChain cannot tell for every Runnable, and says so in many ways
        return []
    is_dict = schema.get("type") == "object" and schema.get("title", "") == "PromptInput"
    return sorted(schema.get("properties", {})) if is_dict else []


def _has_foreign_parts(written: Any) -> bool:
    """Whether LangChain left something out that it cannot write."""
    if isinstance(written, dict):
        if written.get("lc") == 1 and written.get("type") == "not_implemented":
            return True
        return any(_has_foreign_parts(part) for part in written.values())
    return isinstance(written, list) and any(map(_has_foreign_parts, written))


def _packages(text: str) -> list[str]:
    found = {"langchain-core"}
    for name in ("langchain_openai", "langchain_anthropic", "langchain_google_genai", "langchain_aws"):
        if f'"{name}"' in text:
            found.add(name.replace("_", "-"))
    return sorted(found)


def _pickled(runnable: Any) -> bytes:
    import cloudpickle  # noqa: PLC0415 - of the extra `models`

    try:
        data: bytes = cloudpickle.dumps(runnable)
    except Exception as fault:  # an object of the application: it may raise anything
        message = (
            f"the chain has parts that LangChain cannot write, and it cannot be pickled either: "
            f"{type(fault).__name__}: {fault}. Make such parts (clients, connections) in a function, or log "
            "a pyfunc.PythonModel that builds the chain in load_context"
        )
        raise ModelError(message) from fault
    _check_size(len(data))
    _check_no_key(data)
    return data


def _check_size(size_bytes: int) -> None:
    if size_bytes > MAX_BYTES:
        message = f"the chain takes {size_bytes} bytes, more than {MAX_BYTES}: keep documents outside of it"
        raise ModelError(message)


def _check_no_key(data: bytes) -> None:
    """See to it that no key is in what is stored.

    Raises:
        ModelError: one is; the message names the variable, not the key.
    """
    for name in KEY_VARIABLES:
        secret = os.environ.get(name, "")
        if len(secret) >= _SHORTEST_SECRET and secret.encode() in data:
            message = (
                f"the chain holds the value of {name}, and a logged model keeps no secrets: log a "
                "pyfunc.PythonModel that builds the chain in load_context, from the environment"
            )
            raise ModelError(message)
    try:
        check_no_secret("", data.decode("utf-8", "replace"), "the chain")
    except InvalidArgumentError as fault:
        raise ModelError(str(fault)) from None
