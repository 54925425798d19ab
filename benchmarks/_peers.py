"""The published servers that spanfold is measured against, each in a virtual environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

INSTALL_TIMEOUT_S: Final = 1_200


def default_cache_dir() -> Path:
    """Where the environments are kept between runs (about 1.5 GB for both)."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "spanfold-benchmarks"


@dataclass(frozen=True, slots=True)
class Package:
    """A published package in a virtual environment of its own."""

    name: str
    requirement: str
    """Pinned: a figure is worth nothing without the version it belongs to."""
    beside: tuple[str, ...] = ()
    """What it needs besides, and does not ask for itself."""

    def python(self, cache_dir: Path) -> Path:
        """The interpreter of the package's environment, which is made if it is missing.

        Raises:
            subprocess.SubprocessError: the package could not be installed.
        """
        home = cache_dir / self.requirement.replace("==", "-")
        python = home / "bin" / "python"
        stamp = home / "installed"
        if not stamp.exists():
            print(f"installing {self.requirement} into {home} (once, minutes)", file=sys.stderr)
            subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True, timeout=120)
            pip = [str(python), "-m", "pip", "install", "--quiet", self.requirement, *self.beside]
            subprocess.run(pip, check=True, timeout=INSTALL_TIMEOUT_S, stdout=sys.stderr)
            stamp.touch()
        return python


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer(Package):
    """A server that takes OTLP over HTTP and stores it in one SQLite file."""

    command: tuple[str, ...]
    """Arguments after the interpreter; ``{port}``, ``{directory}`` are filled in."""
    database: str
    """The SQLite file in the data directory."""
    ready_path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    """As ``command``."""

    def arguments(self, port: int, directory: Path) -> list[str]:
        """What follows the interpreter on the command line."""
        return [part.format(port=port, directory=directory) for part in self.command]

    def variables(self, port: int, directory: Path) -> dict[str, str]:
        """Environment variables that the server reads."""
        return {key: value.format(port=port, directory=directory) for key, value in self.environment.items()}


MLFLOW_TRACING: Final = Package(
    name="mlflow-tracing",
    requirement="mlflow-tracing==3.17.2",
    beside=("opentelemetry-exporter-otlp-proto-http",),
)
MLFLOW: Final = Peer(
    name="mlflow",
    requirement="mlflow==3.17.2",
    command=(
        *("-m", "mlflow", "server", "--host", "127.0.0.1", "--port", "{port}", "--workers", "1"),
        *("--backend-store-uri", "sqlite:///{directory}/mlflow.db"),
        *("--artifacts-destination", "{directory}/artifacts"),
    ),
    database="mlflow.db",
    ready_path="/health",
    headers={"x-mlflow-experiment-id": "0"},
)
PHOENIX: Final = Peer(
    name="arize-phoenix",
    requirement="arize-phoenix==20.26.1",
    command=("-m", "phoenix.server.main", "serve"),
    database="phoenix.db",
    ready_path="/healthz",
    environment={
        "PHOENIX_WORKING_DIR": "{directory}",
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": "{port}",
        "PHOENIX_GRPC_PORT": "0",
        "PHOENIX_TELEMETRY_ENABLED": "false",
    },
)
