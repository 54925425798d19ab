"""Files of model versions: which there are, and their bytes by range."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from spanfold_query_api import entities, paging
from spanfold_schemas.fold import MODEL, model_from_slots

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spanfold_schemas.database import Database

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@dataclass(frozen=True, slots=True)
class File:
    """A file of a model version."""

    sha256: str
    size_bytes: int


def files(database: Database, model_id: str) -> dict[str, File] | None:
    """The files of a model version, by path; None if no event tells of the version.

    A path that is a file and a folder of others, as two calls can make it, is the folder: no disk has both.
    """
    found = entities.slots(database, MODEL, [model_id])
    if model_id not in found:
        return None
    state = model_from_slots(found[model_id])
    folders = {path[:at] for path in state.artifacts for at, letter in enumerate(path) if letter == "/"}
    return {
        path: File(item["sha256"], item["size_bytes"])
        for path, item in state.artifacts.items()
        if path not in folders
    }


def listing(
    every: Mapping[str, File], path: str, *, recursive: bool, page_token: str | None, limit: int
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of what is in a folder, in the order of paths, and the token of the next one if there are more.

    Args:
        every: all files of the version.
        path: the folder, or a file; empty for all.
        recursive: all files below it, and no folders; else what is right in it.
        page_token: of the page before.
        limit: most items on the page.

    Raises:
        ProblemError: the token is none of this listing.
    """
    found: dict[str, File | None] = {}
    for name in sorted(every):
        if name == path:
            found[name] = every[name]
        elif not path or name.startswith(f"{path}/"):
            inside = name[len(path) + 1 :] if path else name
            first, is_deeper, _ = inside.partition("/")
            if is_deeper and not recursive:
                found[f"{path}/{first}" if path else first] = None
            else:
                found[name] = every[name]
    query = {"listing": "artifacts", "path": path, "recursive": recursive}
    after = paging.decode(page_token, query, (str,))[0] if page_token is not None else ""
    names = [name for name in sorted(found) if name > after]
    page = [_describe(name, found[name]) for name in names[:limit]]
    more = paging.encode(query, (names[limit - 1],)) if len(names) > limit else None
    return page, more


def _describe(path: str, file: File | None) -> dict[str, Any]:
    return {
        "path": path,
        "is_dir": file is None,
        "size_bytes": None if file is None else file.size_bytes,
        "sha256": None if file is None else file.sha256,
    }


def byte_range(header: str | None, size_bytes: int) -> tuple[int, int] | None:
    """What a ``Range`` header asks for (RFC 9110): the first byte, and the one after the last.

    None for everything: without a header, and for one that this server does not understand, such as several
    ranges.

    Raises:
        ValueError: no byte of it exists.

    Example:
        >>> byte_range("bytes=2-", 10), byte_range("bytes=-3", 10), byte_range("lines=1-2", 10)
        ((2, 10), (7, 10), None)
    """
    asked = _RANGE.fullmatch(header or "")
    if asked is None or asked[0] == "bytes=-":
        return None
    first, last = asked[1], asked[2]
    if not first:
        start, end = max(0, size_bytes - int(last)), size_bytes
    else:
        start, end = int(first), min(size_bytes, int(last) + 1 if last else size_bytes)
        if last and int(last) < start:
            return None
    if start >= end:
        message = f"bytes {start} and on of {size_bytes}"
        raise ValueError(message)
    return start, end
