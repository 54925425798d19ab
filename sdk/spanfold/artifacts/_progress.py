"""How many bytes of how many are done, on a bar at the terminal."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from spanfold.artifacts._blobs import ignore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spanfold.artifacts._blobs import OnBytes


@contextmanager
def bar(what: str, total_bytes: int, *, wanted: bool) -> Iterator[OnBytes]:
    """A function to call with each number of bytes more; threads may share it.

    There is no bar where standard error is no terminal, or tqdm is not installed.
    """
    if not wanted:
        yield ignore
        return
    try:
        from tqdm import tqdm  # noqa: PLC0415 - needed where somebody looks
    except ImportError:
        yield ignore
        return
    lock = threading.Lock()
    with tqdm(
        total=total_bytes, desc=what, unit="B", unit_scale=True, unit_divisor=1024, disable=None
    ) as shown:

        def tell(size_bytes: int) -> None:
            with lock:
                shown.update(size_bytes)

        yield tell
