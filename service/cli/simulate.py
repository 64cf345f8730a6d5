"""``lorryscan simulate``: campaigns of simulated lorries, judged as a lane judges."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from drivers.api import ConfigError
from scanner.campaign.judge import Ticks
from scanner.campaign.run import Campaign, CampaignRun, run_campaign
from scanner.evidence import Recommendation
from service.cli.model_files import EVIDENCE, THERMAL_MODEL, XRAY_MODEL, model_files

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Simulate campaigns of lorries.")


class SplitName(StrEnum):
    """What a campaign is for; its lorries are never those of another split."""

    TUNING = "tuning"
    CALIBRATION = "calibration"
    TEST = "test"


@app.callback()
def simulate() -> None:
    """Simulate campaigns of lorries."""


@app.command("campaign")
def campaign(
    lorries: Annotated[int, typer.Option("--lorries", min=1, help="how many, from number 0 on")],
    seed: Annotated[int, typer.Option("--seed", help="of the campaign, 0 to 65535")],
    split: Annotated[SplitName, typer.Option("--split", help="what the lorries are for")],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="folder of rows; one that has some goes on")
    ],
    occupied_share: Annotated[
        float, typer.Option("--occupied-share", help="share of lorries with somebody inside")
    ] = 1 / 6,
    tanker_share: Annotated[
        float | None,
        typer.Option("--tanker-share", help="share of tankers, as campaign.toml says unless told"),
    ] = None,
    signal_db: Annotated[
        float, typer.Option("--signal-db", help="hearts, movements and breath of people, off by so much")
    ] = 0.0,
    noise_db: Annotated[
        float, typer.Option("--noise-db", help="ground, wind, unit, air and X-ray noise, off by so much")
    ] = 0.0,
    tick_s: Annotated[float, typer.Option("--tick-s", help="time between two looks; a lane takes 1")] = 1.0,
    whole: Annotated[
        bool,
        typer.Option("--whole", help="go on to the time limit and keep each method's scores at each tick"),
    ] = False,
    uncalibrated: Annotated[
        bool, typer.Option("--uncalibrated", help="scores only, for a fit; implies --whole")
    ] = False,
    record: Annotated[
        bool, typer.Option("--record", help="keep recordings and labels.csv as well (2 to 5 MB a lorry)")
    ] = False,
    workers: Annotated[int, typer.Option("--workers", min=1, help="processes")] = os.cpu_count() or 1,
    xray_model: XRAY_MODEL = None,
    thermal_model: THERMAL_MODEL = None,
    evidence: EVIDENCE = None,
) -> None:
    """Draw lorries as they would come to a lane, judge each, and keep one line of JSON a lorry.

    Stopped or killed, it loses the lorries in work; the same command goes on. The digest printed at the
    end is the same for any number of workers.
    """
    if uncalibrated and evidence is not None:
        raise ConfigError("--evidence has no use with --uncalibrated: leave one out")
    asked = Campaign(
        split.value,
        seed,
        occupied_share,
        Ticks(tick_s, whole or uncalibrated),
        not uncalibrated,
        record,
        tanker_share,
        signal_db,
        noise_db,
        tuple(sorted(model_files(xray_model, thermal_model).items())),
        evidence,
    )
    for note in asked.kit().notes():
        Console(stderr=True).print(f"note: {note}", markup=False, highlight=False, soft_wrap=True)
    _print(_with_progress(asked, lorries, out, workers))


def _with_progress(asked: Campaign, lorries: int, out: Path, workers: int) -> CampaignRun:
    errors = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, disable=not errors.is_terminal, speed_estimate_period=600) as bar:

        def told(done: int) -> None:
            if not bar.task_ids:  # what an earlier run did says nothing about the speed of this one
                bar.add_task("lorries", total=lorries, completed=done)
            bar.update(bar.task_ids[0], completed=done)

        return run_campaign(asked, lorries, out, workers, told)


def _print(run: CampaignRun) -> None:
    table = Table("lorries", "n", *(one.value for one in Recommendation))
    for occupied, words in ((False, "empty"), (True, "occupied")):
        counts = run.counts[occupied]
        shown = [str(counts.get(one.value, 0)) for one in Recommendation]
        table.add_row(words, str(sum(counts.values())), *shown)
    console = Console()
    console.print(table)
    console.print(f"rows {run.path}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"digest {run.digest}", highlight=False, soft_wrap=True)
