"""Identifiers: how they are made and recognised. Standard library only.

A model ID is ``m-`` and 32 hexadecimal digits. It is either *derived* from what the user called the
version, so that any number of processes agree on it without talking to each other, or *new*, so that no
other version can have it. An experiment ID is derived from the experiment's name, and made of decimal digits
as MLflow's are; a run ID is 32 new hexadecimal digits. Event IDs are UUIDs of version 7 (RFC 9562): unique,
and in order of time.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
import uuid
from typing import Final

MODEL_ID_PREFIX: Final = "m-"
EVALUATION_ID_PREFIX: Final = "e-"
MONITOR_ID_PREFIX: Final = "mon-"
DEFAULT_EXPERIMENT_ID: Final = "0"
DEFAULT_EXPERIMENT_NAME: Final = "Default"
"""The experiment that is always there: no event creates it."""

_MODEL_ID: Final = re.compile(r"m-[0-9a-f]{32}")
_EXPERIMENT_DIGITS: Final = 18
_NS_PER_MS: Final = 1_000_000


def derive_model_id(experiment_id: str, name: str) -> str:
    """The ID that ``name`` has in an experiment: the same in every process, on every machine.

    Example:
        >>> derive_model_id("0", "my-agent-v1.0")
        'm-0fce7525246d382493329980499c83b6'
    """
    digest = hashlib.sha256(f"spanfold/model/{experiment_id}\x00{name}".encode()).hexdigest()
    return MODEL_ID_PREFIX + digest[:32]


def new_model_id() -> str:
    """An ID that no other model version has (128 random bits)."""
    return MODEL_ID_PREFIX + os.urandom(16).hex()


def is_model_id(text: str) -> bool:
    """Whether ``text`` has the form of a model ID. It says nothing about whether such a model exists.

    Example:
        >>> is_model_id("m-" + "0" * 32), is_model_id("my-agent-v1.0")
        (True, False)
    """
    return _MODEL_ID.fullmatch(text) is not None


def derive_experiment_id(name: str) -> str:
    """The ID that an experiment of this name has: 18 decimal digits, the same in every process.

    Eighteen digits fit a signed 64-bit integer, into which some tools put MLflow's experiment IDs.

    Example:
        >>> derive_experiment_id("support bot"), derive_experiment_id("Default")
        ('570734566221431849', '0')
    """
    if name == DEFAULT_EXPERIMENT_NAME:
        return DEFAULT_EXPERIMENT_ID
    digest = hashlib.sha256(f"spanfold/experiment/{name}".encode()).digest()
    smallest = 10 ** (_EXPERIMENT_DIGITS - 1)
    return str(smallest + int.from_bytes(digest[:16], "big") % (9 * smallest))


def new_run_id() -> str:
    """An ID that no other run has (128 random bits): 32 hexadecimal digits, as MLflow's."""
    return os.urandom(16).hex()


def new_evaluation_id() -> str:
    """An ID that no other evaluation has (128 random bits)."""
    return EVALUATION_ID_PREFIX + os.urandom(16).hex()


def derive_monitor_id(name: str) -> str:
    """The ID of the monitor of this name: the same everywhere.

    Example:
        >>> derive_monitor_id("tone of support")
        'mon-a0b1416bca1415d8623704d8c2a7b8c6'
    """
    return MONITOR_ID_PREFIX + hashlib.sha256(f"spanfold/monitor/{name}".encode()).hexdigest()[:32]


def new_event_id(time_unix_ns: int | None = None) -> str:
    """A UUIDv7 as text, for an event that happened at ``time_unix_ns`` (now, if None).

    The twelve bits after the millisecond hold its fraction (RFC 9562 §6.2, method 3), so that the events
    of one process sort in the order in which they happened, at a resolution of a quarter microsecond.

    Example:
        >>> new_event_id(1_700_000_000_000_000_000)[:18]
        '018bcfe5-6800-7000'
    """
    now = time.time_ns() if time_unix_ns is None else time_unix_ns
    milliseconds, rest_ns = divmod(now, _NS_PER_MS)
    fraction = (rest_ns << 12) // _NS_PER_MS
    version, variant = 7, 0b10
    value = (milliseconds & (1 << 48) - 1) << 80 | version << 76 | fraction << 64
    chance = int.from_bytes(os.urandom(8), "big") & (1 << 62) - 1
    return str(uuid.UUID(int=value | variant << 62 | chance))
