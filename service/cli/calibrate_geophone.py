"""``lorryscan calibrate geophone``: taps, a huddle or a release, from a recording to a certificate."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from calibration.certificate_toml import certificate_toml
from calibration.certificates import CalibrationMissing
from calibration.geophone import GeophoneResponse, response_of
from calibration.geophone_certificate import ReferenceUncertainty, huddle_certificate
from calibration.geophone_huddle import HuddleChannel, huddle
from calibration.geophone_release import fit_release
from calibration.geophone_spectra import GeophoneRefused
from calibration.geophone_taps import TapFault, find_taps, tap_test
from drivers.api import Channel, ConfigError
from service.cli.geophone_record import read_geophones
from service.cli.out_file import check_can_write

NOISE_AT_HZ = (1.0, 2.0, 5.0, 10.0)

TAP_WORDS = {
    TapFault.NONE: "sound",
    TapFault.SILENT: "does not answer: check plug, cable and element",
    TapFault.EXCHANGED: "another channel answers its taps: exchange the plugs",
    TapFault.REVERSED: "moves up first: its poles are turned",
    TapFault.UNSTEADY: "answers like taps unlike: fasten its foot",
}

app = typer.Typer(no_args_is_help=True, help="Calibrate geophones from a recording: taps, huddle, release.")

File = Annotated[
    Path, typer.Argument(help="recording (.mcap), miniSEED, or a table (.csv: t_s and channels)")
]
Device = Annotated[str, typer.Option("--device", help="board in the recording, where there are several")]


@app.command("taps")
def taps(
    file: File,
    device: Device = "",
    order: Annotated[
        str, typer.Option("--order", help="channels in the order of tapping, comma between; else as recorded")
    ] = "",
    each: Annotated[int, typer.Option("--each", min=1, help="taps beside each geophone")] = 3,
    at_s: Annotated[
        list[float] | None,
        typer.Option("--at-s", help="when a tap was, s from the start; else they are found"),
    ] = None,
) -> None:
    """Judge channels by taps beside each. The exit status is 1 when one is not sound."""
    record = read_geophones(file, device)
    named = [name.strip() for name in order.split(",") if name.strip()] or record.names
    rows = [record.row(name, "--order") for name in named]
    found = np.array(sorted(at_s)) if at_s else find_taps(record.counts[rows], record.fs_hz)
    if len(found) != each * len(rows):
        times = ", ".join(f"{t:.1f}" for t in found) or "none"
        raise GeophoneRefused(
            f"{len(found)} taps (at s: {times}), but {each} beside each of {len(rows)} geophones are wanted: "
            "record again in a quiet moment, or give the times with --at-s"
        )
    beside = [k for k in range(len(rows)) for _ in range(each)]
    said = tap_test(record.counts[rows], record.fs_hz, named, found.tolist(), beside)
    table = Table()
    for heading in ("channel", "answer over noise", "first", "loudest", "spread", ""):
        table.add_column(heading)
    for channel in said:
        first = {1: "up", -1: "down", 0: "?"}[channel.first_sign]
        table.add_row(
            channel.name,
            f"{channel.signal_to_noise:.0f}",
            first,
            channel.loudest,
            f"{channel.spread:.1f}",
            TAP_WORDS[channel.fault],
        )
    Console(width=120).print(table)
    if any(channel.fault for channel in said):
        raise typer.Exit(1)


@app.command("huddle")
def side_by_side(
    file: File,
    reference: Annotated[str, typer.Option("--reference", help="channel whose response is known")],
    device: Device = "",
    counts_per_m_s: Annotated[
        float, typer.Option("--counts-per-m-s", help="of the reference; 0: as its board declares")
    ] = 0.0,
    natural_frequency_hz: Annotated[
        float, typer.Option("--natural-frequency-hz", help="of the reference; 0 with the former: flat")
    ] = 0.0,
    damping: Annotated[float, typer.Option("--damping", help="of the reference")] = 0.7,
    uncertainty: Annotated[
        float, typer.Option("--uncertainty-percent", min=0.0, help="of its sensitivity, k = 2")
    ] = 5.0,
    f0_uncertainty: Annotated[
        float, typer.Option("--f0-uncertainty-percent", min=0.0, help="of its natural frequency, k = 2")
    ] = 5.0,
    damping_uncertainty: Annotated[
        float, typer.Option("--damping-uncertainty", min=0.0, help="of its damping, k = 2")
    ] = 0.05,
    valid_days: Annotated[int, typer.Option("--valid-days", min=1, help="until it expires")] = 365,
    identity: Annotated[str, typer.Option("--id", help="the certificate's number")] = "",
    day: Annotated[
        dt.datetime | None,
        typer.Option("--day", formats=["%Y-%m-%d"], help="when it was recorded; else today"),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="file for the certificate's TOML")] = None,
) -> None:
    """Compare geophones side by side; print responses and self-noise, write the certificate."""
    check_can_write(out, "--out")
    record = read_geophones(file, device)
    row = record.row(reference, "--reference")
    known = _known(record.channels[row], counts_per_m_s, natural_frequency_hz, damping)
    channels = huddle(record.counts, record.fs_hz, record.names, row, known)
    console = Console(width=120)
    _show(channels, row, console)
    issued = day.date() if day is not None else dt.datetime.now(dt.UTC).date()
    made = huddle_certificate(
        channels,
        ReferenceUncertainty(uncertainty, f0_uncertainty, damping_uncertainty),
        identity or f"{device or 'geophones'}-{issued:%Y%m%d}",
        issued,
        valid_days,
        record.sha256,
    )
    text = certificate_toml(made)
    typer.echo(text, nl=False)
    if out is not None:
        out.write_text(text, encoding="utf-8")
        _say(console, f"written to {out}: put it below the board's entry in the lane's file")


@app.command("release")
def release(
    file: File,
    at_s: Annotated[float, typer.Option("--at-s", help="when the mass was released, s from the start")],
    device: Device = "",
    channel: Annotated[str, typer.Option("--channel", help="which one; else all")] = "",
) -> None:
    """Find natural frequency and damping from the free decay after a step of coil current."""
    record = read_geophones(file, device)
    console = Console(width=120)
    for name in [channel] if channel else record.names:
        found = fit_release(record.counts[record.row(name, "--channel")], record.fs_hz, at_s)
        _say(
            console,
            f"{name}: natural frequency {found.natural_frequency_hz:.3f} ± "
            f"{2 * found.natural_frequency_sigma_hz:.3f} Hz, damping {found.damping:.3f} ± "
            f"{2 * found.damping_sigma:.3f} (k = 2, of the fit), misfit {100 * found.misfit:.1f} %",
        )


def _known(channel: Channel, counts_per_m_s: float, f0_hz: float, damping: float) -> GeophoneResponse:
    if counts_per_m_s > 0:
        return GeophoneResponse(counts_per_m_s, max(f0_hz, 0.0), damping, "given")
    try:
        return response_of(channel, None)
    except CalibrationMissing:
        raise ConfigError(
            f"--reference {channel.name}: its board does not declare its response: give --counts-per-m-s, "
            "--natural-frequency-hz and --damping of its own certificate"
        ) from None


def _show(channels: tuple[HuddleChannel, ...], reference: int, console: Console) -> None:
    table = Table()
    for heading in ("channel", "counts per m/s", "Hz", "damping", "coherence", "misfit dB"):
        table.add_column(heading)
    table.add_column(f"noise at {', '.join(f'{f:g}' for f in NOISE_AT_HZ)} Hz, nm/s/√Hz")
    for row, channel in enumerate(channels):
        response = channel.response
        table.add_row(
            channel.name + (" (reference)" if row == reference else ""),
            f"{response.counts_per_m_s:.5g} ± {200 * channel.sensitivity_sigma:.2f} %",
            f"{response.natural_frequency_hz:.3f}",
            f"{response.damping:.3f}",
            f"{channel.coherence:.3f}",
            f"{channel.misfit_db:.2f}",
            ", ".join(_noise(channel, f) for f in NOISE_AT_HZ),
        )
    console.print(table)
    for channel in channels:
        if channel.polarity < 0:
            _say(console, f"{channel.name} moves against the reference: its poles are turned; turn its plug")


def _noise(channel: HuddleChannel, at_hz: float) -> str:
    near = channel.self_noise_m_s[np.abs(channel.f_hz - at_hz) <= 0.25 * at_hz]
    told = near[np.isfinite(near)]
    return f"{1e9 * float(np.median(told)):.2g}" if told.size else "not told"


def _say(console: Console, words: str) -> None:
    console.print(words, markup=False, highlight=False, soft_wrap=True)
