"""Fusion: one method counts once, one source is bounded, shares add up, honest ratios stay honest."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner.evidence import Evidence, EvidenceState
from scanner.fusion import SOURCES, believed, bound, fuse
from scanner.policy import MODALITIES

ONES = dict.fromkeys(MODALITIES, 1.0)
LLR = st.floats(-30, 30)


def ready(name: str, llr: float) -> Evidence:
    return Evidence(name, EvidenceState.READY, llr=llr)


def test_every_method_has_its_source() -> None:
    assert set(SOURCES) == set(MODALITIES)


@given(st.lists(st.tuples(st.sampled_from(MODALITIES), LLR), max_size=5, unique_by=lambda t: t[0]), st.data())
def test_a_method_fed_twice_does_not_move_it(said, data) -> None:
    once = [ready(*one) for one in said]
    again = [ready(*one) for one in said if data.draw(st.booleans())]
    assert fuse([*once, *again], ONES, 0.01).llr == pytest.approx(fuse(once, ONES, 0.01).llr, abs=1e-9)


@given(st.lists(LLR, min_size=5, max_size=5), st.sampled_from([0.0, 0.001, 0.01, 0.2]))
def test_shares_add_up_to_the_ratio(llrs, distrust) -> None:
    fused = fuse([ready(n, v) for n, v in zip(MODALITIES, llrs, strict=True)], ONES, distrust)
    assert sum(fused.shares.values()) == pytest.approx(fused.llr, abs=1e-6)


@given(st.lists(LLR, min_size=5, max_size=5), st.sampled_from(sorted(set(SOURCES.values()))), LLR)
def test_one_source_that_lies_is_bounded(llrs, source, lie) -> None:
    honest = [ready(n, v) for n, v in zip(MODALITIES, llrs, strict=True)]
    lying = [ready(e.modality, lie) if SOURCES[e.modality] == source else e for e in honest]
    one, other = fuse(honest, ONES, 0.01), fuse(lying, ONES, 0.01)
    assert abs(one.llr - other.llr) <= 2 * one.bound + 1e-9


@given(LLR, LLR, st.sampled_from([0.001, 0.01, 0.2, 0.9]))
def test_distrust_keeps_sign_and_order_and_takes_off(low, high, distrust) -> None:
    low, high = sorted((low, high))
    assert believed(low, distrust) <= believed(high, distrust) + 1e-12
    assert abs(believed(high, distrust)) <= min(abs(high), bound(distrust)) + 1e-12
    assert believed(-high, distrust) == pytest.approx(-believed(high, distrust), abs=1e-9)


def test_it_is_the_ratio_of_the_mixture() -> None:
    """Two normals, a tenth of all scans drawn from halfway between: the closed form of the mixture."""
    x = np.linspace(-3, 3, 61)
    occupied, empty = (np.exp(-((x - mean) ** 2) / 2) for mean in (1.0, -1.0))
    either = 0.1 * (occupied + empty) / 2
    wanted = np.log((0.9 * occupied + either) / (0.9 * empty + either))
    assert [believed(2 * value, 0.1) for value in x] == pytest.approx(wanted.tolist(), abs=1e-12)


def test_what_is_not_ready_or_was_never_fitted_adds_nothing() -> None:
    waiting = Evidence("co2", EvidenceState.PENDING, llr=3.0)
    lost = Evidence("xray", EvidenceState.UNAVAILABLE, llr=3.0)
    fused = fuse([waiting, lost, ready("movement", 3.0)], {"co2": 1.0, "xray": 1.0}, 0.01)
    assert (fused.llr, fused.bound) == (0.0, pytest.approx(math.log(199)))
