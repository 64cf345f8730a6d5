"""``lorryscan calibrate decision``: the sequential test's boundaries, on campaigns of simulated lorries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from calibration.evidence import CalibrationSet
from calibration.store import load_calibrations, save_calibrations
from drivers.api import ConfigError
from scanner.decision_fit import fit_decision, rows_without
from scanner.policy import make_policy
from scanner.validation.outcome import Outcome, from_json
from service.cli.model_files import EVIDENCE
from service.cli.out_file import check_can_write

ROWS, IDENTITY = "rows.jsonl", "campaign.json"


def decision(
    courses: Annotated[
        Path, typer.Option("--courses", metavar="DIR", help="campaign, --split calibration --whole")
    ],
    tuning: Annotated[
        Path | None,
        typer.Option("--tuning", metavar="DIR", help="campaign for the weights, --split tuning --whole"),
    ] = None,
    evidence: EVIDENCE = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            "--without",
            metavar="NAME=VALUE",
            help="leave a family out, as cargo=meat or site=port; repeatable",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="where the calibration set goes")] = Path("evidence.json"),
) -> None:
    """Choose boundaries that promise error rates for whole scans, and count what each method is worth.

    Without --tuning the weights stay as they are. Rows of a test campaign are refused. What a family
    costs that was left out, a campaign says that is judged with --evidence.
    """
    check_can_write(out, "--out")
    calibrations = load_calibrations(evidence)
    known = _read(courses, calibrations, "--courses")
    weighing = [] if tuning is None else _read(tuning, calibrations, "--tuning")
    for family in without or ():
        known = rows_without(known, family)
        weighing = rows_without(weighing, family) if weighing else []
    fitted = fit_decision(calibrations, weighing, known, make_policy({}))
    save_calibrations(fitted, out)
    console = Console()
    console.print(f"{out}: calibration set {fitted.id}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"  weights {dict(fitted.weights)}", highlight=False)
    for curve in fitted.boundaries:
        table = Table("at most", "false alarms: search at", "misses: no-indication at")
        table.title = f"{curve.vehicle}: {curve.empty} empty, {curve.occupied} occupied"
        searches = dict(zip(curve.false_alarms, curve.search_llr, strict=True))
        nones = dict(zip(curve.misses, curve.no_indication_llr, strict=True))
        for rate in sorted({*searches, *nones}):
            table.add_row(
                f"{rate:g}", *(f"{part[rate]:+.2f}" if rate in part else "" for part in (searches, nones))
            )
        console.print(table)


def _read(folder: Path, calibrations: CalibrationSet, option: str) -> list[Outcome]:
    """Read a campaign's rows; refuse those of a test, and those of other calibrations."""
    try:
        identity: dict[str, Any] = json.loads((folder / IDENTITY).read_text(encoding="utf-8"))
        lines = (folder / ROWS).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{option} {folder}: no campaign ({error}): make one with 'lorryscan simulate campaign --whole'"
        ) from None
    if identity["campaign"]["split"] == "test":
        raise ConfigError(f"{option} {folder}: a test campaign: nothing may be chosen on it")
    used = identity["versions"]["calibrations"]
    if used != calibrations.id:
        raise ConfigError(
            f"{option} {folder}: its ratios come from calibration set {used}, this one is {calibrations.id}: "
            "simulate again, or name that set with --evidence"
        )
    errors = Console(stderr=True)
    return [from_json(line) for line in track(lines, description=f"reading {folder.name}", console=errors)]
