"""The client of the gateway, with MLflow's names: one call for models of every provider.

Example:
    >>> from spanfold.deployments import get_deploy_client
    >>> client = get_deploy_client("http://localhost:4320")
    >>> messages = [{"role": "user", "content": "What is a span?"}]
    >>> client.predict(endpoint="completions", inputs={"messages": messages})  # doctest: +SKIP
"""

from __future__ import annotations

from spanfold.deployments._client import (
    DeploymentClient,
    Endpoint,
    get_deploy_client,
    get_deployments_target,
    set_deployments_target,
)

__all__ = [
    "DeploymentClient",
    "Endpoint",
    "get_deploy_client",
    "get_deployments_target",
    "set_deployments_target",
]
