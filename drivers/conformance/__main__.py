"""``python -m drivers.conformance NAME``: the kit without the product's command line."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from drivers.api import LorryscanError
from drivers.conformance.bench import Bench
from drivers.conformance.find import suite_of, suites
from drivers.conformance.laws import LAWS
from drivers.conformance.report import Report, write
from drivers.conformance.run import JOBS, Verdict, run


def main() -> int:
    """Try drivers and print their tables; exit status 1 when a law is broken."""
    parser = argparse.ArgumentParser(prog="python -m drivers.conformance", description=__doc__)
    parser.add_argument("names", nargs="*", help="drivers to try")
    parser.add_argument("--all", action="store_true", help="every driver that has a suite")
    parser.add_argument("--device", help="URL of a real device, instead of the suite's twin")
    parser.add_argument("--law", action="append", choices=list(LAWS), help="only this law; may be repeated")
    parser.add_argument("--wire", help="only this wire of the suite")
    parser.add_argument("--json", type=Path, help="also write conformance.json here")
    parser.add_argument("--jobs", type=int, default=JOBS)
    asked = parser.parse_args()
    laws = [LAWS[name] for name in asked.law] if asked.law else None
    reports = []
    for name in list(suites()) if asked.all else asked.names:
        try:
            suite = suite_of(name)
            device_class = suite.device_class()
        except LorryscanError as error:
            print(error, file=sys.stderr)  # noqa: T201
            return 2
        if asked.device:
            benches = [Bench(suite, device_url=asked.device)]
        else:
            benches = [Bench(suite, wire) for wire in suite.wires if asked.wire in (None, wire)]
        verdicts = run(benches, laws, _say, asked.jobs)
        reports.append(Report(name, device_class, tuple(verdicts)))
        print(reports[-1].table())  # noqa: T201
    if asked.json:
        write(asked.json, reports)
    return 0 if reports and all(report.passed for report in reports) else 1


def _say(verdict: Verdict) -> None:
    print(  # noqa: T201
        f"  {verdict.outcome.value:8} {verdict.law} on {verdict.rig} ({verdict.took_s:.1f} s)",
        file=sys.stderr,
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
