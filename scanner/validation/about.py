"""What a report is called on the disk, and where the rows of a campaign come from: what lies beside them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from drivers.api import ConfigError

REPORT, RESULTS = "report.html", "results.json"
RESULTS_VERSION = 1
BESIDE = "campaign.json"


def campaigns_of(rows: Iterable[Path]) -> list[dict[str, Any]]:
    """Return what is known of each file of rows: its name, and the campaign, versions and models beside it.

    Raises
    ------
    ConfigError : what lies beside a file is no such thing; says which file.
    """
    return [{"rows": path.name, **_beside(path.parent / BESIDE)} for path in rows]


def _beside(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {part: dict(found[part]) for part in ("campaign", "versions", "models")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path}: this does not say how its rows were made ({error!r}): move the rows away from it"
        ) from None
