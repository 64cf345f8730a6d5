"""The assessment as JSON, and its digest: what live and replay must agree on.

The digest is the SHA-256 of the canonical JSON: keys sorted, no spaces, floats
rounded to six significant digits; versions, images, curves and sentences left
out. It is exact on one machine type; elsewhere compare by tolerance.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any

import numpy as np

from scanner.evidence import CURVES, Assessment, Evidence, LifeRisk, Overlay, Reason
from scanner.wording import LANGUAGES, sentence


def evidence_json(evidence: Evidence, *, shown: bool = True) -> dict[str, Any]:
    """Return one evidence as JSON values; images of overlays are left out.

    Parameters
    ----------
    shown : with sentences and curves, which no digest counts.
    """
    return {
        "modality": evidence.modality,
        "state": evidence.state.value,
        "llr": evidence.llr,
        "reason": reason_json(evidence.reason, shown=shown) if evidence.reason else None,
        "score": evidence.score,
        "features": dict(sorted(evidence.features.items())),
        "boxes": [box for overlay in evidence.overlays for box in _boxes(overlay)],
        "curves": [_curve(overlay) for overlay in evidence.overlays if shown and overlay.kind in CURVES],
        "calibration": evidence.calibration_id,
        "model": evidence.model_id,
    }


def _boxes(overlay: Overlay) -> list[dict[str, Any]]:
    return [{"sensor": overlay.sensor} | _flat(box) for box in overlay.boxes]


def _flat(told: Any) -> dict[str, Any]:
    """Return a dataclass of plain values as a dictionary."""
    return {name: getattr(told, name) for name in _names(type(told))}  # type: ignore[arg-type]


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _curve(overlay: Overlay) -> dict[str, Any]:
    image = overlay.image
    rows = [] if image is None or not np.isfinite(image).all() else image.tolist()
    # drawn only: four digits are finer than any screen
    short = [[float(f"{value:.4g}") for value in row] for row in rows]
    return {"kind": overlay.kind, "sensor": overlay.sensor, "rows": short}


def reason_json(reason: Reason, *, shown: bool = True) -> dict[str, Any]:
    """Return a reason with its sentence in every language; without them where it is not ``shown``."""
    return {
        "code": reason.code,
        "values": dict(sorted(reason.values.items())),
        "text": {language: sentence(reason, language) for language in LANGUAGES} if shown else {},
    }


def life_risk_json(risk: LifeRisk, *, shown: bool = True) -> dict[str, Any]:
    """Return the time to danger as JSON values; ``shown`` as in `evidence_json`."""
    return {
        "minutes_low": risk.minutes_low,
        "minutes_likely": risk.minutes_likely,
        "minutes_high": risk.minutes_high,
        "reason": reason_json(risk.reason, shown=shown),
        "limits": [_flat(limit) for limit in risk.limits],
        "oxygen_pct": _flat(risk.oxygen_pct) if risk.oxygen_pct else None,
        "temperature": {**_flat(risk.temperature), "level": risk.temperature.level.value},
        "course": [_flat(point) for point in risk.course],
    }


def assessment_json(assessment: Assessment) -> dict[str, Any]:
    """Return an assessment as JSON values, its digest included.

    Infinite minutes become the text "inf": JSON knows no infinity.
    """
    content: dict[str, Any] = _finite(_content(assessment, shown=True))
    return {**content, "digest": digest(content), "versions": dict(assessment.versions)}


def assessment_digest(assessment: Assessment) -> str:
    """Return the digest of an assessment, as `assessment_json` tells it; nothing is put into words for it."""
    return digest(_content(assessment, shown=False))


def _content(assessment: Assessment, *, shown: bool) -> dict[str, Any]:
    return {
        "scan_id": assessment.scan_id,
        "visit": assessment.visit,
        "mono_ns": assessment.mono_ns,
        "final": assessment.final,
        "posterior": assessment.posterior,
        "fused": {
            "llr": assessment.fused.llr,
            "bound": assessment.fused.bound,
            "shares": dict(sorted(assessment.fused.shares.items())),
        },
        "recommendation": assessment.recommendation.value,
        "reasons": [reason_json(r, shown=shown) for r in assessment.reasons],
        "persons": (
            {
                "low": assessment.persons.low,
                "likely": assessment.persons.likely,
                "high": assessment.persons.high,
            }
            if assessment.persons
            else None
        ),
        "life_risk": life_risk_json(assessment.life_risk, shown=shown),
        "procedure": [reason_json(r, shown=shown) for r in assessment.procedure],
        "second_dip_due_utc_ms": assessment.second_dip_due_utc_ms,
        "evidences": [evidence_json(e, shown=shown) for e in assessment.evidences],
    }


def digest(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of an assessment's canonical JSON, hex.

    Keys "digest", "versions" and "curves", and the sentences (which may be reworded), do not count.

    Examples
    --------
    >>> digest({"a": 0.1 + 0.2, "versions": {"x": "1"}}) == digest({"a": 0.3})
    True
    """
    counted = {k: v for k, v in content.items() if k not in ("digest", "versions")}
    text = json.dumps(_rounded(counted), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _rounded(value: Any) -> Any:
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value
    if isinstance(value, float):
        # + 0.0 turns -0.0 into 0.0
        return float(f"{value:.6g}") + 0.0 if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {k: _rounded(v) for k, v in value.items() if k not in ("text", "curves")}
    if isinstance(value, list | tuple):
        return [_rounded(v) for v in value]
    return _rounded(value.item()) if hasattr(value, "item") else value  # NumPy scalars of features


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    if hasattr(value, "item"):  # NumPy scalars of features
        return _finite(value.item())
    return value
