"""The gateway in a process: inside ``spanfold serve``, or alone (``spanfold deployments start``)."""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from spanfold_deploy.errors import StartError
from spanfold_deploy.http_server import HttpServer, listen, url_of

if TYPE_CHECKING:
    from pathlib import Path

    from spanfold_query_api.gateway.app import Deployments

LEDGER: Final = "limits.sqlite"


@dataclass(frozen=True, slots=True)
class GatewayOptions:
    """Of a gateway alone."""

    config: Path
    directory: Path
    """Where limits are kept."""
    host: str = "127.0.0.1"
    port: int = 4320
    shutdown_timeout_s: float = 10.0


def open_deployments(config: Path, directory: Path, *, later: bool = False) -> Deployments:
    """Read the file of the endpoints, and open what belongs to it.

    Args:
        config: the file.
        directory: where limits are kept.
        later: where spans go is told later, by `spans.connect`.

    Raises:
        StartError: the file cannot be used; the message names each line. Or the directory cannot.
    """
    from spanfold.errors import InvalidArgumentError  # noqa: PLC0415 - heavy, and few processes have a gateway
    from spanfold_query_api.gateway.app import Deployments  # noqa: PLC0415 - as above
    from spanfold_query_api.gateway.config_file import ConfigError  # noqa: PLC0415 - as above
    from spanfold_query_api.gateway.ledger import LedgerError  # noqa: PLC0415 - as above
    from spanfold_query_api.gateway.spans import Spans  # noqa: PLC0415 - as above
    from spanfold_query_api.gateway.versions import Versions  # noqa: PLC0415 - as above

    try:
        return Deployments(config, directory / LEDGER, Spans(later=later), Versions(later=later))
    except (ConfigError, InvalidArgumentError) as error:
        raise StartError(str(error)) from None
    except (LedgerError, OSError) as error:
        message = f"limits cannot be kept in {directory}: {error}\n  Fix: name another with --data"
        raise StartError(message) from error


def connect(deployments: Deployments, api_url: object, collector_endpoint: str | None) -> None:
    """Tell a gateway, and the processes that it starts for logged models, where this server is.

    They inherit the environment. What a person has set there goes first.
    """
    deployments.connect(collector_endpoint)
    for name, url in (("SPANFOLD_ENDPOINT", api_url), ("OTEL_EXPORTER_OTLP_ENDPOINT", collector_endpoint)):
        if isinstance(url, str):
            os.environ.setdefault(name, url)


def run(options: GatewayOptions, *, as_json: bool = False) -> None:
    """Serve a gateway alone until SIGTERM or SIGINT. Prints where, once it answers.

    Raises:
        StartError: the file cannot be used, or the port.
    """
    import spanfold  # noqa: PLC0415 - the command's help does without
    from spanfold_deploy import serve  # noqa: PLC0415 - as above
    from spanfold_query_api.gateway.app import create_gateway_app  # noqa: PLC0415 - as above

    serve.log_to_stderr()
    stop = serve.stop_on_signals()
    with ExitStack() as opened:
        listener = listen(options.host, options.port, "port")
        deployments = open_deployments(options.config, options.directory)
        opened.callback(deployments.close)
        server = HttpServer(create_gateway_app(deployments, spanfold.load_prompt), listener, "gateway")
        server.start()
        opened.callback(server.stop, options.shutdown_timeout_s)
        url = url_of(options.host, server.port)
        _announce(url, deployments, as_json=as_json)
        while not stop.wait(1.0):
            if not server.is_alive():
                message = "the gateway ended by itself: see the log above"
                raise StartError(message)


def _announce(url: str, deployments: Deployments, *, as_json: bool) -> None:
    names = [endpoint.name for endpoint in deployments.gateway.table.endpoints]
    if as_json:
        ready = {"event": "ready", "pid": os.getpid(), "gateway_url": url, "endpoints": names}
        sys.stdout.write(json.dumps(ready) + "\n")
    else:
        lines = [
            "the gateway is ready (Ctrl-C stops it)",
            f"  OpenAI's interface   {url}/gateway/v1   (OPENAI_BASE_URL)",
            f"  MLflow's client      {url}   (SPANFOLD_DEPLOYMENTS_TARGET)",
            f"  endpoints            {', '.join(names) or 'none'}",
        ]
        sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
