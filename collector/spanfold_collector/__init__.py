"""Takes OTLP, answers once it is durable, writes it to ClickHouse."""
