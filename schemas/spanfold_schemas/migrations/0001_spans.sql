-- Spans, the lookup from trace ID to time range, rollups by model version and minute, and a view
-- under the table and column names of OpenTelemetry's ClickHouse exporter.

CREATE TABLE spans (
    Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    TraceId FixedString(16) CODEC(ZSTD(1)),
    SpanId FixedString(8) CODEC(ZSTD(1)),
    ParentSpanId FixedString(8) CODEC(ZSTD(1)),
    TraceState String CODEC(ZSTD(1)),
    SpanName LowCardinality(String),
    SpanKind Int8,
    ServiceName LowCardinality(String),
    ModelId LowCardinality(String),
    CallerModelId LowCardinality(String),
    RunId String CODEC(ZSTD(1)),
    ExperimentId LowCardinality(String),
    Entry Int8,
    Duration UInt64 CODEC(ZSTD(1)),
    StatusCode Int8,
    StatusMessage String CODEC(ZSTD(1)),
    SpanType LowCardinality(String),
    Operation LowCardinality(String),
    Provider LowCardinality(String),
    RequestModel LowCardinality(String),
    ResponseModel LowCardinality(String),
    InputTokens Nullable(UInt64) CODEC(ZSTD(1)),
    OutputTokens Nullable(UInt64) CODEC(ZSTD(1)),
    CachedInputTokens Nullable(UInt64) CODEC(ZSTD(1)),
    CacheWriteInputTokens Nullable(UInt64) CODEC(ZSTD(1)),
    ReasoningTokens Nullable(UInt64) CODEC(ZSTD(1)),
    Cost Nullable(Float64) CODEC(ZSTD(1)),
    PriceDate LowCardinality(String),
    FinishReasons Array(LowCardinality(String)),
    ConversationId String CODEC(ZSTD(1)),
    UserId String CODEC(ZSTD(1)),
    Input String CODEC(ZSTD(1)),
    Output String CODEC(ZSTD(1)),
    SpanAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    ScopeName LowCardinality(String),
    ScopeVersion LowCardinality(String),
    ScopeAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    `Events.Timestamp` Array(DateTime64(9)) CODEC(ZSTD(1)),
    `Events.Name` Array(LowCardinality(String)),
    `Events.Attributes` Array(Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
    `Links.TraceId` Array(FixedString(16)) CODEC(ZSTD(1)),
    `Links.SpanId` Array(FixedString(8)) CODEC(ZSTD(1)),
    `Links.TraceState` Array(String) CODEC(ZSTD(1)),
    `Links.Attributes` Array(Map(LowCardinality(String), String)) CODEC(ZSTD(1)),
    Tenant LowCardinality(String),
    ReceivedAt DateTime64(3) CODEC(Delta(8), ZSTD(1)),
    -- Agents, chains and tools carry the sums of the calls inside them, which count once.
    IsCall UInt8 ALIAS Operation NOT IN ('invoke_agent', 'create_agent', 'execute_tool') AND SpanType NOT IN ('AGENT', 'CHAIN', 'TOOL', 'WORKFLOW', 'TASK', 'REQUEST'),
    INDEX span_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX span_attribute_values mapValues(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX span_timestamp Timestamp TYPE minmax GRANULARITY 1
) ENGINE = ReplacingMergeTree
PARTITION BY toDate(Timestamp)
PRIMARY KEY (ModelId, Timestamp)
ORDER BY (ModelId, Timestamp, TraceId, SpanId)
TTL toDateTime(Timestamp) + INTERVAL 90 DAY
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 10000,
    fsync_after_insert = 1, fsync_part_directory = 1, ttl_only_drop_parts = 1;

CREATE TABLE trace_ranges (
    TraceId FixedString(16) CODEC(ZSTD(1)),
    Start DateTime64(9) CODEC(Delta(8), ZSTD(1)),
    End DateTime64(9) CODEC(Delta(8), ZSTD(1))
) ENGINE = MergeTree
PARTITION BY toMonday(Start)
ORDER BY TraceId
TTL toDateTime(Start) + INTERVAL 90 DAY
SETTINGS index_granularity = 1024, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000,
    fsync_after_insert = 1, fsync_part_directory = 1;

CREATE MATERIALIZED VIEW trace_ranges_from_spans TO trace_ranges AS
SELECT TraceId, min(Timestamp) AS Start, max(Timestamp) AS End
FROM spans
GROUP BY TraceId;

CREATE TABLE model_rollups (
    ModelId LowCardinality(String),
    Minute DateTime CODEC(Delta(4), ZSTD(1)),
    SpanCount SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    TraceCount SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    ErrorCount SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
    Latency AggregateFunction(quantilesTDigest(0.5, 0.95, 0.99), UInt64) CODEC(ZSTD(1)),
    InputTokens SimpleAggregateFunction(sum, Nullable(UInt64)) CODEC(ZSTD(1)),
    OutputTokens SimpleAggregateFunction(sum, Nullable(UInt64)) CODEC(ZSTD(1)),
    Cost SimpleAggregateFunction(sum, Nullable(Float64)) CODEC(ZSTD(1))
) ENGINE = AggregatingMergeTree
PARTITION BY toMonday(Minute)
ORDER BY (ModelId, Minute)
TTL Minute + INTERVAL 90 DAY
SETTINGS index_granularity = 1024, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000,
    fsync_after_insert = 1, fsync_part_directory = 1;

CREATE MATERIALIZED VIEW model_rollups_from_spans TO model_rollups AS
SELECT
    ModelId,
    toStartOfMinute(toDateTime(Timestamp)) AS Minute,
    count() AS SpanCount,
    countIf(Entry > 0) AS TraceCount,
    countIf(Entry > 0 AND StatusCode = 2) AS ErrorCount,
    quantilesTDigestStateIf(0.5, 0.95, 0.99)(Duration, Entry > 0) AS Latency,
    sumOrNullIf(InputTokens, IsCall) AS InputTokens,
    sumOrNullIf(OutputTokens, IsCall) AS OutputTokens,
    sumOrNullIf(Cost, IsCall) AS Cost
FROM spans
GROUP BY ModelId, Minute;

CREATE VIEW otel_traces AS
SELECT
    Timestamp,
    lower(hex(TraceId)) AS TraceId,
    lower(hex(SpanId)) AS SpanId,
    if(ParentSpanId = unhex('0000000000000000'), '', lower(hex(ParentSpanId))) AS ParentSpanId,
    TraceState,
    SpanName,
    ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'][SpanKind + 1] AS SpanKind,
    ServiceName,
    ResourceAttributes,
    ScopeName,
    ScopeVersion,
    SpanAttributes,
    Duration,
    ['Unset', 'Ok', 'Error'][StatusCode + 1] AS StatusCode,
    StatusMessage,
    `Events.Timestamp`,
    `Events.Name`,
    `Events.Attributes`,
    arrayMap(id -> lower(hex(id)), `Links.TraceId`) AS `Links.TraceId`,
    arrayMap(id -> lower(hex(id)), `Links.SpanId`) AS `Links.SpanId`,
    `Links.TraceState`,
    `Links.Attributes`,
    ModelId
FROM spans;
