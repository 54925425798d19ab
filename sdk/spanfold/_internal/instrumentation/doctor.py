"""``spanfold doctor``: what is instrumented by what, what is not and why, and does a trace come through."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from spanfold._internal.instrumentation import examination, probing
from spanfold._internal.instrumentation.installed import version_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from spanfold._internal.instrumentation.examination import Finding
    from spanfold._internal.instrumentation.probing import Probe


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found out."""

    python: str
    spanfold: str | None
    opentelemetry: str | None
    libraries: list[Finding]
    mismatches: list[str]
    notes: list[str]
    probes: list[Probe]
    environment: dict[str, str]

    @property
    def ok(self) -> bool:
        """Whether everything that is meant to work works; what is left out on purpose does."""
        broken = [one for one in self.libraries if one.status == examination.BROKEN]
        return not broken and not self.mismatches and all(probe.ok for probe in self.probes)

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        return {"ok": self.ok, **asdict(self)}


def main(arguments: Sequence[str]) -> int:
    """Print the report; the exit status: 0 if all is well, 1 if not."""
    parser = argparse.ArgumentParser(
        prog="spanfold doctor",
        description="Show what is instrumented by what, what is not and why; send a test trace.",
        epilog="Example: spanfold doctor --json",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    as_json = parser.parse_args(list(arguments)).json
    report = examine()
    if as_json:
        sys.stdout.write(json.dumps(report.as_json(), indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines(report))
    return 0 if report.ok else 1


def examine() -> Report:
    """Find everything out. Takes some seconds."""
    probes = [probing.ask_query_api(), probing.reach_collector()]
    if all(probe.ok for probe in probes):
        probes += probing.send_test_trace()
    return Report(
        python=f"{sys.version.split()[0]} ({sys.executable})",
        spanfold=version_of("spanfold"),
        opentelemetry=version_of("opentelemetry-sdk"),
        libraries=examination.findings(),
        mismatches=examination.mismatches(),
        notes=examination.notes(),
        probes=probes,
        environment=examination.environment_of(os.environ),
    )


def lines(report: Report) -> Iterator[str]:
    """The report for a person."""
    yield f"spanfold {report.spanfold}, opentelemetry {report.opentelemetry}, python {report.python}"
    yield from _section("libraries", list(examination.table(report.libraries)), "none that is known")
    yield from _section("versions that do not match", report.mismatches, "none")
    if report.notes:
        yield from _section("notes", report.notes, "")
    yield from _section("servers", [_probe_line(probe) for probe in report.probes], "")
    variables = [f"{name}={value}" for name, value in report.environment.items()]
    yield from _section("environment", variables, "nothing set: defaults hold")
    yield ""
    yield "all is well" if report.ok else "something needs attention: see above"


def _section(title: str, content: Sequence[str], otherwise: str) -> Iterator[str]:
    yield ""
    yield title
    yield from (f"  {line}" for line in content or [otherwise])


def _probe_line(probe: Probe) -> str:
    took = "" if probe.ms is None else f" ({probe.ms} ms)"
    return f"{'ok' if probe.ok else 'FAILED':6}  {probe.what}{took}" + (
        f": {probe.detail}" if probe.detail else ""
    )
