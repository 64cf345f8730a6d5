"""``calibrate geophone``: recordings of three kinds to faults named and a certificate that a lane takes."""

from __future__ import annotations

import datetime as dt
import hashlib
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from drivers.api import Channel, Event, EventKind, Role, Stamp, WaveformBlock
from drivers.codecs.miniseed import MiniSeedRecord, encode
from scanner.lane.config import load_lane_config
from scanner.recording import RecordingHeader, RecordingWriter
from scanner.vehicle import CargoClass, Declaration, VehicleClass
from tests.calibration.simulated_geophones import (
    COUNTS_PER_VOLT,
    Element,
    draw_element,
    plate_m_s,
    record,
    tapped,
)

NAMES = ("c1", "c2", "c3", "ground")
TRUTH = (*(draw_element(np.random.default_rng([7, k])) for k in range(3)), Element())
CHANNELS = tuple(
    Channel(name, Role.GROUND if name == "ground" else Role.CHASSIS, 28.8, 4.5, 0.7, COUNTS_PER_VOLT)
    for name in NAMES
)


@pytest.fixture(scope="module")
def side_by_side() -> np.ndarray:
    rng = np.random.default_rng(31)
    return record(plate_m_s(150.0, 100.0, 0.5, rng), list(TRUTH), 100.0, rng)


def as_mcap(path: Path, counts: np.ndarray, fs_hz: float, lost: int = 0) -> Path:
    declared = Declaration(VehicleClass.REEFER, CargoClass.EMPTY, "TEST", False, None)
    header = RecordingHeader(scan_id="01J0000000000000000000TEST", visit=1, lane="l", declaration=declared)
    with RecordingWriter(path, header) as writer:
        writer.write(Event(EventKind.ANCHOR, 0, data={"utc_ns": 1_795_437_919_000_000_000, "boot_id": "b"}))
        step = round(fs_hz)
        for k, at in enumerate(range(0, counts.shape[1], step)):
            piece = counts[:, at : at + step].astype(np.int32)
            stamp = Stamp("geophones", Role.CHASSIS, (k + 1) * 10**9, k)
            writer.write(
                WaveformBlock(piece, fs_hz, CHANNELS, samples_lost=lost if k == 5 else 0, stamp=stamp)
            )
    return path


def as_table(path: Path, counts: np.ndarray, fs_hz: float) -> Path:
    t_s = np.arange(counts.shape[1]) / fs_hz
    heading = ",".join(("t_s", *NAMES))
    np.savetxt(path, np.vstack([t_s, counts]).T, "%.10g", ",", header=heading, comments="")
    return path


def as_miniseed(path: Path, counts: np.ndarray, fs_hz: float) -> Path:
    made = b""
    for at in range(0, counts.shape[1], 100):
        for k, row in enumerate(counts):
            start_ns = 1_795_437_919_000_000_000 + round(at / fs_hz * 1e9)
            piece = row[at : at + 100].astype(np.int32)
            made += encode(MiniSeedRecord("XX", "LANE", "", f"EH{k + 1}", start_ns, fs_hz, piece))
    path.write_bytes(made)
    return path


def huddle(lorryscan: Callable, file: Path, reference: str, *more: object):
    return lorryscan("calibrate", "geophone", "huddle", file, "--reference", reference, *more)


def test_a_recording_of_the_lane_becomes_its_certificate(lorryscan, side_by_side, tmp_path) -> None:
    file, out = as_mcap(tmp_path / "huddle.mcap", side_by_side, 100.0), tmp_path / "made.toml"
    done = huddle(lorryscan, file, "ground", "--out", out, "--day", "2026-12-01")
    assert done.status == 0, done.said
    lane = tmp_path / "lane.toml"
    lane.write_text(
        'config_version = 1\n[lane]\nid = "lane-1"\ndata_dir = "data"\n[[device]]\nname = "geophones"\n'
        'driver = "wave-stream"\nrole = "chassis"\n[device.config]\nurl = "socket://192.0.2.20:4000"\n'
        + out.read_text(encoding="utf-8"),
        encoding="utf-8",
    )
    held = load_lane_config(lane).sensors["geophones"].certificate
    assert held is not None
    assert held.issued == dt.date(2026, 12, 1)
    assert hashlib.sha256(file.read_bytes()).hexdigest() in held.method
    for name, element in zip(NAMES, TRUTH, strict=True):
        truth = element.sensitivity * COUNTS_PER_VOLT
        assert held.parameters[f"{name}_counts_per_m_s"] == pytest.approx(truth, rel=0.003)
        assert held.parameters[f"{name}_natural_frequency_hz"] == pytest.approx(element.f0_hz, rel=0.005)


@pytest.mark.parametrize(("write", "reference"), [(as_table, "ground"), (as_miniseed, "EH4")])
def test_other_files_give_the_same(lorryscan, side_by_side, tmp_path, write, reference: str) -> None:
    recorded = as_mcap(tmp_path / "huddle.mcap", side_by_side, 100.0)
    other = write(tmp_path / ("huddle.csv" if write is as_table else "huddle.mseed"), side_by_side, 100.0)
    known = ("--counts-per-m-s", 28.8 * COUNTS_PER_VOLT, "--natural-frequency-hz", 4.5)
    values = [
        list(tomllib.loads(text[text.index("[device") :])["device"]["certificate"]["parameters"].values())
        for text in (
            huddle(lorryscan, recorded, "ground").out,
            huddle(lorryscan, other, reference, *known).out,
        )
    ]
    np.testing.assert_allclose(values[0], values[1], rtol=1e-5)


def test_taps_name_the_turned_plug(lorryscan, tmp_path) -> None:
    rng = np.random.default_rng(12)
    motion, _ = tapped(4, 500.0, rng)
    elements = list(TRUTH)
    elements[1] = Element(sign=-1)
    file = as_mcap(tmp_path / "taps.mcap", record(motion, elements, 500.0, rng), 500.0)
    done = lorryscan("calibrate", "geophone", "taps", file)
    assert done.status == 1
    (line,) = [line for line in done.out.splitlines() if "c2" in line and "poles are turned" in line]
    assert done.out.count("sound") == 3, line


def test_a_release_is_printed_with_its_uncertainty(lorryscan, tmp_path) -> None:
    t_s = np.arange(500) / 100.0
    w, x = 2 * np.pi * 4.5, np.maximum(t_s - 2.0, 0.0)
    root = np.sqrt(1 - 0.56**2)
    wave = 1e6 * np.exp(-0.56 * w * x) * np.sin(root * w * x)
    noise = np.random.default_rng(1).normal(0, 3, (4, 500))
    file = as_table(tmp_path / "release.csv", np.rint(wave + noise), 100.0)
    done = lorryscan("calibrate", "geophone", "release", file, "--at-s", 2.0, "--channel", "c3")
    assert done.out.startswith("c3: natural frequency 4.500 ± 0.0")
    assert "damping 0.560" in done.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("huddle", "none.mcap", "--reference", "c1"), "check the path"),
        (("huddle", "lost.mcap", "--reference", "c1"), "17 samples were lost"),
        (("huddle", "whole.mcap", "--reference", "c9"), "the recording has c1, c2, c3, ground"),
        (("huddle", "whole.mcap", "--reference", "c1", "--device", "shake"), "the recording has geophones"),
        (("huddle", "whole.csv", "--reference", "c1"), "give --counts-per-m-s"),
        (("huddle", "holed.csv", "--reference", "c1"), "samples are missing"),
        (("huddle", "words.csv", "--reference", "c1"), "want a table with t_s"),
        (("huddle", "words.mseed", "--reference", "c1"), "no miniSEED records"),
        (("taps", "whole.mcap"), "3 beside each of 4 geophones are wanted"),
        (("release", "whole.mcap", "--at-s", "0.1"), "a second of rest before"),
    ],
)
def test_what_cannot_be_done_says_what_to_do(lorryscan, side_by_side, tmp_path, arguments, words) -> None:
    counts = side_by_side[:, :2000]
    as_mcap(tmp_path / "whole.mcap", counts, 100.0)
    as_mcap(tmp_path / "lost.mcap", counts, 100.0, lost=17)
    lines = as_table(tmp_path / "whole.csv", counts, 100.0).read_text(encoding="utf-8").splitlines()
    (tmp_path / "holed.csv").write_text("\n".join(lines[:50] + lines[70:]), encoding="utf-8")
    (tmp_path / "words.csv").write_text("a,b\nc,d\n", encoding="utf-8")
    (tmp_path / "words.mseed").write_bytes(b"no records " * 100)
    command, file, *options = arguments
    done = lorryscan("calibrate", "geophone", command, tmp_path / file, *options)
    assert done.status != 0
    assert words in done.said
