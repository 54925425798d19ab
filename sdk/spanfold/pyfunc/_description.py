"""``MLmodel``: the file that says what a logged model is, and who loads it. YAML, as MLflow's."""

from __future__ import annotations

import datetime as dt
import platform
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import ModelError
from spanfold.pyfunc._signature import ModelSignature

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE: Final = "MLmodel"
REQUIREMENTS: Final = "requirements.txt"
EXAMPLE: Final = "input_example.json"
CODE: Final = "code"
PYFUNC: Final = "python_function"
_MAX_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Description:
    """What stands in ``MLmodel``."""

    flavor: str
    """Its name: ``openai``, ``python_function``, ..."""
    loader_module: str
    """The module whose ``_load_pyfunc(folder, config)`` gives an object with ``predict``."""
    config: Mapping[str, Any] = field(default_factory=dict)
    signature: ModelSignature | None = None
    model_id: str | None = None
    name: str | None = None
    run_id: str | None = None
    metadata: Mapping[str, Any] | None = None
    has_example: bool = False
    utc_time_created: str = ""
    spanfold_version: str = ""
    python_version: str = ""

    def write(self, folder: Path) -> None:
        """Write ``MLmodel`` in the model's folder.

        Raises:
            ModelError: YAML cannot say what the configuration or the metadata holds.
        """
        import yaml  # noqa: PLC0415 - of the extra `models`

        loader = {"loader_module": self.loader_module, "python_version": platform.python_version()}
        flavors = {PYFUNC: {**loader, **(self.config if self.flavor == PYFUNC else {"flavor": self.flavor})}}
        if self.flavor != PYFUNC:
            flavors[self.flavor] = dict(self.config)
        written = {
            "name": self.name,
            "model_id": self.model_id,
            "run_id": self.run_id,
            "flavors": flavors,
            "signature": None if self.signature is None else self.signature.to_dict(),
            "metadata": None if self.metadata is None else dict(self.metadata),
            "saved_input_example_info": {"artifact_path": EXAMPLE} if self.has_example else None,
            "requirements": REQUIREMENTS,
            "spanfold_version": spanfold_version(),
            "utc_time_created": dt.datetime.now(dt.UTC).isoformat(),
        }
        try:
            text = yaml.safe_dump(
                {name: one for name, one in written.items() if one is not None}, sort_keys=False
            )
        except yaml.YAMLError as fault:
            raise ModelError(f"config or metadata: YAML cannot say it: {fault}") from fault
        (folder / FILE).write_text(text, encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Description:
        """What stands in a model's folder.

        Raises:
            ModelError: there is no ``MLmodel``, or it says no flavor that can be loaded.
        """
        import yaml  # noqa: PLC0415 - of the extra `models`

        file = folder / FILE
        try:
            if file.stat().st_size > _MAX_BYTES:
                raise ModelError(f"{file}: is larger than {_MAX_BYTES} bytes")
            written = yaml.safe_load(file.read_text(encoding="utf-8"))
            flavors = written["flavors"]
            loader = flavors[PYFUNC]
            flavor = str(loader.get("flavor", PYFUNC))
            signature = written.get("signature")
            return cls(
                flavor=flavor,
                loader_module=str(loader["loader_module"]),
                config=dict(flavors[flavor]),
                signature=None if signature is None else ModelSignature.from_dict(signature),
                model_id=written.get("model_id"),
                name=written.get("name"),
                run_id=written.get("run_id"),
                metadata=written.get("metadata"),
                has_example=(folder / EXAMPLE).is_file(),
                utc_time_created=str(written.get("utc_time_created", "")),
                spanfold_version=str(written.get("spanfold_version", "")),
                python_version=str(loader.get("python_version", "")),
            )
        except FileNotFoundError as fault:
            raise ModelError(f"{folder} is no logged model: it has no file {FILE}") from fault
        except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as fault:
            raise ModelError(f"{file}: does not describe a model: {fault!r}") from fault


def spanfold_version() -> str:
    """The installed version of this package; empty where it is not installed."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - slow to import

    try:
        return version("spanfold")
    except PackageNotFoundError:
        return ""
