"""Takes OTLP, answers once it is durable, writes it to ClickHouse.

A request's way: a receiver (:mod:`grpc_receiver`, :mod:`http_receiver`) hands its bytes to the
:class:`~spanfold_collector.lane.Lane` of its signal, which judges them (:mod:`admission`), groups them
(:mod:`intake`), inserts the group (:mod:`inserter`) or spools it (:mod:`spool`), and only then lets the
receiver answer.
"""
