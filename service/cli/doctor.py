"""``lorryscan doctor``: looks at this machine and installation, and says what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.doctor import installation, lane, machine, ports
from service.doctor.finding import Check, Finding, Level, looked_at

_STYLES = {Level.OK: "green", Level.WARN: "bold yellow", Level.FAIL: "bold white on red"}


def doctor(
    config: Annotated[Path | None, typer.Option("--config", help="also look at this lane's file")] = None,
    data: Annotated[
        Path, typer.Option("--data", help="the data folder, where no --config names one")
    ] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
) -> None:
    """Look at this machine and installation and say what to do. Exit status 1: something will not work.

    Only with --config is anything contacted, and only what that file names.
    """
    told: list[tuple[str, Finding]] = []
    console = Console()
    for group, findings in look(config, data):
        if not as_json:
            console.print(Text(group, style="bold"))
        for finding in findings:
            told.append((group, finding))
            if as_json:
                continue
            if console.is_terminal:
                console.print(_line(finding))
            else:
                mend = f" -> {finding.mend}" if finding.mend else ""
                line = f"  {finding.level.value:5} {finding.what}: {finding.words}{mend}"
                console.print(line, markup=False, highlight=False, soft_wrap=True)
    levels = [finding.level for _, finding in told]
    if as_json:
        found = [{"group": group, **asdict(finding)} for group, finding in told]
        head = {"lorryscan": metadata.version("lorryscan"), "failed": Level.FAIL in levels}
        typer.echo(json.dumps({**head, "findings": found}, indent=2, ensure_ascii=False))
    else:
        console.print(_summary(levels))
    if Level.FAIL in levels:
        raise typer.Exit(1)


def look(config: Path | None, data: Path) -> Iterator[tuple[str, Iterator[Finding]]]:
    """Give each group of checks and what they find, as it is found."""
    groups: list[tuple[str, list[tuple[str, Check]]]] = [
        (
            "installation",
            [
                ("Python", installation.python),
                ("package", installation.package),
                ("libraries", installation.libraries),
                ("computing", installation.computing),
                ("SQLite", installation.sqlite),
                ("page", installation.page),
                ("extras", installation.extras),
            ],
        ),
        ("drivers", [("drivers", installation.plugins)]),
        (
            "machine",
            [
                ("processor", machine.processor),
                ("memory", machine.memory),
                *([] if config else [("data folder", lambda: machine.disk(data))]),
                ("clock", machine.clock),
                ("UDP buffer", machine.udp_buffer),
                ("terminal", machine.terminal),
            ],
        ),
        ("ports", [("serial ports", ports.serial_ports)]),
    ]
    if config is not None:
        groups.append(("lane", [("lane", lambda: lane.lane(config))]))
    for group, checks in groups:
        yield group, _all(checks)


def _all(checks: list[tuple[str, Check]]) -> Iterator[Finding]:
    for what, check in checks:
        yield from looked_at(check, what)


def _line(finding: Finding) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for width in (6, 16):
        table.add_column(width=width)
    table.add_column()
    words = Text(finding.words)
    if finding.mend:
        words.append(f"\n→ {finding.mend}", style="dim" if finding.level is Level.OK else "cyan")
    table.add_row(Text(f"  {finding.level.value}", style=_STYLES[finding.level]), finding.what, words)
    return table


def _summary(levels: list[Level]) -> Text:
    counts = {level: levels.count(level) for level in Level}
    words = f"{counts[Level.OK]} ok"
    words += f", {counts[Level.WARN]} to look at" if counts[Level.WARN] else ""
    words += f", {counts[Level.FAIL]} to mend" if counts[Level.FAIL] else ""
    worst = Level.FAIL if counts[Level.FAIL] else Level.WARN if counts[Level.WARN] else Level.OK
    return Text(f"\n{words}", style=_STYLES[worst])
