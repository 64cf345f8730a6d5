"""Validation reports over HTTP: figures, what lanes run, a sandboxed page, no way out of the folder."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scanner.validation.outcome import to_json
from service.api.headers import POLICY
from service.cli import app as command_line
from service.config.validation_table import ValidationTable
from tests.validation.rows import two_normals

LIST = "/api/v1/validation"
VERSIONS = {"code": "c0dec0dec0de", "calibrations": "ca11bca11b12", "policy": "9011c99011c9"}
MODELS = {"thermal@1": "a1" * 32, "xray@1": "b2" * 32}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a report that the command wrote over a tiny campaign."""
    folder = tmp_path_factory.mktemp("reports")
    rows = folder / "rows.jsonl"
    rows.write_text("".join(to_json(row) + "\n" for row in two_normals(120, {"co2": 2.0, "xray": 1.5})))
    beside = {"campaign": {"seed": 1}, "versions": VERSIONS, "models": MODELS}
    (folder / "campaign.json").write_text(json.dumps(beside))
    done = CliRunner().invoke(command_line, ["validate", str(rows), "--out", str(folder / "spring")])
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def shown(running, made: Path, monkeypatch: pytest.MonkeyPatch):
    """Give an officer of a service that shows that folder, or another one."""

    def show(folder: Path = made, role: str = "officer"):
        table = ValidationTable(folder=str(folder))
        config = running.service.config.model_copy(update={"validation": table})
        monkeypatch.setattr(running.service, "config", config)
        return running.booth(role)

    return show


def test_figures_are_those_of_the_report(shown, made: Path):
    answer = shown().get(LIST).json()
    (report,) = answer["reports"]
    assert (report["name"], report["problem"], report["has_page"]) == ("spring", "", True)
    page = (made / "spring" / "report.html").read_text(encoding="utf-8")
    told = report["figures"]["rates"]["detection"]
    assert f"{told['hits']}/{told['of']}" in page
    assert told["low"] < told["value"] < told["high"]
    assert [row["base_rate"] for row in report["figures"]["predictive"]] == [1e-2, 1e-3, 1e-4]
    together, *alone = [row["methods"] for row in report["figures"]["methods"]]
    assert together == ["co2", "heartbeat", "xray"]
    assert alone == [["co2"], ["heartbeat"], ["xray"]]
    assert report["figures"]["counts"] == {"scans": 120, "occupied": 60, "empty": 60}
    for one in report["figures"]["cautions"]:
        assert set(one["text"]) == {"en", "fr"}


def test_a_lane_that_runs_something_else_is_told(running, shown):
    officer = shown()
    runs = {**VERSIONS, "thermal_model": "thermal@1", "xray_model": "xray@1"}
    same, other, still, quiet = running.lane(), running.lane(), running.lane(), running.lane()
    for lane, versions in (
        (same, runs),
        (other, runs | {"calibrations": "another", "xray_model": "another"}),
    ):
        assert lane.tell(lane.opened()).status_code == 201
        assert lane.tell(lane.assessed("search", versions=versions)).status_code == 201
    body = still.assessed("search", versions=runs)["body"]
    assert still.show(scan_id=still.scan, assessment=body).status_code == 200
    answer = officer.get(LIST).json()
    told = {one.pop("lane_id"): one for one in answer["reports"][0]["same"]}
    whole = {"code": True, "models": True, "calibrations": True, "policy": True}
    assert told[same.id] == told[still.id] == whole
    assert told[other.id] == whole | {"calibrations": False, "models": False}
    assert told[quiet.id] == dict.fromkeys(whole)
    lanes = {one["lane_id"]: one for one in answer["lanes"]}
    assert lanes[same.id]["versions"] == runs
    assert lanes[quiet.id] == {"lane_id": quiet.id, "told_utc_ms": None, "versions": {}}


def test_rows_of_which_nobody_says_what_judged_them_are_not_taken_for_what_lanes_run(
    running, shown, made: Path, tmp_path: Path
):
    """The code that counted them is none that judged them."""
    told = json.loads((made / "spring" / "results.json").read_text())
    campaigns = ([{"rows": "a"}], [{"rows": "a", "versions": VERSIONS}, {"rows": "b", "versions": {}}])
    for name, some in zip(("silent", "mixed"), campaigns, strict=True):
        told["about"] |= {"campaigns": some}
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.json").write_text(json.dumps(told))
    lane = running.lane()
    runs = {"code": told["about"]["code"][:12], "calibrations": told["about"]["calibrations"]}
    assert lane.tell(lane.opened()).status_code == 201
    assert lane.tell(lane.assessed("search", versions=runs)).status_code == 201
    for report in shown(tmp_path).get(LIST).json()["reports"]:
        (same,) = [one for one in report["same"] if one["lane_id"] == lane.id]
        assert (same["code"], same["calibrations"]) == (None, None), report["name"]


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_page_comes_in_a_sandbox_and_in_the_language_asked_for(shown, language: str):
    answer = shown().get(f"{LIST}/spring/report?language={language}")
    assert answer.status_code == 200
    assert f'<html lang="{language}" data-language="{language}">' in answer.text
    parts = dict(part.split(" ", 1) if " " in part else (part, "") for part in policy_of(answer))
    assert parts["sandbox"] == ""
    assert parts["default-src"] == "'none'"
    assert "script-src" not in parts
    assert parts["frame-ancestors"] == "'self'"
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert answer.headers["x-content-type-options"] == "nosniff"


def policy_of(answer) -> list[str]:
    """Return the parts of an answer's content policy."""
    return answer.headers["content-security-policy"].split("; ")


def test_every_other_answer_keeps_the_sites_own_policy(running, shown):
    officer = shown()
    for path in ("/", LIST, f"{LIST}/nothing/report", f"{LIST}/spring/report?language=xx", "/api/v1/state"):
        answer = officer.get(path)
        assert answer.headers["content-security-policy"] == POLICY, path
        assert answer.headers["x-frame-options"] == "DENY"
    nobody = running.client().get(f"{LIST}/spring/report")
    assert nobody.status_code == 401
    assert nobody.headers["content-security-policy"] == POLICY


HOSTILE = (
    "..",
    "%2e%2e",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e%2f%2e%2e",
    "spring%2f..%2f..",
    "%2fetc",
    "spring%00",
    "spring%0d%0aX: y",
    ".hidden",
    "outside",
    "C:%5cspring",
    "a" * 5000,
)


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: name[:20])
def test_no_name_leads_out_of_the_folder(shown, made: Path, tmp_path: Path, name: str):
    folder = tmp_path / "shown"
    folder.mkdir()
    for inside in ("spring", ".hidden"):
        (folder / inside).mkdir()
        for file in ("results.json", "report.html"):
            (folder / inside / file).write_bytes((made / "spring" / file).read_bytes())
    (folder / "outside").symlink_to(made / "spring", target_is_directory=True)
    officer = shown(folder)
    assert [one["name"] for one in officer.get(LIST).json()["reports"]] == ["spring"]
    answer = officer.get(f"{LIST}/{name}/report")
    assert answer.status_code in (404, 422)
    assert "<html" not in answer.text


def test_a_page_that_is_a_link_out_of_its_folder_is_not_given(shown, made: Path, tmp_path: Path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "results.json").write_bytes((made / "spring" / "results.json").read_bytes())
    (tmp_path / "one" / "report.html").symlink_to("/etc/passwd")
    officer = shown(tmp_path)
    assert [one["has_page"] for one in officer.get(LIST).json()["reports"]] == [False]
    assert officer.get(f"{LIST}/one/report").status_code == 404


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", "null", '{"results_version": 9}', '{"results_version": 1}', "[" * 5000, '"\\ud800"'],
)
def test_results_that_cannot_be_read_are_listed_with_the_reason(shown, tmp_path: Path, text: str):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "results.json").write_text(text)
    (report,) = shown(tmp_path).get(LIST).json()["reports"]
    assert (report["name"], report["figures"], report["same"]) == ("broken", None, [])
    assert report["problem"].startswith("results.json: ")


def test_figures_that_no_share_can_have_are_refused(shown, made: Path, tmp_path: Path):
    (tmp_path / "wrong").mkdir()
    text = (made / "spring" / "results.json").read_text()
    wrong = re.sub(r'("low": )0\.\d+', r"\g<1>-3", text, count=1)
    assert wrong != text
    (tmp_path / "wrong" / "results.json").write_text(wrong.replace('"hits": ', '"hits": -'))
    (report,) = shown(tmp_path).get(LIST).json()["reports"]
    assert report["figures"] is None


def test_the_folder_itself_may_be_the_report_and_the_newest_comes_first(shown, made: Path, tmp_path: Path):
    top = tmp_path / "autumn"
    (top / "autumn").mkdir(parents=True)
    for folder, at_s in ((top, 2_000_000_000), (top / "autumn", 1_000_000_000)):
        for file in ("results.json", "report.html"):
            (folder / file).write_bytes((made / "spring" / file).read_bytes())
            os.utime(folder / file, (at_s, at_s))
    officer = shown(top)
    assert [one["name"] for one in officer.get(LIST).json()["reports"]] == ["autumn_", "autumn"]
    assert officer.get(f"{LIST}/autumn_/report").status_code == 200


def test_a_folder_that_is_not_there_holds_no_report(shown, tmp_path: Path):
    answer = shown(tmp_path / "nowhere").get(LIST)
    assert (answer.status_code, answer.json()["reports"]) == (200, [])


def test_a_report_that_is_made_again_is_read_again(shown, made: Path, tmp_path: Path):
    (tmp_path / "one").mkdir()
    results = tmp_path / "one" / "results.json"
    results.write_text("{}")
    officer = shown(tmp_path)
    assert officer.get(LIST).json()["reports"][0]["figures"] is None
    results.write_bytes((made / "spring" / "results.json").read_bytes())
    assert officer.get(LIST).json()["reports"][0]["figures"]["counts"]["scans"] == 120
