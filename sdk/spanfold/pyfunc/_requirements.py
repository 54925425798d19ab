"""The packages that a model needs: written when it is logged, compared when it is loaded."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from spanfold.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MAX_LINES: Final = 1_000


def chosen(
    own: Sequence[str], pip_requirements: Sequence[str] | str | None, extra: Sequence[str] | str | None
) -> list[str]:
    """The lines of ``requirements.txt``.

    Args:
        own: what the flavor needs; without a version, the installed one is meant.
        pip_requirements: instead of those; a list, or the path of a file.
        extra: beside those.

    Raises:
        InvalidArgumentError: both are given, or a line is no requirement.
    """
    if pip_requirements is not None and extra is not None:
        raise InvalidArgumentError("give pip_requirements or extra_pip_requirements, not both")
    lines = [pinned(one) for one in own] if pip_requirements is None else []
    lines += _lines("pip_requirements", pip_requirements) + _lines("extra_pip_requirements", extra)
    return list(dict.fromkeys(lines))


def pinned(requirement: str) -> str:
    """A package with its installed version, where none is said: ``numpy`` as ``numpy==2.4.0``."""
    try:
        # Without a mark of its build (2.13.0+cpu), which the public index does not have.
        return (
            f"{requirement}=={version(requirement).partition('+')[0]}"
            if requirement.replace("-", "").isidentifier()
            else requirement
        )
    except PackageNotFoundError:
        return requirement


def of_modules(modules: Iterable[str]) -> list[str]:
    """The installed packages that hold these modules, sorted; modules of no package are left out.

    Example:
        >>> of_modules(["yaml", "json"])
        ['PyYAML']
    """
    holders = packages_distributions()
    found = set[str]()
    for module in modules:
        packages = list(dict.fromkeys(holders.get(module.partition(".")[0], ())))
        if len(packages) > 1:  # several put modules there, as into google
            packages = [one for one in packages if _holds(one, module)]
        found.update(packages[:1])
    return sorted(found)


def _holds(package: str, module: str) -> bool:
    path = module.replace(".", "/")
    return any(file.startswith((f"{path}.", f"{path}/__init__.")) for file in _files_of(package))


@lru_cache(maxsize=256)
def _files_of(package: str) -> tuple[str, ...]:
    return tuple(file.as_posix() for file in distribution(package).files or ())


def differences(file: Path) -> list[str]:
    """How what is installed differs from what a model needs, one text a package.

    Lines that name no package (options, addresses, comments) are left alone.
    """
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - of the extra `models`

    if not file.is_file():
        return []
    found = list[str]()
    for line in file.read_text(encoding="utf-8").splitlines()[:_MAX_LINES]:
        text = line.split(" #")[0].strip()
        if not text or text.startswith(("#", "-")):
            continue
        try:
            wanted = Requirement(text)
        except InvalidRequirement:
            continue
        if wanted.marker is not None and not wanted.marker.evaluate():
            continue
        try:
            installed = distribution(wanted.name).version
        except PackageNotFoundError:
            found.append(f"{wanted.name}: needs {wanted.specifier or 'any version'}, is not installed")
            continue
        if not wanted.specifier.contains(installed, prereleases=True):
            found.append(f"{wanted.name}: needs {wanted.specifier}, installed is {installed}")
    return found


def _lines(argument: str, given: Any) -> list[str]:
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - of the extra `models`

    if given is None:
        return []
    if isinstance(given, str | Path):
        file = Path(given)
        if not file.is_file():
            raise InvalidArgumentError(
                f"{argument}={str(given)!r}: give a list of requirements, or a file that exists"
            )
        given = [
            line.strip()
            for line in file.read_text(encoding="utf-8").splitlines()
            if line.strip()[:1] not in {"", "#"}
        ]
    for line in given:
        try:
            if not isinstance(line, str):
                raise InvalidArgumentError(f"{argument}: {line!r} is no text")
            text = line.split(" #")[0].strip()
            # Options, addresses and paths are pip's to read.
            if not text.startswith(("-", ".", "/")) and ("://" not in text or " @ " in text):
                Requirement(text)
        except InvalidRequirement as fault:
            raise InvalidArgumentError(f"{argument}: {line!r} is no requirement of pip's: {fault}") from fault
    return list(given)
