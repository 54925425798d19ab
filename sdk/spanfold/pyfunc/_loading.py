"""From a URI to a model that can be called. Runs code of the model that the caller names, and of no other."""

from __future__ import annotations

import importlib
import logging
import platform
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spanfold._internal import pages, reading
from spanfold._internal.model_reads import get_logged_model
from spanfold.errors import InvalidArgumentError, ModelError, NotFoundError, SpanfoldError
from spanfold.pyfunc import _requirements
from spanfold.pyfunc._description import CODE, PYFUNC, REQUIREMENTS, Description
from spanfold.pyfunc._loaded import PyFuncModel
from spanfold.pyfunc._logging import FLAVOR_TAG, PATH_TAG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spanfold._internal.model import LoggedModel

SCHEMES: Final = ("models:", "runs:")
_MODEL_ID: Final = re.compile(r"m-[0-9a-f]{32}")
_ALIAS_OR_NUMBER: Final = re.compile(r"(?P<name>.+)(?:/\d+|@[^/]+)")
_log: Final = logging.getLogger("spanfold")
_code_folders = list[Path]()


def load_model(
    model_uri: str | Path,
    *,
    dst_path: str | Path | None = None,
    model_config: Mapping[str, Any] | None = None,
    suppress_warnings: bool = False,
) -> PyFuncModel:
    """Load a logged model: its files are fetched, their hashes checked, and its code is run.

    Whoever could log a model of this name decides what runs: name the ID where that must be certain.

    Args:
        model_uri: ``models:/<model ID>``; ``models:/<name>``: the newest of this name that is ready;
            ``runs:/<run ID>/<artifact path>``: what was logged so in a run; or a folder.
        dst_path: where the files are put; by default where what was fetched before is found again.
        model_config: settings to override, of a model that was logged with some.
        suppress_warnings: say nothing where other packages are installed than it was logged with.

    Raises:
        InvalidArgumentError: the URI is none.
        NotFoundError: there is no such model.
        ModelError: it is not ready, or cannot be loaded here; the message says what is missing.
        ArtifactError: its files are damaged, or cannot be fetched.
        ServerUnavailableError: the query API gave no usable answer.

    Example:
        >>> model = load_model("models:/support-bot")  # doctest: +SKIP
        >>> model.predict({"question": "Where is my parcel?"})  # doctest: +SKIP
        ['On its way.']
    """
    model_id, folder = fetched(model_uri, dst_path)
    description = Description.read(folder)
    if not suppress_warnings:
        _warn_of_differences(str(model_uri), folder, description)
    config = dict(description.config)
    if model_config:
        config["model_config"] = {**(config.get("model_config") or {}), **model_config}
    if (folder / CODE).is_dir():
        _import_from(folder / CODE)
    try:
        loader = importlib.import_module(description.loader_module)
        model = loader._load_pyfunc(str(folder), config)  # noqa: SLF001 - the name that MLflow gave it
    except SpanfoldError:
        raise
    except ModuleNotFoundError as fault:
        packages = ", ".join(_requirements.differences(folder / REQUIREMENTS)) or "see its requirements.txt"
        raise ModelError(f"{model_uri}: module {fault.name!r} is not installed ({packages})") from fault
    except Exception as fault:
        raise ModelError(f"{model_uri}: cannot be loaded: {type(fault).__name__}: {fault}") from fault
    return PyFuncModel(model, description, model_id or description.model_id, folder)


def fetched(model_uri: str | Path, dst_path: str | Path | None = None) -> tuple[str | None, Path]:
    """A model's ID, if it has one, and the folder of its files. Errors are those of :func:`load_model`."""
    text = str(model_uri)
    if not text.startswith(SCHEMES):
        folder = Path(text.removeprefix("file://"))
        if "://" in str(folder) or not folder.is_dir():
            raise InvalidArgumentError(
                f"model {text!r}: write models:/<model ID>, models:/<name>, runs:/<run ID>/<artifact path>, "
                "or a folder that exists"
            )
        return None, folder.resolve()
    model_id = resolved(text)
    from spanfold.artifacts import download  # noqa: PLC0415 - loads what moves files

    return model_id, download(model_id, None if dst_path is None else Path(dst_path))


def resolved(model_uri: str) -> str:
    """The ID of the model that a URI names, which is ready. Errors are those of :func:`load_model`."""
    scheme, _, path = model_uri.partition(":")
    path = path.strip("/")
    if scheme == "models" and _MODEL_ID.fullmatch(path):
        model = get_logged_model(path)
        if model.status != "READY":
            raise ModelError(_why_not(model))
        return path
    if scheme == "models" and path:
        return _newest(model_uri, _equals("name", path), path)
    run_id, _, artifact_path = path.partition("/")
    if scheme == "runs" and run_id and artifact_path:
        condition = f"{_equals('source_run_id', run_id)} AND {_equals(f'tags.`{PATH_TAG}`', artifact_path)}"
        return _newest(model_uri, condition, path)
    raise InvalidArgumentError(
        f"model {model_uri!r}: write models:/<model ID>, models:/<name> or runs:/<run ID>/<artifact path>"
    )


def _newest(model_uri: str, condition: str, name: str) -> str:
    """The newest version that fits, has files, and is ready.

    Raises:
        NotFoundError: there is none.
    """
    query_api = reading.query_api()
    with_files = f"{condition} AND status = 'READY' AND tags.`{FLAVOR_TAG}` LIKE '%'"
    order = ["creation_timestamp DESC"]
    found = next(pages.items(query_api, "/v1/models", "models", 1, filter=with_files, order_by=order), None)
    if found is not None:
        return str(found["model_id"])
    hint = ""
    if of_name := _ALIAS_OR_NUMBER.fullmatch(name):
        hint = (
            "; versions have no numbers or aliases here: name models:/<model ID>, or "
            f"models:/{of_name['name']}"
        )
    raise NotFoundError(f"{model_uri}: no model with files is ready that is called so{hint}")


def _equals(field: str, value: str) -> str:
    text = value.replace("'", "''")
    return f"{field} = '{text}'"


def _why_not(model: LoggedModel) -> str:
    why = model.status_message
    return f"model {model.model_id} ({model.name}) is {model.status}, not READY" + (f": {why}" if why else "")


def _warn_of_differences(model_uri: str, folder: Path, description: Description) -> None:
    found = _requirements.differences(folder / REQUIREMENTS)
    of_python, here = (one.split(".")[:2] for one in (description.python_version, platform.python_version()))
    if description.flavor == PYFUNC and description.python_version and of_python != here:
        found.insert(
            0, f"Python: logged with {description.python_version}, this is {platform.python_version()}"
        )
    if found:
        _log.warning(
            "%s was logged with other packages than are installed: %s. To have them: pip install -r %s",
            model_uri,
            "; ".join(found),
            folder / REQUIREMENTS,
        )


def _import_from(folder: Path) -> None:
    """Make a model's own modules importable, instead of those of the same name that another model brought."""
    names = {one.stem for one in folder.iterdir()}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        is_of_a_model = file and any(Path(file).is_relative_to(one) for one in _code_folders)
        if name.partition(".")[0] in names and is_of_a_model:
            del sys.modules[name]
    if folder not in _code_folders:
        _code_folders.append(folder)
    path = str(folder)
    sys.path[:] = [path, *(one for one in sys.path if one != path)]
    importlib.invalidate_caches()
