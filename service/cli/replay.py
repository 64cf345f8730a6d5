"""``lorryscan replay``: recordings through today's pipeline, with a progress bar."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from drivers.api import LorryscanError
from scanner.evidence import EvidenceState
from scanner.methods import load_kit
from scanner.recording.header import RecordingHeader
from scanner.recording.projection import projection_words
from scanner.recording.reader import read_header
from scanner.recording.salvage import REPAIRED_SUFFIX
from scanner.replay import Replayed, group_by_scan, replay_scan, replayed_json
from scanner.replay_schema import SCHEMA_VERSION
from service.cli.model_files import EVIDENCE, THERMAL_MODEL, XRAY_MODEL, model_files
from service.cli.out_file import check_can_write


def replay(
    files: Annotated[
        list[Path], typer.Argument(help="recordings (.mcap), scan folders, or a lane's data folder")
    ],
    json_out: Annotated[Path | None, typer.Option("--json", help="write every result here")] = None,
    xray_model: XRAY_MODEL = None,
    thermal_model: THERMAL_MODEL = None,
    evidence: EVIDENCE = None,
) -> None:
    """Replay recorded scans and print each one's assessment and digest.

    A recording that cannot be read is named, the rest goes on, and the exit
    status is 1. The status is 3 when a digest differs from the recorded one.
    """
    check_can_write(json_out, "--json")
    console = Console()
    errors = Console(stderr=True)
    kit = load_kit(model_files(xray_model, thermal_model), evidence)
    for note in kit.notes():
        errors.print(f"note: {note}", markup=False, highlight=False, soft_wrap=True)
    failed: dict[str, str] = {}
    scans = _readable(find_recordings(files), failed)
    total = sum(path.stat().st_size for visits in scans.values() for _, path in visits)
    results: list[Replayed] = []
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
    )
    with Progress(
        *columns, TimeRemainingColumn(), console=errors, disable=not errors.is_terminal
    ) as progress:
        task = progress.add_task("replaying", total=max(total, 1))
        for scan_id, visits in scans.items():
            progress.update(task, description=f"replaying {scan_id}")
            try:
                result = replay_scan(visits, kit, lambda size: progress.advance(task, size))
            except (LorryscanError, OSError) as error:
                failed[scan_id] = str(error)
                continue
            results.append(result)
            for line in describe(result):
                console.print(line, markup=False, highlight=False, soft_wrap=True)
    for name, why in failed.items():
        errors.print(f"lorryscan: {name}: {why}", style="red", markup=False, highlight=False, soft_wrap=True)
    if json_out is not None:
        content = {
            "schema_version": SCHEMA_VERSION,
            "scans": [replayed_json(result) for result in results],
            "failed": [{"name": name, "error": why} for name, why in failed.items()],
        }
        json_out.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    if not failed and not results:
        errors.print(
            "lorryscan: there is no recording (.mcap) there: name files or a data folder", style="red"
        )
    if failed or not results:
        raise typer.Exit(1)
    if any(result.same is False for result in results):
        raise typer.Exit(3)


def find_recordings(paths: list[Path]) -> list[Path]:
    """Return the recordings that files and folders name, in order; each once."""
    found: dict[Path, None] = {}
    for path in paths:
        inside = [path]
        if path.is_dir():  # a repaired copy beside its original would be the same visit twice
            inside = [f for f in sorted(path.rglob("*.mcap")) if not f.name.endswith(REPAIRED_SUFFIX)]
        found.update(dict.fromkeys(inside))
    return list(found)


def _readable(files: list[Path], failed: dict[str, str]) -> dict[str, list[tuple[RecordingHeader, Path]]]:
    """Group what can be opened; name what cannot."""
    visits: list[tuple[RecordingHeader, Path]] = []
    for file in files:
        try:
            visits.append((read_header(file), file))
        except (LorryscanError, OSError) as error:
            failed[str(file)] = str(error)
    return group_by_scan(visits, failed)


def describe(result: Replayed) -> list[str]:
    """Return one scan's result as lines of text."""
    header, last = result.header, result.assessment
    vehicle = f"{header.declaration.vehicle_class.value}, {header.declaration.cargo.value}"
    lines = [f"{header.scan_id}  {header.declaration.plate}  {vehicle}  {result.duration_s:.0f} s"]
    if said := projection_words(header):
        lines.append(f"    {said}")
    if last is None:
        return [*lines, "    no tick recorded: nothing to assess"]
    lines.append(f"    {last.recommendation.value}, posterior {last.posterior:.3g}")
    for evidence in last.evidences:
        said = f"{evidence.llr:+.2f}" if evidence.state is EvidenceState.READY else evidence.state.value
        why = f" ({evidence.reason.code})" if evidence.reason else ""
        lines.append(f"    {evidence.modality}: {said}{why}")
    same = {
        True: "equal to the recorded ones",
        False: "DIFFERENT from the recorded ones",
        None: "none recorded",
    }
    lines.append(f"    digest {last.digest}")
    lines.append(f"    {result.ticks} ticks; digests {same[result.same]}")
    return [*lines, *(f"    {difference}" for difference in result.differences)]
