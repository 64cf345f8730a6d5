"""``lorryscan models compare``: the same X-ray scans through several models."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, TypeAlias, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from drivers.api import ConfigError, LorryscanError
from models.check_answers import seconds_a_picture
from models.runtime import shipped_model
from scanner.comparison.recorded import read_truth, recorded_trial
from scanner.comparison.report import CURVES, auc_words, cautions, count_words, write_report
from scanner.comparison.results import EVERY_CARGO, Comparison, compared
from scanner.comparison.simulated import FIRST_SEED, simulated_trials
from scanner.comparison.trials import ImageTrial, loaded
from scanner.methods import SHIPPED
from scanner.recording.header import RecordingHeader
from scanner.recording.reader import read_header
from scanner.replay import group_by_scan
from service.cli.replay import find_recordings

T = TypeVar("T")


def compare(
    files: Annotated[list[Path], typer.Argument(help="ONNX files with their cards")],
    recordings: Annotated[
        list[Path], typer.Option("--recordings", help="recordings, or folders of them; repeat")
    ] = [],  # noqa: B006
    truth: Annotated[
        Path | None, typer.Option("--truth", help="CSV: scan,occupied (yes or no), of the recordings")
    ] = None,
    simulated: Annotated[
        int, typer.Option("--simulated", min=0, help="so many simulated lorries, occupied and empty")
    ] = 0,
    out: Annotated[Path | None, typer.Option("--out", help="folder for a report")] = None,
    ours: Annotated[bool, typer.Option(help="hold them against the shipped X-ray model")] = True,
    workers: Annotated[int, typer.Option(min=1, help="processes, for simulated lorries")] = os.cpu_count()
    or 1,
) -> None:
    """Score the same X-ray scans with several models, each as a lane would run it, and compare them.

    A recorded scan that cannot be used is named, the rest goes on, and the exit status is 1.
    """
    if bool(simulated) is bool(recordings):
        raise ConfigError("give --simulated N or --recordings PATH with --truth CSV, one of both")
    if recordings and truth is None:
        raise ConfigError("recordings do not know who was inside: give --truth CSV with scan,occupied")
    if out is not None and out.exists() and not out.is_dir():
        raise ConfigError(f"--out {out}: this is a file: name a folder")
    paths = [*([shipped_model(SHIPPED["xray"])] if ours else []), *files]
    names = [loaded(path).id for path in paths]  # refused now, not after minutes
    if len(set(names)) < len(names):
        raise ConfigError(
            "one model is named twice (the shipped one is there unless --no-ours): name each once"
        )
    console, errors = Console(), Console(stderr=True)
    failed: dict[str, str] = {}
    if simulated:
        lorries = simulated_trials(simulated, paths, workers=workers)
        trials = [trial for each in _followed(lorries, simulated, errors) for trial in each]
        source = f"{simulated} simulated lorries, seeds from {FIRST_SEED}"
    else:
        assert truth is not None
        scans = _scans(recordings, read_truth(truth), failed)
        trials = list(_followed(_recorded(scans, paths, failed), len(scans), errors))
        source = f"{len(trials)} recorded scans, {truth.name}"
    for name, why in failed.items():
        errors.print(f"lorryscan: {name}: {why}", style="red", markup=False, highlight=False, soft_wrap=True)
    try:
        found = compared(trials, names)
    except ValueError as error:
        raise ConfigError(f"{source}: {error}") from None
    seconds = {name: seconds_a_picture(loaded(path)) for name, path in zip(names, paths, strict=True)}
    _show(found, seconds, console)
    if out is not None:
        written = write_report(found, seconds, source, out)
        console.print(f"written: {', '.join(map(str, written))}", highlight=False, soft_wrap=True)
        if out / CURVES not in written:
            console.print("no curves: pip install matplotlib draws them", highlight=False)
    if failed:
        raise typer.Exit(1)


Scans: TypeAlias = list[tuple[list[tuple[RecordingHeader, Path]], bool]]


def _scans(paths: list[Path], truth: dict[str, bool], failed: dict[str, str]) -> Scans:
    """Return recorded scans with their truth; what cannot be used is named in ``failed``."""
    headers: list[tuple[RecordingHeader, Path]] = []
    for file in find_recordings(paths):
        try:
            headers.append((read_header(file), file))
        except (LorryscanError, OSError) as error:
            failed[str(file)] = str(error)
    scans: Scans = []
    for scan_id, visits in group_by_scan(headers, failed).items():
        if scan_id in truth:
            scans.append((visits, truth[scan_id]))
        else:
            failed[scan_id] = "the truth does not name it: add a line, or leave the recording out"
    return scans


def _recorded(scans: Scans, paths: list[Path], failed: dict[str, str]) -> Iterator[ImageTrial | None]:
    for visits, occupied in scans:
        try:
            yield recorded_trial(visits, occupied, paths)
        except (LorryscanError, OSError) as error:
            failed[visits[0][0].scan_id] = str(error)
            yield None


def _followed(each: Iterator[T | None], total: int, errors: Console) -> Iterator[T]:
    """Give on what comes, with a bar; None is a scan that was left out."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, disable=not errors.is_terminal) as progress:
        task = progress.add_task("scoring", total=total)
        for one in each:
            progress.advance(task)
            if one is not None:
                yield one


def _show(found: Comparison, seconds: Mapping[str, float], console: Console) -> None:
    number = {name: str(index) for index, name in enumerate(found.models, 1)}
    for name in found.models:
        console.print(
            Text(f"{number[name]}  {name}, {1000 * seconds[name]:.0f} ms a picture"), soft_wrap=True
        )
    for beam in sorted({row.beam for row in found.rows}):
        table = _table(f"\n{beam}", "model", "AUC (95 %)", "found (95 %)", "false alarms (95 %)", "no score")
        rows = [row for row in found.rows if row.beam == beam]
        for row in sorted(rows, key=lambda r: (r.cargo != EVERY_CARGO, r.cargo)):
            table.add_row(
                Text(row.cargo),
                number[row.model],
                auc_words(row),
                count_words(row.detected, row.occupied, row.detection),
                count_words(row.alarmed, row.empty, row.false_alarms),
                str(row.unanswered) if row.unanswered else "",
                style="bold" if row.cargo == EVERY_CARGO else "",
            )
        console.print(table)
    if found.differences:
        table = _table("\nbeam", "model", "AUC less that of 1 (95 %)", "it alone found", "1 alone found", "p")
        for one in found.differences:
            area = f"{one.auc:+.3f} ({one.auc_low:+.3f} to {one.auc_high:+.3f})"
            counts = (str(one.only_this), str(one.only_first))
            table.add_row(Text(one.beam), number[one.model], area, *counts, f"{one.p:.3g}")
        console.print(table)
    console.print()
    for caution in cautions(found):
        console.print(Text(f"note: {caution}", style="yellow"), soft_wrap=True)


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, show_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
