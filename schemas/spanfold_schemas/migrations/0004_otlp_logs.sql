-- The landing table is OTLP's LogsData (otlp.proto); the view turns it into log records. See 0003 for its form.

CREATE TABLE otlp_logs (
    received_time_unix_ms Int64,
    tenant String,
    service_version_as_model Bool,
    resource_logs Array(Tuple(
        resource Tuple(attributes Array(Tuple(key String, value Tuple(string_value Nullable(String), bool_value Nullable(Bool), int_value Nullable(Int64), double_value Nullable(Float64), bytes_value Nullable(String), array_value Tuple(values Array(Tuple(string_value String))))))),
        scope_logs Array(Tuple(
            scope Tuple(
                name String,
                version String,
                attributes Array(Tuple(key String, value Tuple(string_value Nullable(String), bool_value Nullable(Bool), int_value Nullable(Int64), double_value Nullable(Float64), bytes_value Nullable(String), array_value Tuple(values Array(Tuple(string_value String))))))),
            log_records Array(Tuple(
                time_unix_nano UInt64,
                observed_time_unix_nano UInt64,
                severity_number UInt8,
                severity_text String,
                flags UInt32,
                trace_id FixedString(16),
                span_id FixedString(8),
                event_name String,
                body Tuple(string_value Nullable(String), bool_value Nullable(Bool), int_value Nullable(Int64), double_value Nullable(Float64), bytes_value Nullable(String), array_value Tuple(values Array(Tuple(string_value String)))),
                attributes Array(Tuple(key String, value Tuple(string_value Nullable(String), bool_value Nullable(Bool), int_value Nullable(Int64), double_value Nullable(Float64), bytes_value Nullable(String), array_value Tuple(values Array(Tuple(string_value String))))))))))))
) ENGINE = Null;

CREATE MATERIALIZED VIEW log_records_from_otlp TO log_records AS
SELECT
    fromUnixTimestamp64Nano(toInt64(firstNonDefault(tupleElement(record, 'time_unix_nano'), tupleElement(record, 'observed_time_unix_nano')))) AS Timestamp,
    tupleElement(record, 'trace_id') AS TraceId,
    tupleElement(record, 'span_id') AS SpanId,
    toUInt8(bitAnd(tupleElement(record, 'flags'), 255)) AS TraceFlags,
    tupleElement(record, 'severity_text') AS SeverityText,
    tupleElement(record, 'severity_number') AS SeverityNumber,
    resource_service AS ServiceName,
    firstNonDefault(attributes['spanfold.model.id'], attributes['mlflow.modelId'], resource_model) AS ModelId,
    firstNonDefault(tupleElement(record, 'event_name'), if(startsWith(attributes['event.name'], 'spanfold.'), '', attributes['event.name'])) AS EventName,
    coalesce(body.string_value, toString(body.int_value), toString(body.bool_value), toString(body.double_value), base64Encode(body.bytes_value), if(empty(body.array_value.values), '', toJSONString(body.array_value.values.string_value))) AS Body,
    attributes AS LogAttributes,
    resource_attributes AS ResourceAttributes,
    scope_name AS ScopeName,
    scope_version AS ScopeVersion,
    scope_attributes AS ScopeAttributes,
    tenant AS Tenant,
    fromUnixTimestamp64Milli(received_time_unix_ms) AS ReceivedAt
FROM
(
    SELECT
        received_time_unix_ms, tenant, resource_attributes, resource_service, resource_model, scope_name, scope_version, scope_attributes, record,
        tupleElement(record, 'body') AS body,
        mapFromArrays(tupleElement(tupleElement(record, 'attributes'), 'key'), arrayMap(a -> coalesce(a.value.string_value, toString(a.value.int_value), toString(a.value.bool_value), toString(a.value.double_value), base64Encode(a.value.bytes_value), if(empty(a.value.array_value.values), '', toJSONString(a.value.array_value.values.string_value))), tupleElement(record, 'attributes'))) AS attributes
    FROM
    (
        SELECT
            received_time_unix_ms, tenant, resource_attributes, resource_service, resource_model,
            tupleElement(tupleElement(one_scope, 'scope'), 'name') AS scope_name,
            tupleElement(tupleElement(one_scope, 'scope'), 'version') AS scope_version,
            mapFromArrays(tupleElement(tupleElement(tupleElement(one_scope, 'scope'), 'attributes'), 'key'), arrayMap(a -> coalesce(a.value.string_value, toString(a.value.int_value), toString(a.value.bool_value), toString(a.value.double_value), base64Encode(a.value.bytes_value), if(empty(a.value.array_value.values), '', toJSONString(a.value.array_value.values.string_value))), tupleElement(tupleElement(one_scope, 'scope'), 'attributes'))) AS scope_attributes,
            tupleElement(one_scope, 'log_records') AS records
        FROM
        (
            SELECT
                received_time_unix_ms, tenant,
                mapFromArrays(tupleElement(tupleElement(tupleElement(one_resource, 'resource'), 'attributes'), 'key'), arrayMap(a -> coalesce(a.value.string_value, toString(a.value.int_value), toString(a.value.bool_value), toString(a.value.double_value), base64Encode(a.value.bytes_value), if(empty(a.value.array_value.values), '', toJSONString(a.value.array_value.values.string_value))), tupleElement(tupleElement(one_resource, 'resource'), 'attributes'))) AS resource_attributes,
                resource_attributes['service.name'] AS resource_service,
                firstNonDefault(resource_attributes['spanfold.model.id'], resource_attributes['mlflow.modelId'], if(service_version_as_model AND resource_service != '' AND resource_attributes['service.version'] != '', resource_service || '@' || resource_attributes['service.version'], '')) AS resource_model,
                tupleElement(one_resource, 'scope_logs') AS scopes
            FROM otlp_logs
            ARRAY JOIN resource_logs AS one_resource
        )
        ARRAY JOIN scopes AS one_scope
    )
    ARRAY JOIN records AS record
);
