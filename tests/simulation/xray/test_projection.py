"""People put into raw counts: noise of fewer photons, thicknesses that add, places, and null objects."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from drivers.api import LineBlock, LineKind, LineScanEnd, Role, Stamp
from models.runtime import ImageModel, shipped_model
from scanner.evidence import EvidenceState
from scanner.modalities.xray import XrayModality
from scanner.signals.xray_scan import Setup
from scanner.simulation.attenuation import (
    Spectrum,
    linac_spectrum,
    mass_attenuation_cm2_g,
    tube_spectrum,
)
from scanner.simulation.body_library import library, placed
from scanner.simulation.xray.beam import Beam
from scanner.simulation.xray.canvas import Extent, FanCanvas
from scanner.simulation.xray.ceiling import detectability, detection, scan_detectability, steel_detectability
from scanner.simulation.xray.equivalent import Background
from scanner.simulation.xray.insertion import Insertion, NoRoom, Wanted, draw_insertion, lay
from scanner.simulation.xray.measured import measured_lines
from scanner.simulation.xray.projection import Geometry, Loading, left_share, project, with_lines
from scanner.simulation.xray.thinning import thinned
from scanner.vehicle import CargoClass, Declaration, VehicleClass
from tests.images import lane
from tests.simulation.former.lines import blocks as former_blocks
from tests.simulation.former.xray_scene import render_passage

DARK, ELECTRONIC, OPEN = 700.0, 12.0, 40000.0
SPACE = Extent(0.3, 9.5, -1.2, 1.2, 1.0, 3.9)
ENCODER_UM = 100
LINE_UM, PIXEL_UM = 20_000, 40_000
GEOMETRY = Geometry(4500.0, encoder_um_per_count=ENCODER_UM)
LOADING = Loading(SPACE)


def lines_of(
    light: np.ndarray,
    photons: float,
    rng: np.random.Generator,
    encoder: np.ndarray | None = None,
    electronic: float = ELECTRONIC,
) -> list[LineBlock]:
    """Lines of a detector that counts NumPy's Poisson photons."""
    quantum = OPEN / photons
    blocks, first = [], 1
    parts = ((LineKind.DARK, np.zeros((200, light.shape[1]))), (LineKind.AIR, np.ones((200, light.shape[1]))))
    for kind, mean in (*parts, (LineKind.DATA, light)):
        n = mean.shape[0]
        counts = quantum * rng.poisson(photons * mean) + DARK + rng.normal(0, electronic, mean.shape)
        way = np.zeros(n, np.int64)
        if kind is LineKind.DATA:
            way = np.arange(n) * (LINE_UM // ENCODER_UM) if encoder is None else encoder
        blocks.append(
            LineBlock(
                np.clip(np.rint(counts), 0, 65535).astype(np.uint16), 3,
                np.arange(first, first + n, dtype=np.int64), way.astype(np.int64),
                np.full(n, 0 if kind is LineKind.DARK else 32768, np.uint16), np.zeros(n, np.uint16),
                kind, 0, 16, PIXEL_UM, LINE_UM, stamp=Stamp("portal", Role.PORTAL, 1, 0),
            )
        )  # fmt: skip
        first += n
    return blocks


def flat(n_lines: int = 500, level: float = 0.3) -> np.ndarray:
    """A lorry that is one grey, with open beam around."""
    light = np.full((n_lines, 112), level)
    light[:, :32] = 1.0
    light[:3] = light[-3:] = 1.0
    return light


# ---- noise


@pytest.mark.parametrize(("photons", "share"), [(900.0, 0.4), (60.0, 0.2), (45.0, 0.5), (900.0, 0.97)])
def test_thinned_counts_have_mean_and_variance_of_fewer_photons(photons: float, share: float) -> None:
    rng = np.random.default_rng(4)
    light = flat()
    seen = measured_lines(lines_of(light, photons, rng), Setup(20.0))[0][0]
    left = np.ones(light.shape, np.float32)
    left[50:450, 40:100] = share
    out = thinned(seen, left, rng)
    inside = out[50:450, 40:100].astype(np.float64)
    n = photons * 0.3 * share
    quantum = OPEN / photons
    variance = quantum**2 * n + ELECTRONIC**2 + 1 / 12
    error = np.sqrt(variance / inside.size)
    assert inside.mean() == pytest.approx(DARK + quantum * n, abs=5 * error + 1.0)
    # the reference knows counts a photon to some per cent
    assert inside.var() == pytest.approx(variance, rel=0.04)


def test_few_photons_stay_poisson_one_by_one() -> None:
    """Not only the variance: as many pixels are empty, and hold one photon, as the law says."""
    rng = np.random.default_rng(5)
    light = flat(level=0.05)
    seen = measured_lines(lines_of(light, 60.0, rng, electronic=8.0), Setup(20.0))[0][0]
    left = np.ones(light.shape, np.float32)
    left[10:490, 40:110] = 0.5
    out = thinned(seen, left, rng)[10:490, 40:110]
    quanta = np.rint((out - DARK) / (OPEN / 60.0)).astype(int)
    for k in range(5):
        expected = stats.poisson.pmf(k, 60.0 * 0.05 * 0.5)
        assert (quanta == k).mean() == pytest.approx(
            expected, abs=5 * np.sqrt(expected / quanta.size) + 0.005
        )


def test_what_is_not_light_stays_as_it_came() -> None:
    rng = np.random.default_rng(6)
    light = flat()
    blocks = lines_of(light, 500.0, rng)
    data = blocks[-1].pixels.copy()
    data[300] = data[299]  # sent twice
    data[400] = blocks[0].pixels[0]  # no beam
    for block in blocks:  # a channel that is stuck
        block.pixels[:, 60] = 31000
    data[:, 60] = 31000
    blocks[-1] = replace(blocks[-1], pixels=data)
    seen = measured_lines(blocks, Setup(20.0))[0][0]
    left = np.full(light.shape, 0.5, np.float32)
    left[:, :10] = 1.0
    out = thinned(seen, left, rng)
    assert np.array_equal(out[:, :10], data[:, :10])
    assert np.array_equal(out[:, 60], data[:, 60])
    assert np.array_equal(out[400], data[400])
    assert np.array_equal(out[300], out[299])
    assert not np.array_equal(out[298], out[299])


# ---- thicknesses add


@pytest.mark.parametrize("beam", [Beam.LINAC, Beam.TUBE])
@pytest.mark.parametrize(("material", "areal"), [("iron", 30.0), ("water", 40.0), ("iron", 6.0)])
def test_flesh_behind_a_load_takes_what_the_law_says(beam: Beam, material: str, areal: float) -> None:
    """Against the whole spectrum summed here, every 10 keV (tube: every keV)."""
    coarse, fine = (
        (linac_spectrum(fine=f) if beam is Beam.LINAC else tube_spectrum(450.0, {"iron": 4.0}, fine=f))
        for f in (False, True)
    )
    energies, weights = np.array(fine.energies_mev), np.array(fine.weights)

    def through(**masses: float) -> float:
        depth = sum(mass_attenuation_cm2_g(name, energies) * a for name, a in masses.items())
        return float((weights * np.exp(-depth)).sum())

    load = through(**{material: areal})
    true = -np.log(through(**{material: areal, "soft_tissue": 25.0}) / load)
    seen = np.array([-np.log(load)], np.float32)
    wall = 99.0 if material == "iron" else 0.0
    flesh = {"soft_tissue": np.array([25.0], np.float32)}
    found = -np.log(Background(wall).transmitted(seen, flesh, None, coarse))
    assert found[0] == pytest.approx(true, rel=0.02)
    multiplied = -np.log(through(soft_tissue=25.0))
    assert multiplied > 1.03 * true, "hardened beams lose less: else there is nothing to do right"


def test_cargo_that_gives_way_is_taken_off_and_never_more_than_there_is() -> None:
    spectrum = linac_spectrum()
    load = {"water": np.array([40.0, 5.0], np.float32)}
    seen = -np.log(spectrum.transmission(load))
    background, gone = Background(0.0), np.array([25.0, 25.0], np.float32)
    left = background.transmitted(seen, {"water": gone}, gone, spectrum)
    assert left[0] == pytest.approx(1.0, abs=1e-4), "water in the place of water"
    empty = background.transmitted(seen, {}, gone, spectrum)
    assert empty[1] == pytest.approx(1.0 / np.exp(-seen[1]), rel=1e-3), "open beam, and no more"


# ---- places


def person(x_m: float, z_m: float, yaw: float = 0.0) -> Insertion:
    who = next(e for e in library().entries if e.split == "test" and e.pose == "standing")
    body = placed(who, yaw)
    corner = np.array([x_m - body.extent_m[0] / 2, -body.extent_m[1] / 2, z_m + body.low_m[2]])
    return Insertion(who, body, corner)


@pytest.mark.parametrize("drive", ["even", "backwards", "slow half-way", "rolled back"])
def test_a_person_is_where_they_were_put_however_the_lorry_drove(drive: str) -> None:
    """Places go by the encoder's millimetres, not by the number of lines."""
    step = LINE_UM // ENCODER_UM
    way = np.arange(600) * step
    if drive == "slow half-way":
        way = np.concatenate([np.arange(300) * step, 300 * step + np.arange(300) * (step // 4)])
    if drive == "rolled back":
        way = np.concatenate([way[:200], way[199:149:-1], way[150:500]])
    encoder = 100_000 - way if drive == "backwards" else way
    light = flat(600)
    x_m, z_m = (6.3, 1.4) if drive == "slow half-way" else (3.4, 1.4)
    one = person(x_m, z_m)
    blocks = lines_of(light, 800.0, np.random.default_rng(8), encoder)
    done = project(blocks, [one], GEOMETRY, {0: linac_spectrum()}, LOADING)
    lines, pixels = np.nonzero(done.mask)
    at_m = way[lines] * ENCODER_UM / 1e6
    assert at_m.min() == pytest.approx(x_m - one.body.extent_m[0] / 2, abs=0.15)
    assert at_m.max() == pytest.approx(x_m + one.body.extent_m[0] / 2, abs=0.15)
    assert np.median(at_m) == pytest.approx(x_m, abs=0.12)
    z = GEOMETRY.fan(112, PIXEL_UM).z_m(0.0)[pixels]
    assert z.min() == pytest.approx(z_m, abs=0.12)
    assert z.max() == pytest.approx(z_m + one.who.stature_m, abs=0.15)
    if drive == "rolled back":
        assert np.array_equal(done.person_m[199 + 20], done.person_m[199 - 19])


def test_only_pixels_change_and_only_where_the_person_is() -> None:
    blocks = lines_of(flat(), 500.0, np.random.default_rng(9))
    done = project(blocks, [person(4.0, 1.3)], GEOMETRY, {0: linac_spectrum()}, LOADING)
    assert all(a is b for a, b in zip(blocks[:2], done.blocks[:2], strict=True))
    new, old = done.blocks[2], blocks[2]
    assert replace(new, pixels=old.pixels) == old or all(
        np.array_equal(getattr(new, name), getattr(old, name))
        for name in ("line_numbers", "encoder", "dose", "line_flags")
    )
    touched = new.pixels != old.pixels
    assert touched.any()
    assert not touched[done.person_m == 0].any()
    assert new.pixels[done.mask].mean() < old.pixels[done.mask].mean()


def test_the_body_weighs_in_the_picture_what_it_weighs() -> None:
    """Mass per area summed over the picture is the mass, drawn larger by the fan on this side."""
    one = person(4.0, 1.3)
    fan = Geometry(4500.0, source_m=1e4).fan(112, PIXEL_UM)  # parallel rays
    laid = lay([one], np.arange(400) * 0.02, fan)
    kg = sum(float(layer.sum(dtype=np.float64)) for layer in laid.added_g_cm2.values()) * 2.0 * 4.0 / 1e3
    assert kg == pytest.approx(one.body.mass_kg(), rel=0.02)


def test_people_do_not_stand_in_one_another_and_are_told_when_they_do_not_fit() -> None:
    rng = np.random.default_rng(3)
    people: list[Insertion] = []
    for _ in range(4):
        people.append(draw_insertion(SPACE, people, Wanted(), rng))
    for index, one in enumerate(people):
        box = one.extent
        assert box.x0 >= SPACE.x0
        assert box.x1 <= SPACE.x1
        assert box.z1 <= SPACE.z1 + 0.1
        for other in people[:index]:  # their boxes have a rim of air
            near = Extent(box.x0 + 0.1, box.x1 - 0.1, box.y0 + 0.1, box.y1 - 0.1, box.z0, box.z1)
            assert not near.touches(other.extent)
    full = [*people, replace(people[0], corner_m=np.array([-50.0, -50.0, -50.0]))]
    short = replace(SPACE, x1=SPACE.x0 + 0.1)
    with pytest.raises(NoRoom, match="6 people do not fit"):
        draw_insertion(short, full, Wanted(), rng)
    with pytest.raises(NoRoom, match=r"poses: .*standing"):
        draw_insertion(SPACE, [], Wanted(pose="handstand"), rng)


# ---- null objects, through the product

DECLARED = Declaration(VehicleClass.REEFER, CargoClass.EMPTY)


@pytest.fixture(scope="module")
def model() -> ImageModel:
    return ImageModel(shipped_model("xray-people"), "log_attenuation")


@pytest.fixture(scope="module")
def scene_blocks() -> list[LineBlock]:
    passage = render_passage(DECLARED, 0, np.random.default_rng(7103))
    return [item for item in former_blocks(passage) if isinstance(item, LineBlock)]


def score(blocks: list[LineBlock], model: ImageModel) -> float:
    method = XrayModality(None, model)
    for block in blocks:
        method.feed(block)
    n = sum(b.line_numbers.size for b in blocks)
    method.feed(
        LineScanEnd(blocks[-1].scan, n, 0, "", n, True, stamp=Stamp("portal", Role.PORTAL, lane.END_NS, 0))
    )
    evidence = method.evaluate(lane.END_NS, lane.view_of(lane.PORTAL, DECLARED))
    assert evidence.state is EvidenceState.READY, evidence.reason
    assert evidence.score is not None
    return evidence.score


def weightless() -> Insertion:
    one = person(7.0, 1.3)
    return replace(one, body=replace(one.body, density_g_cm3=dict.fromkeys(one.body.density_g_cm3, 0.0)))


@pytest.mark.parametrize("blur", [0.0, 0.6])
@pytest.mark.parametrize("people", [(), (weightless(),)], ids=["nobody", "a body of no mass"])
def test_nothing_put_in_changes_no_bit_and_no_score(
    people: tuple[Insertion, ...], blur: float, scene_blocks: list[LineBlock], model: ImageModel
) -> None:
    loading = Loading(Extent(4.0, 15.0, -1.2, 1.2, 1.2, 3.9))
    done = project(scene_blocks, people, Geometry(), {0: linac_spectrum()}, loading, blur_px=blur)
    for old, new in zip(scene_blocks, done.blocks, strict=True):
        assert new is old
    assert score(done.blocks, model) == score(scene_blocks, model)


def test_a_box_of_air_does_not_fire_and_a_person_changes_more(
    scene_blocks: list[LineBlock], model: ImageModel
) -> None:
    """A box of two cubic metres of cold carbon dioxide, denser than any air, through the product's method."""
    seen = measured_lines(scene_blocks, Geometry().setup())[0][0]
    fan = Geometry().fan(seen.lines.shape[1], float(scene_blocks[-1].pixel_pitch_um))
    rising = np.unique(seen.x_m)
    canvas = FanCanvas(rising, fan)
    canvas.box({"carbon_dioxide": 0.002}, Extent(7.0, 8.2, -0.8, 0.8, 1.4, 2.5))
    at = np.searchsorted(rising, seen.x_m)
    added = {name: layer[at] for name, layer in canvas.areal_g_cm2.items()}
    share = left_share(seen, added, None, Background(0.2), linac_spectrum())
    assert 0.97 < share.min() < 1.0
    lines = thinned(seen, share, np.random.default_rng(2))
    assert not np.array_equal(lines, seen.lines)
    boxed = score(with_lines(scene_blocks, {0: lines}), model)
    empty = score(scene_blocks, model)
    loading = Loading(Extent(4.0, 15.0, -1.2, 1.2, 1.2, 3.9))
    sitter = next(e for e in library().entries if e.split == "test" and e.pose == "standing")
    body = placed(sitter)
    put = Insertion(sitter, body, np.array([7.4, -0.4, 1.4]))
    full = score(project(scene_blocks, [put], Geometry(), {0: linac_spectrum()}, loading).blocks, model)
    assert abs(boxed - empty) < 0.25 * abs(full - empty)


# ---- the ideal observer


def test_an_ideal_observer_on_even_pixels_is_a_closed_form() -> None:
    """n pixels of N counts that lose a share: d' = sqrt(n) N (1 - r) / sqrt(q N (1 + r) / 2 + e2)."""
    photons, r = 400.0, 0.8
    seen = measured_lines(lines_of(flat(), photons, np.random.default_rng(1)), Setup(20.0))[0][0]
    share = np.ones(seen.lines.shape, np.float32)
    share[100:140, 50:70] = r
    level = OPEN * 0.3
    expected = np.sqrt(800) * level * (1 - r)
    expected /= np.sqrt(OPEN / photons * level * (1 + r) / 2 + ELECTRONIC**2)
    assert scan_detectability(seen, share) == pytest.approx(expected, rel=0.03)


def test_the_matched_filter_finds_what_the_closed_form_promises() -> None:
    """Ten thousand draws of NumPy's Poisson counts with a faint body in them, and as many without."""
    rng = np.random.default_rng(12)
    without = rng.uniform(20.0, 60.0, 50)
    with_ = without * rng.uniform(0.85, 1.0, 50)
    variance = (without + with_) / 2
    d_prime = detectability(without - with_, variance)
    filter_ = (without - with_) / variance
    draws = 10_000
    alarms = -(rng.poisson(without, (draws, 50)) @ filter_)
    hits = -(rng.poisson(with_, (draws, 50)) @ filter_)
    threshold = np.quantile(alarms, 0.95)
    assert (hits > threshold).mean() == pytest.approx(detection(d_prime, 0.05), abs=0.03)
    assert 0.2 < detection(d_prime, 0.05) < 0.99, "else the test says nothing"


def test_steel_hides_in_the_end() -> None:
    seen = measured_lines(lines_of(flat(), 400.0, np.random.default_rng(1)), Setup(20.0))[0][0]
    fan = GEOMETRY.fan(112, PIXEL_UM)
    found = steel_detectability(person(4.0, 1.3), fan, 0.02, seen, linac_spectrum(), (0.0, 5.0, 20.0, 60.0))
    assert all(a > b for a, b in pairwise(found))
    assert found[0] > 100
    assert detection(found[-1]) < 0.05


def test_one_energy_needs_its_own_spectrum() -> None:
    blocks = lines_of(flat(), 400.0, np.random.default_rng(1))
    none: dict[int, Spectrum] = {}
    with pytest.raises(KeyError):
        project(blocks, [person(4.0, 1.3)], GEOMETRY, none, LOADING)


def test_two_energies_show_the_same_person_each_by_its_own_beam() -> None:
    """A person takes more of soft rays than of hard ones, at the same place."""
    rng = np.random.default_rng(21)
    first = lines_of(flat(), 800.0, rng)
    second = [replace(block, energy=1) for block in lines_of(flat(), 800.0, rng)]
    blocks = [block for both in zip(first, second, strict=True) for block in both]
    soft = tube_spectrum(450.0, {"iron": 4.0})
    done = project(blocks, [person(4.0, 1.3)], GEOMETRY, {0: linac_spectrum(), 1: soft}, LOADING)
    hard_log, soft_log = (done.log_change[energy] for energy in (0, 1))
    assert np.array_equal(hard_log > 0.01, soft_log > 0.01) or (soft_log[hard_log > 0.01] > 0.01).all()
    assert (soft_log[done.mask] > 1.5 * hard_log[done.mask]).mean() > 0.99
    assert [block.energy for block in done.blocks] == [block.energy for block in blocks]
