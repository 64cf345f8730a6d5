"""Pictures that no simulated lorry looks like are told from those that one does."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from models.familiarity import NAMES, features, outside
from tests.images.familiar import KINDS, MM, known, pictures

Picture = tuple[np.ndarray, np.ndarray, float]
RNG = np.random.default_rng(8)


KNOWN = known()


@pytest.fixture(scope="module")
def others() -> list[tuple[np.ndarray, np.ndarray]]:
    return pictures(6500, KINDS[1:4])


def test_lorries_that_were_not_among_them_are_familiar(others: list[tuple[np.ndarray, np.ndarray]]) -> None:
    strange = [outside(features(image, clear, MM), KNOWN) for image, clear in others]
    assert sum(s is not None for s in strange) <= 1, strange  # 24 pictures bound the ranges
    upside_down = [features(image[:, ::-1], clear[:, ::-1], MM) for image, clear in others]
    assert [set(f) for f in upside_down] == [set(NAMES)] * len(others)


def _in_steps(image: np.ndarray, clear: np.ndarray) -> Picture:
    """What is left of transmission in 8 bits."""
    counts = np.rint(255 * np.exp(-image.astype(float)).clip(0, 1))
    return -np.log(np.maximum(counts, 0.5) / 255).astype(np.float32), clear & (counts > 0), MM


def _grey(image: np.ndarray, clear: np.ndarray) -> Picture:
    """An 8-bit picture made for the eye, scaled up again."""
    step = image.max() / 255
    return (np.rint(image.clip(0, None) / step) * step).astype(np.float32), clear, MM


def _half(image: np.ndarray, clear: np.ndarray) -> Picture:
    small = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    left = cv2.resize(clear.astype(np.uint8), small.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return small, left > 0, MM


STRANGE: dict[str, tuple[Callable[[np.ndarray, np.ndarray], Picture], set[str]]] = {
    "inverted": (lambda i, c: (i.max() - i, c, MM), {"attenuation_low", "open_level", "attenuation_middle"}),
    "8 bits of transmission": (_in_steps, {"steps"}),
    "8 bits of attenuation": (_grey, {"steps"}),
    "noise": (lambda i, c: (RNG.exponential(1.0, i.shape).astype(np.float32), c | True, MM), {"noise"}),
    "dim noise": (
        lambda i, c: (np.abs(RNG.normal(0, 0.5, i.shape)).astype(np.float32), c | True, MM),
        {"noise"},
    ),
    "an empty road": (
        lambda i, c: (RNG.normal(0, 0.03, i.shape).astype(np.float32), c | True, MM),
        {"length_m", "height_m"},
    ),
    "twice the scale": (lambda i, c: (i, c, 2 * MM), {"height_m", "length_m"}),
    "half the scale": (_half, {"height_m", "length_m", "striping", "noise"}),
    "half the scale, told": (lambda i, c: (i, c, MM / 2), {"height_m", "length_m"}),
}


@pytest.mark.parametrize("case", list(STRANGE))
def test_what_is_no_picture_of_a_lorry_is_outside(
    case: str, others: list[tuple[np.ndarray, np.ndarray]]
) -> None:
    change, wanted = STRANGE[case]
    for image, clear in others:
        seen, left, mm = change(image, clear)
        found = outside(features(seen, left, mm), KNOWN)
        assert found is not None
        assert found.feature in wanted


def test_margins_and_half_precision_change_nothing(others: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """A trainer's picture is padded and kept in half precision."""
    for image, clear in others[:4]:
        whole, left = np.zeros((224, 768), np.float16), np.zeros((224, 768), bool)
        whole[: image.shape[0], : image.shape[1]] = image
        left[: image.shape[0], : image.shape[1]] = clear
        assert features(whole, left, MM) == pytest.approx(features(image, clear, MM), abs=1e-6)


def test_noise_and_size_are_what_they_are() -> None:
    """A box of 6 m x 2 m of attenuation 1 with independent noise of 0.05."""
    rng = np.random.default_rng(4)
    image = rng.normal(0, 0.05, (180, 700))
    image[50:130, 200:440] += 1.0
    found = features(image.astype(np.float32), np.ones(image.shape, bool), MM)
    assert found["length_m"] == pytest.approx(6.0, abs=0.06)
    assert found["height_m"] == pytest.approx(2.0, abs=0.06)
    assert found["noise"] == pytest.approx(0.05, rel=0.1)
    assert found["attenuation_middle"] == pytest.approx(1.0, abs=0.02)
    assert found["open_level"] == pytest.approx(0.0, abs=0.005)
    assert found["clear_share"] == 1.0


def test_no_familiarity_is_no_check_and_an_unknown_feature_is_outside() -> None:
    assert outside({"noise": 9.0}, {}) is None
    odd = outside({"noise": 0.1}, {"noise": (0.0, 1.0), "of a later version": (0.0, 1.0)})
    assert odd is not None
    assert odd.feature == "of a later version"
