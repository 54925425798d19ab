"""Writes models that are code of one's own: the pickle, the artifacts, and the code that they need."""

from __future__ import annotations

import ast
import dis
import io
import os
import shutil
import types
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError, ModelError
from spanfold.pyfunc import _python_model, _requirements, _signature
from spanfold.pyfunc._description import CODE, PYFUNC
from spanfold.pyfunc._logging import Flavor, ModelInfo, log_flavor, save_flavor
from spanfold.pyfunc._python_model import PICKLE, FunctionModel, PythonModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from spanfold.pyfunc._signature import ModelSignature

_LOADER: Final = "spanfold.pyfunc._python_model"
_ARTIFACTS: Final = "artifacts"
_MODEL_CODE: Final = "model_code.py"
_OWN: Final = frozenset({"spanfold", "cloudpickle", "pip", "setuptools"})


def log_model(  # noqa: PLR0913 - MLflow's arguments
    name: str | None = None,
    *,
    python_model: PythonModel | Callable[..., Any] | str | Path,
    artifact_path: str | None = None,
    artifacts: Mapping[str, str | Path] | None = None,
    signature: ModelSignature | None = None,
    input_example: Any = None,
    pip_requirements: Sequence[str] | str | None = None,
    extra_pip_requirements: Sequence[str] | str | None = None,
    code_paths: Sequence[str | Path] | None = None,
    model_config: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    model_type: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    registered_model_name: str | None = None,
) -> ModelInfo:
    """Log a model that is code of your own: a new version, with all its files.

    Args:
        name: of the version.
        python_model: an instance of a :class:`PythonModel`, a function from rows to outputs, or the path of
            a Python file that calls ``set_model(...)``.
        artifact_path: what ``runs:/<run_id>/<artifact_path>`` calls it; by default the name.
        artifacts: files and folders that it reads when it is loaded, by name: a path here, or any address
            that fsspec knows (``s3://...``).
        signature: what it takes and gives; by default what type hints (``list[str]``) or the example tell.
        input_example: kept with the model.
        pip_requirements: the packages that it needs, instead of those found in its code.
        extra_pip_requirements: beside those.
        code_paths: files and packages of yours that it imports; they are importable where it is loaded.
        model_config: settings that ``load_model(model_config=...)`` can override.
        params: of the version.
        tags: of the version.
        model_type: a classification of your own, such as ``agent``.
        metadata: kept in ``MLmodel``.
        registered_model_name: MLflow's; the version's name, before ``name``.

    Raises:
        InvalidArgumentError: an argument cannot be right; nothing was recorded.
        ModelError: the model cannot be written.
        ArtifactError: its files cannot be stored.
        ServerUnavailableError: the collector did not take in half a minute that it is ready.
    """
    # A folder that only lives until it is uploaded can share the artifacts' files.
    flavor = _flavor(python_model, artifacts, code_paths, model_config, shares_files=True)
    return log_flavor(
        flavor, name=name, artifact_path=artifact_path, input_example=input_example, signature=signature,
        pip_requirements=pip_requirements, extra_pip_requirements=extra_pip_requirements, params=params,
        tags=tags, model_type=model_type, metadata=metadata, registered_model_name=registered_model_name,
    )  # fmt: skip


def save_model(  # noqa: PLR0913 - MLflow's arguments
    path: str | Path,
    *,
    python_model: PythonModel | Callable[..., Any] | str | Path,
    artifacts: Mapping[str, str | Path] | None = None,
    signature: ModelSignature | None = None,
    input_example: Any = None,
    pip_requirements: Sequence[str] | str | None = None,
    extra_pip_requirements: Sequence[str] | str | None = None,
    code_paths: Sequence[str | Path] | None = None,
    model_config: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Write such a model to a new folder instead of logging it. Arguments as in :func:`log_model`.

    Raises:
        InvalidArgumentError: an argument cannot be right, or the folder holds something already.
        ModelError: the model cannot be written.
    """
    flavor = _flavor(python_model, artifacts, code_paths, model_config, shares_files=False)
    save_flavor(
        flavor, path, input_example=input_example, signature=signature, pip_requirements=pip_requirements,
        extra_pip_requirements=extra_pip_requirements, metadata=metadata,
    )  # fmt: skip


def _flavor(
    python_model: object,
    artifacts: Mapping[str, str | Path] | None,
    code_paths: Sequence[str | Path] | None,
    model_config: Mapping[str, Any] | None,
    *,
    shares_files: bool,
) -> Flavor:
    """What is to be logged, checked as far as it can be before anything is recorded.

    Raises:
        InvalidArgumentError: an argument cannot be right.
        ModelError: the model cannot be pickled.
    """
    _check_artifacts(artifacts)
    code = [_existing("code_paths", one) for one in code_paths or ()]
    if twice := [one for at, one in enumerate(code) if one.name in {other.name for other in code[:at]}]:
        raise InvalidArgumentError(
            f"code_paths: two are called {twice[0].name!r}; one would replace the other"
        )
    config: dict[str, Any] = {
        "artifacts": {name: _place(name, where) for name, where in (artifacts or {}).items()},
        "model_config": dict(model_config or {}),
        "code": CODE if code else None,
    }
    if isinstance(python_model, str | Path):
        file = _existing("python_model", python_model)
        pickled, modules, signature = None, set(_imported(file)), None
        config["model_code"] = _MODEL_CODE
    else:
        file, model = None, _python_model.as_model(python_model)
        pickled, modules = _pickled(model)
        signature = _signature.of_hints(model.function if isinstance(model, FunctionModel) else model.predict)
        config["python_model"] = PICKLE

    def write(folder: Path) -> None:
        if pickled is not None:
            (folder / PICKLE).write_bytes(pickled)
        if file is not None:
            shutil.copyfile(file, folder / _MODEL_CODE)
        for name, where in (artifacts or {}).items():
            _take(f"artifacts[{name!r}]", where, folder / _place(name, where), shares_files=shares_files)
        for one in code:
            _take("code_paths", one, folder / CODE / one.name, shares_files=False)

    own_code = {one.stem for one in code}
    packages = _requirements.of_modules(modules)
    needed = [one for one in packages if one not in _OWN and one not in own_code]
    return Flavor(PYFUNC, _LOADER, config, ["cloudpickle", *needed], signature, write)


def _pickled(model: PythonModel) -> tuple[bytes, set[str]]:
    """A model's pickle, and the modules that reading it, or running its functions, imports.

    Raises:
        ModelError: it cannot be pickled.
    """
    import cloudpickle  # noqa: PLC0415 - of the extra `models`

    modules = set[str]()

    class Noting(cloudpickle.Pickler):  # type: ignore[misc] # cloudpickle's class is made at run time
        """Sees each object once, and pickles it as ever."""

        def persistent_id(self, obj: object) -> None:
            if isinstance(obj, types.ModuleType):
                modules.add(obj.__name__)
            elif isinstance(obj, type | types.FunctionType | types.BuiltinFunctionType):
                modules.add(obj.__module__ or "")
                if isinstance(obj, types.FunctionType):
                    modules.update(_imports(obj.__code__))

    buffer = io.BytesIO()
    try:
        Noting(buffer).dump(model)
    except Exception as fault:
        message = (
            f"python_model: {type(model).__name__} cannot be pickled: {type(fault).__name__}: {fault}. Make "
            "what cannot travel (clients, locks, open files) in load_context(), or log a file that calls "
            "set_model(...)"
        )
        raise ModelError(message) from fault
    return buffer.getvalue(), modules - {"", "__main__"}


def _imports(code: types.CodeType) -> Iterator[str]:
    """What a function imports when it runs."""
    module = ""
    for step in dis.get_instructions(code):
        if step.opname == "IMPORT_NAME":
            yield (module := str(step.argval))
        elif step.opname == "IMPORT_FROM":  # which may be a module, too
            yield f"{module}.{step.argval}"
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _imports(constant)


def _imported(file: Path) -> Iterator[str]:
    """What a file imports, anywhere in it.

    Raises:
        InvalidArgumentError: it is no Python.
    """
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
    except (SyntaxError, ValueError) as fault:
        raise InvalidArgumentError(f"python_model={str(file)!r} is no Python: {fault}") from fault
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (node.module, *(f"{node.module}.{one.name}" for one in node.names))


def _check_artifacts(artifacts: Mapping[str, str | Path] | None) -> None:
    for name, where in (artifacts or {}).items():
        if not name or name in {".", ".."} or name != Path(name).name or "\\" in name:
            raise InvalidArgumentError(f"artifacts[{name!r}]: a name without a slash; it becomes a folder")
        if "://" not in str(where):
            _existing(f"artifacts[{name!r}]", where)


def _place(name: str, where: str | Path) -> str:
    """Where an artifact is in the model's folder; its own name stays, for it may tell what it is."""
    last = str(where).rstrip("/").rpartition("/")[2] if "://" in str(where) else Path(where).resolve().name
    return f"{_ARTIFACTS}/{name}/{last or name}"


def _existing(argument: str, where: str | Path) -> Path:
    path = Path(where)
    if not path.exists():
        raise InvalidArgumentError(f"{argument}: there is no {str(where)!r} here")
    if not path.is_file() and not path.is_dir():  # a device may have no end
        raise InvalidArgumentError(f"{argument}: {str(where)!r} is neither a file nor a folder")
    return path.resolve()


def _take(argument: str, where: str | Path, target: Path, *, shares_files: bool) -> None:
    """Put a file or a folder, what links lead to included, into the model's folder.

    Raises:
        InvalidArgumentError: there is no such thing.
        ModelError: it cannot be read.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    copy = _link if shares_files else shutil.copyfile
    try:
        if "://" in str(where):
            import fsspec  # noqa: PLC0415 - of the extra `models`

            store, path = fsspec.core.url_to_fs(str(where))
            store.get(path, str(target), recursive=True)
        elif (source := _existing(argument, where)).is_dir():
            ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
            shutil.copytree(source, target, copy_function=partial(copy), ignore=ignore)
        else:
            copy(source, target)
    except (OSError, ImportError, ValueError, shutil.Error) as fault:
        raise ModelError(f"{argument}: {str(where)!r} cannot be read: {fault}") from fault


def _link(source: str | Path, target: str | Path) -> None:
    """The same file under another name, which costs nothing; a copy where that cannot be."""
    try:
        os.link(os.path.realpath(source), target)
    except OSError:
        shutil.copyfile(source, target)
