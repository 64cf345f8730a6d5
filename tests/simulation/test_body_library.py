"""The library of bodies against body measures of people, its own surfaces, and the laws of turning."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy import ndimage

from scanner.simulation.attenuation import linac_spectrum
from scanner.simulation.body_library import CLASSES, BodyEntry, library, placed

ENTRIES = library().entries
SOME = ENTRIES[::11]  # 11 has no factor in common with the number of poses: all poses, all bodies
ADULTS = [e for e in ENTRIES if e.age_class in ("adult", "elderly")]

# WHO growth references (2006, 2007): third percentile of the younger sex at the lower age to 97th at
# the upper age, and NCD-RisC 2016 (eLife 5:e13410) with two standard deviations for adults
STATURE_M = {
    "child": (0.94, 1.66),
    "adolescent": (1.36, 1.92),
    "adult": (1.42, 2.02),
    "elderly": (1.40, 1.95),
}
BMI = {"child": (12.5, 23.0), "adolescent": (15.0, 29.0), "adult": (17.0, 37.0), "elderly": (17.5, 36.0)}


def _litres(entry: BodyEntry) -> np.ndarray:
    counts: np.ndarray = np.bincount(entry.labels().ravel(), minlength=5)
    return 1e3 * entry.voxel_m**3 * counts


def test_there_are_many_people_in_many_poses() -> None:
    assert len({e.body for e in ENTRIES}) >= 36
    for body in {e.body for e in ENTRIES}:
        own = [e for e in ENTRIES if e.body == body]
        assert len({e.pose for e in own}) == len(own) >= 12
    assert {e.age_class for e in ENTRIES} == set(STATURE_M)
    assert 0.4 < np.mean([e.male for e in ENTRIES]) < 0.6


def test_nobody_is_in_two_splits() -> None:
    people = {
        split: {e.body for e in ENTRIES if e.split == split} for split in ("train", "validation", "test")
    }
    assert [len(people[split]) >= least for split, least in (("train", 24), ("validation", 6), ("test", 6))]
    assert sum(len(own) for own in people.values()) == len(set().union(*people.values()))
    statures = [{round(e.stature_m, 6) for e in ENTRIES if e.body in own} for own in people.values()]
    assert sum(len(own) for own in statures) == len(set().union(*statures))
    for own in people.values():  # each split holds children and adults, men and women
        of_split = [e for e in ENTRIES if e.body in own]
        assert {e.age_class for e in of_split} == set(STATURE_M)
        assert {e.male for e in of_split} == {True, False}


def test_statures_and_masses_are_those_of_people() -> None:
    for entry in ENTRIES:
        low, high = STATURE_M[entry.age_class]
        assert low < entry.stature_m < high
        low, high = BMI[entry.age_class]
        assert low < entry.mass_kg / entry.stature_m**2 < high
        assert entry.mass_kg == pytest.approx(entry.model_mass_kg, rel=0.10)


def test_the_library_reaches_from_slight_to_heavy() -> None:
    bmi = [e.mass_kg / e.stature_m**2 for e in ADULTS]
    assert min(bmi) < 20.0
    assert max(bmi) > 32.0
    assert min(e.mass_kg for e in ENTRIES) < 25.0
    assert max(e.mass_kg for e in ENTRIES) > 95.0


def test_voxels_fill_the_volume_of_the_surface() -> None:
    for entry in SOME:
        assert float(_litres(entry)[1:].sum()) == pytest.approx(entry.mesh_l, rel=0.03)


def test_stored_mass_is_that_of_the_voxels() -> None:
    for entry in SOME:
        densities = [entry.density_g_cm3[name] for name in CLASSES]
        assert float(_litres(entry)[1:] @ densities) == pytest.approx(entry.mass_kg, rel=1e-3)


def test_bones_and_lungs_have_the_share_of_a_reference_person() -> None:
    """ICRP Publication 89: skeleton 13 to 15 % of the mass of reference children and adults, whose BMI is
    22 to 24; lungs with blood 0.95 kg (woman, 1.63 m) and 1.2 kg (man, 1.76 m), and as stature cubed."""
    for entry in SOME:
        litres = _litres(entry)
        lean_kg = entry.mass_kg * (1.0 - entry.fat_share)
        assert 0.10 < 1.40 * litres[2] / lean_kg < 0.22
        reference_kg = 1.2 * (entry.stature_m / 1.76) ** 3
        assert 0.6 < 0.26 * litres[3] / reference_kg < 1.3
        assert 0.0 < litres[4] < 0.35


def test_chest_rays_pass_lung_and_spine_as_in_a_chest_radiograph() -> None:
    """From front to back an adult's lung is 8 to 22 cm deep; a 6 MV beam sees it brighter than the belly."""
    for entry in [e for e in ADULTS if e.pose == "standing"]:
        body = placed(entry)
        step_cm = 100.0 * body.voxel_m
        lung_cm = body.occupancy["lung"].sum(axis=0) * step_cm
        assert 8.0 < float(lung_cm.max()) < 22.0
        wide = lung_cm > 3.0
        across, up = (np.flatnonzero(wide.any(axis=axis)) for axis in (1, 0))
        assert 17.0 < step_cm * np.ptp(across) < 34.0
        assert 14.0 < step_cm * np.ptp(up) < 34.0
        areal = body.areal_g_cm2(axis=0)
        names = {"soft_tissue": "soft_tissue", "bone": "whole_bone", "lung": "lung"}
        seen = linac_spectrum().transmission({names[k]: v for k, v in areal.items() if k in names})
        deepest = np.unravel_index(int(lung_cm.argmax()), lung_cm.shape)
        chest = float(seen[deepest])
        height = int(0.60 * entry.stature_m / body.voxel_m)  # the belly, at six tenths of stature
        belly = float(seen[:, height].min())
        assert chest > 1.1 * belly


@pytest.mark.parametrize("yaw", [0.0, 0.4, 1.5707963, 2.5, 4.4])
@pytest.mark.parametrize("mirror", [False, True])
def test_turning_and_mirroring_keep_the_mass(yaw: float, mirror: bool) -> None:
    for entry in ENTRIES[::97]:
        body = placed(entry, yaw, mirror)
        assert body.mass_kg() == pytest.approx(entry.mass_kg, rel=0.01)
        for share in body.occupancy.values():
            assert share.dtype == np.float32
            assert float(share.min()) >= 0.0
            assert float(share.max()) <= 1.0 + 1e-5


def test_scale_changes_all_lengths() -> None:
    entry = ENTRIES[3]
    once, twice = placed(entry), placed(entry, scale=1.1)
    assert twice.mass_kg() == pytest.approx(1.1**3 * once.mass_kg(), rel=1e-6)
    assert twice.extent_m == pytest.approx(tuple(1.1 * side for side in once.extent_m))
    assert twice.low_m == pytest.approx(tuple(1.1 * low for low in once.low_m))


def _centre(entry: BodyEntry, yaw: float, mirror: bool) -> np.ndarray:
    body = placed(entry, yaw, mirror)
    whole = np.add.reduce([body.occupancy[name] for name in CLASSES])
    axes = [low + body.voxel_m * (np.arange(n) + 0.5) for low, n in zip(body.low_m, whole.shape, strict=True)]
    return np.array(
        [
            float((whole.sum(axis=tuple({0, 1, 2} - {i})) * axis).sum() / whole.sum())
            for i, axis in enumerate(axes)
        ]
    )


def test_the_centre_of_mass_turns_as_a_point_does() -> None:
    entry = next(e for e in ENTRIES if e.pose == "lying_back")
    x, y, z = _centre(entry, 0.0, False)
    for yaw in (0.6, 1.9, 3.7):
        turned = np.array([x * np.cos(yaw) - y * np.sin(yaw), x * np.sin(yaw) + y * np.cos(yaw), z])
        assert _centre(entry, yaw, False) == pytest.approx(turned, abs=0.003)
    assert _centre(entry, 0.0, True) == pytest.approx([x, -y, z], abs=1e-6)


def test_poses_fit_in_the_head_room_they_state() -> None:
    """What is above the stated room, or below the support, is less than a voxel's smooth edge."""
    for entry in SOME[::4]:
        body = placed(entry)
        z_m = body.low_m[2] + body.voxel_m * np.arange(body.occupancy["soft_tissue"].shape[2])
        mass = body.areal_g_cm2(axis=0)["soft_tissue"].sum(axis=0)
        out = (z_m >= entry.head_room_m) | (z_m + body.voxel_m <= 1e-6)
        assert float(mass[out].sum()) < 2e-3 * float(mass.sum())


def test_poses_are_as_high_as_their_names_say() -> None:
    limits = {
        "standing": (0.92, 1.04), "standing_pressed": (0.92, 1.04), "arms_up": (1.08, 1.36),
        "sitting": (0.45, 0.70), "sitting_legs_out": (0.45, 0.68), "seated": (0.62, 0.88),
        "crouching": (0.42, 0.68), "kneeling": (0.62, 0.84), "bowed": (0.22, 0.55), "crawling": (0.38, 0.68),
        "lying_back": (0.10, 0.45), "lying_side": (0.20, 0.42), "foetal": (0.20, 0.42),
        "prone": (0.10, 0.32), "stretched_out": (0.10, 0.34),
    }  # fmt: skip
    for entry in ENTRIES:
        low, high = limits[entry.pose]
        assert low < entry.head_room_m / entry.stature_m < high, entry


def test_no_two_poses_are_alike() -> None:
    standing = [e for e in ENTRIES if e.pose == "standing"]
    assert len({e.packed for e in ENTRIES}) == len(ENTRIES)
    assert len({round(e.origin_m[0] / e.stature_m, 3) for e in standing}) > len(standing) / 2


def test_choosing_keeps_to_split_and_room() -> None:
    rng = np.random.default_rng(8)
    drawn = [library().choose(rng, "test", room_m=0.7, length_m=1.5) for _ in range(200)]
    assert {e.split for e in drawn} == {"test"}
    assert max(e.head_room_m for e in drawn) <= 0.7
    assert max(e.shape[0] * e.voxel_m for e in drawn) <= 1.5
    assert len({e.pose for e in drawn}) > 3
    assert {e.pose for e in (library().choose(rng, "train", poses=("prone",)) for _ in range(9))} == {"prone"}
    with pytest.raises(ValueError, match=r"head room 0\.05 m"):
        library().choose(rng, "train", room_m=0.05)


def test_a_curved_back_casts_no_terraces() -> None:
    """Whole voxels make a chord jump by a centimetre; the placed body's chords are smooth across a torso."""
    entry = next(e for e in ADULTS if e.pose == "lying_back")
    body = placed(entry)
    whole = np.add.reduce([body.occupancy[name] for name in CLASSES])
    chords = whole.sum(axis=2) * 100.0 * body.voxel_m
    plain = (entry.labels() > 0).sum(axis=2) * 100.0 * entry.voxel_m
    inner = chords > 12.0
    bend = np.abs(np.diff(chords, n=2, axis=1))[inner[:, 1:-1]]
    stepped = np.abs(np.diff(plain, n=2, axis=1))[(plain > 12.0)[:, 1:-1]]
    assert float(np.median(bend)) < 0.6 * float(np.mean(stepped))


def test_placing_a_body_costs_a_few_turns_of_its_voxels() -> None:
    """A body of median size, beside SciPy's turning of the same voxels about one axis in the same run."""
    entry = sorted(ENTRIES, key=lambda e: e.shape[0] * e.shape[1] * e.shape[2])[len(ENTRIES) // 2]
    entry.labels()
    times: dict[str, list[float]] = {"placed": [], "turned": []}
    for yaw in np.linspace(0.2, 6.0, 12):
        began = time.process_time()
        placed(entry, float(yaw))
        between = time.process_time()
        ndimage.rotate(entry.labels(), float(np.degrees(yaw)), order=0, reshape=False)
        times["placed"].append(between - began)
        times["turned"].append(time.process_time() - between)
    assert min(times["placed"]) < 5 * min(times["turned"])
