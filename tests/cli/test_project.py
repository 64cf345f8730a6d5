"""People put into recordings: marked, replayed, with their truth; and recordings that cannot take any."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from drivers.api import Event, EventKind, Item, LineBlock, LineKind, LineScanEnd
from scanner.lane.recovery import refeed
from scanner.methods import load_kit
from scanner.pipeline import Scan
from scanner.policy import make_policy
from scanner.recording import (
    RecordingHeader,
    RecordingWriter,
    Tick,
    mono_ns_of,
    read_header,
    read_recording,
    repair,
)
from scanner.recording.projection import PLATE_MARK, mask_of, read_truth, run_lengths
from scanner.replay_schema import ReplayFile
from scanner.simulation.items import VisitTimes, lorry_items
from scanner.simulation.layout import DEMO_LAYOUT
from scanner.simulation.lorry import SimulatedLorry
from scanner.simulation.stream import demo_stream
from service.cli import app
from tests.cli.conftest import Done

Run = Callable[..., Done]
LAYOUT = DEMO_LAYOUT.without("geophones", "shake", "thermal-doors")


@pytest.fixture(scope="module")
def lorry() -> SimulatedLorry:
    return next(one.lorry() for one in demo_stream() if not one.lorry().spec.persons)


@pytest.fixture(scope="module")
def items(lorry: SimulatedLorry) -> list[Item]:
    return list(lorry_items(lorry, LAYOUT, duration_s=12.0, times=VisitTimes("01EMPTY", xray_s=1.0)))


def written(path: Path, lorry: SimulatedLorry, items: list[Item]) -> Path:
    """Write a recording as a lane would, with a tick and its assessment at the end."""
    header = RecordingHeader("01EMPTY", 1, "east", lorry.spec.declaration, tuple(LAYOUT.sensors.values()))
    with RecordingWriter(path, header) as writer:
        for item in items:
            writer.write(item)
        writer.tick(mono_ns_of(items[-1]) + 1)
        writer.assessment({"digest": "of the empty lorry"}, mono_ns_of(items[-1]) + 1)
    return path


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory, lorry: SimulatedLorry, items: list[Item]) -> Path:
    return written(tmp_path_factory.mktemp("recorded") / "visit.mcap", lorry, items)


def blocks(path: Path) -> list[LineBlock]:
    return [one for one in read_recording(path) if isinstance(one, LineBlock)]


@pytest.fixture(scope="module")
def projected(empty: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A projection of two people, and what the command said."""
    target = tmp_path_factory.mktemp("projected") / "put.mcap"
    asked = ["project", empty, "--out", target, "--people", 2, "--seed", 4, "--kv", 6000]
    result = CliRunner().invoke(app, [str(one) for one in asked], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return target, result.output


def test_a_projection_replays_and_nobody_can_take_it_for_a_lorry(
    projected: tuple[Path, str], empty: Path, tmp_path: Path, lorryscan: Run
) -> None:
    path, said = projected
    assert "PROJECTION" in said
    header, old = read_header(path), read_header(empty)
    assert header.projection["source_scan_id"] == "01EMPTY"
    assert header.projection["people"] == 2
    assert header.scan_id != old.scan_id
    assert header.declaration.plate.startswith(PLATE_MARK)
    told = [i for i in read_recording(path) if isinstance(i, Event) and i.kind is EventKind.DECLARATION]
    assert all(one.data["plate"].startswith(PLATE_MARK) for one in told)
    assert all(one.scan_id == header.scan_id for one in told)
    json_out = tmp_path / "replayed.json"
    replayed = lorryscan("replay", path, "--json", json_out)
    assert replayed.status == 0, replayed.out
    assert "PROJECTION, no real lorry: 2 simulated people" in replayed.out
    assert "none recorded" in replayed.out, "what was said of the empty lorry is not kept"
    file = ReplayFile.model_validate(json.loads(json_out.read_text()))
    assert file.scans[0].projection is not None
    (xray,) = (one for one in file.scans[0].evidences if one.modality == "xray")
    assert xray.state == "ready"
    assert "NOT REAL" in lorryscan("recording", "info", path).out


def test_only_pixels_of_data_lines_differ_and_the_truth_says_which(
    projected: tuple[Path, str], empty: Path
) -> None:
    path, _ = projected
    truth = read_truth(path)
    old, new = blocks(empty), blocks(path)
    assert len(old) == len(new)
    changed = []
    for a, b in zip(old, new, strict=True):
        for name in ("scan", "kind", "energy", "bits", "flags", "device_ns", "pixel_pitch_um"):
            assert getattr(a, name) == getattr(b, name)
        for name in ("line_numbers", "encoder", "dose", "line_flags"):
            assert np.array_equal(getattr(a, name), getattr(b, name))
        assert (a.stamp.mono_ns, a.stamp.sensor) == (b.stamp.mono_ns, b.stamp.sensor)
        if a.kind is LineKind.DATA:
            changed.append(a.pixels != b.pixels)
        else:
            assert np.array_equal(a.pixels, b.pixels)
    touched = np.concatenate(changed)
    assert list(touched.shape) == truth["shape"]
    assert len(truth["people"]) == 2
    everybody = np.zeros(touched.shape, bool)
    for one in truth["people"]:
        mask = mask_of(one["runs"], touched.shape)
        box = one["box"]
        inside = np.zeros(touched.shape, bool)
        inside[box["x"] : box["x"] + box["width"], box["y"] : box["y"] + box["height"]] = True
        assert mask.any()
        assert not mask[~inside].any()
        assert one["split"] == "test"
        everybody |= mask
    assert touched[everybody].mean() > 0.9
    rim = 4  # blur and the thin edge of a body
    near = np.lib.stride_tricks.sliding_window_view(np.pad(everybody, rim), (2 * rim + 1,) * 2).any(
        axis=(2, 3)
    )
    assert not touched[~near].any()


def test_other_sensors_are_left_out_unless_they_are_asked_for(
    projected: tuple[Path, str], empty: Path, tmp_path: Path, lorryscan: Run
) -> None:
    def sensors(path: Path) -> set[str]:
        return {one.stamp.sensor for one in read_recording(path) if not isinstance(one, (Event, Tick))}

    assert {s.name for s in read_header(projected[0]).sensors} == {"xray"}
    assert sensors(projected[0]) == {"xray"}
    target = tmp_path / "all.mcap"
    done = lorryscan("project", empty, "--out", target, "--kv", 6000, "--keep-others")
    assert done.status == 0, done.said
    assert {s.name for s in read_header(target).sensors} == set(LAYOUT.sensors)
    assert {"xray", "co2-inside"} <= sensors(target)


def test_nobody_put_in_leaves_every_line_as_it_was(empty: Path, tmp_path: Path, lorryscan: Run) -> None:
    target = tmp_path / "nobody.mcap"
    done = lorryscan("project", empty, "--out", target, "--people", 0, "--kv", 450)
    assert done.status == 0, done.said
    for a, b in zip(blocks(empty), blocks(target), strict=True):
        assert np.array_equal(a.pixels, b.pixels)
    ends = [[i for i in read_recording(p) if isinstance(i, LineScanEnd)] for p in (empty, target)]
    assert ends[0][0].pixel_sha256 == ends[1][0].pixel_sha256, "the detector's own hash of the same pixels"
    score, again = done.out.split("score ")[1].split(" with them")[0].split(" without, ")
    assert score == again


def test_who_and_where_are_as_asked(empty: Path, tmp_path: Path, lorryscan: Run) -> None:
    target = tmp_path / "child.mcap"
    done = lorryscan(
        "project", empty, "--out", target, "--kv", 6000, "--place", "8.5,1.6", "--age", "child",
        "--pose", "foetal", "--displace", 0.2, "--bodies", "validation",
    )  # fmt: skip
    poses = done.said if done.status else ""
    assert done.status == 0, poses
    (one,) = read_truth(target)["people"]
    assert (one["age_class"], one["split"], one["pose"]) == ("child", "validation", "foetal")
    assert one["behind_front_m"] == pytest.approx(8.5, abs=0.1)
    lines = np.concatenate([b.encoder for b in blocks(target) if b.kind is LineKind.DATA])
    assert one["box"]["x"] > 0.2 * lines.size
    assert read_header(target).projection["displaced_g_cm3"] == 0.2


@pytest.mark.slow
def test_the_same_seed_is_the_same_projection_and_the_ceiling_falls_with_steel(
    projected: tuple[Path, str], empty: Path, tmp_path: Path, lorryscan: Run
) -> None:
    target = tmp_path / "again.mcap"
    done = lorryscan("project", empty, "--out", target, "--people", 2, "--seed", 4, "--kv", 6000, "--ceiling")
    assert done.status == 0, done.said
    for a, b in zip(blocks(projected[0]), blocks(target), strict=True):
        assert np.array_equal(a.pixels, b.pixels)
    rows = [line.replace("│", " ").split() for line in done.out.splitlines() if line.startswith("│")]
    rows = [row for row in rows if row[0].isdigit()]
    found = [float(row[1]) for row in rows]
    assert len(found) >= 6
    assert found == sorted(found, reverse=True)


def test_a_repaired_projection_is_still_one(projected: tuple[Path, str], tmp_path: Path) -> None:
    mended = tmp_path / "mended.mcap"
    repair(projected[0], mended)
    assert read_header(mended).projection["people"] == 2
    assert read_truth(mended) == read_truth(projected[0])


def test_a_lane_does_not_take_a_projection_up(projected: tuple[Path, str], lorry: SimulatedLorry) -> None:
    kit = load_kit()
    policy = make_policy({})
    scan = Scan("01EMPTY", lorry.spec.declaration, LAYOUT.sensors, kit.make(), kit.calibrations, policy, {})
    (fault,) = refeed(scan, [projected[0]])
    assert "PROJECTION" in str(fault.values["why"])
    assert scan.visit == 0


# ---- what cannot be done, and what to do


def without(items: list[Item], kind: LineKind) -> list[Item]:
    return [i for i in items if not (isinstance(i, LineBlock) and i.kind is kind)]


def thinned_lines(items: list[Item]) -> list[Item]:
    """Every tenth data line is lost."""
    out: list[Item] = []
    for item in items:
        if isinstance(item, LineBlock) and item.kind is LineKind.DATA:
            kept = item.line_numbers % 10 != 0
            arrays = ("pixels", "line_numbers", "encoder", "dose", "line_flags")
            item = replace(item, **{name: getattr(item, name)[kept] for name in arrays})
        out.append(item)
    return out


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda i: without(i, LineKind.AIR), "no air lines came before the lorry"),
        (lambda i: without(i, LineKind.DARK), "no dark lines came before the lorry"),
        (lambda i: without(i, LineKind.DATA), "holds no X-ray lines of a lorry"),
        (thinned_lines, "% of the lines were lost"),
        (lambda i: [x for x in i if not isinstance(x, LineScanEnd)], "cut off before the detector's END"),
    ],
    ids=["no air", "no dark", "no data", "lost", "no end"],
)
def test_a_recording_that_cannot_take_people_is_refused_with_why(
    change: Callable[[list[Item]], list[Item]],
    words: str,
    items: list[Item],
    lorry: SimulatedLorry,
    tmp_path: Path,
    lorryscan: Run,
) -> None:
    path = written(tmp_path / "poor.mcap", lorry, change(items))
    done = lorryscan("project", path, "--kv", 6000)
    assert done.status == 1
    assert words in done.said
    assert not (tmp_path / "poor.projected.mcap").exists()


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        ([], 2, "does not say the beam: give --kv"),
        (["--kv", 1200], 2, "a tube has 100 to 500"),
        (["--kv", 6000, "--place", "high"], 2, "X,Z as 8.5,1.3"),
        (["--kv", 6000, "--place", "99,1.3"], 1, "between 0 and"),
        (["--kv", 6000, "--pose", "handstand"], 1, "poses: "),
        (["--kv", 6000, "--bodies", "real"], 2, "train, validation, test"),
        (["--kv", 6000, "--people", 20, "--pose", "stretched_out"], 1, "do not fit"),
    ],
)
def test_what_is_asked_wrongly_is_told(
    options: list[object], status: int, words: str, empty: Path, tmp_path: Path, lorryscan: Run
) -> None:
    done = lorryscan("project", empty, "--out", tmp_path / "x.mcap", *options)
    assert (done.status, words in done.said) == (status, True), done.said
    assert not (tmp_path / "x.mcap").exists()


def test_neither_a_projection_nor_a_file_that_is_there_is_touched(
    projected: tuple[Path, str], empty: Path, lorryscan: Run
) -> None:
    path, _ = projected
    before = path.read_bytes()
    done = lorryscan("project", empty, "--out", path, "--kv", 6000)
    assert (done.status, "exists" in done.said) == (2, True)
    done = lorryscan("project", path, "--kv", 6000)
    assert (done.status, "give the recording that it was made of" in done.said) == (1, True)
    assert path.read_bytes() == before


def test_a_makers_spectrum_is_read_or_refused(empty: Path, tmp_path: Path, lorryscan: Run) -> None:
    table = tmp_path / "beam.csv"
    table.write_text("# MeV, share\n0.5, 1\n1.5, 3\n")
    target = tmp_path / "of_maker.mcap"
    assert lorryscan("project", empty, "--out", target, "--spectrum", table).status == 0
    spectrum = read_header(target).projection["spectra"]["0"]
    assert spectrum == {"energies_mev": [0.5, 1.5], "weights": [0.25, 0.75]}
    table.write_text("0.5; 1\n")
    done = lorryscan("project", empty, "--out", tmp_path / "y.mcap", "--spectrum", table)
    assert (done.status, "line 1" in done.said) == (2, True)


def test_masks_survive_their_run_lengths() -> None:
    rng = np.random.default_rng(1)
    for share in (0.0, 0.1, 0.5, 1.0):
        mask = rng.random((17, 23)) < share
        assert np.array_equal(mask_of(run_lengths(mask), (17, 23)), mask)
    with pytest.raises(ValueError, match="do not make"):
        mask_of([3, 4], (2, 3))
