"""Looks at what is past are entries, a reason is asked where configured, and erasing leaves the log whole."""

from __future__ import annotations

import io
import zipfile
from urllib.parse import quote

import pytest
from ulid import ULID

from service.audit import court_file
from service.audit.check_store import check_store
from service.config.privacy_table import Disclosed, PrivacyTable

REASON = "Anfrage des Gerichts, Az. 2026/17"


@pytest.fixture
def closed(running):
    """Give the id of a scan that is closed, with an alert."""
    lane = running.lane()
    scan = lane.raises_alert()
    assert lane.tell(lane.message("scan_closed", {"by": "officer"})).status_code == 201
    return scan


@pytest.fixture
def looks(running):
    """Give a function that returns the entries about a scan."""

    def of(scan, action="accessed"):
        log = running.booth("auditor").get("/api/v1/audit?limit=1000").json()
        return [(e["who"], e["detail"]) for e in log if (e["subject"], e["action"]) == (scan, action)]

    return of


@pytest.fixture
def reasons_asked(running, monkeypatch):
    """Have the service ask for reasons."""
    asked = PrivacyTable(reason_needed=frozenset(Disclosed))
    config = running.service.config.model_copy(update={"privacy": asked})
    monkeypatch.setattr(running.service, "config", config)


def test_a_look_at_a_closed_scan_is_one_entry_however_often_a_page_asks(running, closed, looks):
    officer = running.booth("officer")
    for _ in range(3):
        assert officer.get(f"/api/v1/scans/{closed}").status_code == 200
        assert officer.get(f"/api/v1/scans/{closed}/assessments").status_code == 200
    running.booth("engineer").get(f"/api/v1/scans/{closed}")
    assert looks(closed) == [("officer", {"what": "closed_scans"}), ("engineer", {"what": "closed_scans"})]


def test_an_open_scan_is_work_and_no_look(running, looks):
    lane = running.lane()
    scan = lane.raises_alert()
    running.booth().get(f"/api/v1/scans/{scan}")
    assert looks(scan) == []


def test_without_a_reason_nothing_past_is_shown_where_one_is_asked(running, closed, looks, reasons_asked):
    supervisor = running.booth("supervisor")
    for path in (f"scans/{closed}", f"scans/{closed}/assessments", f"scans/{closed}/file", "audit"):
        answer = supervisor.get(f"/api/v1/{path}")
        assert (answer.status_code, answer.json()["code"]) == (403, "reason_needed"), path
    given = {"Lorryscan-Reason": quote(REASON)}
    assert supervisor.get(f"/api/v1/scans/{closed}", headers=given).status_code == 200
    log = supervisor.get("/api/v1/audit?limit=1000", headers=given).json()
    assert [e["detail"]["reason"] for e in log if e["subject"] == closed and e["action"] == "accessed"] == [
        REASON
    ]


def test_a_search_for_a_plate_is_an_entry(running, looks):
    plate = f"Z{str(ULID())[-8:]}"
    running.booth("officer").get(f"/api/v1/scans?plate={plate}")
    assert ("officer", {"plate": plate, "what": "closed_scans"}) in looks("scans")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("vehicle_class=tanker", {"vehicle_class": "tanker"}),
        ("outcome=people_found&lane=quay", {"outcome": "people_found", "lane": "quay"}),
        ("since_utc_ms=5&until_utc_ms=7", {"since_utc_ms": 5, "until_utc_ms": 7}),
    ],
)
def test_any_search_is_an_entry_that_says_what_for(running, looks, query, said):
    before = len(looks("scans"))
    running.booth("officer").get(f"/api/v1/scans?{query}")
    assert ("officer", {"plate": "", **said, "what": "closed_scans"}) in looks("scans")[before:]


def test_the_newest_scans_without_a_search_are_no_entry(running, looks):
    before = looks("scans")
    assert running.booth("officer").get("/api/v1/scans?state=open").status_code == 200
    assert looks("scans") == before


def test_a_scans_file_is_handed_out_with_its_proofs_and_noted_each_time(running, closed, looks, tmp_path):
    auditor = running.booth("auditor")
    for _ in range(2):
        answer = auditor.get(f"/api/v1/scans/{closed}/file", headers={"Lorryscan-Reason": quote(REASON)})
    assert answer.headers["content-type"] == "application/zip"
    assert "rows.json" in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    path = tmp_path / "scan.zip"
    path.write_bytes(answer.content)
    assert court_file.check(path, []).findings == []
    assert looks(closed, "disclosed") == [("auditor", {"what": "export", "reason": REASON})] * 2


def test_erasing_takes_the_plate_and_leaves_the_log_whole(running, closed):
    supervisor = running.booth("supervisor")
    asked = {"scan_id": closed, "reason": "art. 17"}
    assert supervisor.post("/api/v1/privacy/erase", json=asked).json() == {"scans": 1, "vehicles": 0}
    assert supervisor.get(f"/api/v1/scans/{closed}").json()["declaration"]["plate"] == ""
    assert check_store(running.database, {}, ()).findings == []


def test_erasing_a_plate_that_nobody_has_changes_nothing(running):
    answer = running.booth("supervisor").post("/api/v1/privacy/erase", json={"plate": "?", "reason": "none"})
    assert answer.json() == {"scans": 0, "vehicles": 0}


def test_an_open_scan_is_not_erased(running):
    scan = running.lane().raises_alert()
    asked = {"scan_id": scan, "reason": "art. 17"}
    answer = running.booth("supervisor").post("/api/v1/privacy/erase", json=asked)
    assert (answer.status_code, answer.json()["code"]) == (409, "scan_open")
