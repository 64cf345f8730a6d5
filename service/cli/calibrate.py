"""``lorryscan calibrate``: probes to certificates, and scores to evidence."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from calibration.store import save_calibrations
from scanner import fitting, xray_trials
from scanner.methods import load_kit
from scanner.trial_lorries import KINDS
from service.cli import calibrate_co2, calibrate_geophone
from service.cli.calibrate_decision import decision
from service.cli.model_files import THERMAL_MODEL, XRAY_MODEL, model_files
from service.cli.out_file import check_can_write

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Calibrate probes, and fit scores to evidence."
)
app.add_typer(calibrate_co2.app, name="co2")
app.add_typer(calibrate_geophone.app, name="geophone")


app.command("decision")(decision)


@app.callback()
def calibrate() -> None:
    """Calibrate probes, and fit scores to evidence."""


@app.command("evidence")
def evidence(
    lorries: Annotated[int, typer.Option(help="how many simulated lorries")] = 720,
    seed: Annotated[int, typer.Option(help="base seed; the test seed is another")] = 0,
    out: Annotated[Path, typer.Option(help="where the calibration set goes")] = Path("evidence.json"),
    trials_out: Annotated[Path | None, typer.Option("--trials", help="also keep every score here")] = None,
    xray_lorries: Annotated[
        int, typer.Option("--xray-lorries", help="passages of each class and cargo that fit X-ray alone")
    ] = xray_trials.LORRIES_A_KIND,
    workers: Annotated[int, typer.Option(help="processes")] = os.cpu_count() or 1,
    xray_model: XRAY_MODEL = None,
    thermal_model: THERMAL_MODEL = None,
) -> None:
    """Fit scores to log-likelihood ratios on simulated lorries, with the models that a lane will use."""
    check_can_write(out, "--out")
    check_can_write(trials_out, "--trials")
    base_seed = seed or fitting.FIT_SEED
    files = model_files(xray_model, thermal_model)
    model_ids = load_kit(files, calibrated=False).model_ids()  # refused now, not after minutes
    trials = list(
        track(
            fitting.run_trials(base_seed, range(lorries), workers, files),
            description="simulating lorries",
            total=lorries,
            console=Console(stderr=True),
        )
    )
    passages = list(
        track(
            xray_trials.xray_trials(xray_lorries, workers, xray_model),
            description="X-ray passages",
            total=xray_lorries * len(KINDS),
            console=Console(stderr=True),
        )
    )
    mappings = track(
        fitting.fit_co2(),
        description="CO2 dips",
        total=len(fitting.CO2_CARGOES),
        console=Console(stderr=True),
    )
    campaign = f"{lorries} simulated lorries, base seed {base_seed}"
    apart = [*mappings, *xray_trials.fit_xray(passages, model_ids["xray"])]
    fitted = fitting.fit(trials, campaign, apart, model_ids)
    save_calibrations(fitted, out)
    if trials_out is not None:
        trials_out.write_text(json.dumps([asdict(t) for t in trials]), encoding="utf-8")
    console = Console()
    console.print(f"{out}: calibration set {fitted.id}", markup=False, highlight=False, soft_wrap=True)
    for score in fitted.scores:
        console.print(
            f"  {score.modality}/{score.condition}: {score.n_occupied} occupied, {score.n_empty} empty, "
            f"llr = {score.slope:.3g} * score {score.intercept:+.3g}, "
            f"within {score.llr_min:.2f}..{score.llr_max:.2f}",
            highlight=False,
        )
    console.print(f"  weights {dict(fitted.weights)}", highlight=False)
    if files:
        console.print(
            f"it holds for {', '.join(model_ids.values())}: name it in the lane's file, "
            f'[lane] evidence = "{out}"',
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
