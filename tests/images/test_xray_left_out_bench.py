"""What a network loses that never saw a family: counted right on scores that are known."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from models.runtime import ImageScore
from models.training.xray_pictures import spec_of
from scanner.simulation.xray.beam import Beam
from scanner.simulation.xray.ranges import read_ranges
from tests.bench import xray_left_out
from tests.bench.xray_left_out import Scene, compared
from tests.bench.xray_people_answers import beams


def _scenes(n: int) -> list[Scene]:
    """The first network sees all, the other nothing among drums."""
    rng = np.random.default_rng(8)
    out = []
    for k in range(n):
        load = "drums" if k % 4 == 0 else "boxes"
        empty = {"first": rng.normal(), "other": rng.normal()}
        score = {
            "first": 9.0 + rng.normal(),
            "other": rng.normal() if load == "drums" else 9.0 + rng.normal(),
        }
        out.append(Scene(k, "6 MV", (f"load: {load}",), score, empty))
    return out


def test_what_is_lost_stands_in_the_family_that_was_left_out() -> None:
    found = compared(_scenes(200), "first", "other", "6 MV")
    drums, boxes = found["load: drums"], found["load: boxes"]
    assert boxes["detection lost"]["value"] == boxes["auc lost"]["value"] == 0.0
    assert drums["auc lost"]["value"] == pytest.approx(0.5, abs=0.1)
    assert 0.35 < drums["auc lost"]["low"] < drums["auc lost"]["value"] < drums["auc lost"]["high"] < 0.65
    assert drums["detection lost"]["low"] > 0.9
    assert found["all"]["detection lost"]["value"] == pytest.approx(0.25, abs=0.02)


def test_every_fault_can_be_drawn() -> None:
    for fault in xray_left_out.FAULTS:
        ranges = xray_left_out.Task(1, fault).ranges
        assert ranges.entries != read_ranges().entries


def test_scenes_scored_before_are_taken_up(tmp_path: Path) -> None:
    tasks = xray_left_out.tasks_of(1, 0)[:1]
    asked = []

    def make() -> dict[str, xray_left_out.Look]:
        asked.append(1)
        return {"sees": lambda picture, beam: ImageScore(float(picture.people.max()), np.zeros((1, 1)), ())}

    path = tmp_path / "kept.jsonl"
    first = xray_left_out.answered(tasks, make, path, 1)
    assert [s.beam for s in first] == list(beams())
    assert all(s.occupied["sees"] > s.twin["sees"] == 0.0 for s in first)
    assert any(f.startswith("load: ") for f in first[0].families)
    again = xray_left_out.answered(tasks, lambda: pytest.fail("asked again"), path, 1)
    assert again == first
    assert len(json.loads(path.read_text(encoding="utf-8").splitlines()[0])["scenes"]) == 2


@pytest.mark.parametrize("family", ["carcasses", "fuel tanker"])
def test_a_family_that_is_asked_for_is_what_is_drawn(family: str) -> None:
    for task in xray_left_out.tasks_of(0, 0, [family], 3):
        spec = spec_of(task.seed, Beam.LINAC, "validation", task.ranges)
        assert family in (spec.body.value, spec.load.value)
