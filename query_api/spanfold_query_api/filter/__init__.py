"""The filter language: a small, SQL-like WHERE clause over traces.

Text goes through :func:`~spanfold_query_api.filter.parser.parse` into a tree of frozen nodes, and
:func:`~spanfold_query_api.filter.compiler.compile_filter` turns the tree into a condition whose every
value is a bound parameter. ``docs/filter.md`` is the guide for users.
"""

from spanfold_query_api.filter.compiler import CompiledFilter, compile_filter
from spanfold_query_api.filter.errors import FilterError
from spanfold_query_api.filter.parser import parse

__all__ = ["CompiledFilter", "FilterError", "compile_filter", "parse"]
