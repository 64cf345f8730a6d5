"""``lorryscan calibrate co2``: gases or free air to a certificate, step by step at the terminal."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.status import Status

from calibration.certificates import Certificate
from calibration.co2 import corrected_ppm
from calibration.co2_budget import (
    DRIFT_PPM_PER_YEAR,
    GAIN_SIGMA,
    TEMPERATURE_SPREAD_C,
    Budget,
    Influences,
    Reference,
    calibrate,
    certificate,
    gas,
    outside_air,
)
from calibration.co2_certificate import certificate_toml
from calibration.co2_drift import drift_of, next_due
from calibration.co2_history import (
    COMPARED_AT_PPM,
    Calibrated,
    append_history,
    history_file,
    of_same_probe,
    read_history,
)
from calibration.co2_line import CalibrationRefused
from calibration.co2_pair import MIN_BLOCK_S, MIN_BLOCKS, PairMatch, match_pair, pair_parameters
from calibration.co2_plateau import Plateau, plateau
from drivers.api import ConfigError, Quantity
from scanner.lane.config import LaneConfig, load_lane_config
from service.cli.calibrate_co2_probes import (
    FAULT_WORDS,
    LiveProbes,
    check_plausible,
    read_table,
)
from service.cli.calibrate_co2_words import drift_sentences, show_budget, show_history, show_match, text_plot
from service.cli.out_file import check_can_write

app = typer.Typer(help="Calibrate a CO2 probe in gas or free air, and see how it drifts.")


@dataclass(frozen=True, slots=True)
class _Probe:
    """The probe that is calibrated, as the lane's configuration has it, or as a table of readings."""

    name: str
    t90_s: float
    highest_ppm: float
    held: Certificate | None


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
    yes: Annotated[bool, typer.Option("--yes", help="ask nothing, go from gas to gas")] = False,
) -> None:
    """Measure gases or free air, print the uncertainty budget, write the certificate."""
    if context.invoked_subcommand is not None:
        return
    check_can_write(out, "--out")
    console = Console()
    lane = load_lane_config(config) if config is not None else None
    if lane is not None and not device:
        raise ConfigError(f"say with --device which probe ({', '.join(_probes(lane))})")
    references = _references(gases or [], air, air_ppm)
    live = not readings
    if live and lane is None:
        raise ConfigError("say which probe with --config and --device, or give recorded --readings")
    if not references and not pair and live:
        references = _ask_references(console, yes)
    if not references and not pair:
        raise ConfigError(
            "say what it breathes with --gas or --outside-air, or what hangs beside it with --pair"
        )
    if readings and len(readings) != len(references):
        raise ConfigError(
            f"{len(references)} gases and {len(readings)} --readings: give one file for each gas"
        )
    if pair and lane is None:
        raise ConfigError(
            "--pair needs --config: the match holds for the certificate that the other has there"
        )
    if pair and not live and pair_readings is None:
        raise ConfigError("--readings with --pair: give --pair-readings too")
    probe = _probe(lane, device, t90_s)
    other = _probe(lane, pair, t90_s) if pair else None
    if other is not None and other.held is None:
        raise ConfigError(f"{other.name} has no certificate yet: calibrate it first, then match the pair")
    if not references and probe.held is None:
        raise ConfigError(f"{probe.name} has no certificate yet: name a gas or --outside-air as well")
    influences = Influences(drift_ppm_per_year=drift, temperature_spread_c=temperature)
    kept_at = history or (history_file(lane.data_dir, device) if lane is not None else None)
    today = dt.datetime.now(dt.UTC).date()
    unread = lane is not None and _unread_self_calibration(lane, device)
    if unread:
        _print(
            console, f"{device}: nobody could read back that its self-calibration is off; a rebase may follow"
        )

    serial = ""
    budget: Budget | None = None
    match: PairMatch | None = None
    with ExitStack() as stack:
        probes: LiveProbes | None = None
        needs_live = (bool(references) and live) or (other is not None and pair_readings is None)
        if needs_live and lane is not None:
            names = [device] if other is None or pair_readings is not None else [device, pair]
            status = stack.enter_context(console.status("opening")) if console.is_terminal else None
            specs = [spec for spec in lane.devices if spec.name in names]
            probes = stack.enter_context(LiveProbes(specs, _Progress(console, status).say))
        else:
            status = None
        if references:
            plateaus = []
            for place, reference in enumerate(references):
                if readings:
                    plateaus.append(_from_table(readings[place], probe, reference, average_s))
                    continue
                assert probes is not None
                if not yes:
                    _wait_for_person(f"Let {probe.name} breathe {reference.name}", status)
                wait_s = 2.0 * probe.t90_s if flush_s < 0 else flush_s
                plateaus.append(probes.settle(probe.name, reference, average_s, wait_s, limit_s))
                found = plateaus[-1]
                _print(
                    console, f"{reference.name}: {found.mean_ppm:.1f} ± {2 * found.sigma_ppm:.1f} ppm (k = 2)"
                )
            budget = calibrate(references, plateaus, valid_days, influences, _known_gain(probe.held))
        if other is not None:
            line = budget.line if budget is not None else None
            own = _held_or_new(probe, line.offset_ppm if line else None, line.gain if line else None, today)
            assert other.held is not None
            if pair_readings is not None:
                table = read_table(pair_readings, ("t_s", "ppm", "other_ppm"))
                series = [(table["t_s"], table["ppm"]), (table["t_s"], table["other_ppm"])]
            else:
                assert probes is not None
                if not yes:
                    _wait_for_person(f"Hang {probe.name} and {other.name} side by side in free air", status)
                slower_s = max(MIN_BLOCK_S, probe.t90_s, other.t90_s)
                probes.together(pair_s or 2.0 * MIN_BLOCKS * slower_s)
                series = [
                    (np.array(probes.series[n].t_s), np.array(probes.series[n].ppm))
                    for n in (probe.name, other.name)
                ]
            match = match_pair(
                series[0][0],
                corrected_ppm(series[0][1], own),
                series[1][0],
                corrected_ppm(series[1][1], other.held),
                probe.t90_s,
                other.t90_s,
                influences,
            )
        serial = probes.serial(probe.name) if probes is not None else ""

    more = pair_parameters(match, other.held, today, drift) if match and other and other.held else {}
    names_of = ", ".join(reference.name for reference in references)
    if budget is not None:
        show_budget(budget, console)
        number = identity or f"co2-{probe.name}-{today:%Y%m%d}"
        method = f"{names_of}; {'offset alone' if budget.zero_only else 'offset and gain'}"
        method += f"; beside {pair}" if match else ""
        method += "; self-calibration could not be read back" if unread else ""
        made = certificate(budget, number, today, valid_days, method, **more)
    else:
        assert probe.held is not None
        held = probe.held
        kept = {name: value for name, value in held.parameters.items() if not name.startswith("pair_")}
        made = Certificate(held.id, held.issued, held.expires, {**kept, **more}, held.method)
    if match is not None:
        show_match(match, pair, console)
    text = certificate_toml(made)
    typer.echo(text, nl=False)
    if out is not None:
        out.write_text(text, encoding="utf-8")
        _print(
            console, f"written to {out}: put it below the entry of {probe.name} in the lane's configuration"
        )
    if budget is not None and kept_at is not None:
        append_history(kept_at, _entry(budget, made, probe.name, serial, names_of))
        known = of_same_probe(read_history(kept_at))
        if len(known) > 1:
            for sentence in drift_sentences(
                known, found_drift := drift_of(known), next_due(known, found_drift)
            ):
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
    """Shows how it goes: in place in a terminal, and in a pipe a line when its words have changed enough."""

    def __init__(self, console: Console, status: Status | None) -> None:
        self._console, self._status = console, status
        self._said = 0

    def say(self, words: str) -> None:
        if self._status is not None:
            self._status.update(words)
            return
        self._said += 1
        if self._said % 20 == 1:
            _print(self._console, words)


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


def _ask_references(console: Console, yes: bool) -> list[Reference]:
    if yes or not console.is_terminal:
        return []
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


def _wait_for_person(what: str, status: Status | None) -> None:
    if status is not None:
        status.stop()
    typer.prompt(f"{what}, then press Enter", default="", show_default=False)
    if status is not None:
        status.start()


def _probes(lane: LaneConfig) -> list[str]:
    return [s.name for s in lane.devices if Quantity.CO2_PPM in s.driver_class.capabilities.quantities]


def _probe(lane: LaneConfig | None, name: str, t90_s: float) -> _Probe:
    if lane is None:
        return _Probe(name or "probe", t90_s, math.inf, None)
    for spec in lane.devices:
        if spec.name == name and name in _probes(lane):
            declared = spec.driver_class.capabilities
            highest = declared.valid_range[1] if declared.valid_range else math.inf
            highest = min(highest, float(getattr(spec.config, "range_ppm", math.inf)))
            return _Probe(name, declared.response_t90_s, highest, lane.sensors[name].certificate)
    raise ConfigError(f"{name}: no CO2 probe of this lane has that name ({', '.join(_probes(lane))})")


def _unread_self_calibration(lane: LaneConfig, name: str) -> bool:
    (spec,) = [spec for spec in lane.devices if spec.name == name]
    return bool(getattr(spec.config, "accept_unread_self_calibration", False))


def _from_table(path: Path, probe: _Probe, reference: Reference, average_s: float) -> Plateau:
    table = read_table(path, ("t_s", "ppm"))
    found = plateau(table["t_s"], table["ppm"], probe.t90_s, average_s, probe.highest_ppm)
    if found.faults:
        raise CalibrationRefused(f"{path}, {reference.name}: {FAULT_WORDS[found.faults[0]]}")
    check_plausible(str(path), reference, found)
    return found


def _known_gain(held: Certificate | None) -> tuple[float, float]:
    """Return the gain of the certificate that the probe has, and its uncertainty; the maker's without one."""
    if held is None or "gain" not in held.parameters:
        return 1.0, GAIN_SIGMA
    return (
        float(held.parameters["gain"]),
        max(float(held.parameters.get("gain_uncertainty", 2.0 * GAIN_SIGMA)) / 2.0, 1e-4),
    )


def _held_or_new(probe: _Probe, offset_ppm: float | None, gain: float | None, day: dt.date) -> Certificate:
    if offset_ppm is not None and gain is not None:
        return Certificate("new", day, day, {"offset_ppm": offset_ppm, "gain": gain})
    assert probe.held is not None
    return probe.held


def _entry(budget: Budget, made: Certificate, name: str, serial: str, names_of: str) -> Calibrated:
    line = budget.line
    sigma = float(line.sigma_at_ppm(COMPARED_AT_PPM)) * line.gain
    return Calibrated(
        day=made.issued,
        sensor=name,
        serial=serial,
        error_ppm=round((line.gain - 1.0) * COMPARED_AT_PPM + line.offset_ppm, 2),
        sigma_ppm=round(max(sigma, 0.1), 2),
        offset_ppm=float(made.parameters["offset_ppm"]),
        gain=float(made.parameters["gain"]),
        uncertainty_ppm=float(made.parameters["uncertainty_ppm"]),
        certificate_id=made.id,
        expires=made.expires,
        reference=names_of,
    )


def _print(console: Console, words: str) -> None:
    console.print(words, markup=False, highlight=False, soft_wrap=True)
