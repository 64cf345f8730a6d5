"""The ceilings of the heart bench against closed forms: white noise, known gusts, all trains counted out."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from scipy import stats

from scanner.simulation.vibration_spec import Condition, Confounder
from tests.bench.heart_ceiling import Everything
from tests.bench.heart_ceiling_beats import Train, beat_ratio, beat_shape, mean_beat, train_ratio
from tests.bench.heart_ceiling_noise import HELD_OUT, TAKES, Precision
from tests.bench.heart_trials import FS_HZ, Hearts, Trial, make

N = 1500
ROWS = 2


@pytest.fixture(scope="module")
def white():
    rng = np.random.default_rng(61)
    return rng, 3.0 * rng.standard_normal((TAKES + HELD_OUT, ROWS, N))


def test_the_matched_filter_in_white_noise_detects_as_the_normal_says(white):
    rng, takes = white
    detector = Everything(takes, np.zeros((ROWS, N)))
    middle = np.exp(-0.5 * ((np.arange(N) - N / 2) / 200) ** 2)
    heart = np.stack([np.sin(2 * np.pi * f * np.arange(N) / FS_HZ) * middle for f in (5.0, 9.0)])
    energy = 6.0
    heart *= np.sqrt(energy * 9.0 / (heart**2).sum())
    one = np.zeros(1)
    noise = 3.0 * rng.standard_normal((300, ROWS, N))
    empty = np.array([detector.known(heart, x, one, 0.0)[0] for x in noise])
    full = np.array([detector.known(heart, x, one, 1.0)[0] for x in noise])
    limit = stats.norm.ppf(0.9)
    expected = stats.norm.sf(limit - np.sqrt(energy))
    assert np.mean(empty > limit) == pytest.approx(0.1, abs=0.06)
    assert np.mean(full > limit) == pytest.approx(expected, abs=0.06)


def test_weights_in_white_noise_are_one_over_its_variance(white):
    _, takes = white
    x = np.zeros((ROWS, N))
    x[:, 600:900] = np.random.default_rng(3).standard_normal((ROWS, 300))
    found = float((x * Precision.of(takes)(x)).sum())
    assert found == pytest.approx(float((x**2).sum()) / 9.0, rel=0.12)


def test_weights_follow_a_gust():
    rng = np.random.default_rng(62)
    level = np.where(np.arange(4000) < 2000, 1.0, 10.0)
    precision = Precision.of(level * rng.standard_normal((TAKES, 1, 4000)))
    quiet, loud = np.zeros((1, 4000)), np.zeros((1, 4000))
    quiet[0, 1000], loud[0, 3000] = 1.0, 1.0
    ratio = precision(quiet)[0, 1000] / precision(loud)[0, 3000]
    assert ratio == pytest.approx(100.0, rel=0.25)


def test_what_two_channels_share_is_taken_off():
    rng = np.random.default_rng(63)
    common = rng.standard_normal((TAKES, 1, N))
    noise = np.concatenate([common + 0.1 * rng.standard_normal(common.shape), common], axis=1)
    pulse = np.zeros((2, N))
    pulse[0, 700] = 1.0
    # the second channel tells what the first one's noise is but for a tenth
    assert float((pulse * Precision.of(noise)(pulse)).sum()) == pytest.approx(100.0, rel=0.25)


def _counted_out(log_beat, overlap, train):
    """Sum over every train of beats in a short record, one by one."""
    steps = log_beat.size
    k, lags = train.interval.shape
    later = train.later
    first = later / later.sum(axis=1, keepdims=True) / k
    total = 0.0
    for count in range(1, steps + 1):
        for beats in combinations(range(steps), count):
            if beats[0] >= lags or steps - beats[-1] > lags or max(np.diff(beats), default=1) > lags:
                continue
            state = first[:, beats[0]] * np.exp(log_beat[beats[0]])
            for before, at in pairwise(beats):
                lag = at - before
                state = (state * train.interval[:, lag - 1]) @ train.move
                state = state * np.exp(log_beat[at] - overlap[at, lag - 1])
            total += float((state * later[:, steps - beats[-1] - 1]).sum())
    return np.log(total)


def test_the_recursion_sums_every_train():
    rng = np.random.default_rng(64)
    interval = rng.uniform(size=(2, 4))
    interval /= interval.sum(axis=1, keepdims=True)
    later = 1 - np.cumsum(interval, axis=1) + interval
    train = Train(interval, later, np.array([[0.9, 0.1], [0.2, 0.8]]))
    log_beat, overlap = rng.normal(size=12), 0.3 * rng.uniform(size=(12, 4))
    found = train_ratio(log_beat[np.newaxis], overlap, np.ones(1), train)
    assert found[0] == pytest.approx(_counted_out(log_beat, overlap, train), abs=1e-5)


def test_a_beat_of_free_size_is_a_normal_with_more_variance():
    z, energy, spread = 3.0, 5.0, 0.4
    # z is normal: variance E without a beat, mean E and variance E + (E spread)^2 with one
    without = stats.norm(0, np.sqrt(energy)).logpdf(z)
    with_one = stats.norm(energy, np.sqrt(energy + (energy * spread) ** 2)).logpdf(z)
    found = beat_ratio(np.array([[z]]), np.array([energy]), np.ones(1), spread)[0, 0]
    assert found == pytest.approx(with_one - without)


def test_the_beat_it_looks_for_is_the_one_that_the_simulator_makes():
    made = make(Trial("tune", Condition.CALM, Confounder.NONE, 0, True), _hearts())
    shape, heart = beat_shape(made), made.record.heart
    train = np.zeros_like(heart)
    for at in np.rint(made.record.beats_s * FS_HZ).astype(int):
        length = min(shape.shape[1], train.shape[1] - at)
        train[:, at : at + length] += shape[:, :length]
    # each beat's own size and part of a sample are left
    left = (heart - train)[:4, 1000:] / heart[:4, 1000:].std(axis=1, keepdims=True)
    assert float(left.std()) < 0.35


def test_a_mean_beat_is_the_one_that_was_repeated():
    rng = np.random.default_rng(65)
    t_s = np.arange(60) / FS_HZ
    wave = np.sin(2 * np.pi * 6 * t_s) * np.sin(np.pi * t_s / 0.6) ** 2
    clean = np.zeros(6000)
    for at in np.cumsum(80 + rng.integers(-6, 7, 70)):
        clean[at : at + 60] += wave
    beat = mean_beat(clean + 0.1 * rng.standard_normal(clean.size))
    likeness = np.correlate(beat, wave, "full").max() / np.linalg.norm(beat) / np.linalg.norm(wave)
    assert likeness > 0.95


def _hearts():
    rng = np.random.default_rng(66)
    return Hearts([(rng.standard_normal(9000), FS_HZ)], [0.8 + 0.03 * rng.standard_normal(300)])


@pytest.mark.parametrize("start", [0, 199, 1234, 2600, 2998])
def test_a_lone_beat_is_weighed_as_the_whole_record_is(start: int) -> None:
    rng = np.random.default_rng(start)
    precision = Precision.of(rng.normal(size=(24, 2, 3000)).cumsum(axis=2))
    beat = rng.normal(size=(2, min(700, 3000 - start)))
    whole = np.zeros((2, 3000))
    whole[:, start : start + beat.shape[1]] = beat
    wanted = precision(whole)
    found, first = precision.near(beat, start)
    wanted[:, first : first + found.shape[1]] -= found
    assert np.abs(wanted).max() < 1e-9 * np.abs(found).max()
