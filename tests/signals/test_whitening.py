"""What the whitener leaves is what was new, however the stream is cut."""

import numpy as np
import pytest

from scanner.signals.whitening import REACH_50_HZ, whiten_stream, whitener_state


def autoregression(n, seed=3):
    """A stable two-channel vector autoregression and what drove it."""
    rng = np.random.default_rng(seed)
    new = rng.standard_normal((2, n))
    a = np.array([[1.2, 0.2], [-0.1, 0.9]])
    b = np.array([[-0.6, 0.0], [0.1, -0.4]])
    x = np.zeros((2, n))
    for t in range(2, n):
        x[:, t] = a @ x[:, t - 1] + b @ x[:, t - 2] + new[:, t]
    return x, new


def test_the_innovations_of_an_autoregression_come_back():
    x, new = autoregression(3000)
    found, _ = whiten_stream(x, np.ones(3000, bool), whitener_state(2, 0))
    later = slice(1000, 2900)
    for row in range(2):
        assert np.corrcoef(found.joint[row, later], new[row, later])[0, 1] > 0.98


def test_innovations_are_white_across_channels():
    rng = np.random.default_rng(5)
    x = np.array([[1.0, 0.0], [0.9, 0.3]]) @ rng.standard_normal((2, 3000))
    found, _ = whiten_stream(x, np.ones(3000, bool), whitener_state(2, 0))
    assert abs(np.corrcoef(found.joint[:, 500:])[0, 1]) < 0.06


def test_what_a_reference_hears_a_little_later_is_foretold():
    rng = np.random.default_rng(6)
    ground = rng.standard_normal(3000)
    chassis = np.roll(ground, -4) + 0.05 * rng.standard_normal(3000)
    with_reference, _ = whiten_stream(np.stack([chassis, ground]), np.ones(3000, bool), whitener_state(1, 1))
    pulse = np.zeros(3000)
    pulse[2000] = 1.0  # twenty times the noise that no reference explains
    heard, _ = whiten_stream(np.stack([chassis + pulse, ground]), np.ones(3000, bool), whitener_state(1, 1))
    assert abs(heard.joint[0, 2000]) > 8 * with_reference.joint[0, 1000:2900].std()


@pytest.mark.parametrize("piece", [1, 37, 500, 3000])
def test_any_split_gives_the_same(piece):
    x, _ = autoregression(1500)
    whole, _ = whiten_stream(x, np.ones(1500, bool), whitener_state(1, 1))
    state, parts = whitener_state(1, 1), []
    for at in range(0, 1500, piece):
        found, state = whiten_stream(
            x[:, at : at + piece], np.ones(x[:, at : at + piece].shape[1], bool), state
        )
        parts.append(found)
    assert np.allclose(np.hstack([p.joint for p in parts]), whole.joint, atol=1e-9)
    assert np.allclose(np.hstack([p.own for p in parts]), whole.own, atol=1e-9)


def test_unusable_samples_teach_nothing():
    x, _ = autoregression(2000)
    usable = np.ones(2000, bool)
    usable[700:800] = False
    spoiled = x.copy()
    spoiled[:, 700:800] = 1e6
    states = [whiten_stream(each, usable, whitener_state(2, 0))[1].fits[0].solution for each in (x, spoiled)]
    assert np.allclose(states[0], states[1])


def test_nothing_comes_before_the_first_model():
    x, _ = autoregression(REACH_50_HZ.first)
    found, _ = whiten_stream(x, np.ones(REACH_50_HZ.first, bool), whitener_state(2, 0))
    assert found.joint.shape == (2, 0)
