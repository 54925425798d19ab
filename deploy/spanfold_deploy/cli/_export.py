"""Writes an export to a file: whole or not at all, with progress on a terminal."""

from __future__ import annotations

import io
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import (
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)

from spanfold_deploy.errors import CommandError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

_STANDARD_OUTPUT = Path("-")


def check(file_format: str, output: Path) -> None:
    """Refuse what cannot be written before anything is asked for.

    Raises:
        SettingsError: Parquet without pyarrow, or to standard output; or there is no such directory.
    """
    if file_format == "parquet":
        if find_spec("pyarrow") is None:
            message = (
                "Parquet needs pyarrow, which is not installed.\n"
                "  Fix: pip install 'spanfold[dataframe]', or --format jsonl"
            )
            raise SettingsError(message)
        if output == _STANDARD_OUTPUT:
            message = "Parquet is no stream.\n  Fix: name a file with -o, or --format arrow"
            raise SettingsError(message)
    if not output.parent.is_dir():
        message = f"there is no directory {output.parent}.\n  Fix: make it, or name another file with -o"
        raise SettingsError(message)


def write(pieces: Iterator[bytes], file_format: str, output: Path) -> None:
    """Write the answer of the query API; a file that was there is replaced once all of it is written.

    Raises:
        CommandError: the file cannot be written.
    """
    if output == _STANDARD_OUTPUT:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    partial = output.with_name(f"{output.name}.part")
    try:
        with _shown(pieces) as shown:
            if file_format == "parquet":
                _write_parquet(shown, partial)
            else:
                with partial.open("wb") as file:
                    file.writelines(shown)
        partial.replace(output)
    except OSError as error:
        message = f"cannot write {output}: {error}"
        raise CommandError(message) from error
    finally:
        partial.unlink(missing_ok=True)
    size = output.stat().st_size
    written = f"{size / 2**20:,.1f} MiB" if size >= 2**20 else f"{size:,} bytes"
    Console(stderr=True, highlight=False).print(f"{output}: {written}", markup=False)


@contextmanager
def _shown(pieces: Iterator[bytes]) -> Iterator[Iterator[bytes]]:
    """The pieces, with how much of them has come in on standard error, if that is a terminal."""
    screen = Console(stderr=True)
    columns = (
        *(SpinnerColumn(), TextColumn("received"), DownloadColumn(), TransferSpeedColumn()),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as progress:
        task = progress.add_task("", total=None)

        def counted() -> Iterator[bytes]:
            for piece in pieces:
                progress.advance(task, len(piece))
                yield piece

        yield counted()


def _write_parquet(pieces: Iterator[bytes], file: Path) -> None:
    import pyarrow as pa  # noqa: PLC0415 - optional, and slow to import
    import pyarrow.parquet as pq  # noqa: PLC0415

    with pa.ipc.open_stream(io.BufferedReader(_Readable(pieces))) as batches:
        writer: Any
        with pq.ParquetWriter(file, batches.schema, compression="zstd") as writer:
            for batch in batches:
                writer.write_batch(batch)


class _Readable(io.RawIOBase):
    """An iterator of bytes as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer from the next piece; 0 at the end."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
