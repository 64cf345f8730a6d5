"""The geophones' record: levels, lines, hearts, and the same values however it is cut."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import signal

from scanner.simulation.chassis import Modes
from scanner.simulation.hearts import Heart, HeartForce, MovementForce, RecordedForce, beat_times_s
from scanner.simulation.lorry import SimulatedLorry, draw_lorry
from scanner.simulation.seismic import SHAKE_COUNTS_PER_M_S, Seismic
from scanner.simulation.site import Site
from scanner.vehicle import CargoClass, VehicleClass

FS_HZ = 500.0
SILENT = {
    "ground_rms_um_s": 0.0,
    "wind_m_s": 0.0,
    "unit_running": False,
    "movements_per_min": 0.0,
    "driver": None,
    "site": Site.OPEN,
    "mass_t": 15.0,
    "modes": Modes(1.5, 2.0, 1.4, 9.0, 30.0, 0.1),
}


def _lorry(seed=21, persons=0, **overrides):
    spec = draw_lorry(seed, VehicleClass.REEFER, CargoClass.BOXED, persons, **(SILENT | overrides))
    return SimulatedLorry(spec)


def _velocity_um_s(lorry, seconds, start_s=0):
    counts = lorry.seismic_counts(round(start_s * FS_HZ), round(seconds * FS_HZ))
    return counts / lorry.seismic.geophone.counts_per_m_s * 1e6


def _band(x, low_hz, high_hz):
    return signal.sosfiltfilt(signal.butter(4, (low_hz, high_hz), "bandpass", fs=FS_HZ, output="sos"), x)


def _fields(persons):
    return {"persons": persons, "wind_m_s": 4.0, "ground_rms_um_s": 0.5, "unit_running": True}


def test_the_same_seed_gives_the_same_record_and_another_another():
    first, again, other = (_lorry(seed, **_fields(2)) for seed in (21, 21, 22))
    a, b, c = (lorry.seismic_counts(0, 3000) for lorry in (first, again, other))
    np.testing.assert_array_equal(a, b)
    assert (a != c).any(axis=1).all()


@pytest.mark.parametrize("chunk", [1, 50, 777, 2000, 5001])
def test_chunks_equal_the_whole(chunk):
    whole = _lorry(**_fields(2)).seismic_counts(0, 10_000)
    by_chunk = _lorry(**_fields(2))
    stop = 2500 if chunk == 1 else 10_000
    pieces = [by_chunk.seismic_counts(at, min(chunk, stop - at)) for at in range(0, stop, chunk)]
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), whole[:, :stop])


def test_any_place_may_be_asked_first_and_again():
    lorry, in_order = _lorry(**_fields(1)), _lorry(**_fields(1))
    late = lorry.seismic_counts(25_000, 100)
    early = lorry.seismic_counts(3_990, 20)
    whole = in_order.seismic_counts(0, 25_100)
    np.testing.assert_array_equal(late, whole[:, 25_000:])
    np.testing.assert_array_equal(early, whole[:, 3_990:4_010])


def test_what_left_memory_is_made_again_the_same():
    lorry = _lorry(**_fields(1))
    start = lorry.seismic_counts(0, 500)
    lorry.seismic_counts(700 * 500, 10)  # nearly twelve minutes on: more than is kept
    np.testing.assert_array_equal(lorry.seismic_counts(0, 500), start)
    with pytest.raises(ValueError, match="counted from 0"):
        lorry.seismic_counts(-1, 10)


def test_a_stationary_record_has_no_seams():
    x = _velocity_um_s(_lorry(ground_rms_um_s=1.0), 80)
    jumps = np.abs(np.diff(x, axis=1))
    at_seams = jumps[:, 1999::2000]
    assert at_seams.mean() == pytest.approx(jumps.mean(), rel=0.3)


def test_counts_are_what_the_board_sends():
    counts = _lorry(**_fields(1)).seismic_counts(0, 100)
    assert counts.dtype == np.int32
    assert counts.shape == (5, 100)


def test_ground_noise_has_its_level_in_the_ground_channel():
    lorry = _lorry(ground_rms_um_s=1.2)
    ground = _velocity_um_s(lorry, 120)[4]
    # the element itself takes some below 4.5 Hz: divide its response out before comparing
    f_hz, power = signal.welch(ground, FS_HZ, nperseg=8192)
    omega, omega_0 = 2 * np.pi * f_hz[1:], 2 * np.pi * 4.5
    response = np.abs(omega**2 / (omega_0**2 - omega**2 + 2j * 0.7 * omega_0 * omega))
    density = power[1:] / response**2
    band = (f_hz[1:] >= 1) & (f_hz[1:] <= 10)
    rms = np.sqrt(density[band].sum() * f_hz[1])
    assert rms == pytest.approx(1.2, rel=0.1)


def test_ground_sensor_and_chassis_share_what_is_coherent():
    def coherence(share):
        x = _velocity_um_s(_lorry(ground_rms_um_s=1.0, ground_coherence=share), 200)
        f_hz, c = signal.coherence(x[0], x[4], FS_HZ, nperseg=4096)
        return c[(f_hz > 3.5) & (f_hz < 6)].mean()  # above the roll mode, which common motion does not excite

    assert coherence(0.95) > 0.8
    assert coherence(0.3) < 0.4


@pytest.mark.parametrize(("wind_m_s", "low_um_s", "high_um_s"), [(3.0, 5.0, 20.0), (8.0, 40.0, 150.0)])
def test_wind_shakes_the_modes_and_not_the_ground(wind_m_s, low_um_s, high_um_s):
    lorry = _lorry(wind_m_s=wind_m_s, wind_um_s3_per_m2=1.5)
    x = _velocity_um_s(lorry, 300)
    f_hz, power = signal.welch(x[0], FS_HZ, nperseg=8192)
    omega, omega_0 = 2 * np.pi * f_hz[1:], 2 * np.pi * 4.5
    response = np.abs(omega**2 / (omega_0**2 - omega**2 + 2j * 0.7 * omega_0 * omega))
    density = power[1:] / response**2
    band = (f_hz[1:] >= 0.5) & (f_hz[1:] <= 10)
    assert low_um_s < np.sqrt(density[band].sum() * f_hz[1]) < high_um_s
    assert 1.0 < f_hz[1:][band][np.argmax(density[band])] < 3.0
    assert x[4].std() < 0.05


def test_self_noise_is_that_of_a_4_5_hz_element():
    x = _velocity_um_s(_lorry(), 120)
    f_hz, power = signal.welch(x[4], FS_HZ, nperseg=5000)
    omega_0 = 2 * np.pi * 4.5
    for at_hz, expected_nm_s, tolerance in ((1, 19, 0.15), (2, 4.8, 0.15), (5, 0.8, 0.2), (10, 0.27, 0.3)):
        omega = 2 * np.pi * at_hz
        response = abs(omega**2 / (omega_0**2 - omega**2 + 2j * 0.7 * omega_0 * omega))
        near = np.abs(f_hz - at_hz) <= 0.3
        noise_nm_s = 1e3 * np.sqrt(power[near].mean()) / response
        assert noise_nm_s == pytest.approx(expected_nm_s, rel=tolerance)


def test_a_heart_in_a_laden_lorry_moves_it_as_much_as_computed():
    heart = Heart(72.0, 0.05, 2.5, breathing_force_n=0.0)
    light = _velocity_um_s(_lorry(persons=1, hearts=(heart,), mass_t=15.0), 60)
    heavy = _velocity_um_s(_lorry(persons=1, hearts=(heart,), mass_t=35.0), 60)
    beat_um_s = [np.abs(_band(x[0], 1, 10)).reshape(-1, 500).max(axis=1) for x in (light, heavy)]
    assert 0.5 < np.median(beat_um_s[0]) < 6.0
    assert np.median(beat_um_s[1]) == pytest.approx(np.median(beat_um_s[0]) * 15 / 35, rel=0.1)


@pytest.mark.parametrize("bpm", [48.0, 72.0, 131.0])
def test_the_heart_rate_can_be_read_from_a_quiet_record(bpm):
    heart = Heart(bpm, 0.03, 2.5, breathing_force_n=0.5)
    x = _band(_velocity_um_s(_lorry(persons=1, hearts=(heart,)), 90)[0], 4, 15)
    envelope = signal.sosfiltfilt(signal.butter(2, 6, fs=FS_HZ, output="sos"), np.abs(x))[::10]
    envelope = envelope - envelope.mean()
    correlation = signal.correlate(envelope, envelope)[len(envelope) - 1 :]
    lags = np.arange(len(correlation)) / 50.0
    allowed = (lags > 60 / 160) & (lags < 60 / 40)
    best_s = lags[allowed][np.argmax(correlation[allowed])]
    assert 60 / best_s == pytest.approx(bpm, rel=0.05)


def test_two_people_in_two_places_are_heard_apart():
    front = Heart(60.0, 0.03, 3.0, breathing_force_n=0.0, along=0.8)
    rear = Heart(100.0, 0.03, 3.0, breathing_force_n=0.0, along=-0.8)
    both = _velocity_um_s(_lorry(persons=2, hearts=(front, rear)), 60)
    alone = _velocity_um_s(_lorry(persons=1, hearts=(front,)), 60)
    like_front = [np.corrcoef(_band(both[c], 3, 12), _band(alone[0], 3, 12))[0, 1] for c in (0, 2)]
    assert like_front[0] > 0.8
    assert like_front[1] < 0.5


def test_slosh_stands_below_one_hertz_and_dies_away():
    lorry = _lorry(slosh_hz=0.5, slosh_um_s=50.0)
    first, later = (_velocity_um_s(lorry, 60, start_s)[0] for start_s in (0, 300))
    f_hz, power = signal.welch(first, FS_HZ, nperseg=10_000)
    assert f_hz[np.argmax(power)] in (pytest.approx(0.5, abs=0.06), pytest.approx(1.0, abs=0.06))
    assert later.std() < 0.3 * first.std()


def test_a_violent_unit_clips_the_converter():
    lorry = _lorry(unit_running=True, unit_rms_um_s=5000.0, unit_cycle_s=0.0)
    counts = lorry.seismic_counts(0, 5000)
    assert counts[0].max() == 8_388_607
    assert counts[0].min() == -8_388_608


def test_the_ground_digitiser_hears_the_same_ground():
    lorry = _lorry(ground_rms_um_s=1.0, ground_coherence=0.95)
    slow = lorry.shake_counts(0, 6000)[0] / SHAKE_COUNTS_PER_M_S * 1e6
    fast = _velocity_um_s(lorry, 60)[4]
    at_100_hz = signal.decimate(fast, 5, ftype="fir", zero_phase=True)
    band = signal.butter(3, (8, 20), "bandpass", fs=100.0, output="sos")
    a, b = signal.sosfiltfilt(band, slow), signal.sosfiltfilt(band, at_100_hz)
    best = np.abs(signal.correlate(a, b)).max() / np.sqrt((a @ a) * (b @ b))
    assert best > 0.85
    assert a.std() == pytest.approx(b.std(), rel=0.15)


def test_an_empty_lane_is_silent_but_for_the_ground():
    spec = replace(_lorry(persons=1, ground_rms_um_s=1.0, wind_m_s=9.0).spec, unit_running=True)
    counts = Seismic(spec, vehicle=False).counts(0, 5000)
    assert counts[:4].std(axis=1).max() < 0.1 * counts[4].std()


def test_trains_come_and_go():
    lorry = _lorry(site=Site.PORT_WITH_TRAINS, ground_rms_um_s=1.0, train_gain=10.0)
    seconds = _velocity_um_s(lorry, 1200)[4].reshape(1200, 500).std(axis=1)
    assert seconds.max() > 5 * np.median(seconds)
    assert np.mean(seconds > 2 * np.median(seconds)) < 0.35


def test_beats_jitter_as_much_as_they_are_told():
    intervals_s = np.diff(beat_times_s(Heart(75.0, 0.06, 1.0), seed=3, until_s=4000.0))
    assert intervals_s.mean() == pytest.approx(0.8, rel=0.01)
    assert intervals_s.std() / intervals_s.mean() == pytest.approx(0.06, rel=0.1)


def test_asking_for_more_beats_keeps_the_earlier_ones():
    heart = Heart(75.0, 0.06, 1.0)
    few, many = (beat_times_s(heart, seed=3, until_s=t) for t in (100.0, 1000.0))
    np.testing.assert_array_equal(few, many[: len(few)])


def test_a_beat_peaks_at_its_force():
    force = HeartForce(Heart(60.0, 0.03, 3.0, breathing_force_n=0.0), 1).force_n(0, 60_000, FS_HZ)
    peaks = force.reshape(-1, 1000).max(axis=1)
    assert np.median(peaks) == pytest.approx(3.0, rel=0.15)
    f_hz, power = signal.welch(force, FS_HZ, nperseg=4096)
    assert power[(f_hz > 1) & (f_hz < 10)].sum() > 0.9 * power.sum()


def test_movements_come_as_often_as_they_are_told():
    force = MovementForce(2.0, 20.0, seed=5)
    moving = np.abs(force.force_n(0, 1_800_000, FS_HZ)) > 0.01
    starts = np.count_nonzero(np.diff(moving.reshape(-1, 250).any(axis=1).astype(int)) == 1)
    assert starts / 60.0 == pytest.approx(2.0, rel=0.25)


def test_a_recorded_force_is_played_as_it_is_and_again():
    t_s = np.arange(2000) / FS_HZ
    record = np.sin(2 * np.pi * 3 * t_s) * t_s
    played = RecordedForce(record, FS_HZ)
    np.testing.assert_allclose(played.force_n(300, 1400, FS_HZ), record[300:1700], atol=1e-9)
    period = len(record) - 250
    np.testing.assert_allclose(played.force_n(period + 300, 500, FS_HZ), record[300:800], atol=1e-9)
    seam = played.force_n(period - 100, 200, FS_HZ)
    assert np.abs(np.diff(seam)).max() < 1.5 * np.abs(np.diff(record)).max()
    with pytest.raises(ValueError, match="two seconds"):
        RecordedForce(record[:100], FS_HZ)


def test_a_recorded_heart_drives_the_chassis():
    lorry_spec = _lorry(persons=1).spec
    t_s = np.arange(5000) / 100.0
    played = SimulatedLorry(lorry_spec, heart_force=(3.0 * np.sin(2 * np.pi * 5 * t_s), 100.0))
    x = _velocity_um_s(played, 20)[0]
    f_hz, power = signal.welch(x, FS_HZ, nperseg=4096)
    assert f_hz[np.argmax(power)] == pytest.approx(5.0, abs=0.15)
    with pytest.raises(ValueError, match="2 recorded hearts, but 1 persons"):
        SimulatedLorry(lorry_spec, heart_force=(np.zeros((2, 500)), 100.0))


@pytest.mark.parametrize(
    "source",
    [HeartForce(Heart(110.0, 0.06, 3.0), 4), MovementForce(20.0, 20.0, 4)],
    ids=["heart", "movement"],
)
def test_a_force_in_pieces_is_the_force_as_a_whole(source):
    whole = source.force_n(-500, 6000, FS_HZ)
    pieces = [source.force_n(at, 75, FS_HZ) for at in range(-500, 5500, 75)]
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-9)
