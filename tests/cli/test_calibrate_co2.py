"""``calibrate co2``: a twin on a serial port to a certificate that a lane takes, tables, pairs, history."""

from __future__ import annotations

import datetime as dt
import re
import threading
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calibration.certificates import Certificate
from calibration.co2 import corrected_ppm
from calibration.co2_history import Calibrated, append_history, read_history
from calibration.co2_pair import pair_difference
from drivers.devices.gss_cozir import GssSprintir
from drivers.twins.gss_cozir import GssTwin
from drivers.twins.ports import PtyPort
from scanner.lane.config import load_lane_config
from service.cli import calibrate_co2
from service.doctor.calibrations import co2_calibrations

TODAY = dt.datetime.now(dt.UTC).date()
QUICK = ("--flush-s", 0.4, "--average-s", 1.0, "--limit-s", 20)

DEVICE = """[[device]]
name = "{name}"
driver = "gss-sprintir"
role = "{role}"
[device.config]
url = "{url}"
warm_up_s = 0
"""
HELD = """[device.certificate]
id = "OUT-1"
issued = 2026-01-01
expires = 2090-01-01
parameters = {{ offset_ppm = 10.0, gain = 1.0, uncertainty_ppm = {u} }}
"""


class Bench:
    """What the probes breathe; gain and offset of the inside one are what a calibration must find."""

    air_ppm = 450.0

    def inside(self) -> float:
        return 0.97 * self.air_ppm + 35.0 + self._flicker()

    def outside(self) -> float:
        return self.air_ppm + 10.0 + self._flicker()

    def __init__(self) -> None:
        self._rng = np.random.default_rng(20261112)
        self._lock = threading.Lock()

    def _flicker(self) -> float:
        with self._lock:
            return float(self._rng.normal(0.0, 1.0))


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def sensors(bench: Bench) -> Iterator[tuple[GssTwin, GssTwin]]:
    with (
        GssTwin(PtyPort(), bench.inside, rate_hz=20.0) as inside,
        GssTwin(PtyPort(), bench.outside, rate_hz=20.0) as outside,
    ):
        yield inside, outside


@pytest.fixture
def lane_file(tmp_path: Path) -> Callable[..., Path]:
    """Write a lane's file with two probes; the inside one has the certificate that is given."""

    def write(inside: str = "/dev/none-1", outside: str = "/dev/none-2", certificate: str = "") -> Path:
        file = tmp_path / "lane.toml"
        file.write_text(
            f'config_version = 1\n[lane]\nid = "x"\ndata_dir = "{tmp_path}/data"\n'
            + DEVICE.format(name="co2-inside", role="inside", url=inside)
            + certificate
            + DEVICE.format(name="co2-outside", role="outside", url=outside)
            + HELD.format(u=30.0)
        )
        return file

    return write


@pytest.fixture
def hands(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A person who opens the cylinder that is asked for; what was asked."""
    asked: list[str] = []

    def open_cylinder(what: str) -> None:
        asked.append(what)
        found = re.search(r"([\d.]+) ppm gas", what)
        bench.air_ppm = float(found[1]) if found else 450.0

    monkeypatch.setattr(calibrate_co2, "wait_for_person", open_cylinder)
    return asked


def table(path: Path, ppm: np.ndarray, other_ppm: np.ndarray | None = None) -> Path:
    columns = [np.arange(float(ppm.size)), ppm] + ([other_ppm] if other_ppm is not None else [])
    heading = "t_s,ppm" + (",other_ppm" if other_ppm is not None else "")
    np.savetxt(path, np.stack(columns, axis=1), "%.2f", ",", header=heading, comments="")
    return path


def made(path: Path) -> Certificate:
    held = tomllib.loads(path.read_text(encoding="utf-8"))["device"]["certificate"]
    return Certificate(held["id"], held["issued"], held["expires"], held["parameters"], held["method"])


def test_zero_and_span_gas_from_a_twin_to_a_certificate_in_the_lane(
    lorryscan, sensors, lane_file, hands, tmp_path
) -> None:
    inside, outside = sensors
    file, out = lane_file(inside.url, outside.url), tmp_path / "co2.toml"
    done = lorryscan(
        *("calibrate", "co2", "--config", file, "--device", "co2-inside", "--out", out, *QUICK),
        *("--gas", "0:2", "--gas", "4000:20"),
    )
    assert done.status == 0, done.said
    held = made(out)
    np.testing.assert_allclose(corrected_ppm([35.0, 3915.0], held), [0.0, 4000.0], atol=3.0)
    assert len(hands) == 2
    lane = load_lane_config(lane_file(inside.url, outside.url, out.read_text(encoding="utf-8")))
    assert lane.sensors["co2-inside"].certificate == held
    (entry,) = read_history(tmp_path / "data" / "calibrations" / "co2-inside.jsonl")
    assert entry.error_ppm == pytest.approx(35.0 - 0.03 * 450.0, abs=3.0)
    assert entry.serial == "00233 00000"


def test_outside_air_then_the_pair_from_twins(
    lorryscan, sensors, lane_file, hands, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = replace(GssSprintir.capabilities, response_t90_s=0.3)
    monkeypatch.setattr(GssSprintir, "capabilities", at_once)  # a twin has no lag, a test no minutes
    inside, outside = sensors
    file, out = lane_file(inside.url, outside.url), tmp_path / "co2.toml"
    done = lorryscan(
        *("calibrate", "co2", "--config", file, "--device", "co2-inside", "--out", out, *QUICK),
        *("--outside-air", "--outside-ppm", "460:40", "--pair", "co2-outside", "--pair-s", 10),
    )
    assert done.status == 0, done.said
    beside = load_lane_config(file).sensors["co2-outside"].certificate
    found = pair_difference(made(out), beside, TODAY)
    # the air held 450, not 460: the match knows what the zero could not
    assert found.offset_ppm == pytest.approx(10.0, abs=2.0)
    assert "in free air" in hands[1]


def test_a_probe_that_keeps_its_self_calibration_on_is_not_calibrated(lorryscan, sensors, lane_file) -> None:
    inside, outside = sensors
    inside.auto_zero_stuck = True
    done = lorryscan(
        *("calibrate", "co2", "--config", lane_file(inside.url, outside.url), "--device", "co2-inside"),
        *("--outside-air", "--yes", "--limit-s", 6),
    )
    assert done.status == 1
    assert "self-calibration" in done.said


def test_the_wrong_cylinder_is_seen(lorryscan, tmp_path) -> None:
    lean = table(tmp_path / "lean.csv", np.full(90, 450.0))
    done = lorryscan("calibrate", "co2", "--gas", "5000:50", "--readings", lean)
    assert done.status == 1
    assert "which gas it breathes" in done.said


def test_an_earlier_day_is_the_certificates(lorryscan, tmp_path) -> None:
    air, kept = table(tmp_path / "air.csv", np.full(90, 462.0)), tmp_path / "history.jsonl"
    done = lorryscan(
        *("calibrate", "co2", "--outside-air", "--readings", air, "--history", kept),
        *("--day", "2026-03-01", "--serial", "S-7"),
    )
    assert done.status == 0, done.said
    (entry,) = read_history(kept)
    assert (entry.day, entry.serial) == (dt.date(2026, 3, 1), "S-7")


def test_recorded_tables_need_no_lane(lorryscan, tmp_path) -> None:
    zero = table(tmp_path / "zero.csv", np.full(90, 12.0))
    span = table(tmp_path / "span.csv", np.full(90, 4912.0))
    out, kept = tmp_path / "co2.toml", tmp_path / "history.jsonl"
    done = lorryscan(
        *("calibrate", "co2", "--gas", "0:4", "--gas", "5000:50", "--readings", zero, "--readings", span),
        *("--out", out, "--history", kept, "--id", "LAB-7", "--valid-days", 90),
    )
    assert done.status == 0, done.said
    held = made(out)
    assert (held.id, held.expires) == ("LAB-7", TODAY + dt.timedelta(days=90))
    assert (held.parameters["gain"], held.parameters["offset_ppm"]) == (0.98, 12.0)
    assert "reference gas" in done.out
    assert len(read_history(kept)) == 1


def test_a_pair_alone_leaves_the_rest_of_the_certificate(lorryscan, lane_file, tmp_path) -> None:
    own = HELD.format(u=44.0).replace("OUT-1", "IN-1").replace("10.0", "20.0")
    rng = np.random.default_rng(20261113)
    noise = rng.normal(0.0, 2.0, (2, 300))
    both = table(tmp_path / "pair.csv", 483.0 + noise[0], 460.0 + noise[1])
    out = tmp_path / "co2.toml"
    done = lorryscan(
        *("calibrate", "co2", "--config", lane_file(certificate=own), "--device", "co2-inside"),
        *("--pair", "co2-outside", "--pair-readings", both, "--out", out),
    )
    assert done.status == 0, done.said
    held = made(out)
    assert (held.id, held.parameters["uncertainty_ppm"]) == ("IN-1", 44.0)
    assert held.parameters["pair_offset_ppm"] == pytest.approx(483.0 - 20.0 - (460.0 - 10.0), abs=1.0)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "--config"),
        (("--readings", "{zero}"), "--gas"),
        (("--readings", "{zero}", "--gas", "0:4", "--gas", "5:1"), "2 gases and 1"),
        (("--readings", "{zero}", "--gas", "zero"), "5000:50"),
        (("--readings", "{zero}", "--gas", "0:-1"), "above 0"),
        (("--readings", "{none}", "--gas", "0:4"), "cannot be read"),
        (("--readings", "{lane}", "--gas", "0:4"), "t_s, ppm"),
        (("--readings", "{zero}", "--gas", "0:4", "--pair", "co2-outside"), "--config"),
        (("--config", "{lane}"), "co2-inside, co2-outside"),
        (("--config", "{lane}", "--device", "co2-outsid", "--outside-air"), "co2-outside"),
        (
            ("--config", "{lane}", "--device", "co2-outside", "--pair", "co2-inside", "--yes"),
            "no certificate",
        ),
    ],
)
def test_what_cannot_be_meant_is_said_before_anything_opens(
    lorryscan, lane_file, tmp_path, arguments, says
) -> None:
    places = {"zero": table(tmp_path / "zero.csv", np.full(90, 12.0)), "lane": lane_file(), "none": "/none"}
    done = lorryscan("calibrate", "co2", *(word.format(**places) for word in arguments))
    assert done.status == 2
    assert says in done.said


@pytest.mark.parametrize(
    ("ppm", "says"),
    [
        (np.linspace(450.0, 900.0, 90), "not settled"),
        (np.zeros(90), "shows 0"),
        (np.full(5, 450.0), "too few"),
    ],
)
def test_a_table_that_is_no_plateau_is_refused(lorryscan, tmp_path, ppm, says) -> None:
    zero = table(tmp_path / "zero.csv", ppm)
    done = lorryscan("calibrate", "co2", "--gas", "450:10", "--readings", zero)
    assert done.status == 1
    assert says in done.said


def history(path: Path, errors: list[float], last: dt.date = TODAY) -> Path:
    for place, error in enumerate(errors):
        day = last - dt.timedelta(days=30 * (len(errors) - 1 - place))
        expires = day + dt.timedelta(days=180)
        append_history(
            path, Calibrated(day, "co2-inside", "7", error, 5.0, 0.0, 1.0, 40.0, "N", expires, "air")
        )
    return path


def test_history_tells_a_rebase_from_drift(lorryscan, tmp_path) -> None:
    path = history(tmp_path / "h.jsonl", [0.0, 3.0, 6.0, 9.0, -80.0, -77.0, -74.0, -71.0])
    done = lorryscan("calibrate", "co2", "history", path)
    assert done.status == 0
    assert "rebased: -92" in done.out
    assert "drift +37 ppm a year" in done.out  # 3 ppm in 30 days
    assert done.out.count("o") > 8  # drawn


def test_history_without_a_calibration_says_so(lorryscan, tmp_path) -> None:
    (tmp_path / "h.jsonl").write_text("")
    done = lorryscan("calibrate", "co2", "history", tmp_path / "h.jsonl")
    assert done.status == 1
    assert "holds no calibration" in done.said


# What the doctor makes of it


def test_the_doctor_warns_of_a_drift_that_outruns_the_certificate(lane_file, tmp_path) -> None:
    lane = load_lane_config(lane_file())
    history(tmp_path / "data" / "calibrations" / "co2-inside.jsonl", [0.0, 90.0, 180.0, 270.0, 360.0, 450.0])
    (finding,) = co2_calibrations(lane, TODAY)
    assert (finding.what, finding.level.value) == ("co2-inside", "warn")
    assert "drifts by" in finding.words


def test_the_doctor_is_content_with_a_steady_probe(lane_file, tmp_path) -> None:
    lane = load_lane_config(lane_file())
    history(tmp_path / "data" / "calibrations" / "co2-inside.jsonl", [0.0] * 6)
    (finding,) = co2_calibrations(lane, TODAY)
    assert finding.level.value == "ok"


def test_the_doctor_warns_of_a_match_that_no_longer_holds(lane_file) -> None:
    own = HELD.format(u=44.0).replace("uncertainty_ppm", "pair_with = 1.0, uncertainty_ppm")
    (finding,) = co2_calibrations(load_lane_config(lane_file(certificate=own)), TODAY)
    assert "the match is not used" in finding.words
