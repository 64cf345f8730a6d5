"""Examples of what is told of validation reports."""

from __future__ import annotations

from typing import Any

_UTC_MS = 1_795_449_600_000
_CODE = "9f2c51d07ab3"
_VERSIONS = {
    "lorryscan": "0.1.0",
    "code": _CODE,
    "calibrations": "8cb3dcf4d35d",
    "thermal_model": "thermal-people-3",
    "xray_model": "xray-people-4",
    "policy": "41c07e55a2d9",
}
_FOUND = {"hits": 290, "of": 300, "value": 0.9667, "low": 0.9396, "high": 0.984}
_FALSE = {"hits": 10, "of": 1000, "value": 0.01, "low": 0.0048, "high": 0.0183}

VALIDATION_EXAMPLES: dict[str, Any] = {
    "validation": {
        "answer": {
            "shipped": True,
            "reports": [
                {
                    "name": "validation",
                    "written_utc_ms": _UTC_MS,
                    "about": {
                        "version": "0.1.0",
                        "code": _CODE + "0" * 52,
                        "calibrations": "8cb3dcf4d35d",
                        "policy": "41c07e55a2d9",
                        "models": {"thermal-people-3": "a1" * 32, "xray-people-4": "b2" * 32},
                    },
                    "figures": {
                        "counts": {"scans": 1300, "occupied": 300, "empty": 1000},
                        "rates": {
                            "detection": _FOUND,
                            "false_alarms": _FALSE,
                            "workload": {"hits": 80, "of": 1000, "value": 0.08, "low": 0.064, "high": 0.0986},
                            "no_indication": {
                                **{"hits": 1, "of": 300, "value": 0.0033, "low": 0.0001, "high": 0.0184},
                                "upper": 0.0157,
                            },
                        },
                        "methods": [
                            {"methods": ["co2", "xray"], "detection": _FOUND, "false_alarms": _FALSE}
                        ],
                        "predictive": [
                            {
                                "base_rate": 0.01,
                                "alarm_finds": 0.494,
                                "alarm_finds_low": 0.341,
                                "silent_hides": 0.0003,
                                "silent_hides_high": 0.0006,
                            }
                        ],
                        "cautions": [],
                    },
                    "same": [
                        {
                            "lane_id": "north-quay-2",
                            "code": True,
                            "models": True,
                            "calibrations": True,
                            "policy": False,
                        }
                    ],
                    "has_page": True,
                    "problem": "",
                }
            ],
            "lanes": [{"lane_id": "north-quay-2", "told_utc_ms": _UTC_MS, "versions": _VERSIONS}],
        }
    },
}
