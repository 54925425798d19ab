"""The one place where the client library's errors become retryable or permanent.

A query is refused for good unless its code is known to pass. An insert is the other way round: only a
code that speaks of the inserted bytes condemns them. Anything else (a missing table, a password that was
rotated, a code of next year's server) is a matter for an operator, and data that is not at fault must
wait for one, not go to the dead letters.
"""

from __future__ import annotations

import re
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from clickhouse_connect.driver.exceptions import (
    ClickHouseError,
    DataError,
    Error,
    InterfaceError,
    NotSupportedError,
    ProgrammingError,
    StreamCompleteException,
)
from urllib3.exceptions import HTTPError

from spanfold_schemas.database import DatabaseError, PermanentDatabaseError, RetryableDatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSING_CODES: Final = frozenset(
    {
        74,  # CANNOT_READ_FROM_FILE_DESCRIPTOR
        75,  # CANNOT_WRITE_TO_FILE_DESCRIPTOR
        76,  # CANNOT_OPEN_FILE
        95,  # CANNOT_READ_FROM_SOCKET
        96,  # CANNOT_WRITE_TO_SOCKET
        159,  # TIMEOUT_EXCEEDED
        160,  # TOO_SLOW
        173,  # CANNOT_ALLOCATE_MEMORY
        198,  # DNS_ERROR
        201,  # QUOTA_EXCEEDED
        202,  # TOO_MANY_SIMULTANEOUS_QUERIES
        203,  # NO_FREE_CONNECTION
        204,  # CANNOT_FSYNC
        209,  # SOCKET_TIMEOUT
        210,  # NETWORK_ERROR
        225,  # NO_ZOOKEEPER
        236,  # ABORTED
        241,  # MEMORY_LIMIT_EXCEEDED
        242,  # TABLE_IS_READ_ONLY: a replica that has lost its coordinator
        243,  # NOT_ENOUGH_SPACE
        244,  # UNEXPECTED_ZOOKEEPER_ERROR
        252,  # TOO_MANY_PARTS
        254,  # NO_ACTIVE_REPLICAS
        265,  # NO_AVAILABLE_REPLICA
        279,  # ALL_CONNECTION_TRIES_FAILED
        285,  # TOO_FEW_LIVE_REPLICAS
        286,  # UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
        297,  # SHARD_HAS_NO_CONNECTIONS
        319,  # UNKNOWN_STATUS_OF_INSERT
        364,  # RECEIVED_ERROR_TOO_MANY_REQUESTS
        369,  # ALL_REPLICAS_ARE_STALE
        373,  # SESSION_IS_LOCKED
        394,  # QUERY_WAS_CANCELLED
        410,  # EXTERNAL_SERVER_IS_NOT_RESPONDING
        425,  # SYSTEM_ERROR
        439,  # CANNOT_SCHEDULE_TASK: no more threads
        473,  # DEADLOCK_AVOIDED
        519,  # NO_REMOTE_SHARD_AVAILABLE
        574,  # DISTRIBUTED_TOO_MANY_PENDING_BYTES
        700,  # USER_SESSION_LIMIT_EXCEEDED
        733,  # TABLE_IS_BEING_RESTARTED
        735,  # QUERY_WAS_CANCELLED_BY_CLIENT
        745,  # SERVER_OVERLOADED
        749,  # TCP_CONNECTION_LIMIT_REACHED
        762,  # HTTP_CONNECTION_LIMIT_REACHED
        776,  # RESOURCE_LIMIT_EXCEEDED
        777,  # MEMORY_RESERVATION_KILLED
        778,  # MEMORY_RESERVATION_FAILED
        999,  # KEEPER_EXCEPTION
        1019,  # QUERY_SLOT_ACQUISITION_TIMEOUT
        1020,  # MEMORY_RESERVATION_ACQUISITION_TIMEOUT
    }
)

DATA_CODES: Final = frozenset(
    {
        3,  # UNEXPECTED_END_OF_FILE
        4,  # EXPECTED_END_OF_FILE
        6,  # CANNOT_PARSE_TEXT
        9,  # SIZES_OF_COLUMNS_DOESNT_MATCH
        11,  # POSITION_OUT_OF_BOUND
        12,  # PARAMETER_OUT_OF_BOUND
        19,  # SIZE_OF_FIXED_STRING_DOESNT_MATCH
        25,  # CANNOT_PARSE_ESCAPE_SEQUENCE
        26,  # CANNOT_PARSE_QUOTED_STRING
        27,  # CANNOT_PARSE_INPUT_ASSERTION_FAILED
        32,  # ATTEMPT_TO_READ_AFTER_EOF
        33,  # CANNOT_READ_ALL_DATA
        38,  # CANNOT_PARSE_DATE
        41,  # CANNOT_PARSE_DATETIME
        49,  # LOGICAL_ERROR: a fault of the engine, which these bytes find every time
        53,  # TYPE_MISMATCH
        69,  # ARGUMENT_OUT_OF_BOUND
        70,  # CANNOT_CONVERT_TYPE
        72,  # CANNOT_PARSE_NUMBER
        108,  # NO_DATA_TO_INSERT
        117,  # INCORRECT_DATA
        128,  # TOO_LARGE_ARRAY_SIZE
        131,  # TOO_LARGE_STRING_SIZE
        153,  # ILLEGAL_DIVISION
        190,  # SIZES_OF_ARRAYS_DONT_MATCH
        306,  # TOO_DEEP_RECURSION
        321,  # VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
        349,  # CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
        366,  # SIZES_OF_NESTED_COLUMNS_ARE_INCONSISTENT
        376,  # CANNOT_PARSE_UUID
        395,  # FUNCTION_THROW_IF_VALUE_IS_NON_ZERO: a view's own check
        407,  # DECIMAL_OVERFLOW
        436,  # PROTOBUF_BAD_CAST
        437,  # PROTOBUF_FIELD_NOT_REPEATED
        441,  # CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING
        444,  # UNKNOWN_PROTOBUF_FORMAT
        467,  # CANNOT_PARSE_BOOL
        469,  # VIOLATED_CONSTRAINT
        565,  # TOO_MANY_PARTITIONS
        626,  # CANNOT_SKIP_UNKNOWN_FIELD
        632,  # UNEXPECTED_DATA_AFTER_PARSED_VALUE
        691,  # UNKNOWN_ELEMENT_OF_ENUM
        760,  # UNICODE_ERROR
    }
)

PAYLOAD_TOO_LARGE: Final = 413
"""What a proxy answers to a body over its limit: half of the group may pass."""

_PASSING_STATUSES: Final = frozenset({408, 429})
_FIRST_SERVER_FAULT: Final = 500
_STATUS: Final = re.compile(r"HTTP status (\d{3})")

# What the client library raises for values that do not fit their column, before anything is sent.
_VALUE_ERRORS: Final = (DataError, ValueError, TypeError, ArithmeticError, struct.error)
# What it raises for a call that it will not send, for example for one with a parameter too few.
_MISUSE: Final = (InterfaceError, NotSupportedError, ProgrammingError)
# What it lets pass of a connection that broke in the middle of an answer.
_WIRE_ERRORS: Final = (HTTPError, StreamCompleteException, OSError)


@contextmanager
def translated(*, inserting: bool) -> Iterator[None]:
    """Turn whatever the client library raises inside into one of the two kinds of ``DatabaseError``.

    Args:
        inserting: judge as for an insert: permanent only where the data is at fault.
    """
    try:
        yield
    except DatabaseError:
        raise
    except _WIRE_ERRORS as error:
        message = f"the connection to the database broke: {error}"
        raise RetryableDatabaseError(message) from error
    except _VALUE_ERRORS as error:
        message = f"a value does not fit its type: {error}"
        raise PermanentDatabaseError(message) from error
    except ClickHouseError as error:
        raise _sorted(error, inserting=inserting) from error


def _sorted(error: ClickHouseError, *, inserting: bool) -> DatabaseError:
    message = str(error)
    code = error.code if isinstance(error, Error) else None
    if code is not None:
        permanent = code in DATA_CODES if inserting else code not in PASSING_CODES
    elif status := _STATUS.search(message):
        permanent = _is_refusal(int(status.group(1)), inserting=inserting)
    else:
        permanent = isinstance(error, _MISUSE) and not inserting
    return PermanentDatabaseError(message, code) if permanent else RetryableDatabaseError(message)


def _is_refusal(status: int, *, inserting: bool) -> bool:
    """Whether a status without ClickHouse's code, hence from a proxy before it, will come again."""
    if inserting:
        return status == PAYLOAD_TOO_LARGE
    return status < _FIRST_SERVER_FAULT and status not in _PASSING_STATUSES
