"""A campaign's rows: taken up after a kill, refused for another campaign, the same on any workers."""

import contextlib
import csv
import dataclasses
import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from drivers.api import ConfigError
from scanner.campaign import run as running
from scanner.campaign.draw import CONDITIONS
from scanner.campaign.judge import Ticks
from scanner.campaign.rows import CampaignRows
from scanner.campaign.run import Campaign, CampaignStopped, run_campaign
from scanner.validation.outcome import Outcome, Said, Truth

CAMPAIGN = Campaign("tuning", 7, ticks=Ticks(10.0))


def _outcome(campaign, number):
    conditions = dict.fromkeys(CONDITIONS, "x")
    return Outcome(
        campaign.name_of(number),
        "hash",
        "reefer",
        "boxed",
        Truth(number % 2, "boxed", conditions),
        "search",
        20.0,
        True,
        float(number),
        0.5,
        None,
        {"co2": Said("ready", 1.0, 0.5, "")},
    )


@pytest.fixture
def judged(monkeypatch):
    """Stand-in for the judging of a lorry, which takes seconds; the numbers that it was asked for."""
    asked = []

    def judge_number(campaign, folder, number):
        asked.append(number)
        return _outcome(campaign, number)

    monkeypatch.setattr(running, "judge_number", judge_number)
    return asked


def test_rows_are_kept_and_taken_up(judged, tmp_path):
    first = run_campaign(CAMPAIGN, 3, tmp_path)
    again = run_campaign(CAMPAIGN, 3, tmp_path)
    assert judged == [0, 1, 2]
    assert again == first
    more = run_campaign(CAMPAIGN, 5, tmp_path)
    assert judged == [0, 1, 2, 3, 4]
    assert more.digest != first.digest
    assert more.counts == {False: {"search": 3}, True: {"search": 2}}
    assert run_campaign(CAMPAIGN, 3, tmp_path).digest == first.digest


def test_a_row_cut_by_a_kill_is_made_again(judged, tmp_path):
    whole = run_campaign(CAMPAIGN, 3, tmp_path)
    text = whole.path.read_bytes()
    whole.path.write_bytes(text[:-20])
    judged.clear()
    assert run_campaign(CAMPAIGN, 3, tmp_path).digest == whole.digest
    assert judged == [2]
    assert whole.path.read_bytes() == text


def test_the_file_is_in_the_order_of_numbers_however_it_came(judged, tmp_path):
    with CampaignRows(tmp_path / "a", CAMPAIGN.identity()) as rows:
        for number in (3, 0, 2):
            rows.add(_outcome(CAMPAIGN, number))
    there = run_campaign(CAMPAIGN, 4, tmp_path / "a")
    straight = run_campaign(CAMPAIGN, 4, tmp_path / "b")
    assert there.digest == straight.digest
    assert there.path.read_bytes() == straight.path.read_bytes()


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"seed": 8}, "campaign seed 7"),
        ({"occupied_share": 0.5}, "occupied_share"),
        ({"tanker_share": 0.5}, "tanker_share"),
        ({"signal_db": -6.0}, "signal_db"),
        ({"calibrated": False}, "campaign calibrated True"),
    ],
)
def test_rows_of_another_campaign_are_refused_by_name(judged, tmp_path, other, named):
    run_campaign(CAMPAIGN, 1, tmp_path)
    with pytest.raises(ConfigError, match=named):
        run_campaign(dataclasses.replace(CAMPAIGN, **other), 1, tmp_path)


def test_rows_of_other_code_are_refused(judged, tmp_path, monkeypatch):
    run_campaign(CAMPAIGN, 1, tmp_path)
    monkeypatch.setattr("scanner.methods.source_sha256", lambda: "0123456789abcdef")
    with pytest.raises(ConfigError, match=r"versions code \w{12} \(now 0123456789ab\)"):
        run_campaign(CAMPAIGN, 1, tmp_path)


def test_a_folder_that_another_run_writes_to_is_refused(judged, tmp_path):
    with (
        CampaignRows(tmp_path, CAMPAIGN.identity()),
        pytest.raises(ConfigError, match="another run writes there"),
    ):
        run_campaign(CAMPAIGN, 1, tmp_path)
    assert run_campaign(CAMPAIGN, 1, tmp_path).counts


def test_a_damaged_row_is_named(judged, tmp_path):
    done = run_campaign(CAMPAIGN, 3, tmp_path)
    lines = done.path.read_text().splitlines(keepends=True)
    done.path.write_text(lines[0] + '{"scan": 1}\n' + lines[2])
    with pytest.raises(ConfigError, match=r"rows\.jsonl, line 2: this is no row"):
        run_campaign(CAMPAIGN, 3, tmp_path)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"occupied_share": 1.5}, "occupied share is from 0 to 1"),
        ({"tanker_share": -0.1}, "tanker share is from 0 to 1"),
        ({"noise_db": 60.0}, "noise is from -40 to 40 dB"),
        ({"seed": 70_000}, "seed is from 0 to 65535"),
        ({"ticks": Ticks(0.0)}, "ticks come every"),
    ],
)
def test_settings_out_of_range_are_refused(tmp_path, wrong, words):
    with pytest.raises(ConfigError, match=words):
        run_campaign(dataclasses.replace(CAMPAIGN, **wrong), 1, tmp_path)


def test_an_interrupt_keeps_what_was_done(judged, tmp_path, monkeypatch):
    def interrupted(campaign, folder, number):
        if number == 2:
            raise KeyboardInterrupt
        return _outcome(campaign, number)

    monkeypatch.setattr(running, "judge_number", interrupted)
    with pytest.raises(CampaignStopped, match="2 of 5 lorries are kept"):
        run_campaign(CAMPAIGN, 5, tmp_path)
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == 2


def test_labels_tell_the_truth_of_every_recording(judged, tmp_path):
    run_campaign(dataclasses.replace(CAMPAIGN, record=True), 4, tmp_path)
    with (tmp_path / "labels.csv").open(newline="") as file:
        labels = list(csv.DictReader(file))
    assert [row["scan"] for row in labels] == [CAMPAIGN.name_of(number) for number in range(4)]
    assert [row["persons"] for row in labels] == ["0", "1", "0", "1"]
    assert list(labels[0]) == ["scan", "persons", "cargo", *CONDITIONS]


@pytest.mark.timeout(360)
def test_one_and_two_workers_give_the_same_bytes_and_a_kill_loses_little(tmp_path):
    alone = run_campaign(CAMPAIGN, 3, tmp_path / "one")
    command = [
        *(sys.executable, "-m", "service", "simulate", "campaign", "--lorries", "3", "--seed", "7"),
        *("--split", "tuning", "--tick-s", "10", "--workers", "2", "--out", str(tmp_path / "two")),
    ]
    rows = tmp_path / "two" / "rows.jsonl"
    begun = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        while begun.poll() is None and not (rows.exists() and rows.stat().st_size):
            with contextlib.suppress(subprocess.TimeoutExpired):
                begun.wait(0.1)
        children = Path(f"/proc/{begun.pid}/task/{begun.pid}/children").read_text().split()
        watched = [os.pidfd_open(int(pid)) for pid in children]
    finally:
        begun.kill()  # the parent alone: its workers have to notice
        begun.wait()
    kept = rows.read_bytes()
    assert kept
    assert len(watched) >= 2
    for worker in watched:
        assert select.select([worker], [], [], 20.0)[0], "a worker outlived its parent"
        os.close(worker)
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"digest {alone.digest}" in again.stdout
    assert rows.read_bytes() == alone.path.read_bytes()
