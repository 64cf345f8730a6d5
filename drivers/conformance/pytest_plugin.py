"""What pytest gains where lorryscan is installed: ``--device``, the laws' table, ``conformance.json``.

Loaded by pytest through its entry point; nothing else imports it. It stays silent where
no `DriverSuite` was run.
"""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of a driver's suite."""
    group = parser.getgroup("lorryscan", "conformance of sensor drivers")
    group.addoption(
        "--device",
        action="append",
        default=[],
        metavar="URL",
        help="try the suites' drivers on the real device at URL instead of their twins; may be repeated",
    )
    group.addoption(
        "--conformance-json",
        default="conformance.json",
        metavar="FILE",
        help="where the laws' verdicts are written when a suite was run (default: %(default)s)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Hand the devices to the suites."""
    urls = config.getoption("--device")
    if urls:
        from drivers.conformance import suite

        suite.DEVICE_URLS[:] = urls


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print a table for each suite that was run, and write the file."""
    import sys

    suite = sys.modules.get("drivers.conformance.suite")
    results = getattr(suite, "PYTEST_RESULTS", None)
    if not results:
        return
    from drivers.conformance.report import Report, write

    reports = [
        Report(
            str(kind.driver if isinstance(kind.driver, str) else kind.driver.__name__),
            kind().device_class(),
            tuple(verdicts),
        )
        for kind, verdicts in results.items()
    ]
    for report in reports:
        terminalreporter.section(f"conformance of {report.driver}")
        terminalreporter.write_line(report.table())
    path = Path(config.getoption("--conformance-json"))
    write(path, reports)
    terminalreporter.write_line(f"written to {path}")
