"""``drivers record`` and ``drivers check``: what was recorded is a rig."""

from __future__ import annotations

import json

import pytest

from drivers.conformance.transcript import load
from drivers.twins.modbus_probe import S8Twin

LIAR = """
from drivers.devices.senseair_s8 import SenseairS8

class Liar(SenseairS8):
    def open(self):
        super().open()
        self._link.write(b"\\x00")
"""


def test_a_recording_is_written_and_said(lorryscan, s8: S8Twin, tmp_path) -> None:
    out = tmp_path / "s8.transcript.jsonl"
    command = ("drivers", "record", s8.url, "--driver", "senseair-s8", "--out", out)
    done = lorryscan(*command, "--set", "poll_s=0.1", "--seconds", 1.0)
    assert done.status == 0
    assert "1 sample readings" in done.out
    assert "checked_against" in done.out
    transcript = load(out)
    assert [said["value"] for said in transcript.said] == [904.0]
    assert transcript.config["poll_s"] == 0.1


def test_a_device_that_is_not_there_is_said_with_the_file(lorryscan, tmp_path) -> None:
    out = tmp_path / "s8.transcript.jsonl"
    done = lorryscan("drivers", "record", tmp_path / "none", "--driver", "senseair-s8", "--out", out)
    assert done.status == 1
    assert "there is no port" in done.said
    assert str(out) in done.said


@pytest.mark.parametrize(
    ("name", "says"), [("s8.json", ".transcript.jsonl"), ("no/s8.transcript.jsonl", "no folder")]
)
def test_a_name_that_cannot_be_is_refused_before_anything_opens(lorryscan, tmp_path, name, says) -> None:
    done = lorryscan("drivers", "record", "/dev/x", "--driver", "senseair-s8", "--out", tmp_path / name)
    assert done.status == 2
    assert says in done.said


# Check


def test_laws_that_hold(lorryscan, tmp_path) -> None:
    out = tmp_path / "conformance.json"
    laws = ("--law", "declares", "--law", "says-who")
    done = lorryscan("drivers", "check", "gy-mcu90640", "--wire", "pty", *laws, "--json", out)
    assert done.status == 0, done.out
    assert "gy-mcu90640: passes" in done.out
    told = json.loads(out.read_text())
    assert told["passed"] is True
    assert {(law["law"], law["outcome"]) for law in told["laws"]} == {
        ("declares", "held"),
        ("says-who", "held"),
    }


def test_a_broken_law_is_exit_status_1_and_named(lorryscan, vendor, by_hand, makers_lines, tmp_path) -> None:
    vendor("acme-liars", "acme-liar = acme_liar:Liar", LIAR)
    makers_lines[0]["driver"] = "acme-liar"
    out = tmp_path / "conformance.json"
    rig = ("--transcript", by_hand(makers_lines), "--law", "says-who", "--json", out)
    done = lorryscan("drivers", "check", "acme-liar", *rig)
    assert done.status == 1
    assert "acme-liar: FAILS" in done.out
    assert "wrote 00" in done.out
    assert json.loads(out.read_text())["passed"] is False


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "name a driver"),
        (("senseair-s8", "--law", "nonsense"), "no such law"),
        (("senseair-s8", "gy-mcu90640", "--device", "/dev/x"), "one driver"),
        (("gy-mcu90640", "--wire", "udp"), "tries pty, tcp"),
        (("gy-mcu90640", "--set", "rate_hz=5"), "choose 2, 4 or 8"),
    ],
)
def test_what_cannot_be_checked_is_said_before_any_law(lorryscan, tmp_path, arguments, says) -> None:
    done = lorryscan("drivers", "check", *arguments, "--json", tmp_path / "conformance.json")
    assert done.status == 2
    assert says in done.said


def test_a_recording_of_another_driver_is_refused(lorryscan, by_hand, makers_lines, tmp_path) -> None:
    rig = ("--transcript", by_hand(makers_lines), "--json", tmp_path / "conformance.json")
    done = lorryscan("drivers", "check", "gy-mcu90640", *rig)
    assert done.status == 2
    assert "it is of senseair-s8" in done.said
