"""What the X-ray network is trained on: twins, truth, drawn detectors, thresholds. None of it needs torch."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.training import xray_store
from models.training.xray_augment import CROP, Widths, shown
from models.training.xray_judge import near, tail_quantile, thresholds
from models.training.xray_pictures import CELL, MAP_SHAPE, SHAPE, SPLITS, draw_pair, spec_of
from models.training.xray_store import BEAMS, Store, render
from scanner.simulation.body_library import library
from scanner.simulation.xray.beam import Beam

SEED = 50_000_000  # apart from every split


@pytest.fixture(scope="module")
def rendered() -> xray_store.Rendered:
    return next(r for r in (render(SEED + i, "train") for i in range(20)) if r.facts["load"] == "empty")


def test_parts_share_neither_seeds_nor_bodies() -> None:
    firsts = sorted(SPLITS.values())
    assert min(np.diff(firsts)) >= 10_000_000
    bodies = {split: {e.body for e in library().entries if e.split == split} for split in SPLITS}
    assert all(bodies.values())
    assert not bodies["train"] & bodies["validation"]
    assert not bodies["train"] & bodies["test"]
    assert not bodies["validation"] & bodies["test"]


def test_a_rendered_lorry_differs_from_its_twin_where_people_are(rendered: xray_store.Rendered) -> None:
    assert rendered.people.any()
    row0, row1, column0, column1 = rendered.facts["box"]
    inside = np.zeros(SHAPE, bool)
    inside[row0:row1, column0:column1] = True
    for beam in range(len(BEAMS)):
        more = rendered.occupied[beam].astype(float) - rendered.without[beam].astype(float)
        # rays through less than 2 cm of somebody do not count as theirs
        assert np.abs(more[~_grown(rendered.people)]).max() < 0.25
        assert np.median(more[rendered.people]) > 0.1
    assert (rendered.people & inside).sum() > 0.9 * rendered.people.sum()
    # soft rays are taken away more by the same person
    tube, linac = (rendered.occupied[b] - rendered.without[b] for b in (1, 0))
    assert np.median(tube[rendered.people]) > 1.3 * np.median(linac[rendered.people])


def _grown(mask: np.ndarray) -> np.ndarray:
    grown = mask.copy()
    for shift in (-2, -1, 1, 2):
        grown |= np.roll(mask, shift, 0) | np.roll(mask, shift, 1)
    return grown | np.roll(grown, 1, 0) | np.roll(grown, -1, 1)


def test_a_twin_is_shown_with_the_same_detector_and_noise(rendered: xray_store.Rendered) -> None:
    pair = tuple(a[0].astype(np.float32) for a in (rendered.occupied, rendered.without))
    for turn in range(6):
        clean = Widths(left_out=frozenset({"scatter", "afterglow"}))
        occupied, empty = shown(
            pair, rendered.people, rendered.facts["box"], np.random.default_rng(turn), clean
        )
        assert occupied.attenuation.shape == CROP
        assert not empty.people.any()
        assert not empty.unsure.any()
        somebody = np.kron((occupied.people + occupied.unsure) > 0, np.ones((CELL, CELL))) > 0
        away = ~_grown(_grown(somebody))
        same = occupied.attenuation[away] == empty.attenuation[away]
        assert same.mean() > 0.995


def test_more_photons_less_noise(rendered: xray_store.Rendered) -> None:
    """Where nothing is in the beam the log's deviation is that of a Poisson mean: 1 / sqrt(n)."""
    air = np.zeros(SHAPE, np.float32)
    nobody = np.zeros(SHAPE, bool)
    left_out = frozenset({"scatter", "afterglow", "dead channels", "lost lines", "gain drift"})
    measured = []
    for photons in (200.0, 5000.0):
        widths = Widths((photons, photons * 1.0001), (1.0, 1.0001), (1e-6, 2e-6), left_out)
        spreads = []
        for turn in range(40):
            one, _ = shown((air, air), nobody, [0, 224, 0, 768], np.random.default_rng(turn), widths)
            seen = one.attenuation[:100, :280]
            spreads.append(float(np.median(np.abs(np.diff(seen, axis=0))) / 0.6745 / math.sqrt(2)))
        measured.append(min(spreads))  # the sharpest detector with nothing else in the way
    assert measured[0] / measured[1] == pytest.approx(5.0, rel=0.5)
    assert measured[1] <= 1.2 / math.sqrt(5000)


def test_the_chain_puts_people_where_the_simulation_put_them() -> None:
    spec = replace(spec_of(SEED + 3, Beam.LINAC, "train"), n_pixels=256, n_lines=1024)
    pair = draw_pair(spec)
    assert pair.occupied.people.shape == MAP_SHAPE
    assert not pair.empty.people.any()
    change = np.abs(pair.occupied.attenuation.astype(float) - pair.empty.attenuation.astype(float))
    cells = change.reshape(MAP_SHAPE[0], CELL, MAP_SHAPE[1], CELL).mean(axis=(1, 3))
    visible = pair.occupied.visible > 128
    assert visible.any()
    assert np.median(cells[visible]) > 5 * np.median(cells[pair.occupied.people == 0] + 1e-3)
    assert pair.visible_m2 > 0


def test_a_store_gives_back_what_was_rendered(tmp_path: Path) -> None:
    assert xray_store._shard((tmp_path, "train", 0, 2)) == 2
    store = Store(tmp_path)
    again = render(SPLITS["train"] + 1, "train")
    assert len(store) == 2
    assert (store.picture(1, 1, True) == again.occupied[1]).all()
    assert (store.picture(1, 0, False) == again.without[0]).all()
    assert (store.people(1) == again.people).all()
    assert store.facts[1] == again.facts


def test_thresholds_are_of_the_tail_by_beam_and_load() -> None:
    rng = np.random.default_rng(3)
    facts: list[dict[str, object]] = [
        {"beam": beam, "load": load, "occupied": False}
        for beam in (0, 1)
        for load in ("fruit", "empty")
        for _ in range(400)
    ]
    scores = rng.exponential(size=len(facts)) + np.repeat([0.0, 5.0, 10.0, 15.0], 400)
    found = {(t.beam, t.condition): t for t in thresholds(scores, facts, draws=100)}
    for place, key in enumerate(
        (("linac", "fruit"), ("linac", "empty"), ("tube", "fruit"), ("tube", "empty"))
    ):
        assert found[key].threshold == pytest.approx(math.log(100) + 5 * place, abs=0.8)
        assert found[key].low < found[key].threshold < found[key].high
        assert found[key].empty == 400
    assert found["linac", "all"].empty == 800
    assert tail_quantile(np.zeros(100)) == 0


def test_on_a_person_means_the_cell_or_one_beside_it() -> None:
    people = np.zeros(MAP_SHAPE, bool)
    people[10, 20] = True
    assert near(people, 11, 21)
    assert not near(people, 12, 20)
    assert not near(people, 0, 0)
