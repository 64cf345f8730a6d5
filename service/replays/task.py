"""What the process that makes a scan ready and the one that asks it have in common."""

from __future__ import annotations

REFUSED = 3
"""Its status when the recording cannot be shown; a problem's code and words are on stdout."""

TIMELINE, PICTURES = "timeline.json", "pictures.json"
FETCHED = "fetched-"
"""How files begin that were copied from a distant store."""
