"""The manifest of a scan: visits, hashes, open scans, and no half-written file."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from scanner.recording import RecordingDamaged, RecordingTooNew, manifest

START_NS = 1_700_000_000_000_000_000


def test_a_scan_with_two_visits(tmp_path: Path) -> None:
    manifest.create(tmp_path, "01HSCAN", "lane-1", {"vehicle_class": "tanker", "closed_minutes": None})
    for content in (b"first", b"second"):
        visit = manifest.add_visit(tmp_path, "01HSCAN", START_NS)
        manifest.visit_path(tmp_path, "01HSCAN", visit).write_bytes(content)
        closed = manifest.close_visit(tmp_path, "01HSCAN", visit.visit, START_NS + 60 * 10**9)
        assert closed.sha256 == hashlib.sha256(content).hexdigest()
    assert [m.scan_id for m in manifest.open_scans(tmp_path)] == ["01HSCAN"]
    manifest.close_scan(tmp_path, "01HSCAN", START_NS + 90 * 10**9)
    assert manifest.open_scans(tmp_path) == []

    text = json.loads((tmp_path / "scans/01HSCAN/manifest.json").read_text(encoding="utf-8"))
    assert text == {
        "scan_id": "01HSCAN",
        "lane": "lane-1",
        "declaration": {"vehicle_class": "tanker", "closed_minutes": None},
        "state": "closed",
        "closed_utc": "2023-11-14T22:14:50.000000Z",
        "visits": [
            {
                "visit": n,
                "file": f"visit-0{n}.mcap",
                "started_utc": "2023-11-14T22:13:20.000000Z",
                "ended_utc": "2023-11-14T22:14:20.000000Z",
                "sha256": hashlib.sha256(content).hexdigest(),
                "whole": True,
            }
            for n, content in ((1, b"first"), (2, b"second"))
        ],
        "manifest_version": 1,
    }


def test_loading_gives_what_was_saved(tmp_path: Path) -> None:
    made = manifest.create(tmp_path, "A", "lane", {"plate": "ß"})
    visit = manifest.add_visit(tmp_path, "A", START_NS)
    loaded = manifest.load(tmp_path, "A")
    assert loaded.declaration == made.declaration
    assert loaded.visits == (visit,)
    assert loaded.is_open


def test_a_closed_scan_gets_no_visit(tmp_path: Path) -> None:
    manifest.create(tmp_path, "A", "lane", {})
    manifest.close_scan(tmp_path, "A")
    with pytest.raises(ValueError, match="is closed"):
        manifest.add_visit(tmp_path, "A", START_NS)
    with pytest.raises(ValueError, match="is closed"):
        manifest.close_scan(tmp_path, "A")


def test_a_scan_is_made_once(tmp_path: Path) -> None:
    manifest.create(tmp_path, "A", "lane", {})
    with pytest.raises(FileExistsError):
        manifest.create(tmp_path, "A", "lane", {})


@pytest.mark.parametrize("scan_id", ["", "..", "a/b", "../a", ".hidden", "a\n"])
def test_a_scan_id_never_leaves_the_folder(scan_id: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no scan id"):
        manifest.create(tmp_path, scan_id, "lane", {})


def test_a_write_that_fails_leaves_the_old_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest.create(tmp_path, "A", "lane", {})
    before = (tmp_path / "scans/A/manifest.json").read_bytes()

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        manifest.add_visit(tmp_path, "A", START_NS)
    assert (tmp_path / "scans/A/manifest.json").read_bytes() == before


def test_who_reads_during_a_write_sees_one_whole_manifest(tmp_path: Path) -> None:
    manifest.create(tmp_path, "A", "lane", {})
    with (tmp_path / "scans/A/manifest.json").open(encoding="utf-8") as opened_before:
        manifest.add_visit(tmp_path, "A", START_NS)
        assert json.load(opened_before)["visits"] == []
    assert len(manifest.load(tmp_path, "A").visits) == 1
    assert [p.name for p in (tmp_path / "scans/A").iterdir()] == ["manifest.json"]


def test_open_scans_passes_over_a_folder_without_manifest(tmp_path: Path) -> None:
    manifest.create(tmp_path, "B", "lane", {})
    (tmp_path / "scans/A").mkdir()
    assert [m.scan_id for m in manifest.open_scans(tmp_path)] == ["B"]
    assert manifest.open_scans(tmp_path / "nothing") == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"manifest_version": 1, "visits": 3}', "\xff"])
def test_a_damaged_manifest_is_named(text: str, tmp_path: Path) -> None:
    manifest.create(tmp_path, "A", "lane", {})
    file = tmp_path / "scans/A/manifest.json"
    file.write_text(text, encoding="latin-1")
    with pytest.raises(RecordingDamaged, match=str(file)):
        manifest.open_scans(tmp_path)


def test_a_newer_manifest_is_refused(tmp_path: Path) -> None:
    manifest.create(tmp_path, "A", "lane", {})
    file = tmp_path / "scans/A/manifest.json"
    file.write_text(file.read_text().replace('"manifest_version": 1', '"manifest_version": 2'))
    with pytest.raises(RecordingTooNew, match="update lorryscan"):
        manifest.load(tmp_path, "A")


def test_unknown_visit(tmp_path: Path) -> None:
    manifest.create(tmp_path, "A", "lane", {})
    with pytest.raises(LookupError, match="no visit 3"):
        manifest.close_visit(tmp_path, "A", 3, START_NS)
