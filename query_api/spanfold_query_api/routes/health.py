"""Whether the process is up."""

from __future__ import annotations

from fastapi import APIRouter

from spanfold_query_api.answers import Health

router = APIRouter(tags=["health"])


@router.get("/health")
def health() -> Health:
    """Answer that the process is up."""
    return Health()
