"""``lorryscan project``: simulated people put into the X-ray lines of a recorded empty scan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from drivers.api import ConfigError
from scanner.methods import load_kit
from scanner.projection.people import Occupied, Plan, choose_people, occupy
from scanner.projection.scores import STEEL_CM, CeilingRow, ceiling_table, evidence_of
from scanner.projection.source import SourceScan, read_source
from scanner.projection.write import truth, write_projection
from scanner.simulation.body_library import Split
from scanner.simulation.xray.ceiling import detection
from scanner.simulation.xray.insertion import Wanted
from service.cli.project_beam import spectra_of

FALSE_ALARMS = 0.01
MOST_PEOPLE = 20


def project(
    recording: Annotated[Path, typer.Argument(help="recording (.mcap) of a visit of an empty lorry")],
    out: Annotated[
        Path | None, typer.Option("--out", help="the projection; default RECORDING.projected.mcap")
    ] = None,
    people: Annotated[int, typer.Option("--people", min=0, max=MOST_PEOPLE, help="how many")] = 1,
    seed: Annotated[int, typer.Option("--seed", min=0, help="of people, places and photons")] = 0,
    place: Annotated[
        str | None,
        typer.Option("--place", help="X,Z: m behind the lorry's front and m above the road; default drawn"),
    ] = None,
    age: Annotated[str | None, typer.Option("--age", help="child, adolescent, adult, elderly")] = None,
    pose: Annotated[str | None, typer.Option("--pose", help="a pose of the body library")] = None,
    bodies: Annotated[
        str, typer.Option("--bodies", help="train, validation or test; models know the people of train")
    ] = "test",
    kv: Annotated[
        list[float] | None, typer.Option("--kv", help="voltage, a linac's end point in keV; once an energy")
    ] = None,
    spectrum: Annotated[
        list[Path] | None, typer.Option("--spectrum", help="instead: table of MeV and share of the signal")
    ] = None,
    filter_g_cm2: Annotated[
        float | None, typer.Option("--filter", min=0.0, help="steel in the beam, g/cm2")
    ] = None,
    scintillator_mm: Annotated[
        float | None, typer.Option("--scintillator-mm", min=0.1, help="depth of the detector's crystals")
    ] = None,
    source_m: Annotated[float, typer.Option("--source", min=1.0, help="m from source to middle plane")] = 8.0,
    source_z_m: Annotated[float, typer.Option("--source-height", help="m above the road")] = 1.2,
    displace: Annotated[
        float, typer.Option("--displace", min=0.0, help="g/cm3 of cargo that gives way; 0 = free room")
    ] = 0.0,
    blur: Annotated[float, typer.Option("--blur", min=0.0, max=5.0, help="of the detector, pixels")] = 0.5,
    keep_others: Annotated[
        bool, typer.Option("--keep-others", help="keep other sensors, which tell of an empty lorry")
    ] = False,
    ceiling: Annotated[
        bool, typer.Option("--ceiling", help="also: what could be seen behind steel at best")
    ] = False,
) -> None:
    """Put simulated people into a recorded empty scan and write it as a new recording.

    The new recording is marked as a projection, replays like any other, and holds the truth.
    """
    console, errors = Console(), Console(stderr=True)
    wanted = _wanted(place, age, pose, bodies)
    target = out or recording.with_name(recording.stem + ".projected.mcap")
    if target.exists():
        raise ConfigError(f"{target} exists: name another file by --out, or move it")
    columns = (TextColumn("{task.description}", markup=False), BarColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task("reading the scan", total=3 + ceiling * len(STEEL_CM))
        source = read_source(recording, source_m, source_z_m)
        spectra, beam = spectra_of(kv or (), spectrum or (), source.kv, filter_g_cm2, scintillator_mm)
        progress.update(task, advance=1, description="putting people in")
        plan = Plan(people, seed, wanted, displace, blur)
        occupied = occupy(source, plan, choose_people(source, plan), spectra)
        progress.update(task, advance=1, description="writing")
        header = write_projection(source, occupied, spectra, target, keep_others, beam)
        kit = load_kit()
        before = evidence_of(source, source.lines(), kit).score
        after = evidence_of(source, occupied.projected.blocks, kit).score
        progress.update(task, advance=1, description="behind steel")
        rows: list[CeilingRow] = []
        if ceiling and occupied.people:
            rows = ceiling_table(
                source,
                occupied.people[0],
                spectra,
                kit,
                STEEL_CM,
                FALSE_ALARMS,
                lambda: progress.advance(task),
            )
    for line in _said(source, occupied, target, beam, header.scan_id, before, after):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if rows:
        console.print(_table(rows))


def _wanted(place: str | None, age: str | None, pose: str | None, bodies: str) -> Wanted:
    splits: tuple[Split, ...] = get_args(Split)
    split = next((one for one in splits if one == bodies), None)
    if split is None:
        raise ConfigError(f"--bodies {bodies}: give {', '.join(splits)}")
    x_m = z_m = None
    if place is not None:
        try:
            x_m, z_m = map(float, place.split(","))
        except ValueError as error:
            raise ConfigError(
                f"--place {place}: give X,Z as 8.5,1.3: metres behind the front and above the road"
            ) from error
    return Wanted(split, age, pose, x_m, z_m)


def _score(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"


def _said(
    source: SourceScan,
    occupied: Occupied,
    target: Path,
    beam: str,
    scan_id: str,
    before: float | None,
    after: float | None,
) -> list[str]:
    facts = truth(source, occupied)
    lines = [
        f"{target}: PROJECTION, scan {scan_id}, of scan {source.header.scan_id}",
        f"beam {beam}; source {source.geometry.source_m:g} m away, {source.geometry.source_z_m:g} m high; "
        f"background counts as {occupied.loading.wall} walls and {occupied.loading.cargo}",
    ]
    for one in facts["people"]:
        lines.append(
            f"  {one['age_class']}, {one['mass_kg']:.0f} kg, {one['pose']}, {one['behind_front_m']:.1f} m "
            f"behind the front, {one['z_m']:.1f} m high: {one['log_change']:.2f} of log-attenuation, "
            f"{100 * one['penetrated_share']:.0f} % penetrated"
        )
    found = detection(occupied.d_prime, FALSE_ALARMS)
    lines.append(
        f"ideal observer: d' {occupied.d_prime:.1f}, finds {100 * found:.1f} % at {100 * FALSE_ALARMS:g} % "
        f"false alarms; our model's score {_score(before)} without, {_score(after)} with them"
    )
    return lines


def _table(rows: list[CeilingRow]) -> Table:
    table = Table(
        "steel, cm", "d' of the ideal observer", "found", "model, empty", "model, with the first person"
    )
    for row in rows:
        table.add_row(
            f"{row.steel_cm:g}",
            f"{row.d_prime:.2f}",
            f"{100 * row.found:.1f} %",
            _score(row.empty),
            _score(row.occupied),
        )
    return table
