"""Settings of the servers and the command line: one model, four places they may come from.

A flag wins over an environment variable (``SPANFOLD_`` + name), which wins over the TOML file named by
``--config`` or ``SPANFOLD_CONFIG``, which wins over the default. ``OTEL_*`` variables keep their standard
meaning and are not read here.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, TomlConfigSettingsSource

from spanfold_deploy.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails
    from pydantic_settings import PydanticBaseSettingsSource

MIB: Final = 1024 * 1024
GIB: Final = 1024 * MIB
ENV_PREFIX: Final = "SPANFOLD_"
CONFIG_VARIABLE: Final = "SPANFOLD_CONFIG"


def redact(url: str) -> str:
    """The URL without its password, fit to be shown and logged.

    Example:
        >>> redact("clickhouse://me:secret@db:8123/traces")
        'clickhouse://me:***@db:8123/traces'
    """
    return re.sub(r"(?<=//)([^/@:]*):[^/@]*@", r"\1:***@", url)


def _check_database(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme == "chdb" and (parts.netloc or parts.path):
        return url
    if parts.scheme == "clickhouse" and parts.hostname:
        return url
    message = (
        "not a database URL: expected chdb:///directory or clickhouse://user:password@host:8123/database"
    )
    raise ValueError(message)


def _check_http_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme in {"http", "https"} and parts.hostname:
        return url.rstrip("/")
    message = "not an HTTP address: expected http://host:port"
    raise ValueError(message)


Port = Annotated[int, Field(ge=0, le=65535)]


class Settings(BaseSettings):
    """Everything that can be set, with its default; :func:`load_settings` fills it in."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, extra="forbid", frozen=True)

    database: Annotated[str, AfterValidator(_check_database)] = Field(
        default="chdb://./spanfold-data",
        description="Where everything is stored: `chdb:///directory` (the embedded engine) or "
        "`clickhouse://user:password@host:8123/database` (a server or a cluster).",
    )
    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Address to listen on. The default takes connections from this machine only.",
    )
    otlp_grpc_port: Port = Field(default=4317, description="Port of OTLP over gRPC. 0 takes a free one.")
    otlp_http_port: Port = Field(default=4318, description="Port of OTLP over HTTP. 0 takes a free one.")
    api_port: Port = Field(default=4319, description="Port of the query API. 0 takes a free one.")
    spool_directory: Path | None = Field(
        default=None,
        description="Where the collector keeps what the database has not taken yet. Default: `collector` in "
        "the embedded database's directory, or `./spanfold-collector` beside a server.",
    )
    spool_max_bytes: int = Field(
        default=4 * GIB, ge=0, description="Most bytes on the spool, per signal; past it senders must wait."
    )
    min_free_disk_bytes: int = Field(
        default=GIB, ge=0, description="Free disk below which requests are refused as retryable."
    )
    max_held_bytes: int = Field(
        default=256 * MIB, ge=MIB, description="Most bytes of requests in memory, per signal."
    )
    max_request_bytes: int = Field(
        default=16 * MIB, ge=1024, description="Largest request that is taken, after decompression."
    )
    retention_days: int = Field(
        default=90,
        ge=1,
        le=36_500,
        description="Days that spans and logs are kept; whole days are dropped. "
        "Model events and scores stay.",
    )
    service_version_as_model: bool = Field(
        default=False,
        description="Take `service.name@service.version` as the model ID of spans that name none.",
    )
    price_file: Path | None = Field(
        default=None,
        description="TOML file of prices of one's own, which go before the published list "
        "([docs/cost.md](cost.md)).",
    )
    artifacts: str | None = Field(
        default=None,
        min_length=1,
        description="Where files of logged models are kept: a folder, or a URL such as `s3://bucket/models` "
        "([docs/artifacts.md](artifacts.md)). Default: `artifacts` in the embedded database's directory, or "
        "`./spanfold-artifacts` beside a server.",
    )
    max_artifact_bytes: int = Field(
        default=100 * GIB, ge=1024, description="Largest file of a logged model that is taken."
    )
    gateway_config: Path | None = Field(
        default=None,
        description="YAML file of the endpoints that the gateway serves beside the query API "
        "([docs/deployments.md](deployments.md)). Default: there is no gateway.",
    )
    collector_endpoint: Annotated[str, AfterValidator(_check_http_url)] | None = Field(
        default=None,
        description="The collector's OTLP/HTTP address, to which the query API sends events of evaluations, "
        "monitors and feedback. Default: the collector of the same process, or `http://localhost:4318`.",
    )
    evaluation_workers: int = Field(
        default=2,
        ge=0,
        le=64,
        description="Evaluations that run beside the query API at one time. 0: none, and no monitors; so for "
        "all query APIs of one database but one.",
    )
    evaluation_queue: int = Field(
        default=50, ge=1, le=10_000, description="Evaluations that may wait; past it they are refused."
    )
    monitor_interval_s: float = Field(
        default=15.0,
        gt=0,
        le=3600,
        description="Seconds from one look of a monitor at new traces to the next.",
    )
    monitor_settle_s: float = Field(
        default=30.0,
        ge=0,
        le=3600,
        description="Age in seconds at which a trace is scored by monitors: all its spans have come by then.",
    )
    monitor_overlap_s: float = Field(
        default=3600.0,
        ge=0,
        le=86_400,
        description="Seconds that monitors look back for traces that came late.",
    )
    shutdown_timeout_s: float = Field(
        default=10.0,
        gt=0,
        le=3600,
        description="Seconds that an orderly stop may take. What is not in the database by then is on the "
        "spool, or was never acknowledged.",
    )
    endpoint: Annotated[str, AfterValidator(_check_http_url)] = Field(
        default="http://localhost:4319",
        description="Address of the query API, for the commands and the SDK that read from it.",
    )

    def collector_directory(self) -> Path:
        """Where this collector spools: as set, else beside the data."""
        if self.spool_directory is not None:
            return self.spool_directory
        return self._beside_the_data("collector")

    def artifacts_place(self) -> str:
        """Where files of logged models are kept: as set, else beside the data."""
        return self.artifacts or str(self._beside_the_data("artifacts"))

    def artifacts_staging(self) -> Path | None:
        """Where uploads to a URL grow; None for a folder, which has a place for them."""
        return self._beside_the_data("artifact-uploads") if "://" in self.artifacts_place() else None

    def gateway_directory(self) -> Path:
        """Where the limits of the gateway's endpoints are kept."""
        return self._beside_the_data("gateway")

    def _beside_the_data(self, name: str) -> Path:
        parts = urlsplit(self.database)
        if parts.scheme == "chdb":
            return Path(unquote(parts.netloc + parts.path)).expanduser() / name
        return Path(f"spanfold-{name}")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic-settings calls it by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then the environment, then the TOML file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(flags: Mapping[str, object] | None = None, *, config: Path | None = None) -> Settings:
    """Read the settings from every place they may come from.

    Args:
        flags: values given on the command line, by setting; None means that the flag was not given.
        config: the TOML file; None means the one that ``SPANFOLD_CONFIG`` names, if any.

    Raises:
        SettingsError: a value is wrong, a name in the file is unknown, or the file cannot be read.

    Example:
        >>> load_settings({"api_port": 8080}).api_port
        8080
    """
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    path = config or (Path(named) if (named := os.environ.get(CONFIG_VARIABLE)) else None)
    if path is not None:
        _check_file(path)

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=path)

    try:
        return FromFile(**given)  # type: ignore[arg-type]  # checked by the model: that is its task
    except ValidationError as error:
        raise SettingsError("\n".join(_explain(detail, given, path) for detail in error.errors())) from None


def _check_file(path: Path) -> None:
    try:
        tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = (
            f"cannot read the settings file {path}: {error.strerror or error}.\n"
            f"  Fix: give an existing file with --config or {CONFIG_VARIABLE}, or leave both out."
        )
        raise SettingsError(message) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f'{path} is not TOML: {error}.\n  Fix: write one setting a line, as in  host = "127.0.0.1"'
        raise SettingsError(message) from None


def _explain(detail: ErrorDetails, flags: Mapping[str, object], path: Path | None) -> str:
    name = str(detail["loc"][0])
    variable = ENV_PREFIX + name.upper()
    if detail["type"] == "extra_forbidden":
        close = difflib.get_close_matches(name, Settings.model_fields, n=1)
        fix = f"did you mean {close[0]}?" if close else f"known settings: {', '.join(Settings.model_fields)}."
        return f"{path} has the unknown setting {name}.\n  Fix: {fix}"
    if name in flags:
        origin, fixed = f"the command line (--{name.replace('_', '-')})", f"--{name.replace('_', '-')} "
    elif variable in os.environ:
        origin, fixed = f"the environment ({variable})", f"{variable}="
    else:
        origin, fixed = f"the file {path}", f"{name} = "
    reason = detail["msg"].removeprefix("Value error, ")
    reason = reason[:1].lower() + reason[1:]
    default: Any = Settings.model_fields[name].default
    example = f'"{default}"' if isinstance(default, str) and fixed.endswith("= ") else default
    value = redact(str(detail["input"]))
    return f"{name} = {value}, from {origin}: {reason}.\n  Fix: for example  {fixed}{example}"
