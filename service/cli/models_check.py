"""``lorryscan models check``: whether a lane can use a model file, and what to mend."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.check import Line, Report, Verdict, check_model

MODEL_FILE = Annotated[Path, typer.Argument(help="ONNX file")]
_STYLES = {Verdict.OK: "green", Verdict.NOTE: "bold yellow", Verdict.WRONG: "bold white on red"}


def check(
    file: MODEL_FILE,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
) -> None:
    """Say everything that is right and wrong with a model file. Exit status 1: a lane cannot use it."""
    console = Console()
    report = check_model(file)
    if as_json:
        typer.echo(json.dumps(report.as_json(), indent=2, ensure_ascii=False))
    else:
        for line in report.lines:
            if console.is_terminal:
                console.print(_row(line))
            else:
                mend = f" -> {line.mend}" if line.mend else ""
                words = f"  {line.verdict.value:5} {line.what}: {line.says}{mend}"
                console.print(words, markup=False, highlight=False, soft_wrap=True)
        console.print(_summary(report), soft_wrap=True)
    if not report.passed:
        raise typer.Exit(1)


def _row(line: Line) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for width in (7, 22):
        table.add_column(width=width)
    table.add_column()
    words = Text(line.says)
    if line.mend:
        words.append(f"\n→ {line.mend}", style="cyan")
    table.add_row(Text(f"  {line.verdict.value}", style=_STYLES[line.verdict]), line.what, words)
    return table


def _summary(report: Report) -> Text:
    counts = {verdict: sum(line.verdict is verdict for line in report.lines) for verdict in Verdict}
    if report.passed:
        words = f"\n{report.path}: a lane can use it"
        words += f"; {counts[Verdict.NOTE]} to look at" if counts[Verdict.NOTE] else ""
        return Text(words, style="bold green")
    return Text(f"\n{report.path}: a lane cannot use it; {counts[Verdict.WRONG]} to mend", style="bold red")
