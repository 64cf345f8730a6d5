"""Recorded hearts as force and as intervals, on the recordings themselves."""

import gzip

import numpy as np
import pytest
from scipy import signal

from tests.bench.heart_forces import load_forces, load_intervals
from tests.bench.real_hearts_read import read_mscardio


@pytest.fixture(scope="module")
def forces(shared_data):
    return {which: load_forces(shared_data / "heartbeat", which) for which in ("tune", "test")}


@pytest.fixture(scope="module")
def intervals(shared_data):
    return dict(load_intervals(shared_data / "heartbeat"))


def test_no_subject_is_in_both_halves(forces):
    tune, test = ({subject for subject, _, _ in forces[which]} for which in ("tune", "test"))
    assert (len(tune), len(test), tune & test) == (31, 31, set())


def test_a_force_lasts_as_long_as_a_record_needs(forces):
    assert min(force.size / fs_hz for _, force, fs_hz in forces["test"]) >= 75.0


def test_a_force_has_unit_power_within_the_band(forces):
    for _, force, fs_hz in forces["tune"]:
        sos = signal.butter(10, (1, 10), "bandpass", fs=fs_hz, output="sos")
        assert signal.sosfilt(sos, force).std() == pytest.approx(1.0, abs=0.05)


def test_no_force_holds_the_hand_that_laid_the_phone_down(forces):
    for _, force, _ in forces["tune"]:
        seconds = force[: force.size // 100 * 100].reshape(-1, 100).std(axis=1)
        assert seconds.max() < 6 * np.median(seconds)


def test_intervals_keep_the_jitter_of_an_undisturbed_stretch(shared_data, intervals):
    path = shared_data / "heartbeat" / "rr_intervals" / "08_20231110_RR.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as file:
        raw = np.loadtxt(file, delimiter=",", skiprows=1, usecols=2)
    stretch = raw[3000:3200]
    assert stretch.min() > 0.6  # nothing to mend there
    assert stretch.max() < 0.9
    windows = np.lib.stride_tricks.sliding_window_view(intervals["08"], stretch.size)
    assert (windows == stretch).all(axis=1).sum() == 1


def test_no_interval_spans_a_missed_beat(intervals):
    for found in intervals.values():
        around = np.median(np.lib.stride_tricks.sliding_window_view(found, 31), axis=1)
        assert (found[15:-15] / around).max() < 1.75


def test_recordings_of_one_subject_stay_together(shared_data):
    subjects = read_mscardio(shared_data / "heartbeat", "tune")
    assert all(r.name.startswith(f"Subject_{s}_") for s, found in subjects for r in found)
