"""``lorryscan calibrate decision``: what is chosen from a campaign's rows, and which rows are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from calibration.store import load_calibrations
from scanner.validation.outcome import Moment, Outcome, Truth, to_json
from service.cli.calibrate import app

SHIPPED = load_calibrations(None)


def campaign(folder: Path, split: str = "calibration", calibrations: str = SHIPPED.id) -> Path:
    """Write rows of lorries that are told apart well, half of them at each site."""
    folder.mkdir()
    identity = {"campaign": {"split": split}, "versions": {"calibrations": calibrations}}
    (folder / "campaign.json").write_text(json.dumps(identity))
    with (folder / "rows.jsonl").open("w") as file:
        for number in range(800):
            occupied, said = number % 2 == 0, {"co2": 3.0 if number % 2 == 0 else -3.0, "heartbeat": 0.1}
            truth = Truth(int(occupied), "boxed", {"site": "port" if number % 4 < 2 else "yard"})
            course = tuple(Moment(float(t), 0.0, said) for t in range(1, 121))
            outcome = Outcome(
                *(f"{split}-1-{number:05d}", "", "reefer", "boxed", truth, "inconclusive", 120.0, True),
                *(0.0, 0.5, None, {}, course),
            )
            file.write(to_json(outcome) + "\n")
    return folder


def test_boundaries_and_worth_come_from_the_rows(tmp_path: Path) -> None:
    out = tmp_path / "evidence.json"
    command = ["decision", "--courses", str(campaign(tmp_path / "rows")), "--out", str(out)]
    told = CliRunner().invoke(app, command)
    assert told.exit_code == 0, told.output
    assert "reefer: 400 empty, 400 occupied" in told.output
    fitted = load_calibrations(out)
    assert dict(fitted.weights) == dict(SHIPPED.weights)
    (curve,) = [c for c in fitted.boundaries if c.vehicle == "reefer"]
    assert curve.no_indication_at(0.01) < 0 < curve.search_at(0.01)
    assert {w.modality for w in fitted.worth} == {"co2", "heartbeat"}
    told = CliRunner().invoke(app, [*command, "--without", "site=port"])
    assert "reefer: 200 empty, 200 occupied" in told.output


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"split": "test"}, "a test campaign: nothing may be chosen on it"),
        ({"calibrations": "0123456789ab"}, "simulate again, or name that set with --evidence"),
    ],
)
def test_rows_that_nothing_may_be_chosen_on_are_refused(
    tmp_path: Path, wrong: dict[str, str], words: str
) -> None:
    rows = campaign(tmp_path / "rows", **wrong)
    told = CliRunner().invoke(app, ["decision", "--courses", str(rows), "--out", str(tmp_path / "e.json")])
    assert told.exit_code != 0
    assert words in str(told.exception)
    assert not (tmp_path / "e.json").exists()
