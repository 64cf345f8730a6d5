"""Rule 6: every number explains itself."""

from __future__ import annotations

from scanner.canonical import assessment_json
from scanner.evidence import EvidenceState
from scanner.methods import load_kit
from scanner.policy import make_policy


def test_ready_evidence_names_what_made_it(assess):
    ready = [e for e in assess(llr=1.0, every_sensor=True).evidences if e.state is EvidenceState.READY]
    assert {e.modality for e in ready} >= {"co2", "heartbeat", "movement", "thermal", "xray"}
    for evidence in ready:
        assert evidence.llr == 1.0
        assert evidence.score is not None
        assert evidence.features
        assert "@" in evidence.calibration_id
        assert ("@" in evidence.model_id) == (evidence.modality in ("heartbeat", "thermal", "xray"))


def test_versions_name_code_models_calibrations_and_policy():
    versions = load_kit().versions(make_policy({}))
    assert set(versions) == {
        "lorryscan",
        "code",
        "calibrations",
        "thermal_model",
        "xray_model",
        "persons_model",
        "policy",
    }
    assert all(versions.values())


def test_the_sentence_stands_beside_the_code(assess):
    content = assessment_json(assess())
    for reason in content["reasons"]:
        assert set(reason["text"]) == {"en", "fr"}
