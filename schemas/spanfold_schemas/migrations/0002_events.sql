-- Log records, routed by event name: events of model versions, scores, and everything else.
-- model_slots holds what each event wrote, key by key: the fold in SQL is an argMax over it.

CREATE TABLE log_records (
    Timestamp DateTime64(9),
    TraceId FixedString(16),
    SpanId FixedString(8),
    TraceFlags UInt8,
    SeverityText LowCardinality(String),
    SeverityNumber UInt8,
    ServiceName LowCardinality(String),
    ModelId LowCardinality(String),
    EventName LowCardinality(String),
    Body String,
    LogAttributes Map(LowCardinality(String), String),
    ResourceAttributes Map(LowCardinality(String), String),
    ScopeName LowCardinality(String),
    ScopeVersion LowCardinality(String),
    ScopeAttributes Map(LowCardinality(String), String),
    Tenant LowCardinality(String),
    ReceivedAt DateTime64(3)
) ENGINE = Null;

CREATE TABLE logs (
    Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    TraceId FixedString(16) CODEC(ZSTD(1)),
    SpanId FixedString(8) CODEC(ZSTD(1)),
    TraceFlags UInt8,
    SeverityText LowCardinality(String),
    SeverityNumber UInt8,
    ServiceName LowCardinality(String),
    ModelId LowCardinality(String),
    EventName LowCardinality(String),
    Body String CODEC(ZSTD(1)),
    LogAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ScopeName LowCardinality(String),
    ScopeVersion LowCardinality(String),
    ScopeAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    Tenant LowCardinality(String),
    ReceivedAt DateTime64(3) CODEC(Delta(8), ZSTD(1)),
    INDEX log_trace_id TraceId TYPE bloom_filter(0.01)
) ENGINE = MergeTree
PARTITION BY toDate(Timestamp)
ORDER BY (ServiceName, Timestamp)
TTL toDateTime(Timestamp) + INTERVAL 90 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000,
    fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE model_events (
    EventId UUID,
    EventType LowCardinality(String),
    Stream String,
    Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    SchemaVersion UInt16,
    Payload String CODEC(ZSTD(3)),
    Actor LowCardinality(String),
    Source LowCardinality(String),
    Tenant LowCardinality(String),
    ReceivedAt DateTime64(3) CODEC(Delta(8), ZSTD(1))
) ENGINE = ReplacingMergeTree
ORDER BY (Stream, Timestamp, EventId)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 10000,
    fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE model_slots (
    Stream String,
    Slot String CODEC(ZSTD(1)),
    Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    EventId UUID,
    Value String CODEC(ZSTD(1)),
    Deleted UInt8
) ENGINE = ReplacingMergeTree
ORDER BY (Stream, Slot, Timestamp, EventId)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 10000,
    fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE evaluation_events (
    Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    TraceId FixedString(16) CODEC(ZSTD(1)),
    SpanId FixedString(8) CODEC(ZSTD(1)),
    ModelId LowCardinality(String),
    EvaluationName LowCardinality(String),
    ScoreValue Nullable(Float64) CODEC(ZSTD(1)),
    ScoreLabel LowCardinality(String),
    Explanation String CODEC(ZSTD(1)),
    ResponseId String CODEC(ZSTD(1)),
    Attributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ServiceName LowCardinality(String),
    Tenant LowCardinality(String),
    ReceivedAt DateTime64(3) CODEC(Delta(8), ZSTD(1)),
    INDEX evaluation_trace_id TraceId TYPE bloom_filter(0.01)
) ENGINE = MergeTree
ORDER BY (EvaluationName, ModelId, Timestamp)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 10000,
    fsync_after_insert = 1, fsync_part_directory = 1;

CREATE MATERIALIZED VIEW logs_from_log_records TO logs AS
SELECT *
FROM log_records
WHERE NOT startsWith(EventName, 'spanfold.') AND EventName != 'gen_ai.evaluation.result';

CREATE MATERIALIZED VIEW model_events_from_log_records TO model_events AS
SELECT
    toUUIDOrZero(LogAttributes['spanfold.event.id']) AS EventId,
    EventName AS EventType,
    LogAttributes['spanfold.event.stream'] AS Stream,
    Timestamp,
    toUInt16OrZero(LogAttributes['spanfold.event.schema_version']) AS SchemaVersion,
    Body AS Payload,
    LogAttributes['spanfold.event.actor'] AS Actor,
    LogAttributes['spanfold.event.source'] AS Source,
    Tenant,
    ReceivedAt
FROM log_records
WHERE startsWith(EventName, 'spanfold.');

CREATE MATERIALIZED VIEW model_slots_from_model_events TO model_slots AS
SELECT
    Stream,
    write.1 AS Slot,
    Timestamp,
    EventId,
    if(write.2 = '', 'null', write.2) AS Value,
    write.3 AS Deleted
FROM model_events
ARRAY JOIN multiIf(
    EventType = 'spanfold.model.created', arrayConcat(
        arrayMap(name -> ('created.' || name, JSONExtractRaw(Payload, name), 0), ['name', 'experiment_id', 'model_type', 'source_run_id']),
        [('created.time', toString(toUnixTimestamp64Nano(Timestamp)), 0), ('status', JSONExtractRaw(Payload, 'status'), 0)],
        arrayMap(entry -> ('params.' || entry.1, entry.2, 0), JSONExtractKeysAndValuesRaw(Payload, 'params')),
        arrayMap(entry -> ('tags.' || entry.1, entry.2, 0), JSONExtractKeysAndValuesRaw(Payload, 'tags'))),
    EventType = 'spanfold.model.tags_set', arrayMap(entry -> ('tags.' || entry.1, entry.2, 0), JSONExtractKeysAndValuesRaw(Payload, 'tags')),
    EventType = 'spanfold.model.tag_deleted', [('tags.' || JSONExtractString(Payload, 'key'), 'null', 1)],
    EventType = 'spanfold.model.params_logged', arrayMap(entry -> ('params.' || entry.1, entry.2, 0), JSONExtractKeysAndValuesRaw(Payload, 'params')),
    EventType = 'spanfold.model.metrics_logged', arrayMap(entry -> ('metrics.' || entry.1, entry.2, 0), JSONExtractKeysAndValuesRaw(Payload, 'metrics')),
    EventType = 'spanfold.model.status_set', [('status', JSONExtractRaw(Payload, 'status'), 0)],
    EventType = 'spanfold.model.deleted', [('deleted', 'true', 0)],
    EventType = 'spanfold.model.restored', [('deleted', 'null', 1)],
    []
) AS write;

CREATE MATERIALIZED VIEW evaluation_events_from_log_records TO evaluation_events AS
SELECT
    Timestamp,
    TraceId,
    SpanId,
    ModelId,
    LogAttributes['gen_ai.evaluation.name'] AS EvaluationName,
    toFloat64OrNull(LogAttributes['gen_ai.evaluation.score.value']) AS ScoreValue,
    LogAttributes['gen_ai.evaluation.score.label'] AS ScoreLabel,
    LogAttributes['gen_ai.evaluation.explanation'] AS Explanation,
    LogAttributes['gen_ai.response.id'] AS ResponseId,
    LogAttributes AS Attributes,
    ServiceName,
    Tenant,
    ReceivedAt
FROM log_records
WHERE EventName = 'gen_ai.evaluation.result';
