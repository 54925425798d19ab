"""Which files of a folder are logged, and which folders are refused."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanfold.artifacts import _walk
from spanfold.artifacts._walk import check_path, files_of
from spanfold.errors import ArtifactError

if TYPE_CHECKING:
    from pathlib import Path


def test_files_are_found_in_the_order_of_their_paths_with_links_inside_followed(tmp_path: Path) -> None:
    (tmp_path / "b" / "empty").mkdir(parents=True)
    (tmp_path / "b" / "ü x.txt").write_text("12")
    (tmp_path / "a").write_text("1")
    (tmp_path / "c").symlink_to("b")
    (tmp_path / "d").symlink_to(tmp_path / "a")
    found = files_of(tmp_path, "model")
    assert [(one.path, one.size_bytes) for one in found] == [
        ("model/a", 1),
        ("model/b/ü x.txt", 2),
        ("model/c/ü x.txt", 2),
        ("model/d", 1),
    ]


def outside(folder: Path) -> None:
    (folder / "link").symlink_to("/etc/hostname")


def outside_folder(folder: Path) -> None:
    (folder / "link").symlink_to(folder.parent)


def nowhere(folder: Path) -> None:
    (folder / "link").symlink_to("missing")


def around(folder: Path) -> None:
    (folder / "link").symlink_to(".")


def listening(folder: Path) -> None:
    here = os.getcwd()  # noqa: PTH109 - a socket's address must be short
    os.chdir(folder)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket")
    os.chdir(here)


def backslash(folder: Path) -> None:
    (folder / "a\\b").touch()


def control(folder: Path) -> None:
    (folder / "a\nb").touch()


def undecodable(folder: Path) -> None:
    os.close(os.open(os.fsencode(folder) + b"/\xff", os.O_CREAT))


def long(folder: Path) -> None:
    inner = folder / ("x" * 200) / ("y" * 200)
    inner.mkdir(parents=True)
    (inner / "z").touch()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (outside, r"link is a link to /etc/hostname, outside of .*: copy what it leads to"),
        (outside_folder, r"link is a link to .*, outside of"),
        (nowhere, r"link leads nowhere"),
        (around, r"link is a link to a folder that it is in"),
        (listening, r"socket is no regular file"),
        (backslash, r"is no path inside a folder"),
        (control, r"must not contain control characters"),
        (undecodable, r"lone surrogate"),
        (long, r"has 403 characters, at most 250 are allowed: shorten"),
        (lambda _: None, r"has no files to log"),
    ],
)
def test_a_folder_that_cannot_be_logged_is_refused_with_what_to_do(
    tmp_path: Path, make: object, message: str
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    assert callable(make)
    make(folder)
    with pytest.raises(ArtifactError, match=message):
        files_of(folder)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ArtifactError, match="is no folder"):
        files_of(tmp_path / "file")


def test_more_files_than_may_be_are_refused_without_looking_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        (tmp_path / str(number)).touch()
    monkeypatch.setattr(_walk, "MAX_FILES", 4)
    with pytest.raises(ArtifactError, match="has over 4 files"):
        files_of(tmp_path)


@given(st.text(alphabet="a./\\:\0 \n", max_size=12))
def test_a_path_that_passes_stays_inside(path: str) -> None:
    try:
        check_path(path)
    except ArtifactError:
        return
    joined = os.path.normpath(os.path.join("/root-of-all", path))  # noqa: PTH118 - of text, not of files
    assert joined == f"/root-of-all/{path}"
