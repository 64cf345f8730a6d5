"""Canonical JSON and digest."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np

from scanner.canonical import assessment_digest, assessment_json, digest
from scanner.evidence import (
    Assessment,
    Box,
    Evidence,
    EvidenceState,
    LifeRisk,
    Overlay,
    Persons,
    Reason,
    Recommendation,
)

ASSESSMENT = Assessment(
    scan_id="01J",
    visit=1,
    mono_ns=5_000_000_000,
    final=True,
    posterior=0.123456789,
    recommendation=Recommendation.SEARCH,
    reasons=(Reason("evidence_for", {"modality": "co2", "times": 12.0}),),
    persons=Persons(1, 2, 4),
    life_risk=LifeRisk(30.0, math.inf, Reason("measuring")),
    evidences=(
        Evidence(
            "xray",
            EvidenceState.READY,
            1.5,
            score=np.float32(0.5),
            features={"b": 1.0, "a": np.float64(2.0)},
            overlays=(Overlay("boxes", "xray", (Box(1, 2, 3, 4, 0.9),), np.zeros((2, 2), np.float32)),),
        ),
    ),
    versions={"lorryscan": "0.1.0"},
)


def test_it_is_strict_json():
    content = assessment_json(ASSESSMENT)
    assert assessment_digest(ASSESSMENT) == content["digest"]
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert content["life_risk"]["minutes_high"] == "inf"
    assert content["evidences"][0]["boxes"] == [
        {"sensor": "xray", "x": 1, "y": 2, "width": 3, "height": 4, "score": 0.9, "marks": "people"}
    ]


def test_what_json_knows_not_counts_as_its_text():
    assert digest({"a": -math.inf, "b": np.float32(0.5)}) == digest({"a": "-inf", "b": 0.5})


def test_digest_ignores_versions_and_the_seventh_digit():
    same = replace(ASSESSMENT, versions={"lorryscan": "9"}, posterior=0.1234567891)
    assert assessment_json(same)["digest"] == assessment_json(ASSESSMENT)["digest"]


def with_curve(image: np.ndarray):
    drawn = replace(ASSESSMENT.evidences[0], overlays=(Overlay("beats", "g", image=image),))
    return assessment_json(replace(ASSESSMENT, evidences=(drawn,)))


def test_curves_are_told_and_no_digest_counts_them():
    first, second = (
        with_curve(np.array([[-1.0, 0.0], [0.123456, last]], np.float32)) for last in (0.5, 0.75)
    )
    assert first["evidences"][0]["curves"] == [
        {"kind": "beats", "sensor": "g", "rows": [[-1.0, 0.0], [0.1235, 0.5]]}
    ]
    assert first["evidences"][0]["curves"] != second["evidences"][0]["curves"]
    assert first["digest"] == second["digest"]


def test_a_curve_with_what_is_no_number_has_no_rows():
    assert with_curve(np.full((2, 3), np.nan, np.float32))["evidences"][0]["curves"][0]["rows"] == []


def test_digest_sees_the_sixth_digit_and_every_word():
    for changed in (
        replace(ASSESSMENT, posterior=0.123458),
        replace(ASSESSMENT, recommendation=Recommendation.RESCUE),
        replace(ASSESSMENT, final=False),
        replace(ASSESSMENT, persons=None),
    ):
        assert assessment_json(changed)["digest"] != assessment_json(ASSESSMENT)["digest"]


def test_digest_of_a_stored_assessment_is_its_own():
    stored = json.loads(json.dumps(assessment_json(ASSESSMENT)))
    assert digest(stored) == stored["digest"]
