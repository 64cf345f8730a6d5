"""The bench on recorded hearts: what its nulls keep and destroy, its figures, its stored answers, a run."""

import importlib.util
import json

import numpy as np
import pytest
from scipy import signal, stats

from tests.bench import real_hearts, real_hearts_statistics
from tests.bench.co2_scoring import usable
from tests.bench.real_hearts_answers import Scores
from tests.bench.real_hearts_bursts import find_bursts, without_rhythm
from tests.bench.real_hearts_noise import at_ratio, noise_like, phases_drawn
from tests.bench.real_hearts_rates import mean_rate
from tests.bench.real_hearts_read import read_muse, read_rwth
from tests.bench.real_hearts_scoring import above_half, detection
from tests.bench.real_hearts_statistics import METHODS, Found
from tests.bench.real_hearts_store import Store
from tests.bench.real_hearts_trials import windows

FS_HZ, N = 100.0, 3000
WAVE = np.sin(2 * np.pi * 8 * np.arange(24) / FS_HZ) * np.hanning(24)


def _train(bpm, jitter, seed, channels=1, noise=0.02):
    """Beats of unit height in weak noise, ``(channels, N)``, and their places, s."""
    rng = np.random.default_rng(seed)
    intervals = 60 / bpm * (1 + jitter * rng.standard_normal(round(bpm * N / FS_HZ / 60)))
    # the last beat is as far from the first, round the window's ends, as others are apart
    times = (np.cumsum(intervals) - 0.6 * intervals[0]) * (N / FS_HZ / intervals.sum())
    x = noise * rng.standard_normal((channels, N))
    for at in np.rint(times * FS_HZ).astype(int):
        x[:, at : at + WAVE.size] += WAVE
    return x, times


def _seen(x):
    """Return the places of the beats by a matched filter, s."""
    match = signal.correlate(x[0], WAVE, "same") / (WAVE @ WAVE)
    return signal.find_peaks(match, height=0.6, distance=12)[0] / FS_HZ


@pytest.mark.parametrize("bpm", [50, 72, 110])
def test_bursts_are_found_where_the_beats_are(bpm):
    x, times = _train(bpm, 0.04, bpm)
    peaks_s = find_bursts(x, FS_HZ).peak / FS_HZ
    assert peaks_s.size == times.size
    np.testing.assert_allclose(peaks_s, times + 0.5 * WAVE.size / FS_HZ, atol=0.06)


def test_shuffled_bursts_are_as_many_as_before():
    x, times = _train(60, 0.03, 5)
    found = [_seen(without_rhythm(x, FS_HZ, np.random.default_rng(k), poisson=False)).size for k in range(20)]
    # now and then one lies across the window's end or on another
    assert np.median(found) == times.size
    assert min(found) >= times.size - 2


@pytest.mark.parametrize("poisson", [False, True])
def test_bursts_keep_their_energy(poisson):
    x, _ = _train(75, 0.04, 6, channels=3, noise=0.1)
    draws = [without_rhythm(x, FS_HZ, np.random.default_rng(k), poisson=poisson) for k in range(40)]
    assert np.mean([(y**2).sum() for y in draws]) == pytest.approx((x**2).sum(), rel=0.04)


def test_shuffled_bursts_have_no_rhythm():
    x, _ = _train(60, 0.03, 7)
    before = np.diff(_seen(x))
    after = np.concatenate(
        [np.diff(_seen(without_rhythm(x, FS_HZ, np.random.default_rng(k), poisson=False))) for k in range(20)]
    )
    assert before.std() / before.mean() < 0.05
    # of log-uniform lengths between 0.4 and 2.5 times: closed form of their variation
    log = np.log(2.5)
    spread = np.sqrt(log * np.sinh(2 * log) / (2 * np.sinh(log) ** 2) - 1)
    assert after.std() / after.mean() == pytest.approx(spread, rel=0.15)


def test_bursts_of_recorded_hearts_look_as_bursty_as_before(shared_data):
    rng = np.random.default_rng(8)
    hearts = [window.x[2:3] for window in windows(shared_data / "heartbeat", "tune")]
    empties = [without_rhythm(x, FS_HZ, rng, poisson=False) for x in hearts]
    sos = signal.butter(4, (2, 20), "bandpass", fs=FS_HZ, output="sos")
    for spread in (
        lambda x: stats.kurtosis(x),
        lambda x: np.quantile(np.abs(x), 0.95) / np.median(np.abs(x)),
    ):
        value, null = (np.array([spread(signal.sosfilt(sos, x[0])) for x in xs]) for xs in (hearts, empties))
        assert 0.4 < above_half(usable(value), usable(null)) < 0.6


def test_a_surrogate_keeps_spectra_and_cross_spectra():
    x = signal.lfilter([1, 0.7], [1], np.random.default_rng(9).normal(size=(3, 1000)), axis=1)
    x[1] += x[0]
    before, after = (np.fft.rfft(each) for each in (x, phases_drawn(x, np.random.default_rng(10))))
    np.testing.assert_allclose(after[0] * after[1].conj(), before[0] * before[1].conj(), atol=1e-6)


def test_a_surrogate_of_beats_is_gaussian():
    x, _ = _train(72, 0.04, 11)
    assert stats.kurtosis(x[0]) > 2
    assert abs(stats.kurtosis(phases_drawn(x, np.random.default_rng(12))[0])) < 0.5


def test_noise_is_as_loud_as_asked_within_the_band():
    x, _ = _train(72, 0.04, 13)
    noise = at_ratio(x, noise_like(x, FS_HZ, np.random.default_rng(14)), -5.0, FS_HZ)
    f_hz, psd = signal.welch(np.concatenate([x, noise]), FS_HZ, nperseg=500)
    heart, added = psd[:, (f_hz >= 4) & (f_hz <= 30)].sum(axis=1)
    assert 10 * np.log10(heart / added) == pytest.approx(-5.0, abs=0.7)


@pytest.mark.parametrize("name", sorted(METHODS))
def test_a_rhythm_is_seen_at_its_rate(name):
    if name == "pulses" and not importlib.util.find_spec("neurokit2"):
        pytest.skip("no neurokit2 in this environment: make .venv/.bench installs it")
    x, _ = _train(75, 0.01, 15, channels=2)
    for found in METHODS[name][0](x, FS_HZ, np.ones(N, bool)).values():
        assert np.isnan(found.bpm) or found.bpm == pytest.approx(75, abs=2)


def test_detection_of_a_known_shift():
    rng = np.random.default_rng(16)
    subjects = np.repeat([f"{k}" for k in range(100)], 50)
    hearts, empties = (Scores(subjects, shift + rng.standard_normal(5000)) for shift in (2.0, 0.0))
    assert detection(hearts, empties)["pd"] == pytest.approx(stats.norm.sf(2.326 - 2.0), abs=0.05)


def test_an_interval_counts_subjects_and_not_windows():
    subjects = np.repeat(["a", "b", "c", "d"], 200)
    hearts = Scores(subjects, np.repeat([0.0, 0.0, 9.0, 9.0], 200))
    found = detection(hearts, Scores(subjects, np.random.default_rng(17).standard_normal(800)))
    assert (found["pd"], found["low"], found["high"]) == (0.5, 0.0, 1.0)


def test_unavailable_is_a_miss():
    subjects = np.repeat(["a", "b"], 50)
    hearts = Scores(subjects, np.repeat([np.nan, 9.0], 50))
    found = detection(hearts, Scores(subjects, np.arange(100) / 100))
    assert (found["pd"], found["unavailable"]) == (0.5, 0.5)


def test_an_answer_that_was_cut_off_is_asked_again(tmp_path):
    first = Store(tmp_path, "chests", ["burstiness"], [])
    for key in ("kept", "lost"):
        first.add("burstiness", key, [1.0])
    (path,) = tmp_path.iterdir()
    path.write_text(path.read_text("utf-8")[:-6], encoding="utf-8")
    again = Store(tmp_path, "chests", ["burstiness"], [])
    assert [again.missing(key) for key in ("kept", "lost")] == [(), ("burstiness",)]


def test_the_electrocardiogram_s_peaks_beat_at_its_rate(shared_data):
    recording, peaks_s = read_rwth(shared_data / "heartbeat")
    assert peaks_s[-1] < recording.x.shape[1] / recording.fs_hz
    # 28 peaks in 19.05 s
    assert mean_rate(peaks_s, 0.0, 20.0) == pytest.approx(60 * 27 / 19.05, abs=0.1)


def test_gravity_alone_rests_on_a_bed(shared_data):
    beds = [r for r in read_muse(shared_data / "heartbeat") if "Chest" not in r.name]
    for recording in beds:
        pull_mg = np.linalg.norm(recording.x[:3], axis=0)
        assert pull_mg.std() < 25
        assert pull_mg.mean() == pytest.approx(1000, abs=90)


def test_a_run_tells_its_tables_and_asks_nothing_twice(shared_data, tmp_path, monkeypatch, capsys):
    wanted = ["--data", str(shared_data / "heartbeat"), "--out", str(tmp_path), "--subjects", "tune"]
    wanted += [
        "--first",
        "2",
        "--blocks",
        "1",
        "--draws",
        "1",
        "--workers",
        "1",
        "--methods",
        "autocorrelation",
    ]
    real_hearts.main(wanted)
    first = capsys.readouterr().out
    asked = []

    def silent(x, fs_hz, usable):
        asked.append(x.shape)
        return {"autocorrelation": Found(0.0, 75.0)}

    monkeypatch.setitem(
        real_hearts_statistics.METHODS, "autocorrelation", (silent, METHODS["autocorrelation"][1])
    )
    real_hearts.main(wanted)
    # rates of the ballistocardiogram, six windows, are not kept
    assert len(asked) == 6
    found = json.loads((tmp_path / "real-hearts-tune.json").read_text("utf-8"))
    assert len(found["detection"]) == 2 * 3 * 4
    assert "| autocorrelation | -5 dB |" in first
