"""Solids in a fan of rays, against points counted along each ray."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from scanner.simulation.xray.canvas import Extent, FanCanvas
from scanner.simulation.xray.fan import Fan, arc_fan, straight_fan

FANS = {"row": straight_fan(128, 4.5, -0.05, -4.0, 1.2), "arc": arc_fan(128, 4.5, -0.05, -2.7, 0.4)}
X_M = np.linspace(0.0, 6.0, 240)
WATER = {"water": 1.0}
TURNED = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]

Inside = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def counted(inside: Inside, fan: Fan, x_m: float) -> np.ndarray:
    """Mass per area behind each pixel at water's density: 8 000 points a ray within 2 m of the middle."""
    y = np.linspace(-2.0, 2.0, 8001)[np.newaxis]
    z = fan.source_z_m + (y - fan.source_y_m) * fan.slope[:, np.newaxis]
    metres = inside(np.full_like(y, x_m), y, z).mean(axis=1) * 4.0 * fan.stretch
    return np.asarray(100.0 * metres.reshape(fan.n_pixels, -1).mean(axis=1))


def _in_ellipsoid(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    at = np.stack(np.broadcast_arrays(x - 3.0, y - 0.2, z - 1.5), axis=-1) @ TURNED
    return np.asarray(np.square(at / (0.5, 0.3, 0.2)).sum(axis=-1) < 1)


SOLIDS: dict[str, tuple[Callable[[FanCanvas], None], Inside]] = {
    "box": (
        lambda c: c.box(WATER, Extent(2.0, 4.0, -0.7, 0.4, 0.9, 2.1)),
        lambda x, y, z: (y > -0.7) & (y < 0.4) & (z > 0.9) & (z < 2.1),
    ),
    "tube": (
        lambda c: c.tube(WATER, 1.0, 5.0, 2.1, 1.2, 0.9, y=0.1),
        lambda x, y, z: ((y - 0.1) / 1.2) ** 2 + ((z - 2.1) / 0.9) ** 2 < 1,
    ),
    "filled tube": (
        lambda c: c.tube(WATER, 1.0, 5.0, 2.1, 1.2, 0.9, filled_to=1.7),
        lambda x, y, z: ((y / 1.2) ** 2 + ((z - 2.1) / 0.9) ** 2 < 1) & (z < 1.7),
    ),
    "wheel": (
        lambda c: c.wheel(WATER, 3.0, 0.5, 0.5, -1.2, -0.8),
        lambda x, y, z: ((x - 3.0) ** 2 + (z - 0.5) ** 2 < 0.25) & (y > -1.2) & (y < -0.8),
    ),
    "drum": (
        lambda c: c.drum(WATER, 3.1, 0.3, 0.35, 1.0, 2.0),
        lambda x, y, z: ((x - 3.1) ** 2 + (y - 0.3) ** 2 < 0.35**2) & (z > 1.0) & (z < 2.0),
    ),
    "ellipsoid": (
        lambda c: c.ellipsoid(WATER, np.array([3.0, 0.2, 1.5]), TURNED, np.array([0.5, 0.3, 0.2])),
        _in_ellipsoid,
    ),
}


@pytest.mark.parametrize("fan", FANS.values(), ids=list(FANS))
@pytest.mark.parametrize("solid", SOLIDS)
def test_a_solid_weighs_on_each_ray_what_points_on_it_count(fan: Fan, solid: str) -> None:
    put, inside = SOLIDS[solid]
    canvas = FanCanvas(X_M, fan)
    put(canvas)
    for line in (118, 124):
        expected = counted(inside, fan, X_M[line])
        assert expected.max() > 10
        assert canvas.areal_g_cm2["water"][line] == pytest.approx(expected, abs=0.15)


def test_a_hole_is_cut_out_of_a_box_without_loss() -> None:
    box, hole = Extent(1.0, 4.0, -1.0, 1.0, 1.0, 3.0), Extent(2.0, 2.7, -1.5, 0.2, 1.5, 2.0)
    whole, parts, cut = (FanCanvas(X_M, FANS["row"]) for _ in range(3))
    whole.box(WATER, box)
    for part in box.without(hole):
        parts.box(WATER, part)
    cut.box(WATER, Extent(2.0, 2.7, -1.0, 0.2, 1.5, 2.0))
    left = whole.layer("water") - parts.layer("water")
    assert left == pytest.approx(cut.layer("water"), abs=1e-3)
    assert not box.touches(Extent(4.0, 5.0, -1.0, 1.0, 1.0, 3.0))


def test_grain_keeps_the_mean_of_a_box() -> None:
    canvas = FanCanvas(X_M, FANS["row"])
    extent = Extent(1.0, 4.0, -1.0, 1.0, 1.0, 3.0)
    canvas.grain(WATER, extent, 1 + 0.2 * np.random.default_rng(1).normal(size=(30, 20)))
    smooth = FanCanvas(X_M, FANS["row"])
    smooth.box(WATER, extent)
    ratio = canvas.layer("water").sum() / smooth.layer("water").sum()
    assert ratio == pytest.approx(1.0, abs=0.03)
    assert canvas.layer("water")[80, 40:70].std() > 5


@pytest.mark.parametrize("fan", FANS.values(), ids=list(FANS))
def test_voxels_of_an_ellipsoid_weigh_what_the_ellipsoid_does(fan: Fan) -> None:
    voxel, corner = 0.01, np.array([2.4, -0.35, 0.9])
    grid = [corner[i] + voxel * (np.arange(n) + 0.5) for i, n in enumerate((120, 110, 120))]
    inside = _in_ellipsoid(*np.meshgrid(*grid, indexing="ij")).astype(np.float32)
    voxels, exact = FanCanvas(X_M, fan), FanCanvas(X_M, fan)
    lines, metres = voxels.volume(inside[np.newaxis], (WATER,), corner, voxel)
    exact.ellipsoid(WATER, np.array([3.0, 0.2, 1.5]), TURNED, np.array([0.5, 0.3, 0.2]))
    assert voxels.layer("water") == pytest.approx(exact.layer("water"), abs=3.0)
    assert voxels.layer("water").sum() == pytest.approx(exact.layer("water").sum(), rel=0.01)
    assert 100 * metres == pytest.approx(voxels.layer("water")[lines], abs=1e-2)
