"""``lorryscan simulate campaign`` from the command line."""

import json

import pytest

ASKED = ("simulate", "campaign", "--lorries", 1, "--seed", 3, "--split", "calibration", "--workers", 1)


def test_a_campaign_leaves_rows_and_prints_their_digest(lorryscan, tmp_path):
    done = lorryscan(*ASKED, "--out", tmp_path / "c", "--tick-s", 10, "--whole", "--occupied-share", 1)
    assert done.status == 0, done.said
    assert "occupied" in done.out
    (row,) = map(json.loads, (tmp_path / "c" / "rows.jsonl").read_text().splitlines())
    assert row["scan"] == "calibration-3-00000"
    assert row["truth"]["persons"] > 0
    assert row["course"][-1]["elapsed_s"] == pytest.approx(120.0, abs=10.0)
    assert "thermal" in row["course"][-1]["scores"]
    identity = json.loads((tmp_path / "c" / "campaign.json").read_text())
    assert identity["campaign"]["split"] == "calibration"
    assert set(identity["versions"]) >= {"code", "calibrations", "policy", "xray_model"}


def test_recordings_and_labels_are_a_lane_s(lorryscan, tmp_path):
    done = lorryscan(*ASKED, "--out", tmp_path, "--tick-s", 10, "--record")
    assert done.status == 0, done.said
    (recording,) = tmp_path.rglob("*.mcap")
    assert recording.parent.name == "calibration-3-00000"
    assert (tmp_path / "labels.csv").read_text().startswith("scan,persons,cargo,site,")
    assert "equal to the recorded ones" in lorryscan("replay", tmp_path).out


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (("--seed", 65536), "seed is from 0 to 65535"),
        (("--occupied-share", 2), "occupied share is from 0 to 1"),
        (("--tick-s", 0), "ticks come every 0.1 to 10 s"),
        (("--uncalibrated", "--evidence", "x.json"), "--evidence has no use"),
    ],
)
def test_bad_settings_are_refused_at_once(lorryscan, tmp_path, wrong, words):
    done = lorryscan(*ASKED, "--out", tmp_path, *wrong)
    assert done.status == 2
    assert words in done.said
    assert not list(tmp_path.iterdir())


def test_a_folder_of_another_campaign_is_refused(lorryscan, tmp_path):
    (tmp_path / "campaign.json").write_text('{"campaign": {"seed": 4}}')
    done = lorryscan(*ASKED, "--out", tmp_path)
    assert done.status == 2
    assert "campaign seed 4 (now 3)" in done.said
