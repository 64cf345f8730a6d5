"""Real recordings as sources: against the files themselves and what is known about them."""

import numpy as np
import pytest
import scipy.io
from scipy import signal

from scanner.simulation.lorry import SimulatedLorry, draw_lorry
from scanner.simulation.recordings import (
    RecordingUnusable,
    co2_series,
    heart_force,
    mlx90640_frames,
    shake_packets,
)
from scanner.vehicle import CargoClass, VehicleClass

PHONE = "heartbeat/mscardio/npz/Subject_0003_Recording_001.npz"
WITH_ECG = "heartbeat/rwth_bcg/rec_proc_Aydin-Left-1.mat"
OFFICE = "co2/uci_candanedo/datatest.txt"
THERMAL = "thermal/mlx90640_raw"
PACKETS = "seismic_wire/rshake_udp/testdata"


def _beats_per_min(force_n, fs_hz):
    envelope = signal.sosfiltfilt(signal.butter(2, 5, fs=fs_hz, output="sos"), np.abs(force_n))
    envelope = np.minimum(envelope, np.quantile(envelope, 0.95))
    envelope = envelope - envelope.mean()
    correlation = signal.correlate(envelope, envelope)[len(envelope) - 1 :] / (envelope @ envelope)
    lags_s = np.arange(len(correlation)) / fs_hz
    allowed = (lags_s > 60 / 140) & (lags_s < 60 / 45)
    best = np.argmax(correlation[allowed])
    return 60.0 / lags_s[allowed][best], correlation[allowed][best]


@pytest.mark.parametrize("name", [PHONE, WITH_ECG, "heartbeat/rwth_bcg/goodbcg1.mat"])
def test_a_heart_has_the_force_that_was_asked_for(shared_data, name):
    force_n, fs_hz = heart_force(shared_data / name, peak_n=2.0)
    assert fs_hz == 500.0
    second = force_n[: len(force_n) // 500 * 500].reshape(-1, 500)
    assert np.median(np.abs(second).max(axis=1)) == pytest.approx(2.0, rel=0.25)
    assert np.abs(force_n).max() <= 8.0
    doubled, _ = heart_force(shared_data / name, peak_n=4.0)
    np.testing.assert_allclose(doubled, 2 * force_n)


def test_a_phone_on_the_chest_beats(shared_data):
    bpm, clearness = _beats_per_min(*heart_force(shared_data / PHONE))
    assert 50 < bpm < 100
    assert clearness > 0.3


def test_a_ballistocardiogram_keeps_its_time_with_the_ecg(shared_data):
    force_n, fs_hz = heart_force(shared_data / WITH_ECG)
    r_peaks_s = scipy.io.loadmat(shared_data / WITH_ECG)["peaks_r"].ravel().astype(int) / 1000.0
    t_s = np.arange(len(force_n)) / fs_hz

    def repeats(beats_s):
        pieces = np.array(
            [np.interp(b + np.arange(0, 0.6, 0.002), t_s, force_n) for b in beats_s if 0 <= b < t_s[-1] - 0.7]
        )
        return pieces.mean(axis=0).var() / pieces.var()

    rng = np.random.default_rng(0)
    by_chance = [
        repeats(np.sort(rng.uniform(r_peaks_s[0], r_peaks_s[-1], len(r_peaks_s)))) for _ in range(99)
    ]
    assert repeats(r_peaks_s) > max(by_chance)


def test_a_recorded_heart_goes_through_the_chassis(shared_data):
    force_n, fs_hz = heart_force(shared_data / PHONE)
    still = {"ground_rms_um_s": 0.0, "wind_m_s": 0.0, "unit_running": False, "driver": None, "mass_t": 15.0}
    spec = draw_lorry(8, VehicleClass.REEFER, CargoClass.BOXED, 1, **still)
    lorry = SimulatedLorry(spec, heart_force=(force_n, fs_hz))
    chassis = signal.sosfiltfilt(
        signal.butter(3, (4, 18), "bandpass", fs=500.0, output="sos"), lorry.seismic_counts(0, 45_000)[0]
    )
    told, _ = _beats_per_min(chassis[5000:], 500.0)
    true, _ = _beats_per_min(force_n, fs_hz)
    assert told == pytest.approx(true, rel=0.05)


def test_a_file_without_a_heart_is_refused(shared_data, tmp_path):
    with pytest.raises(RecordingUnusable, match="no ballistocardiogram"):
        heart_force(shared_data / "heartbeat/rwth_bcg/_rec_proc_resp.mat")
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(RecordingUnusable, match="not t and xyz"):
        heart_force(tmp_path / "other.npz")


def test_a_co2_series_holds_every_row(shared_data):
    series = co2_series(shared_data / OFFICE)
    lines = (shared_data / OFFICE).read_text().splitlines()[1:]
    assert len(series.ppm) == len(lines) == 2665
    assert series.ppm[0] == 749.2
    assert series.ppm[-1] == float(lines[-1].split(",")[5])
    assert np.median(np.diff(series.t_s)) == pytest.approx(60.0, abs=1.0)
    assert series.occupied.sum() == sum(line.endswith(",1") for line in lines)


def test_a_co2_series_runs_at_the_speed_that_was_asked_for(shared_data):
    series = co2_series(shared_data / OFFICE)
    real, fast = series.tip(begin_s=series.t_s[10]), series.tip(begin_s=series.t_s[10], speed=60.0)
    assert real(0.0) == fast(0.0) == series.ppm[10]
    assert fast(10.0) == pytest.approx(np.interp(series.t_s[10] + 600.0, series.t_s, series.ppm))
    assert real(1e9) == series.ppm[-1]
    spec = draw_lorry(8, VehicleClass.REEFER, CargoClass.BOXED, 1, probe_in_s=3.0)
    lorry = SimulatedLorry(spec, tip_ppm=fast)
    assert lorry.co2_tip_ppm(13.0) == pytest.approx(fast(10.0))
    assert lorry.co2_tip_ppm(1.0) == lorry.co2_outside_ppm(1.0)


def test_a_table_without_co2_is_refused(tmp_path):
    (tmp_path / "other.csv").write_text('"date","Light"\n"2015-02-02 14:19:00",3\n')
    with pytest.raises(RecordingUnusable, match="not date and CO2"):
        co2_series(tmp_path / "other.csv")
    (tmp_path / "short.csv").write_text("date,CO2\n2015-02-02 14:19:00,400\n")
    with pytest.raises(RecordingUnusable, match="1 rows"):
        co2_series(tmp_path / "short.csv")


def test_thermal_frames_have_every_pixel_measured(shared_data):
    files = sorted((shared_data / THERMAL).glob("*.raw"))
    assert len(files) == 4
    for file in files:
        raw = np.fromfile(file, "<f4").reshape(-1, 24, 32)
        assert (raw[0] == 0).sum() == 384  # the half that was not measured yet
        frames = mlx90640_frames(file)
        assert (frames != 0).all()
        np.testing.assert_array_equal(frames, raw[3:])
        # the first kept frame is no colder than the rest by more than pixels change in a minute
        assert abs(np.median(frames[0]) - np.median(frames[5])) < 1.0
        assert frames.min() > 15.0


def test_a_half_that_is_missing_later_keeps_its_last_value(tmp_path):
    frames = np.random.default_rng(0).uniform(20, 30, (6, 24, 32)).astype("<f4")
    chess = np.indices((24, 32)).sum(axis=0) % 2 == 0
    frames[0][chess] = 0.0
    frames[4][~chess] = 0.0
    frames.tofile(tmp_path / "made.raw")
    read = mlx90640_frames(tmp_path / "made.raw")
    assert len(read) == 3
    np.testing.assert_array_equal(read[1][~chess], frames[3][~chess])
    np.testing.assert_array_equal(read[1][chess], frames[4][chess])


def test_broken_thermal_files_are_refused(tmp_path):
    (tmp_path / "cut.raw").write_bytes(bytes(3000))
    with pytest.raises(RecordingUnusable, match="no multiple"):
        mlx90640_frames(tmp_path / "cut.raw")
    np.zeros((3, 24, 32), "<f4").tofile(tmp_path / "zero.raw")
    with pytest.raises(RecordingUnusable, match="no frame with every pixel"):
        mlx90640_frames(tmp_path / "zero.raw")
    np.ones((2, 24, 32), "<f4").tofile(tmp_path / "short.raw")
    with pytest.raises(RecordingUnusable, match="before its imager has settled"):
        mlx90640_frames(tmp_path / "short.raw")


def test_recorded_frames_replace_the_doors(shared_data):
    frames = mlx90640_frames(sorted((shared_data / THERMAL).glob("*.raw"))[0])
    lorry = SimulatedLorry(draw_lorry(1, persons=0), door_frames_c=frames)
    np.testing.assert_array_equal(lorry.thermal_c(2.5), frames[10])
    np.testing.assert_array_equal(lorry.thermal_c(len(frames) / 4.0), frames[0])


def test_shake_packets_are_unchanged(shared_data, tmp_path):
    raw = (shared_data / PACKETS).read_bytes()
    packets = shake_packets(shared_data / PACKETS)
    assert len(packets) == 4 * 11_000 / 25
    assert all(packet in raw for _, packet in packets[::50])
    assert raw.count(b"{") == len(packets)
    assert packets[0] == (0.0, raw[: raw.index(b"}") + 1])
    assert packets[-1][0] == pytest.approx(109.75, abs=1e-6)
    (tmp_path / "none").write_bytes(b"TERM\r\n")
    with pytest.raises(RecordingUnusable, match="no Raspberry Shake packet"):
        shake_packets(tmp_path / "none")
