-- Log records, routed by event name: events of entities (models, runs, evaluations, ...), scores, and everything else.
-- entity_slot_writes holds what each event wrote, slot by slot; entity_slots of each slot the write that wins (the
-- state of now, which merges keep at one row a slot). The larger Rank wins: event time and event ID, and for what
-- belongs to the first writer their complement. A state at an earlier instant is the same fold over the writes.
-- Value is JSON text; it is empty where the write is a deletion. Names are spelled as the engine spells JSON, so that
-- the index finds them.
-- evaluation_scores has those scores that an evaluation gave, by evaluation, each once however often it was sent;
-- evaluation_events has all, by name. A row with an error is none: it says why there is no score.
-- entity_slots is read a few rows here and there, or whole: small granules and blocks, and no slow codec.

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

CREATE TABLE entity_events (
    StreamType LowCardinality(String) DEFAULT splitByChar('.', EventType)[2],
    Stream String CODEC(ZSTD(1)),
    Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    EventId UUID,
    EventType LowCardinality(String),
    SchemaVersion UInt16,
    Payload String CODEC(ZSTD(3)),
    Actor LowCardinality(String),
    Source LowCardinality(String),
    Tenant LowCardinality(String),
    ReceivedAt DateTime64(3) CODEC(Delta(8), ZSTD(1))
) ENGINE = ReplacingMergeTree
ORDER BY (StreamType, Stream, Timestamp, EventId)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 10000,
    fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE entity_slot_writes (
    StreamType LowCardinality(String),
    Stream String CODEC(ZSTD(1)),
    Slot LowCardinality(String),
    Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    Rank UInt256 CODEC(ZSTD(1)),
    Value String CODEC(ZSTD(1))
) ENGINE = ReplacingMergeTree
ORDER BY (StreamType, Stream, Slot, Timestamp, Rank)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 10000,
    fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE entity_slots (
    StreamType LowCardinality(String),
    Stream String,
    Slot LowCardinality(String),
    Timestamp DateTime64(9),
    Rank UInt256,
    Value String,
    INDEX slot_value Value TYPE bloom_filter(0.01)
) ENGINE = ReplacingMergeTree(Rank)
ORDER BY (StreamType, Stream, Slot)
SETTINGS index_granularity = 256, min_compress_block_size = 8192, max_compress_block_size = 32768,
    non_replicated_deduplication_window = 10000,
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
    Error LowCardinality(String),
    Source LowCardinality(String),
    Scorer LowCardinality(String),
    EvaluationId String CODEC(ZSTD(1)),
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

CREATE TABLE evaluation_scores (
    EvaluationId String CODEC(ZSTD(1)),
    EvaluationName LowCardinality(String),
    TraceId FixedString(16) CODEC(ZSTD(1)),
    SpanId FixedString(8) CODEC(ZSTD(1)),
    Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    ModelId LowCardinality(String),
    ScoreValue Nullable(Float64) CODEC(ZSTD(1)),
    ScoreLabel LowCardinality(String),
    Explanation String CODEC(ZSTD(1)),
    Error LowCardinality(String),
    InputHash String CODEC(ZSTD(1)),
    CostUsd Float64 CODEC(ZSTD(1)),
    Calls UInt32 CODEC(ZSTD(1)),
    Scorer LowCardinality(String),
    Source LowCardinality(String)
) ENGINE = ReplacingMergeTree(Timestamp)
ORDER BY (EvaluationId, EvaluationName, TraceId, SpanId)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 10000,
    fsync_after_insert = 1, fsync_part_directory = 1;

CREATE MATERIALIZED VIEW logs_from_log_records TO logs AS
SELECT *
FROM log_records
WHERE NOT startsWith(EventName, 'spanfold.') AND EventName != 'gen_ai.evaluation.result';

CREATE MATERIALIZED VIEW entity_events_from_log_records TO entity_events AS
SELECT
    LogAttributes['spanfold.event.stream'] AS Stream,
    Timestamp,
    toUUIDOrZero(LogAttributes['spanfold.event.id']) AS EventId,
    EventName AS EventType,
    toUInt16OrZero(LogAttributes['spanfold.event.schema_version']) AS SchemaVersion,
    Body AS Payload,
    LogAttributes['spanfold.event.actor'] AS Actor,
    LogAttributes['spanfold.event.source'] AS Source,
    Tenant,
    ReceivedAt
FROM log_records
WHERE startsWith(EventName, 'spanfold.');

CREATE MATERIALIZED VIEW entity_slot_writes_from_entity_events TO entity_slot_writes AS
WITH bitOr(
    bitShiftLeft(toUInt256(toUnixTimestamp64Nano(Timestamp)), 128),
    toUInt256(reinterpretAsUInt128(reverse(UUIDToNum(EventId))))) AS written
SELECT
    StreamType,
    Stream,
    write.1 AS Slot,
    Timestamp,
    if(startsWith(Slot, 'created.'), bitNot(written), written) AS Rank,
    write.2 AS Value
FROM entity_events
ARRAY JOIN multiIf(
    EventType IN ('spanfold.experiment.created', 'spanfold.run.started', 'spanfold.model.created'), arrayConcat(
        if(StreamType = 'run', [], [('created.name', toJSONString(JSONExtractString(Payload, 'name')))]),
        arrayMap(name -> ('created.' || name, if(JSONHas(Payload, name), JSONExtractRaw(Payload, name), 'null')), multiIf(
            StreamType = 'model', ['experiment_id', 'model_type', 'source_run_id'],
            StreamType = 'run', ['run_name', 'experiment_id', 'parent_run_id', 'user'],
            [])),
        [('created.time', toString(toUnixTimestamp64Nano(Timestamp)))],
        multiIf(
            StreamType = 'model', [('status', JSONExtractRaw(Payload, 'status'))],
            StreamType = 'run', [('status', '"RUNNING"'), ('ended', '')],
            []),
        arrayMap(entry -> ('params.' || entry.1, entry.2), JSONExtractKeysAndValuesRaw(Payload, 'params')),
        arrayMap(entry -> ('tags.' || entry.1, entry.2), JSONExtractKeysAndValuesRaw(Payload, 'tags'))),
    EventType IN ('spanfold.model.tags_set', 'spanfold.run.tags_set'), arrayMap(entry -> ('tags.' || entry.1, entry.2), JSONExtractKeysAndValuesRaw(Payload, 'tags')),
    EventType IN ('spanfold.model.params_logged', 'spanfold.run.params_logged'), arrayMap(entry -> ('params.' || entry.1, entry.2), JSONExtractKeysAndValuesRaw(Payload, 'params')),
    EventType IN ('spanfold.model.metrics_logged', 'spanfold.run.metrics_logged'), arrayMap(entry -> ('metrics.' || entry.1, entry.2), JSONExtractKeysAndValuesRaw(Payload, 'metrics')),
    EventType IN ('spanfold.model.tag_deleted', 'spanfold.run.tag_deleted'), [('tags.' || JSONExtractString(Payload, 'key'), '')],
    EventType = 'spanfold.run.ended', [('status', JSONExtractRaw(Payload, 'status')), ('ended', toString(toUnixTimestamp64Nano(Timestamp)))],
    EventType = 'spanfold.model.status_set', [
        ('status', JSONExtractRaw(Payload, 'status')),
        ('status_message', if(JSONHas(Payload, 'status_message'), JSONExtractRaw(Payload, 'status_message'), 'null'))],
    EventType = 'spanfold.model.artifacts_logged', arrayMap(entry -> ('artifacts.' || entry.1, entry.2), JSONExtractKeysAndValuesRaw(Payload, 'artifacts')),
    EventType = 'spanfold.model.deleted', [('deleted', 'true')],
    EventType = 'spanfold.model.restored', [('deleted', '')],
    []
) AS write;

CREATE MATERIALIZED VIEW entity_slot_writes_from_evaluation_events TO entity_slot_writes AS
WITH
bitOr(
    bitShiftLeft(toUInt256(toUnixTimestamp64Nano(Timestamp)), 128),
    toUInt256(reinterpretAsUInt128(reverse(UUIDToNum(EventId))))) AS written,
arrayMap(name -> ('progress.' || name, JSONExtractRaw(Payload, name)), arrayFilter(name -> JSONHas(Payload, name), ['done', 'total', 'failed', 'unmapped', 'calls', 'cost_usd', 'scores'])) AS counters
SELECT
    StreamType,
    Stream,
    write.1 AS Slot,
    Timestamp,
    if(startsWith(Slot, 'created.'), bitNot(written), written) AS Rank,
    write.2 AS Value
FROM entity_events
ARRAY JOIN multiIf(
    EventType = 'spanfold.evaluation.started', arrayConcat(
        arrayMap(name -> ('created.' || name, if(JSONHas(Payload, name), JSONExtractRaw(Payload, name), 'null')), ['name', 'experiment_id', 'source', 'runner', 'metrics', 'run_id', 'monitor_id', 'user']),
        arrayMap(name -> (name, if(JSONHas(Payload, name), JSONExtractRaw(Payload, name), 'null')), ['selection', 'options', 'model_ids']),
        [('created.time', toString(toUnixTimestamp64Nano(Timestamp))), ('status', '"RUNNING"'), ('ended', ''), ('reason', ''), ('cancel', '')],
        counters),
    EventType = 'spanfold.evaluation.progressed', counters,
    EventType IN ('spanfold.evaluation.finished', 'spanfold.evaluation.failed', 'spanfold.evaluation.cancelled'), arrayConcat(
        [('status', toJSONString(upper(splitByChar('.', EventType)[3]))), ('ended', toString(toUnixTimestamp64Nano(Timestamp))), ('reason', if(JSONHas(Payload, 'reason'), JSONExtractRaw(Payload, 'reason'), 'null'))],
        arrayMap(entry -> ('metrics.' || entry.1, entry.2), JSONExtractKeysAndValuesRaw(Payload, 'metrics')),
        if(JSONHas(Payload, 'unmapped_reasons'), [('unmapped_reasons', JSONExtractRaw(Payload, 'unmapped_reasons'))], []),
        counters),
    EventType = 'spanfold.evaluation.cancel_requested', [('cancel', 'true')],
    EventType = 'spanfold.monitor.created', arrayConcat(
        [('created.name', toJSONString(JSONExtractString(Payload, 'name'))), ('created.time', toString(toUnixTimestamp64Nano(Timestamp)))],
        arrayMap(name -> (name, if(JSONHas(Payload, name), JSONExtractRaw(Payload, name), 'null')), ['experiment_id', 'metrics', 'selection', 'options']),
        [('status', '"ACTIVE"'), ('reason', ''), ('deleted', '')]),
    EventType = 'spanfold.monitor.paused', [('status', '"PAUSED"')],
    EventType = 'spanfold.monitor.resumed', [('status', '"ACTIVE"'), ('reason', '')],
    EventType = 'spanfold.monitor.advanced', arrayConcat([('until', JSONExtractRaw(Payload, 'until_unix_ns')), ('reason', '')], counters),
    EventType = 'spanfold.monitor.failed', [('reason', JSONExtractRaw(Payload, 'reason'))],
    EventType = 'spanfold.monitor.deleted', [('deleted', 'true'), ('since', toString(toUnixTimestamp64Nano(Timestamp)))],
    EventType = 'spanfold.trace.expectation_logged', [
        ('expectations.' || JSONExtractString(Payload, 'name'), JSONExtractRaw(Payload, 'value')),
        ('expectation_sources.' || JSONExtractString(Payload, 'name'), if(JSONHas(Payload, 'source_id'), JSONExtractRaw(Payload, 'source_id'), 'null')),
        ('expectation_spans.' || JSONExtractString(Payload, 'name'), if(JSONHas(Payload, 'span_id'), JSONExtractRaw(Payload, 'span_id'), 'null'))],
    EventType = 'spanfold.trace.expectation_deleted', arrayMap(prefix -> (prefix || JSONExtractString(Payload, 'name'), ''), ['expectations.', 'expectation_sources.', 'expectation_spans.']),
    []
) AS write
WHERE StreamType IN ('evaluation', 'monitor', 'trace');

CREATE MATERIALIZED VIEW entity_slot_writes_from_prompt_events TO entity_slot_writes AS
WITH
bitOr(
    bitShiftLeft(toUInt256(toUnixTimestamp64Nano(Timestamp)), 128),
    toUInt256(reinterpretAsUInt128(reverse(UUIDToNum(EventId))))) AS written,
toString(JSONExtractUInt(Payload, 'version')) AS version
SELECT
    StreamType,
    Stream,
    write.1 AS Slot,
    Timestamp,
    if(startsWith(Slot, 'created.'), bitNot(written), written) AS Rank,
    write.2 AS Value
FROM entity_events
ARRAY JOIN multiIf(
    EventType = 'spanfold.prompt.version_created', [
        ('created.versions.' || version, JSONExtractRaw(Payload, 'prompt')),
        ('created.version_times.' || version, toString(toUnixTimestamp64Nano(Timestamp))),
        ('created.time', toString(toUnixTimestamp64Nano(Timestamp))),
        ('deleted', '')],
    EventType = 'spanfold.prompt.alias_set', [('aliases.' || JSONExtractString(Payload, 'alias'), version)],
    EventType = 'spanfold.prompt.alias_deleted', [('aliases.' || JSONExtractString(Payload, 'alias'), '')],
    EventType = 'spanfold.prompt.tags_set', arrayMap(entry -> ('tags.' || entry.1, entry.2), JSONExtractKeysAndValuesRaw(Payload, 'tags')),
    EventType = 'spanfold.prompt.tag_deleted', [('tags.' || JSONExtractString(Payload, 'key'), '')],
    EventType = 'spanfold.prompt.deleted', [('deleted', 'true')],
    []
) AS write
WHERE StreamType = 'prompt';

CREATE MATERIALIZED VIEW entity_slots_from_entity_slot_writes TO entity_slots AS
SELECT StreamType, Stream, Slot, Timestamp, Rank, Value
FROM entity_slot_writes;

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
    LogAttributes['error.type'] AS Error,
    LogAttributes['spanfold.score.source'] AS Source,
    LogAttributes['spanfold.score.scorer'] AS Scorer,
    LogAttributes['spanfold.evaluation.id'] AS EvaluationId,
    LogAttributes['gen_ai.response.id'] AS ResponseId,
    LogAttributes AS Attributes,
    ServiceName,
    Tenant,
    ReceivedAt
FROM log_records
WHERE EventName = 'gen_ai.evaluation.result';

CREATE MATERIALIZED VIEW evaluation_scores_from_log_records TO evaluation_scores AS
SELECT
    LogAttributes['spanfold.evaluation.id'] AS EvaluationId,
    LogAttributes['gen_ai.evaluation.name'] AS EvaluationName,
    TraceId,
    SpanId,
    Timestamp,
    ModelId,
    toFloat64OrNull(LogAttributes['gen_ai.evaluation.score.value']) AS ScoreValue,
    LogAttributes['gen_ai.evaluation.score.label'] AS ScoreLabel,
    LogAttributes['gen_ai.evaluation.explanation'] AS Explanation,
    LogAttributes['error.type'] AS Error,
    LogAttributes['spanfold.score.input.hash'] AS InputHash,
    toFloat64OrZero(LogAttributes['spanfold.score.cost.usd']) AS CostUsd,
    toUInt32OrZero(LogAttributes['spanfold.score.calls']) AS Calls,
    LogAttributes['spanfold.score.scorer'] AS Scorer,
    LogAttributes['spanfold.score.source'] AS Source
FROM log_records
WHERE EventName = 'gen_ai.evaluation.result' AND LogAttributes['spanfold.evaluation.id'] != '';
