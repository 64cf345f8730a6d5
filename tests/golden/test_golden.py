"""Golden replay: kept recordings give the assessments that were kept beside them.

Whoever changes what a recording means writes the references anew and says why:

    pytest tests/golden --update-refs "why it is right that they differ"

Numbers are compared with a tolerance, so that another processor's last digits are no difference; words are
compared exactly.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scanner.methods import load_kit
from scanner.recording.reader import read_header
from scanner.replay import replay_scan, replayed_json

FOLDER = Path(__file__).parent
RECORDINGS = sorted(FOLDER.glob("*.mcap"))
CHANGELOG = FOLDER.parents[1] / "CHANGELOG.md"
HEADING = "## Golden references"
LEAST_REASON = 15
RELATIVE, ABSOLUTE = 1e-3, 2e-3


def replayed(path: Path) -> dict[str, Any]:
    """Return what is kept of a recording: every tick's ratios and states, and the last assessment."""
    said = replayed_json(replay_scan([(read_header(path), path)], load_kit()))
    return {
        "recommendation": said["recommendation"],
        "final": said["final"],
        "posterior": said["posterior"],
        "fused": said["fused"],
        "persons": said["persons"],
        "reasons": [[r["code"], r["values"]] for r in said["reasons"]],
        "procedure": [r["code"] for r in said["procedure"]],
        "minutes": [said["life_risk"][key] for key in ("minutes_low", "minutes_likely", "minutes_high")],
        "evidences": {
            e["modality"]: {
                "state": e["state"],
                "llr": e["llr"],
                "score": e["score"],
                "reason": e["reason"] and e["reason"]["code"],
            }
            for e in said["evidences"]
        },
        "course": {
            name: [[p["elapsed_s"], p["state"], p["llr"]] for p in points]
            for name, points in said["course"].items()
        },
    }


def differences(kept: Any, now: Any, place: str = "") -> list[str]:
    """Return where two references differ, in words."""
    if isinstance(kept, dict) and isinstance(now, dict):
        found = []
        for key in sorted({*kept, *now}):
            found += differences(kept.get(key), now.get(key), f"{place}.{key}")
        return found
    if isinstance(kept, list) and isinstance(now, list) and len(kept) == len(now):
        pairs = enumerate(zip(kept, now, strict=True))
        return [one for k, pair in pairs for one in differences(*pair, f"{place}[{k}]")]
    if _number(kept) and _number(now):
        same = abs(kept - now) <= ABSOLUTE + RELATIVE * abs(kept)
    else:
        same = kept == now
    return [] if same else [f"{place.lstrip('.')}: kept {kept}, now {now}"]


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def write_refs(reason: str, recordings: list[Path], changelog: Path) -> list[str]:
    """Write the references that differ, and the reason; return which were written.

    Raises
    ------
    pytest.UsageError : the reason says nothing.
    """
    if len(reason.strip()) < LEAST_REASON:
        raise pytest.UsageError("--update-refs needs a reason: say in a sentence why the results may differ")
    written = []
    for path in recordings:
        now, file = json.loads(json.dumps(replayed(path))), path.with_suffix(".json")
        if file.exists() and not differences(json.loads(file.read_text(encoding="utf-8")), now):
            continue
        file.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
        written.append(path.stem)
    if written:
        text = changelog.read_text(encoding="utf-8").rstrip("\n")
        if HEADING not in text:
            text += f"\n\n{HEADING}\n"
        changelog.write_text(f"{text}\n- {reason.strip()} ({', '.join(written)})\n", encoding="utf-8")
    return written


@pytest.fixture(scope="session", autouse=True)
def updated(request: pytest.FixtureRequest) -> None:
    reason = request.config.getoption("--update-refs", default=None)
    if reason is not None:
        write_refs(reason, RECORDINGS, CHANGELOG)


def test_there_are_recordings() -> None:
    assert len(RECORDINGS) >= 4
    assert all(path.with_suffix(".json").exists() for path in RECORDINGS)


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_a_recording_means_what_it_meant(path: Path) -> None:
    kept = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    found = differences(kept, json.loads(json.dumps(replayed(path))))
    assert not found, "\n".join(
        [*found[:12], 'if that is right: pytest tests/golden --update-refs "why", and commit the files']
    )


def test_references_are_not_written_without_a_reason(tmp_path: Path) -> None:
    for reason in ("", "   ", "new"):
        with pytest.raises(pytest.UsageError, match="say in a sentence"):
            write_refs(reason, RECORDINGS, tmp_path / "CHANGELOG.md")


def test_the_reason_goes_to_the_changelog(tmp_path: Path) -> None:
    recording = tmp_path / RECORDINGS[0].name
    recording.write_bytes(RECORDINGS[0].read_bytes())
    changelog = tmp_path / "CHANGELOG.md"
    changelog.write_text("# Changelog\n\n- something\n", encoding="utf-8")
    assert write_refs("the fit of movement was made anew", [recording], changelog) == [recording.stem]
    assert changelog.read_text(encoding="utf-8").endswith(
        f"{HEADING}\n\n- the fit of movement was made anew ({recording.stem})\n"
    )
    assert write_refs("nothing has changed since then", [recording], changelog) == []


@pytest.mark.parametrize(
    ("kept", "now", "same"),
    [
        ({"llr": 2.0}, {"llr": 2.001}, True),
        ({"llr": 2.0}, {"llr": 2.01}, False),
        ({"state": "ready"}, {"state": "pending"}, False),
        ([1.0, None], [1.0, 0.0], False),
        ([1.0], [1.0, 2.0], False),
    ],
)
def test_what_counts_as_a_difference(kept: object, now: object, same: bool) -> None:
    assert (not differences(kept, now)) is same
