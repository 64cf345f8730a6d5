"""An example of a recorded scan on its line of time, for the document."""

from __future__ import annotations

from typing import Any

from scanner.timeline.shapes import Timeline


def timeline(scan_id: str, utc_ms: int, assessment: dict[str, Any]) -> dict[str, Any]:
    """Return it, whole, with this assessment."""
    picture = {
        "sensor": "thermal-doors",
        "kind": "thermal",
        "version": utc_ms + 250,
        "width": 160,
        "height": 120,
        "unit": "°C",
        "low": 4.0,
        "high": 19.5,
        "scan_id": scan_id,
        "taken_utc_ms": utc_ms + 250,
    }
    visit = {
        "visit": 1,
        "started_utc_ms": utc_ms,
        "duration_s": 84.0,
        "sha256": "9f2c4e6a8b0d1f3a5c7e9b1d3f5a7c9e9f2c4e6a8b0d1f3a5c7e9b1d3f5a7c9e",
        "bytes": 1_204_224,
        "whole": True,
        "as_told": True,
        "assessed": "recorded",
        "sensors": [{"name": "geophones", "role": "chassis"}],
        "traces": [
            {
                "sensor": "geophones",
                "channel": "c1",
                "unit": "µm/s",
                "cancelled": True,
                "t_s": [12.04, 12.08],
                "low": [-0.21, -0.34],
                "high": [0.19, 0.4],
            }
        ],
        "events": [
            {"t_s": 9.5, "kind": "probe_in", "sensor": "co2-inside"},
            {"t_s": 31.0, "kind": "recommendation", "recommendation": "search", "final": True},
        ],
        "steps": [{"t_s": 84.0, "assessment": assessment}],
        "courses": [
            {"modality": "seismic", "t_s": [10.0, 84.0], "llr": [None, 6.4], "state": ["pending", "ready"]}
        ],
        "fused": {"t_s": [84.0], "llr": [5.1], "search_llr": 2.5, "no_indication_llr": -2.9},
        "beats": {"sensor": "geophones", "t_s": [12.1, 12.9], "chance": [0.96, 0.91]},
        "pictures": [{"t_s": 0.25, "picture": picture}],
    }
    return Timeline.model_validate({"scan_id": scan_id, "visits": [visit]}).model_dump(mode="json")
