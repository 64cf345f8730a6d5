"""``lorryscan calibrate co2``: gases or free air to a certificate, step by step at the terminal."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.status import Status

from calibration.certificate_toml import certificate_toml
from calibration.co2_budget import (
    DRIFT_PPM_PER_YEAR,
    TEMPERATURE_SPREAD_C,
    Influences,
    Reference,
    gas,
    outside_air,
)
from calibration.co2_drift import drift_of, next_due
from calibration.co2_history import append_history, history_file, of_same_probe, read_history
from calibration.co2_line import CalibrationRefused
from drivers.api import ConfigError
from scanner.lane.config import load_lane_config
from service.cli.calibrate_co2_session import Plan, Probe, carry_out, history_entry, lane_probe, probe_names
from service.cli.calibrate_co2_words import drift_sentences, show_budget, show_history, show_match, text_plot
from service.cli.out_file import check_can_write

app = typer.Typer(help="Calibrate a CO2 probe in gas or free air, and see how it drifts.")


@app.callback(invoke_without_command=True)
def co2(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option("--config", help="the lane's TOML file")] = None,
    device: Annotated[str, typer.Option("--device", help="name of the probe in it")] = "",
    gases: Annotated[
        list[str] | None,
        typer.Option("--gas", metavar="PPM:U", help="a gas and its expanded uncertainty, ppm; in this order"),
    ] = None,
    air: Annotated[bool, typer.Option("--outside-air", help="free air, before any gas: the zero")] = False,
    air_ppm: Annotated[
        str, typer.Option("--outside-ppm", metavar="PPM:HALF", help="what free air holds, ± half its width")
    ] = "450:30",
    readings: Annotated[
        list[Path] | None,
        typer.Option("--readings", help="CSV with t_s, ppm for each gas in order, instead of a live probe"),
    ] = None,
    pair: Annotated[str, typer.Option("--pair", help="the probe that hangs beside it, by name")] = "",
    pair_readings: Annotated[
        Path | None, typer.Option("--pair-readings", help="CSV with t_s, ppm, other_ppm, both as sent")
    ] = None,
    pair_s: Annotated[float, typer.Option("--pair-s", help="how long side by side, s; 0: 12 x T90")] = 0.0,
    average_s: Annotated[float, typer.Option("--average-s", min=1.0, help="steady stretch, s")] = 60.0,
    flush_s: Annotated[
        float, typer.Option("--flush-s", help="until the gas is there, s; -1: 2 x T90")
    ] = -1.0,
    limit_s: Annotated[float, typer.Option("--limit-s", help="longest wait in one gas, s")] = 1200.0,
    t90_s: Annotated[float, typer.Option("--t90-s", help="of the probe of --readings, s")] = 60.0,
    valid_days: Annotated[int, typer.Option("--valid-days", min=1, help="until it expires")] = 180,
    drift: Annotated[
        float, typer.Option("--drift-ppm-per-year", min=0.0, help="bound of the probe's drift")
    ] = DRIFT_PPM_PER_YEAR,
    temperature: Annotated[
        float, typer.Option("--temperature-c", min=0.0, help="how far use lies from now, most, C")
    ] = TEMPERATURE_SPREAD_C,
    identity: Annotated[str, typer.Option("--id", help="the certificate's number")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="file for the certificate's TOML")] = None,
    history: Annotated[
        Path | None, typer.Option("--history", help="file of calibrations; else in the lane's data folder")
    ] = None,
    serial: Annotated[str, typer.Option("--serial", help="the probe's number, with --readings")] = "",
    day: Annotated[
        dt.datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help="when it was read; else today")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="ask nothing, go from gas to gas")] = False,
) -> None:
    """Measure gases or free air, print the uncertainty budget, write the certificate."""
    if context.invoked_subcommand is not None:
        return
    check_can_write(out, "--out")
    console = Console()
    lane = load_lane_config(config) if config is not None else None
    if lane is not None and not device:
        raise ConfigError(f"say with --device which probe ({', '.join(probe_names(lane))})")
    if lane is None and not readings:
        raise ConfigError("say which probe with --config and --device, or give recorded --readings")
    if lane is None and pair:
        raise ConfigError(
            "--pair needs --config: the match holds for the certificate that the other has there"
        )
    references = _references(gases or [], air, air_ppm)
    if not references and not pair and not readings and not yes and console.is_terminal:
        references = _ask_references(console)
    if not references and not pair:
        raise ConfigError(
            "say what it breathes with --gas or --outside-air, or what hangs beside it with --pair"
        )
    plan = Plan(
        probe=lane_probe(lane, device) if lane is not None else Probe(device or "probe", t90_s, math.inf),
        references=tuple(references),
        other=lane_probe(lane, pair) if lane is not None and pair else None,
        day=day.date() if day is not None else dt.datetime.now(dt.UTC).date(),
        valid_days=valid_days,
        influences=Influences(drift_ppm_per_year=drift, temperature_spread_c=temperature),
        readings=tuple(readings or ()),
        pair_readings=pair_readings,
        average_s=average_s,
        flush_s=flush_s,
        limit_s=limit_s,
        pair_s=pair_s,
    )
    plan.check()
    if plan.probe.self_calibration_unread:
        _print(console, f"{device}: nobody could read back that its self-calibration is off")
    progress = _Progress(console)
    with progress:
        outcome = carry_out(
            plan,
            progress.say,
            lambda words: _print(console, words),
            (lambda _what: None) if yes else progress.ask,
            identity,
        )
    if outcome.budget is not None:
        show_budget(outcome.budget, console)
    if outcome.match is not None:
        show_match(outcome.match, pair, console)
    text = certificate_toml(outcome.made)
    typer.echo(text, nl=False)
    if out is not None:
        out.write_text(text, encoding="utf-8")
        _print(console, f"written to {out}: put it below the entry of {plan.probe.name} in the lane's file")
    kept_at = history or (history_file(lane.data_dir, device) if lane is not None else None)
    if outcome.budget is not None and kept_at is not None:
        append_history(kept_at, history_entry(outcome, outcome.budget, plan, serial or outcome.serial))
        known = of_same_probe(read_history(kept_at))
        found = drift_of(known)
        for sentence in drift_sentences(known, found, next_due(known, found)):
            _print(console, sentence)


@app.command("history")
def show(
    file: Annotated[Path, typer.Argument(help="file of calibrations, data/calibrations/NAME.jsonl")],
    plot: Annotated[bool, typer.Option("--plot/--no-plot", help="draw it in characters")] = True,
) -> None:
    """Show a probe's calibrations, its drift, rebases, and when it is due."""
    entries = read_history(file)
    if not entries:
        raise CalibrationRefused(f"{file}: holds no calibration yet: make one with lorryscan calibrate co2")
    known = of_same_probe(entries)
    console = Console()
    if len(known) < len(entries):
        others = {entry.serial or "without a number" for entry in entries} - {known[-1].serial}
        _print(
            console, f"left out: {len(entries) - len(known)} of other probes ({', '.join(sorted(others))})"
        )
    drift = drift_of(known)
    show_history(known, drift, next_due(known, drift), console)
    if plot and len(known) > 1:
        drawn = text_plot([e.day for e in known], [e.error_ppm for e in known], drift.fitted_ppm)
        typer.echo(drawn)


class _Progress:
    """Shows how it goes: in place in a terminal, in a pipe one line in some ten seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = console.status("opening") if console.is_terminal else None
        self._said = 0

    def __enter__(self) -> None:
        if self._status is not None:
            self._status.start()

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()

    def say(self, words: str) -> None:
        if self._status is not None:
            self._status.update(words)
            return
        self._said += 1
        if self._said % 20 == 1:
            _print(self._console, words)

    def ask(self, what: str) -> None:
        """Wait until a person has done it; the moving line would be in the way of the answer."""
        if self._status is not None:
            self._status.stop()
        wait_for_person(what)
        if self._status is not None:
            self._status.start()


def wait_for_person(what: str) -> None:
    """Return once a person has pressed Enter."""
    typer.prompt(f"{what}, then press Enter", default="", show_default=False)


def _references(gases: Sequence[str], air: bool, air_ppm: str) -> list[Reference]:
    found = [outside_air(*_two_numbers("--outside-ppm", air_ppm))] if air else []
    return found + [gas(*_two_numbers("--gas", text)) for text in gases]


def _two_numbers(option: str, text: str) -> tuple[float, float]:
    first, _, second = text.partition(":")
    try:
        ppm, wide = float(first), float(second)
    except ValueError:
        raise ConfigError(
            f"{option} {text}: write content and uncertainty in ppm, for instance 5000:50"
        ) from None
    if not (math.isfinite(ppm) and ppm >= 0 and math.isfinite(wide) and wide > 0):
        raise ConfigError(f"{option} {text}: content at least 0 and uncertainty above 0 are wanted, in ppm")
    return ppm, wide


def _ask_references(console: Console) -> list[Reference]:
    _print(
        console, "What can the probe breathe? Free air gives the offset alone; two gases give the gain too."
    )
    chosen: list[Reference] = []
    if typer.confirm("Free air, away from exhausts and people?", default=True):
        chosen.append(outside_air())
    while text := typer.prompt("A gas, as content:uncertainty in ppm (empty: no more)", default=""):
        try:
            chosen.append(gas(*_two_numbers("gas", text)))
        except ConfigError as error:
            _print(console, str(error))
    return chosen


def _print(console: Console, words: str) -> None:
    console.print(words, markup=False, highlight=False, soft_wrap=True)
