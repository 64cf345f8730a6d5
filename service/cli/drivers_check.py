"""``lorryscan drivers check``: the conformance kit on one driver, or on all that have a suite."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from drivers.api import ConfigError
from drivers.conformance.bench import Bench
from drivers.conformance.find import suite_of, suites
from drivers.conformance.law import Law, Outcome
from drivers.conformance.laws import LAWS
from drivers.conformance.report import Report, write
from drivers.conformance.run import JOBS, Verdict, run
from drivers.conformance.suite import DriverSuite
from drivers.conformance.transcript import load as load_transcript
from drivers.registry import load
from service.cli.device_settings import SET, settings_for
from service.cli.out_file import check_can_write

_STYLES = {Outcome.HELD: "green", Outcome.BROKEN: "bold red", Outcome.NOT_RUN: "dim"}


def check(
    names: Annotated[list[str] | None, typer.Argument(help="drivers to prove")] = None,
    every: Annotated[bool, typer.Option("--all", help="every driver that has a suite")] = False,
    device: Annotated[
        str, typer.Option("--device", metavar="URL", help="on a real device, not on the suite's twins")
    ] = "",
    transcript: Annotated[
        Path | None, typer.Option("--transcript", help="on a recording, see lorryscan drivers record")
    ] = None,
    settings: SET = [],  # noqa: B006
    law: Annotated[list[str], typer.Option("--law", metavar="NAME", help="only this one; repeat")] = [],  # noqa: B006
    wire: Annotated[str, typer.Option("--wire", help="only this wire of the suite: pty, tcp or udp")] = "",
    out: Annotated[Path, typer.Option("--json", help="where the result goes")] = Path("conformance.json"),
    jobs: Annotated[
        int, typer.Option("--jobs", min=1, help="laws that mostly wait, tried at the same time")
    ] = JOBS,
) -> None:
    """Prove a driver against the contract, a law at a time. Exit status 1: a law is broken."""
    asked = list(suites()) if every else list(names or ())
    if not asked:
        raise ConfigError("name a driver, or give --all: lorryscan drivers list shows which there are")
    if (device or transcript) and len(asked) > 1:
        raise ConfigError("--device and --transcript are of one driver: name that one alone")
    if device and transcript:
        raise ConfigError("--device and --transcript are two rigs: give one of them")
    laws = [_law(name) for name in law] or list(LAWS.values())
    check_can_write(out, "--json")
    # all before the first is tried: a typing error costs no minutes
    benches = {name: _benches(name, device, transcript, settings, wire) for name in asked}
    console = Console()
    reports = []
    for name, rigs in benches.items():
        verdicts = _run(name, rigs, laws, jobs)
        report = Report(name, rigs[0].device_class, tuple(verdicts))
        reports.append(report)
        if len(reports) > 1:
            console.print()
        console.print(coloured(report.table()), soft_wrap=True)
    write(out, reports)
    failed = [report.driver for report in reports if not report.passed]
    if len(reports) > 1:
        words = f"{len(reports) - len(failed)} of {len(reports)} drivers pass"
        words += f"; {', '.join(failed)} {'does' if len(failed) == 1 else 'do'} not" if failed else ""
        console.print(Text(f"\n{words}", style="bold red" if failed else "bold green"), soft_wrap=True)
    console.print(Text(f"written to {out}", style="dim"), soft_wrap=True)
    if failed:
        raise typer.Exit(1)


def coloured(table: str) -> Text:
    """Return a report's table with its verdicts in colour."""
    text = Text(table)
    text.highlight_regex(r"(?<= )held(?= |\n|$)", "green")
    text.highlight_regex(r"(?<= )(BROKEN|FAILS)(?=\W|$)|: broken: ", "bold red")
    text.highlight_regex(r"(?<= )not run(?= |\n|$)|: not run: .*", "dim")
    text.highlight_regex(r"(?<=: )passes(?=\n)", "bold green")
    return text


def _law(name: str) -> Law:
    if name not in LAWS:
        raise ConfigError(f"--law {name}: there is no such law: {', '.join(LAWS)}")
    return LAWS[name]


def _benches(name: str, device: str, transcript: Path | None, pairs: Sequence[str], wire: str) -> list[Bench]:
    device_class = load(name)
    if (device or transcript) and name not in suites():
        # a real device and a recording need no twin
        suite: DriverSuite = type("PlainSuite", (DriverSuite,), {"driver": name})()
    else:
        suite = suite_of(name)
    settings = settings_for(device_class, pairs)
    if device:
        benches = [Bench(suite, device_url=device, settings=settings)]
    elif transcript is not None:
        recorded = load_transcript(transcript)
        if recorded.driver != name:
            raise ConfigError(f"--transcript {transcript}: it is of {recorded.driver}, not of {name}")
        benches = [Bench(suite, transcript=recorded, settings=settings)]
    else:
        benches = [Bench(suite, one, settings=settings) for one in suite.wires if wire in ("", one)]
        if not benches:
            raise ConfigError(f"--wire {wire}: the suite of {name} tries {', '.join(suite.wires)}")
    benches[0].config(device or "/dev/ttyUSB0")  # a wrong key is said once, not by every law
    return benches


def _run(name: str, benches: list[Bench], laws: list[Law], jobs: int) -> list[Verdict]:
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task(name, total=len(benches) * len(laws))

        def said(verdict: Verdict) -> None:
            line = Text.assemble(
                (f"  {verdict.outcome.value:8}", _STYLES[verdict.outcome]),
                f"{verdict.law} on {verdict.rig}",
                (f"  {verdict.took_s:.1f} s", "dim"),
            )
            progress.console.print(line, soft_wrap=True)
            progress.advance(task)

        return run(benches, laws, said, jobs)
