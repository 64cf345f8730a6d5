"""Declared lorries in a lane: what they carry, who is in them, and what the portal sends."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest

from drivers.api import LineBlock, LineKind, LineScanEnd
from scanner.demo.twins import LINE_PITCH_UM, N_LINES, N_PIXELS, PIXEL_PITCH_UM, play
from scanner.simulation.layout import TOP_MM, demo_layout
from scanner.simulation.lorry import SimulatedLorry, draw_lorry
from scanner.simulation.portal import LINE_RATE_HZ, portal_lines
from scanner.simulation.xray.beam import BEAM_KV, Beam
from scanner.simulation.xray.cargo import Load
from scanner.simulation.xray.lane import (
    declared_load,
    declared_spec,
    lane_passage,
    lane_passages,
    lane_pitch_um,
    lane_ranges,
)
from scanner.simulation.xray.vehicles import TANKERS, Body
from scanner.vehicle import CargoClass, Declaration, VehicleClass

FROZEN = Declaration(VehicleClass.REEFER, CargoClass.FROZEN, laden=True)


def test_every_declared_cargo_is_a_load_of_its_vehicle() -> None:
    seen: dict[CargoClass, set[Load]] = {}
    for cargo in CargoClass:
        for seed in range(40):
            body, load = declared_load(Declaration(VehicleClass.REEFER, cargo), seed)
            assert body is Body.REEFER
            assert (load is Load.EMPTY) == (cargo is CargoClass.EMPTY)
            seen.setdefault(cargo, set()).add(load)
            body, load = declared_load(Declaration(VehicleClass.TANKER, cargo), seed)
            assert body in TANKERS
            assert load in (Load.EMPTY, Load.LIQUID)
    assert seen[CargoClass.MEAT] == {Load.CARCASSES}
    assert seen[CargoClass.BOXED] == {Load.BOXES, Load.MIXED, Load.DRUMS, Load.IRREGULAR}


def test_a_seed_is_its_lorry_and_its_noise_whoever_is_inside() -> None:
    empty, full = (lane_passage(declared_spec(FROZEN, n, 31, Beam.LINAC, 128, 256)) for n in (0, 3))
    for name in ("dark", "air", "air_after", "dose", "line"):
        assert np.array_equal(getattr(empty.counted, name), getattr(full.counted, name))
    assert np.array_equal(empty.encoder, full.encoder)
    before = slice(0, int(np.flatnonzero(full.people_m.any(axis=1))[0]) - 2)
    assert np.array_equal(empty.counted.data[before], full.counted.data[before])
    assert full.people_m.any()
    assert not empty.people_m.any()


def test_a_lorry_that_comes_back_is_the_same_lorry_in_other_noise() -> None:
    spec = draw_lorry(77, vehicle_class=VehicleClass.REEFER, cargo=CargoClass.BOXED, persons=2)
    first, second = (SimulatedLorry(s).xray(128, 256) for s in (spec, spec.next_visit(30.0)))
    assert np.array_equal(first.people_m.sum(axis=1) > 0, second.people_m.sum(axis=1) > 0) or (
        first.counted.line.size != second.counted.line.size
    )
    assert not np.array_equal(first.counted.dark, second.counted.dark)


def test_one_lorry_at_both_beams() -> None:
    spec = declared_spec(FROZEN, 1, 8, n_pixels=128, n_lines=256)
    found = dict(lane_passages(spec, tuple(Beam)))
    alone = lane_passage(declared_spec(FROZEN, 1, 8, Beam.TUBE, 128, 256))
    assert np.array_equal(found[Beam.TUBE].counted.data, alone.counted.data)
    assert np.array_equal(found[Beam.LINAC].people_m, found[Beam.TUBE].people_m)
    inside = found[Beam.LINAC].space
    more = found[Beam.TUBE].log_attenuation[inside].mean() / found[Beam.LINAC].log_attenuation[inside].mean()
    assert more > 1.5, "450 kV are stopped by what 6 MV go through"


def test_the_portal_is_what_its_detector_declares() -> None:
    assert lane_pitch_um(N_PIXELS, N_LINES) == (PIXEL_PITCH_UM, LINE_PITCH_UM)
    for seed in range(4):
        passage = lane_passage(declared_spec(FROZEN, 0, seed, list(Beam)[seed % 2], 128, 256))
        assert (passage.pixel_pitch_um, passage.line_pitch_um) == lane_pitch_um(128, 256)
        assert passage.top_mm == pytest.approx(TOP_MM)
        assert not passage.rear_first
        assert passage.counted.untrue.mean() < 0.05
    for beam in Beam:
        certificate = demo_layout(beam=beam).sensors["xray"].certificate
        assert certificate is not None
        assert certificate.parameters["beam_kv"] == BEAM_KV[beam]


def _losing() -> Any:
    ranges = lane_ranges().but(detector={"dropped": [0.02, 0.03]})
    return lane_passage(declared_spec(FROZEN, 0, 5, Beam.LINAC, 64, 256, ranges))


def test_lines_come_in_time_and_end_counts_them() -> None:
    passage = _losing()
    items = list(portal_lines(passage, 3, 6.0, 10**18))
    blocks = [item for _, item in items if isinstance(item, LineBlock)]
    end = items[-1][1]
    assert isinstance(end, LineScanEnd)
    data = [b for b in blocks if b.kind is LineKind.DATA]
    assert np.array_equal(np.concatenate([b.pixels for b in data]), passage.counted.data)
    assert end.lines_lost == 256 - passage.counted.line.size - (255 - int(passage.counted.line[-1]))
    assert end.lines_lost > 0
    assert end.lines_sent == sum(b.line_numbers.size for b in blocks)
    whole = b"".join(b.pixels.astype("<u2").tobytes() for b in blocks)
    assert end.pixel_sha256 == hashlib.sha256(whole).hexdigest()
    times = [at for at, _ in items]
    assert times == sorted(times)
    assert times[-1] == pytest.approx(6.0 + int(blocks[-1].line_numbers[-1]) / LINE_RATE_HZ)
    assert [b.kind for b in blocks if b.line_flags.any()] == [LineKind.DARK]


def test_what_the_detector_lost_is_lost_on_the_wire() -> None:
    passage = _losing()
    sent: dict[str, Any] = {}

    class Portal:
        def send_scan(self, scan: int, data: np.ndarray, **parts: Any) -> None:
            sent.update(parts, scan=scan, data=data)

    play(Portal(), 9, passage)  # type: ignore[arg-type]
    kept = np.array([128 + 1 + n not in sent["lose"] for n in range(sent["data"].shape[0])])
    assert np.array_equal(sent["data"][kept], passage.counted.data)
    assert np.array_equal(sent["encoder"][kept], passage.encoder)
    assert 0 < len(sent["lose"]) == (~kept).sum()
    assert np.array_equal(sent["after"], passage.counted.air_after)
