"""Cards for the small networks of the tests."""

from __future__ import annotations

import copy
import json
from typing import Any

XRAY: dict[str, Any] = {
    "format": "lorryscan-image-model",
    "format_version": 2,
    "name": "acme-people",
    "version": "7",
    "quantity": "log_attenuation",
    "input_shape": [176, 704],
    "output_shape": [44, 176],
    "mm_per_px": 25.0,
    "preprocessing": {"clip_low": 0.0, "clip_high": 8.0, "mean": 1.0, "scale": 1.5, "pad": 0.0},
    "pooling": {"kind": "log_sum_exp", "temperature": 0.5},
    "planes": ["quantity"],
    "maps": ["people"],
    "score_semantics": "summed logit of a person",
    "trained_on": "nothing: means of pixels",
    "limits": "finds what is dense",
    "seeds": {"train": "none", "validation": "scans 1-50", "test": "scans 51-99"},
    "data_sha256": "0" * 64,
    "code_sha256": "1" * 64,
    "parameters": 16,
    "auc": 0.5,
    "operating_point": {
        "threshold": 9.0,
        "test_empty": 100,
        "test_false_alarms": 1,
        "test_occupied": 100,
        "test_detected": 40,
    },
}
BEAMS = [
    {"name": "450 kV", "low_kv": 300.0, "high_kv": 500.0, "code": 0.0},
    {"name": "6 MV", "low_kv": 4000.0, "high_kv": 9000.0, "code": 1.0},
]


def xray(**changes: Any) -> str:
    """Return an X-ray card as JSON; a change to None leaves the field out, dots lead inside."""
    made = copy.deepcopy(XRAY)
    for name, value in changes.items():
        *inside, last = name.split("__")
        at = made
        for part in inside:
            at = at[part]
        if value is None:
            at.pop(last, None)
        else:
            at[last] = value
    return json.dumps(made)
