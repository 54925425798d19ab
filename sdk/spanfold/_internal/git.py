"""Which commit of which application runs here: asked of git, or of the CI system that checked it out.

Git is run without a shell, without prompts, locks, hooks of the file system monitor or external diff
programs, and for five seconds altogether at most.
"""

from __future__ import annotations

import os
import re
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from spanfold._internal import events, resolve, runtime
from spanfold.errors import GitError
from spanfold_schemas import keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spanfold._internal.model import LoggedModel

TIMEOUT_S: Final = 5.0
SHORT_COMMIT_CHARS: Final = 8
MAX_TAG_CHARS: Final = 2_000

CI_COMMITS: Final = (
    *("GITHUB_SHA", "CI_COMMIT_SHA", "BUILDKITE_COMMIT", "CIRCLE_SHA1", "BITBUCKET_COMMIT", "GIT_COMMIT"),
    *("BUILD_SOURCEVERSION", "TRAVIS_COMMIT", "RENDER_GIT_COMMIT", "VERCEL_GIT_COMMIT_SHA"),
    *("RAILWAY_GIT_COMMIT_SHA", "HEROKU_SLUG_COMMIT", "HEROKU_BUILD_COMMIT"),
)
"""GitHub, GitLab, Buildkite, CircleCI, Bitbucket, Jenkins, Azure, Travis; then platforms that deploy."""
CI_BRANCHES: Final = (
    *("GITHUB_HEAD_REF", "GITHUB_REF_NAME", "CI_COMMIT_REF_NAME", "BUILDKITE_BRANCH", "CIRCLE_BRANCH"),
    *("BITBUCKET_BRANCH", "CHANGE_BRANCH", "GIT_BRANCH", "BUILD_SOURCEBRANCHNAME", "TRAVIS_BRANCH"),
    *("RENDER_GIT_BRANCH", "VERCEL_GIT_COMMIT_REF", "RAILWAY_GIT_BRANCH"),
)
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_OPTIONS: Final = ("-c", "core.fsmonitor=false", "-c", "core.quotePath=false")
_ENVIRONMENT: Final = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "LC_ALL": "C",
}
_DIFF_OPTIONS: Final = ("--shortstat", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty")
_SHORTSTAT: Final = re.compile(r"(\d+) (file|insertion|deletion)")
_SCP: Final = re.compile(r"(?:[^@/]*@)?(?P<rest>[^@/:]+:.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class GitState:
    """One state of an application's source."""

    commit: str
    """All of its digits."""
    repository: str = ""
    """Its name, from the remote's address or from the folder; empty if not known."""
    branch: str = ""
    """Empty if the head is detached and no CI system tells it."""
    remote: str = ""
    """The address of ``origin`` (else of the first remote), without user, password and query."""
    is_dirty: bool | None = False
    """Whether files that git tracks differ from the commit; None where git did not tell in time."""
    files: int = 0
    insertions: int = 0
    deletions: int = 0

    @property
    def tags(self) -> dict[str, str]:
        """What a version is tagged with. What is not known is left out."""
        tags = {"git.commit": self.commit}
        if self.is_dirty is not None:
            tags["git.dirty"] = str(self.is_dirty).lower()
        if self.is_dirty:
            tags["git.diff.files"] = str(self.files)
            tags["git.diff.insertions"] = str(self.insertions)
            tags["git.diff.deletions"] = str(self.deletions)
        known = {"git.branch": self.branch, "git.remote": self.remote}
        return tags | {key: text[:MAX_TAG_CHARS] for key, text in known.items() if text}

    def name(self, application: str) -> str:
        """What the version is called. Uncommitted changes are not what the commit's name stands for."""
        commit = self.commit[:SHORT_COMMIT_CHARS]
        return f"{application}-git-{commit}" + ("-dirty" if self.is_dirty else "")


def read(directory: str | os.PathLike[str] | None = None) -> GitState:
    """The state of the repository that holds ``directory``.

    Args:
        directory: anywhere in a work tree. None means the current directory, and where that is in no
            repository, the folder of the program.

    Raises:
        GitError: there is no commit to be told, or not in time.
    """
    places = _places() if directory is None else [Path(directory)]
    deadline_s = time.monotonic() + TIMEOUT_S
    first: GitError | None = None
    for place in places:
        try:
            return _Repository(place, deadline_s).read()
        except GitError as fault:
            first = first or fault
    commit = _ci_commit() if directory is None else None
    if commit is not None:
        return GitState(commit, branch=_ci_branch())
    raise first or GitError("there is no folder to look for a repository in")


def version(state: GitState, application: str | None = None) -> LoggedModel:
    """The model version of this state; made if there is none, and tagged if its tags differ.

    Args:
        state: of the source.
        application: begins the name; None means the service's name, else the repository's.

    Raises:
        InvalidArgumentError: nothing may have this name.
    """
    service = runtime.current().actor
    if application is None:
        known = "" if service.startswith("unknown_service") else service
        application = known or state.repository or "app"
    model = resolve.by_name(resolve.experiment(), state.name(application), state.tags)
    changed = {key: text for key, text in state.tags.items() if model.tags.get(key) != text}
    if changed:
        now = events.record(keys.MODEL_TAGS_SET, model.model_id, {"tags": changed})
        resolve.revise(model.model_id, now, tags=changed)
        return resolve.by_id(model.model_id)
    return model


def without_credentials(address: str) -> str:
    """A remote's address without user, password, query and fragment.

    Example:
        >>> without_credentials("https://oauth2:s3cret@example.org/team/app.git?token=x")
        'https://example.org/team/app.git'
        >>> without_credentials("git@example.org:team/app.git")
        'example.org:team/app.git'
    """
    if "://" not in address:
        scp = _SCP.fullmatch(address)
        return scp["rest"] if scp else address
    scheme, _, rest = address.partition("://")
    authority, slash, path = rest.partition("/")
    if "@" not in authority and ":" in authority and "@" in path:
        # A password with a slash in it: what stands before the last @ may be part of it.
        authority, slash, path = path.rpartition("@")[2].partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{re.split('[?#]', path)[0]}"


class _Repository:
    """Questions to git about one folder."""

    def __init__(self, directory: Path, deadline_s: float) -> None:
        self._directory = directory
        self._deadline_s = deadline_s

    def read(self) -> GitState:
        """The state.

        Raises:
            GitError: there is no repository with a commit here, no git, or no time left.
        """
        top, common, commit = self._ask("rev-parse", "--show-toplevel", "--git-common-dir", "HEAD")[:3]
        if not _COMMIT.fullmatch(commit):
            message = f"git names no commit in {top}: {commit!r}"
            raise GitError(message)
        branch = next(iter(self._ask("symbolic-ref", "--short", "--quiet", "HEAD", may_fail=True)), "")
        if not branch and _ci_commit() in {None, commit}:
            branch = _ci_branch()
        remote = without_credentials(self._remote())
        difference = self._difference()
        counts = difference or {}
        home = (self._directory / common).resolve()
        return GitState(
            commit=commit,
            repository=_last_part(remote) or (home.parent if home.name == ".git" else Path(top)).name,
            branch=branch,
            remote=remote,
            is_dirty=None if difference is None else bool(difference),
            files=counts.get("file", 0),
            insertions=counts.get("insertion", 0),
            deletions=counts.get("deletion", 0),
        )

    def _remote(self) -> str:
        lines = self._ask("config", "--get-regexp", r"^remote\..*\.url$", may_fail=True)
        addresses = dict(line.split(" ", 1) for line in reversed(lines) if " " in line)
        return addresses.get("remote.origin.url", next(reversed(addresses.values()), ""))

    def _difference(self) -> Mapping[str, int] | None:
        """What differs from the commit; None if the repository is too large, or too broken, to tell.

        The commit is known all the same, and a version without this tag is better than none.
        """
        try:
            told = self._ask("diff", *_DIFF_OPTIONS, "HEAD", "--")
        except GitError:
            return None
        return {what: int(count) for count, what in _SHORTSTAT.findall(" ".join(told))}

    def _ask(self, *arguments: str, may_fail: bool = False) -> list[str]:
        """The lines that git prints.

        Raises:
            GitError: it is not there, takes too long, or fails where it may not.
        """
        import subprocess  # noqa: PLC0415 - only where git is asked for; no shell, no input

        try:
            done = subprocess.run(  # noqa: S603
                ["git", *_OPTIONS, *arguments],  # noqa: S607 - the user's git, wherever it is
                cwd=self._directory,
                env={**os.environ, **_ENVIRONMENT},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=max(0.1, self._deadline_s - time.monotonic()),
                check=False,
            )
        except FileNotFoundError:
            there = "git is not installed, or not on PATH"
            message = there if self._directory.is_dir() else f"there is no folder {str(self._directory)!r}"
            raise GitError(message) from None
        except subprocess.TimeoutExpired:
            message = f"git took more than {TIMEOUT_S:g} s in {str(self._directory)!r}"
            raise GitError(message) from None
        except OSError as fault:
            message = f"git cannot be run in {str(self._directory)!r}: {fault}"
            raise GitError(message) from fault
        if done.returncode and not may_fail:
            raise GitError(_why(done.stderr.decode(errors="replace"), self._directory))
        return done.stdout.decode(errors="replace").splitlines()


def _why(complaint: str, directory: Path) -> str:
    if "not a git repository" in complaint:
        return f"{str(directory)!r} is in no git repository"
    if "unknown revision" in complaint or "ambiguous argument 'HEAD'" in complaint:
        return f"the git repository of {str(directory)!r} has no commit yet"
    if "dubious ownership" in complaint:
        return (
            f"git does not trust the repository of {str(directory)!r}, which belongs to another user: "
            f"run `git config --global --add safe.directory {directory}`"
        )
    return f"git fails in {str(directory)!r}: {complaint.strip()[:500] or 'it does not say why'}"


def _places() -> list[Path]:
    places = list[Path]()
    with suppress(OSError):  # the current directory was removed
        places.append(Path.cwd())
    program = getattr(sys.modules.get("__main__"), "__file__", None)
    if program:
        places.append(Path(program).absolute().parent)
    return places


def _ci_commit() -> str | None:
    given = (os.environ.get(variable, "").strip().lower() for variable in CI_COMMITS)
    return next((commit for commit in given if _COMMIT.fullmatch(commit)), None)


def _ci_branch() -> str:
    return next((branch for name in CI_BRANCHES if (branch := os.environ.get(name, "").strip())), "")


def _last_part(remote: str) -> str:
    return re.split(r"[/:\\]", remote.rstrip("/"))[-1].removesuffix(".git")
