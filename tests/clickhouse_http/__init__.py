"""A test's stand-in for a ClickHouse server: the chDB engine behind ClickHouse's HTTP protocol.

What it proves and what it does not is written in ``docs/clickhouse-server.md``.
"""
