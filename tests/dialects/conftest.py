"""The embedded engine, as the collector's tests have it."""

from tests.collector.conftest import database

__all__ = ["database"]
