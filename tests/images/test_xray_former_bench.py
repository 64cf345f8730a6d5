"""The judgement on the former simulator: people where its twins differ, thresholds by cargo."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.runtime import ImageScore
from scanner.vehicle import CargoClass
from tests.bench import xray_former
from tests.bench.xray_people_scoring import ALL
from tests.images.known_thresholds import HALF


def test_former_people_lie_where_their_twin_differs() -> None:
    seen, empty = (xray_former.picture(xray_former.FIRST_SEED, CargoClass.EMPTY, n) for n in (2, 0))
    changed = np.abs(seen.image - empty.image) > 0.3
    assert changed.sum() > 100
    assert seen.people[changed].mean() > 0.9
    assert not empty.people.any()


@pytest.mark.usefixtures("few_draws")
def test_former_pairs_are_judged_at_their_cargos_threshold() -> None:
    by_truth = xray_former.pairs(
        lambda p: ImageScore(float(p.people.any()), p.people.astype(np.float32), ()), 2
    )
    assert [p.cargo for p in by_truth] == [CargoClass.EMPTY, CargoClass.BOXED]
    told = xray_former.figures(by_truth, HALF)
    assert (
        told[ALL]["auc"]["value"] == told[ALL]["detected"]["value"] == told[ALL]["on_person"]["value"] == 1.0
    )
    assert told[ALL]["false_alarms"]["value"] == 0.0
    deaf = replace(HALF, thresholds={"6 MV": HALF.thresholds["6 MV"] | {"boxes": 2.0}})
    told = xray_former.figures(by_truth, deaf)
    assert (told["empty"]["detected"]["value"], told["boxed"]["detected"]["value"]) == (1.0, 0.0)
