"""Versions named by git: in a work tree, on a detached head, in CI, and where there is no git at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import spanfold
from spanfold._internal import git, runtime
from spanfold.errors import GitError
from spanfold_schemas.ids import derive_model_id
from tests.sdk import otlp_receiver
from tests.sdk.otlp_receiver import attributes_of

if TYPE_CHECKING:
    from pathlib import Path

    from spanfold.testing import Captured
    from tests.sdk.conftest import RunScript


@pytest.fixture(autouse=True)
def _no_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in (
        *git.CI_COMMITS,
        *git.CI_BRANCHES,
        *(name for name in os.environ if name.startswith("GIT_")),
    ):
        monkeypatch.delenv(variable, raising=False)


def run_git(directory: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    command = ["git", *identity, "-C", str(directory), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository called my-app with one commit."""
    directory = tmp_path / "my-app"
    directory.mkdir()
    run_git(directory, "init", "-q")
    (directory / "app.py").write_text("one\ntwo\n")
    run_git(directory, "add", "app.py")
    run_git(directory, "commit", "-qm", "first")
    return directory


def commit_of(directory: Path) -> str:
    return run_git(directory, "rev-parse", "HEAD")


def service_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tracer provider cannot be taken back: a test before may have named this process's service."""
    monkeypatch.setattr(runtime, "_current", replace(runtime.current(), actor=""))


def test_a_version_is_named_after_the_application_and_the_commit_as_in_the_article(
    captured: Captured, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service_without_a_name(monkeypatch)
    commit = commit_of(repository)
    (repository / "package").mkdir()
    model = spanfold.set_active_model_from_git(directory=repository / "package")
    assert model.name == f"my-app-git-{commit[:8]}"
    assert model.tags == {"git.commit": commit, "git.branch": "main", "git.dirty": "false"}
    assert spanfold.get_active_model_id() == model.model_id == derive_model_id("0", model.name)
    with spanfold.set_active_model_from_git("shop", repository) as named:
        assert named.name == f"shop-git-{commit[:8]}"
    spanfold.set_active_model_from_git(directory=repository)
    assert len(captured.events) == 2


def test_uncommitted_changes_are_a_version_of_their_own_with_their_size(
    captured: Captured, repository: Path
) -> None:
    (repository / "app.py").write_text("one\n2\n3\n")
    (repository / "untracked.py").write_text("not git's")
    model = spanfold.set_active_model_from_git(directory=repository)
    assert model.name.endswith("-dirty")
    sizes = {"git.diff.files": "1", "git.diff.insertions": "2", "git.diff.deletions": "1"}
    assert model.tags == {
        "git.commit": commit_of(repository),
        "git.branch": "main",
        "git.dirty": "true",
        **sizes,
    }
    (repository / "app.py").write_text("")
    again = spanfold.set_active_model_from_git(directory=repository)
    assert again.model_id == model.model_id
    assert again.tags["git.diff.deletions"] == "2"
    assert captured.events[-1].payload == {"tags": {"git.diff.insertions": "0", "git.diff.deletions": "2"}}


def test_a_work_tree_tells_its_own_branch_and_its_repositorys_name(repository: Path) -> None:
    run_git(repository, "worktree", "add", "-q", "-b", "feature/x", "../elsewhere")
    state = git.read(repository.parent / "elsewhere")
    assert (state.branch, state.repository, state.commit) == ("feature/x", "my-app", commit_of(repository))


def test_a_detached_head_has_the_branch_that_ci_tells_if_it_is_about_this_commit(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = commit_of(repository)
    run_git(repository, "checkout", "-q", "--detach")
    assert git.read(repository).branch == ""
    assert "git.branch" not in git.read(repository).tags
    for variable, branch in (("CI_COMMIT_REF_NAME", "release/1"), ("GITHUB_REF_NAME", "12/merge")):
        monkeypatch.setenv(variable, branch)
        assert git.read(repository).branch == branch
    monkeypatch.setenv("GITHUB_SHA", commit)
    assert git.read(repository).branch == "12/merge"
    monkeypatch.setenv("GITHUB_SHA", "0" * 40)
    assert git.read(repository).branch == ""


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        (
            "https://oauth2:s3cret@example.org/team/app.git?t=s3cret#s3cret",
            "https://example.org/team/app.git",
        ),
        ("https://s3cret@example.org:8443/team/app", "https://example.org:8443/team/app"),
        ("https://me:s3cret@s3cret@example.org/app", "https://example.org/app"),
        ("https://me:s3/cret@example.org/app.git", "https://example.org/app.git"),
        ("ssh://git:s3cret@example.org/app.git", "ssh://example.org/app.git"),
        ("s3cret@example.org:team/app.git", "example.org:team/app.git"),
        ("/srv/git/app.git", "/srv/git/app.git"),
        ("../app", "../app"),
    ],
)
def test_the_remote_is_kept_without_credentials_and_names_the_repository(
    repository: Path, address: str, kept: str
) -> None:
    run_git(repository, "remote", "add", "upstream", "https://s3cret@example.org/other.git")
    run_git(repository, "remote", "add", "origin", address)
    state = git.read(repository)
    assert (state.remote, state.repository) == (kept, "app")
    assert "s3cret" not in str(state)


def test_no_repository_no_commit_no_folder_and_no_git_are_told_apart(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(GitError, match="is in no git repository"):
        spanfold.set_active_model_from_git(directory=tmp_path)
    empty = tmp_path / "empty"
    empty.mkdir()
    run_git(empty, "init", "-q")
    with pytest.raises(GitError, match="no commit yet"):
        git.read(empty)
    with pytest.raises(GitError, match="no folder"):
        git.read(tmp_path / "none")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="not installed"):
        git.read(repository)


def test_a_git_that_hangs_costs_the_limit_and_no_more(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(60)\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(git, "TIMEOUT_S", 0.2)
    with pytest.raises(GitError, match=r"more than 0\.2 s"):
        git.read(repository)


def test_a_work_tree_too_large_to_compare_in_time_has_its_commit_all_the_same(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shutil.which("git")
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text(f'#!/bin/sh\ncase "$*" in *diff*) exec sleep 60;; esac\nexec {real} "$@"\n')
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(git, "TIMEOUT_S", 1.0)
    state = git.read(repository)
    assert state.tags == {"git.commit": commit_of(repository), "git.branch": "main"}
    assert state.name("my-app") == f"my-app-git-{commit_of(repository)[:8]}"


def test_without_a_repository_the_commit_that_a_platform_names_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(tmp_path / "app.py"), raising=False)
    with pytest.raises(GitError):
        git.read()
    monkeypatch.setenv("RENDER_GIT_COMMIT", "ab" * 20)
    monkeypatch.setenv("RENDER_GIT_BRANCH", "main")
    assert git.read() == git.GitState("ab" * 20, branch="main")


PROGRAM = "import spanfold\nwith spanfold.start_span('work'): pass\nprint(spanfold.get_active_model_id())"


def test_a_setting_makes_the_commit_the_version_of_a_whole_process(
    run_script: RunScript, repository: Path
) -> None:
    (repository / "main.py").write_text(PROGRAM)
    with otlp_receiver.running() as server:
        done = run_script(
            f"import runpy, os; os.chdir({str(repository)!r}); runpy.run_path('main.py')",
            OTEL_EXPORTER_OTLP_ENDPOINT=server.address,
            SPANFOLD_ENDPOINT=server.address,
            SPANFOLD_ACTIVE_MODEL="git",
            OTEL_SERVICE_NAME="shop",
        )
    model_id = derive_model_id("0", f"shop-git-{commit_of(repository)[:8]}")
    assert done.stdout.strip() == model_id
    assert attributes_of(server.span("work").attributes)["spanfold.model.id"] == model_id


@pytest.mark.parametrize("setting", ["git", "svn"])
def test_the_setting_never_breaks_the_application(
    run_script: RunScript, tmp_path: Path, setting: str
) -> None:
    with otlp_receiver.running() as server:
        done = run_script(
            f"import os; os.chdir({str(tmp_path)!r})\n" + PROGRAM,
            OTEL_EXPORTER_OTLP_ENDPOINT=server.address,
            SPANFOLD_ENDPOINT=server.address,
            SPANFOLD_ACTIVE_MODEL=setting,
        )
    assert done.stdout.strip() == "None"
    assert f"SPANFOLD_ACTIVE_MODEL={setting}" in done.stderr.replace("'", "")
    assert [span.name for span in server.spans] == ["work"]
